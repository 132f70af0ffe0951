"""One word for each thing: names that were given up for the field's own do not come back."""

from __future__ import annotations

import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = ("extension", "controlplane", "simulator", "tests", "bench", "docs")
FILES = sorted(path for tree in TREES for path in (ROOT / tree).rglob("*.py"))

FORMER = {
    "Book": "JobLog",
    "Ground": "BackendContext",
    "LateStorage": "DeferredStorage",
    "OwnRequests": "InternalClient",
    "Shot": "SnapshotResult",
    "aftermath": "crash_recovery",
    "behind_arm": "backend",
    "conclude": "on_finished",
    "enlist": "enqueue",
    "late_storage": "deferred_blobs",
    "own_requests": "internal_client",
    "rehearsal": "preflight",
    "rehearse": "preflight",
    "requestor": "requester",
}
"""A name that was given up, and the one that took its place."""

FORMER_MODULES = {"holding": "long_poll", "refusals": "error_mapping"}
"""Words that are still used, but no longer for a module."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_former_name_is_used(path: Path) -> None:
    with path.open("rb") as text:
        names = {token.string for token in tokenize.tokenize(text.readline) if token.type == tokenize.NAME}
    assert {name: FORMER[name] for name in names & FORMER.keys()} == {}
    assert path.stem not in FORMER | FORMER_MODULES
