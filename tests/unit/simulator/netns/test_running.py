"""Namespaces need Linux, root and two packages; what is missing is one sentence."""

from __future__ import annotations

import pytest

from simulator.netns.running import NoNamespaces, check


@pytest.mark.parametrize(
    ("system", "user", "missing", "sentence"),
    [
        ("darwin", 0, "", "needs Linux"),
        ("linux", 1000, "", "needs root; run this command with sudo"),
        ("linux", 0, "unshare", "unshare is missing; install util-linux and iproute2"),
    ],
)
def test_what_is_missing_is_told(system: str, user: int, missing: str, sentence: str) -> None:
    with pytest.raises(NoNamespaces, match=sentence) as refused:
        check(system, user, lambda program: None if program == missing else program)
    assert refused.value.exit_code == 3


def test_where_nothing_is_missing_nothing_is_said() -> None:
    check("linux", 0, lambda program: program)
