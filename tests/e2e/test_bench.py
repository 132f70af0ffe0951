"""Measurements in worlds of their own, in their smallest form."""

from __future__ import annotations

import pytest

from bench import faults
from bench.freeze import bare_process, measure


@pytest.mark.slow
def test_the_freeze_window_is_measured_beside_a_bare_client() -> None:
    with bare_process() as process:
        windows = measure(2, cycles=1, backups=1, bare=2, process=process)

    assert windows.disks == 2
    assert [window > 0 for window in windows.backup] == [True]
    assert [window > 0 for window in windows.bare] == [True, True]


@pytest.mark.slow
def test_a_backup_is_measured_with_and_without_the_seams_of_faults() -> None:
    spent = faults.measure(backups=1)

    assert [len(seconds) for seconds in spent.values()] == [1, 1]
    assert all(seconds > 0 for each in spent.values() for seconds in each)
