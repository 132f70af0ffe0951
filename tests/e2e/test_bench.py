"""The measurement of the freeze window in a world of its own, in its smallest form."""

from __future__ import annotations

import pytest

from bench.freeze import bare_process, measure


@pytest.mark.slow
def test_the_freeze_window_is_measured_beside_a_bare_client() -> None:
    with bare_process() as process:
        windows = measure(2, cycles=1, backups=1, bare=2, process=process)

    assert windows.disks == 2
    assert [window > 0 for window in windows.backup] == [True]
    assert [window > 0 for window in windows.bare] == [True, True]
