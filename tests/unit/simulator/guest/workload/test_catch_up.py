"""What the programs of a guest do at once for the world time that has passed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controlplane.json_object import Json
from extension.contract.bridge import FreezeReport, FreezeRequest
from simulator.daily_work import MIB, DailyWork
from simulator.guest.conditions import MachineConditions
from simulator.guest.disk.image import mount_all
from simulator.guest.vss.hresult import Hresult
from simulator.guest.workload.database import DATABASE, JOURNAL, inspect
from simulator.guest.workload.plain_files import inspect_files
from tests.unit.simulator.guest.guest_rig import SMALL, UBUNTU_IMAGE, Rig

DAY_SECONDS = 24 * 3600
KIB = 1024
DAILY = replace(SMALL, daily_work=DailyWork(256 * KIB, 20))


def booted(folder: Path, conditions: MachineConditions = DAILY, *, seed: int = 1, data_disks: int = 2) -> Rig:
    return Rig(folder, conditions=conditions, seed=seed, data_disks=data_disks).boot()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return booted(tmp_path)


def froze(rig: Rig, task: str = "task", look: Callable[[], object] = lambda: None) -> FreezeReport:
    """A backup as far as the guest sees it."""
    session = rig.guest.open_session(task)
    report = rig.guest.freeze(FreezeRequest(session, 10.0))
    look()
    if report.frozen:
        assert rig.guest.thaw(session).consistent
    rig.guest.close_session(session)
    return report


def caught_up(rig: Rig) -> list[tuple[int, int]]:
    """Bytes and transactions, each time."""
    told: list[Json] = [data for name, data in rig.events if name == "workload.caught_up"]
    return [(data["file_bytes"], data["transactions"]) for data in told]


def test_a_freeze_finds_the_work_of_the_days_that_have_passed(rig: Rig) -> None:
    images = {}
    rig.clock.jump(3 * DAY_SECONDS)
    assert froze(rig, look=lambda: images.update(rig.images())).frozen
    assert rig.told("workload.caught_up") == {
        "task_id": "task",
        "seconds": 3.0 * DAY_SECONDS,
        "file_bytes": 3 * 256 * KIB,
        "transactions": 60,
    }
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert all(truth.compare(lun, image).equal for lun, image in images.items())
    assert truth.workloads["database"]["last_transaction"] == 60
    report, files = inspect(images), inspect_files(images)
    assert (report.opened_clean, report.sum_of_balances_ok, report.last_transaction) == (True, True, 60)
    assert (files.damaged, files.problems) == ((), ())
    assert files.checked > 0


def test_the_work_is_done_before_anything_is_frozen(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS)
    froze(rig)
    names = rig.names()
    assert names.index("workload.caught_up") < names.index("bridge.freeze_asked")


def test_every_day_its_own(rig: Rig) -> None:
    for _ in range(4):
        rig.clock.jump(DAY_SECONDS)
        froze(rig)
        froze(rig, "another try at the same instant")
    assert caught_up(rig) == [(256 * KIB, 20)] * 4


def test_days_change_what_is_on_the_disks(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS)
    froze(rig, "first")
    rig.clock.jump(DAY_SECONDS)
    froze(rig, "second")
    first, second = rig.guest.ground_truth("first"), rig.guest.ground_truth("second")
    assert first is not None
    assert second is not None
    assert first.tables != second.tables


def files(rig: Rig) -> dict[tuple[int, str], bytes]:
    volumes, _ = mount_all(rig.images())
    return {
        (lun, file.entry.name): file.read(0, file.size_bytes)
        for lun, volume in volumes.items()
        for file in volume.files()
    }


def test_the_same_seed_does_the_same_work(tmp_path: Path) -> None:
    """But for the journal of the database, into which SQLite writes a number of its own."""
    rigs = [booted(tmp_path / str(place), seed=seed) for place, seed in enumerate((7, 7, 8))]
    for rig in rigs:
        for days in (1, 0.3, 5):
            rig.clock.jump(days * DAY_SECONDS)
            froze(rig)
    first, same, other = (files(rig) for rig in rigs)
    different = {name for lun, name in first if first[lun, name] != same[lun, name]}
    assert first.keys() == same.keys() == other.keys()
    assert different <= {JOURNAL}
    assert {name for lun, name in first if first[lun, name] != other[lun, name]} > {DATABASE, "daily-0.txt"}


def test_a_year_unseen_is_a_month_of_work(rig: Rig) -> None:
    rig.clock.jump(365 * DAY_SECONDS)
    froze(rig)
    assert caught_up(rig) == [(31 * 256 * KIB, 31 * 20)]
    assert rig.told("workload.caught_up")["seconds"] == 365 * DAY_SECONDS
    rig.clock.jump(DAY_SECONDS)
    froze(rig)
    assert caught_up(rig)[1:] == [(256 * KIB, 20)]


def test_parts_of_a_unit_are_kept_for_the_next_time(tmp_path: Path) -> None:
    """Files grow by clusters of 64 KiB."""
    rig = booted(tmp_path, replace(SMALL, daily_work=DailyWork(24 * KIB, 1)))
    for _ in range(8):
        rig.clock.jump(DAY_SECONDS / 2)
        froze(rig)
    assert sum(transactions for _, transactions in caught_up(rig)) == 4
    assert sum(file_bytes for file_bytes, _ in caught_up(rig)) == 64 * KIB


def test_only_the_time_for_which_it_ran_counts(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS / 2)
    rig.guest.shutdown()
    rig.clock.jump(10 * DAY_SECONDS)
    rig.guest.boot()
    rig.clock.jump(DAY_SECONDS / 2)
    froze(rig)
    assert caught_up(rig) == [(256 * KIB, 20)]


def test_after_a_power_cut_it_goes_on_from_its_boot(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS)
    froze(rig)
    rig.clock.jump(5 * DAY_SECONDS)
    rig.boot_again()
    rig.clock.jump(DAY_SECONDS)
    froze(rig)
    assert caught_up(rig) == [(256 * KIB, 20)] * 2


def test_it_goes_on_growing_after_a_boot(tmp_path: Path) -> None:
    rig = booted(tmp_path, replace(SMALL, daily_work=DailyWork(0, 1000, 100.0)))
    rig.clock.jump(60 * DAY_SECONDS)
    rig.guest.shutdown()
    rig.guest.boot()
    froze(rig)
    rig.clock.jump(DAY_SECONDS)
    froze(rig)
    assert caught_up(rig)[-1][1] > 4000


def test_a_machine_without_vss_does_it_when_a_requester_comes(tmp_path: Path) -> None:
    rig = booted(tmp_path, replace(DAILY, vss_available=False))
    rig.clock.jump(DAY_SECONDS)
    rig.guest.close_session(rig.guest.open_session("task"))
    assert caught_up(rig) == [(256 * KIB, 20)]


def test_a_machine_without_a_database_writes_its_files(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=UBUNTU_IMAGE, conditions=DAILY).boot()
    rig.clock.jump(DAY_SECONDS)
    session = rig.guest.open_session("task")
    assert rig.guest.freeze(FreezeRequest(session, 10.0, writers=False)).frozen
    assert caught_up(rig) == [(256 * KIB, 0)]


def test_where_none_is_asked_for_there_is_none(tmp_path: Path) -> None:
    rig = booted(tmp_path, SMALL)
    rig.clock.jump(365 * DAY_SECONDS)
    froze(rig)
    rig.guest.shutdown()
    assert caught_up(rig) == []
    assert not list(tmp_path.rglob("daily.json"))


def test_nothing_is_done_while_time_passes(rig: Rig) -> None:
    writes = len(rig.blobs.writes)
    for _ in range(10):
        rig.clock.jump(DAY_SECONDS)
        rig.jump(10)
    assert len(rig.blobs.writes) == writes


def test_what_the_storage_refused_is_done_the_next_time(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS)
    rig.blobs.refuse = True
    assert not froze(rig).frozen
    assert "workload.failed" in rig.names()
    assert caught_up(rig) == []
    rig.blobs.refuse = False
    assert froze(rig, "second").frozen
    assert caught_up(rig) == [(256 * KIB, 20)]


def test_whoever_comes_while_another_has_frozen_is_refused_and_waits_for_nothing(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS)
    session, other = rig.guest.open_session("task"), rig.guest.open_session("other")
    assert rig.guest.freeze(FreezeRequest(session, 10.0)).frozen
    rig.clock.jump(DAY_SECONDS)
    refused = rig.guest.freeze(FreezeRequest(other, 10.0))
    assert (refused.frozen, refused.hresult) == (False, Hresult.SNAPSHOT_SET_IN_PROGRESS)
    assert rig.guest.thaw(session).consistent
    assert caught_up(rig) == [(256 * KIB, 20)]


def test_no_volume_is_filled_by_more_than_half(tmp_path: Path) -> None:
    rig = booted(tmp_path, replace(SMALL, daily_work=DailyWork(16 * MIB)), data_disks=1)
    for _ in range(12):
        rig.clock.jump(DAY_SECONDS)
        froze(rig)
    assert {file_bytes for file_bytes, _ in caught_up(rig)} == {16 * MIB}
    for attached in rig.guest.volumes():
        assert attached.used_bytes < attached.size_bytes * 2 / 3
    assert inspect_files(rig.images()).damaged == ()


def test_what_is_kept_of_it_is_a_few_numbers(rig: Rig) -> None:
    rig.clock.jump(DAY_SECONDS)
    froze(rig)
    (file,) = rig.folder.rglob("daily.json")
    kept = json.loads(file.read_bytes())
    assert set(kept) == {"began", "unworked_seconds", "file_bytes", "transactions"}
