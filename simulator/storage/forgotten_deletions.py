"""What an Azurite that was killed has forgotten of its last deletions, as its guard noted it in Azurite's folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from controlplane.ports import Blob, BlobMade, Deletion

FORGOTTEN = "forgotten"
"""Name of the file: a line of JSON for each act, in their order."""


def read(folder: Path) -> Sequence[Deletion | BlobMade]:
    """To be asked once Azurite has started. A line that cannot be read, as one that a kill has cut, is passed over."""
    try:
        text = (folder / FORGOTTEN).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    return list(_acts(text))


def forget(folder: Path) -> None:
    """To be called once they were repeated."""
    (folder / FORGOTTEN).unlink(missing_ok=True)


def _acts(text: str) -> Iterator[Deletion | BlobMade]:
    for line in text.split("\n"):
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            blob = Blob(told["account"], told["container"], told.get("blob", ""), told.get("snapshot") or None)
            yield BlobMade(blob) if told["act"] == "made" else Deletion(blob, told.get("snapshots") or "")
