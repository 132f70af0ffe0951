"""A script brings the database of a Linux guest to rest: for how long, and what both are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from extension.contract.bridge import FreezeRequest
from simulator.guest.workload.database import inspect
from simulator.guest.workload.quiescence import NotAtRest
from tests.unit.simulator.guest.guest_rig import BUSY, SQL_IMAGE, Rig
from tests.unit.simulator.guest.test_system_folders import LINUX_SQL_IMAGE


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, image=LINUX_SQL_IMAGE).boot()


def test_a_database_at_rest_has_nothing_to_replay(rig: Rig) -> None:
    database = rig.guest.workloads["database"]
    database.tick()  # leaves a transaction open, its pages on the disk
    assert not inspect(rig.images()).opened_clean
    assert rig.guest.tell_workload("database", "freeze", 60)
    database.tick()
    report = inspect(rig.images())
    assert (report.opened_clean, report.integrity, report.sum_of_balances_ok) == (True, "ok", True)
    assert rig.guest.tell_workload("database", "status", 0)
    assert not rig.guest.tell_workload("database", "thaw", 0)
    database.tick()
    assert not inspect(rig.images()).opened_clean
    assert rig.told("workload.held") == {"workload": "database", "seconds": 60}
    assert rig.told("workload.released")["by"] == "script"


def test_its_rest_ends_by_itself_and_whoever_thaws_then_is_told(rig: Rig) -> None:
    rig.guest.tell_workload("database", "freeze", 30)
    rig.jump(29)
    assert rig.guest.tell_workload("database", "status", 0)
    rig.jump(2)
    assert not rig.guest.tell_workload("database", "status", 0)
    assert rig.told("workload.released")["by"] == "limit"
    with pytest.raises(NotAtRest, match="its time had passed"):
        rig.guest.tell_workload("database", "thaw", 0)


def test_it_is_at_rest_once(rig: Rig) -> None:
    rig.guest.tell_workload("database", "freeze", 30)
    with pytest.raises(NotAtRest, match="already"):
        rig.guest.tell_workload("database", "freeze", 30)


@pytest.mark.parametrize("seconds", [0, -1, 1801, float("nan")])
def test_how_long_it_may_rest(rig: Rig, seconds: float) -> None:
    with pytest.raises(NotAtRest, match="at most 1800"):
        rig.guest.tell_workload("database", "freeze", seconds)


def test_a_machine_that_stops_leaves_nothing_at_rest(rig: Rig) -> None:
    rig.guest.tell_workload("database", "freeze", 30)
    rig.guest.shutdown()
    assert rig.told("workload.released")["by"] == "shutdown"
    rig.boot()
    assert not rig.guest.tell_workload("database", "status", 0)


def test_a_freeze_of_the_file_systems_meanwhile_is_of_a_database_at_rest(rig: Rig) -> None:
    rig.guest.workloads["database"].tick()
    session = rig.guest.open_session("task")
    rig.guest.tell_workload("database", "freeze", 60)
    assert rig.guest.freeze(FreezeRequest(session, 60, writers=False)).frozen
    images = rig.images()
    assert rig.guest.thaw(session).consistent
    rig.guest.tell_workload("database", "thaw", 0)
    report = inspect(images)
    assert (report.opened_clean, report.sum_of_balances_ok) == (True, True)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert truth.workloads["database"]["last_transaction"] == report.last_transaction


def test_storage_that_does_not_answer_is_no_rest(rig: Rig) -> None:
    rig.guest.workloads["database"].tick()
    rig.blobs.refuse = True
    with pytest.raises(NotAtRest, match="cannot write"):
        rig.guest.tell_workload("database", "freeze", 60)
    rig.blobs.refuse = False
    assert not rig.guest.tell_workload("database", "status", 0)


@pytest.mark.parametrize(("name", "act"), [("files", "freeze"), ("database", "stop")])
def test_other_programs_and_other_acts(rig: Rig, name: str, act: str) -> None:
    with pytest.raises(NotAtRest):
        rig.guest.tell_workload(name, act, 60)


def test_windows_has_a_writer_for_that(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=SQL_IMAGE, conditions=BUSY).boot()
    with pytest.raises(NotAtRest, match="takes orders of scripts"):
        rig.guest.tell_workload("database", "freeze", 60)
