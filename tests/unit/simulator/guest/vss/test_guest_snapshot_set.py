"""Freeze and thaw of a whole guest: writes stand still, every path lets go, and the truth of the instant is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controlplane.ports import BlockSource
from extension.contract.bridge import FreezeReport, FreezeRequest
from simulator.guest.conditions import MachineConditions
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.snapshot_set import NoSuchSession, NotFrozen
from simulator.guest.vss.writer import State, WriterEvent, WriterFailed
from simulator.guest.workload.database import TOTAL, inspect
from simulator.guest.workload.plain_files import inspect_files
from tests.unit.simulator.guest.guest_rig import BUSY, SMALL, START, Rig, mixed
from tests.virtual_clock import VirtualClock


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path).boot()


def freeze(rig: Rig, session: str, *, writers: bool = True, timeout_seconds: float = 60) -> FreezeReport:
    return rig.guest.freeze(FreezeRequest(session, timeout_seconds, writers))


def writer_state(rig: Rig, name: str = "SqlServerWriter") -> State:
    return next(each.state for each in rig.guest.vss.writers.members if each.writer_class.name == name)


def assert_nothing_is_frozen(rig: Rig) -> None:
    def work() -> None:
        rig.guest.workloads["database"].run(1)
        rig.guest.workloads["files"].run(1)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(20)
    assert not worker.is_alive(), "writes are held still"


def test_a_frozen_image_is_one_instant_clean_and_equal_to_the_truth(rig: Rig) -> None:
    rig.guest.workloads["database"].run(3)
    rig.guest.workloads["database"].tick()
    session = rig.guest.open_session("task")
    frozen = freeze(rig, session)
    assert (frozen.frozen, frozen.frozen_at) == (True, START.isoformat())
    images = rig.images()
    thaw = rig.guest.thaw(session)
    assert_nothing_is_frozen(rig)
    rig.guest.close_session(session)
    assert thaw.consistent
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert (truth.consistency, truth.time) == ("application", START)
    assert truth.held_milliseconds == thaw.held_milliseconds
    for lun, image in images.items():
        verdict = truth.compare(lun, image)
        assert verdict.equal
        assert verdict.blocks_compared == -(-image.size_bytes // 65536)
    report = inspect(images)
    assert (report.opened_clean, report.sum_of_balances_ok, report.integrity) == (True, True, "ok")
    assert truth.workloads["database"] == {"last_transaction": 4, "sum_of_balances": TOTAL}
    assert report.last_transaction == 4


def test_the_truth_finds_every_difference(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    freeze(rig, session)
    images = rig.images()
    rig.guest.thaw(session)
    rig.guest.workloads["files"].run(2)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    later = rig.images()
    verdict = truth.compare(-1, later[-1])
    assert not verdict.equal
    assert verdict.differing_blocks == 2, "the file and its directory entry"
    assert verdict.first_difference == 1024 * 1024
    assert not truth.compare(0, images[1]).equal
    assert not truth.compare(0, images[-1]).equal


def test_states_of_the_writers_on_the_way(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    report = freeze(rig, session)
    assert {each.state for each in report.writers} == {State.WAITING_FOR_THAW}
    assert len(report.writers) == 10
    thaw = rig.guest.thaw(session)
    assert {each.state for each in thaw.writers} == {State.WAITING_FOR_BACKUP_COMPLETE}
    assert "[5] Waiting for completion" in rig.guest.vssadmin_list_writers()
    rig.guest.close_session(session)
    assert writer_state(rig) is State.STABLE


def test_without_writers_the_volumes_are_held_and_the_database_recovers(rig: Rig) -> None:
    rig.guest.workloads["database"].tick()
    session = rig.guest.open_session("task")
    report = freeze(rig, session, writers=False)
    assert report.frozen
    assert report.writers == ()
    images = rig.images()
    assert rig.guest.thaw(session).consistent
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert truth.consistency == "file-system"
    assert all(truth.compare(lun, image).equal for lun, image in images.items())
    found = inspect(images)
    assert (found.opened_clean, found.recovered, found.sum_of_balances_ok) == (False, True, True)
    assert inspect_files(images).damaged == ()


def test_the_hold_ends_by_itself_after_ten_seconds_and_the_thaw_says_so(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    freeze(rig, session)
    rig.jump(10)
    assert_nothing_is_frozen(rig)
    assert writer_state(rig) is State.STABLE
    assert rig.told("vss.thawed")["consistent"] is False
    thaw = rig.guest.thaw(session)
    assert not thaw.consistent
    assert thaw.hresult == Hresult.HOLD_WRITES_TIMEOUT
    assert any(line.startswith("VSS 12298") for line in rig.guest.event_log)
    with pytest.raises(NotFrozen):
        rig.guest.thaw(session)
    rig.guest.close_session(session)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert truth.consistency == "crash"


def test_a_hold_lasts_when_world_time_is_moved(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    assert freeze(rig, session).frozen_at == START.isoformat()
    rig.clock.jump(365 * 24 * 3600)
    rig.jump(9)
    assert rig.guest.thaw(session).consistent
    rig.guest.close_session(session)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert (truth.consistency, truth.time) == ("application", START)


def test_a_thaw_that_comes_late_is_late_even_before_anybody_looked(rig: Rig) -> None:
    clock = VirtualClock(START)
    other = Rig(rig.folder / "other", real_time=clock).boot()
    session = other.guest.open_session("task")
    report = other.guest.freeze(FreezeRequest(session, timeout_seconds=0.5))
    assert report.frozen
    clock.jump(0.6)  # less than a second: no look is due
    assert not other.guest.thaw(session).consistent


def test_a_requester_that_dies_leaves_nothing_frozen(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    freeze(rig, session)
    rig.guest.close_session(session)
    assert_nothing_is_frozen(rig)
    assert writer_state(rig) is State.STABLE
    assert rig.told("bridge.session_closed")["left_frozen"] is True
    with pytest.raises(NoSuchSession):
        rig.guest.thaw(session)


def test_one_snapshot_set_at_a_time(rig: Rig) -> None:
    first, second = rig.guest.open_session("one"), rig.guest.open_session("two")
    assert freeze(rig, first).frozen
    refused = freeze(rig, second)
    assert (refused.frozen, refused.hresult) == (False, Hresult.SNAPSHOT_SET_IN_PROGRESS)
    again = freeze(rig, first)
    assert (again.frozen, again.hresult) == (False, Hresult.BAD_STATE)
    with pytest.raises(NotFrozen):
        rig.guest.thaw(second)
    assert rig.guest.thaw(first).consistent
    assert freeze(rig, second).frozen
    assert rig.guest.thaw(second).consistent


def test_sessions_that_are_not_there_are_refused(rig: Rig) -> None:
    with pytest.raises(NoSuchSession):
        freeze(rig, "nobody")
    with pytest.raises(NoSuchSession):
        rig.guest.close_session("nobody")


def test_without_vss_nothing_is_frozen_and_the_reason_has_a_name(tmp_path: Path) -> None:
    rig = Rig(
        tmp_path, conditions=MachineConditions(vss_available=False, workload_rate=0, system_file_bytes=65536)
    ).boot()
    session = rig.guest.open_session("task")
    for writers in (True, False):
        report = freeze(rig, session, writers=writers)
        assert (report.frozen, report.hresult) == (False, Hresult.SERVICE_DISABLED)
        assert "Volume Shadow Copy" in report.message
    assert rig.guest.facts().services["VSS"] == "Disabled"
    assert not rig.guest.facts().vss_available


def test_a_database_that_cannot_write_fails_its_writer_and_the_volumes_can_still_be_held(rig: Rig) -> None:
    rig.guest.workloads["database"].tick()
    session = rig.guest.open_session("task")
    rig.blobs.refuse = True
    report = freeze(rig, session)
    rig.blobs.refuse = False
    assert not report.frozen
    assert report.hresult == Hresult.UNEXPECTED_WRITER_ERROR
    assert "SqlServerWriter" in report.message
    failed = [each for each in report.writers if each.failed]
    assert [(each.name, each.state, each.last_error) for each in failed] == [
        ("SqlServerWriter", State.FAILED_AT_FREEZE, Hresult.WRITER_RETRYABLE)
    ]
    assert "[9] Failed" in rig.guest.vssadmin_list_writers()
    assert any("VSS 8229" in line for line in rig.guest.event_log)
    assert_nothing_is_frozen(rig)
    assert freeze(rig, session, writers=False).frozen
    assert rig.guest.thaw(session).consistent


def test_volumes_that_cannot_be_flushed_are_not_held(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    volume = rig.guest._attached[0].volume
    assert volume
    volume.open("unsaved").write(0, b"unsaved")
    rig.blobs.refuse = True
    report = freeze(rig, session, writers=False)
    rig.blobs.refuse = False
    assert (report.frozen, report.hresult) == (False, Hresult.FLUSH_WRITES_TIMEOUT)
    assert any(line.startswith("volsnap 8") for line in rig.guest.event_log)
    assert_nothing_is_frozen(rig)


def test_a_freeze_flushes_what_waits_in_memory(rig: Rig) -> None:
    volume = rig.guest._attached[1].volume
    assert volume
    volume.open("unsaved").write(0, b"unsaved")
    session = rig.guest.open_session("task")
    freeze(rig, session)
    from simulator.guest.disk.image import mount

    file = mount(rig.images()[1]).find("unsaved")
    assert file is not None
    assert file.read(0, 7) == b"unsaved"
    rig.guest.thaw(session)


def test_a_requester_that_dies_during_the_freeze_leaves_nothing_frozen(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    sql = rig.guest.vss.writers.members[-1]
    inner = sql.participant
    assert inner

    def dying(event: WriterEvent, deadline: datetime) -> None:
        inner(event, deadline)
        if event is WriterEvent.FREEZE:
            rig.guest.close_session(session)

    sql.participant = dying
    freeze(rig, session)
    assert_nothing_is_frozen(rig)
    assert writer_state(rig) is State.STABLE


def test_a_stubborn_writer_can_be_put_in_place_of_a_real_one(rig: Rig) -> None:
    def refuses(event: WriterEvent, deadline: datetime) -> None:
        if event is WriterEvent.PREPARE_SNAPSHOT:
            raise WriterFailed(Hresult.WRITER_NON_RETRYABLE, "broken")

    rig.guest.vss.writers.members[0].participant = refuses
    report = freeze(rig, rig.guest.open_session("task"))
    assert [each.state for each in report.writers if each.failed] == [State.FAILED_AT_PREPARE_SNAPSHOT]
    assert_nothing_is_frozen(rig)


def test_a_frozen_database_rests_while_other_writers_still_freeze(rig: Rig) -> None:
    database = rig.guest.workloads["database"]

    def dawdles(event: WriterEvent, deadline: datetime) -> None:
        if event is WriterEvent.FREEZE:
            database.tick()

    rig.guest.vss.writers.members[0].participant = dawdles  # of the system level: the last to freeze
    session = rig.guest.open_session("task")
    assert freeze(rig, session).frozen
    images = rig.images()
    rig.guest.thaw(session)
    assert inspect(images).opened_clean


@pytest.mark.parametrize("writers", [True, False])
def test_ticks_pass_over_a_frozen_guest(rig: Rig, writers: bool) -> None:
    session = rig.guest.open_session("task")
    freeze(rig, session, writers=writers)
    count = len(rig.blobs.writes)

    def tick() -> None:
        for workload in rig.guest.workloads.values():
            workload.tick()

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    ticker.join(20)
    assert not ticker.is_alive(), "a tick that waits would stop the clock"
    assert len(rig.blobs.writes) == count
    rig.guest.thaw(session)


def test_no_file_is_written_while_writes_are_held_and_the_hold_is_told_at_once(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    rig.events.clear()

    def files() -> set[tuple[str, int]]:
        return {(str(path), path.stat().st_mtime_ns) for path in rig.folder.rglob("*") if path.is_file()}

    freeze(rig, session)
    held = files()
    assert (rig.names()[0], rig.names()[-1]) == ("bridge.freeze_asked", "vss.frozen")
    rig.events.clear()
    rig.images()
    assert files() == held
    assert rig.events == []
    rig.guest.thaw(session)
    assert (rig.names()[0], rig.names()[-1]) == ("bridge.thaw_asked", "vss.thawed")
    assert files() != held


def test_an_image_without_a_freeze_is_placed_in_the_order_of_writes(rig: Rig) -> None:
    database = rig.guest.workloads["database"]
    session = rig.guest.open_session("task")
    database.tick()
    early = rig.images()
    database.tick()
    late = rig.images()
    database.tick()
    rig.guest.close_session(session)
    database.run(5)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert (truth.consistency, truth.held_milliseconds) == ("crash", None)
    for images in (early, late):
        verdict = truth.compare_without_freeze(images)
        assert verdict.one_instant
        assert all(each.one_instant for each in verdict.disks.values())
    torn = truth.compare_without_freeze(mixed(late, early, 1))
    assert torn.one_instant is False
    assert all(each.one_instant for each in torn.disks.values()), "each disk by itself is an instant"
    foreign = truth.compare_without_freeze({**late, 1: Changed(late[1])})
    assert foreign.disks[1].one_instant is False
    assert foreign.one_instant is False


class Changed:
    """An image with one byte that the guest never wrote."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self.size_bytes = source.size_bytes
        self.extents = source.extents

    def read(self, offset: int, length: int) -> bytes:
        data = bytearray(self._source.read(offset, length))
        at = 1024 * 1024 + 100
        if offset <= at < offset + length:
            data[at - offset] ^= 1
        return bytes(data)


def test_a_second_requester_of_the_same_task_does_not_replace_its_truth(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    images = rig.images()
    rig.guest.close_session(session)
    rig.guest.workloads["database"].run(1)
    rig.guest.close_session(rig.guest.open_session("task"))
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert truth.compare_without_freeze(images).one_instant


def test_a_freeze_comes_between_the_transactions_of_a_long_run(rig: Rig) -> None:
    database = rig.guest.workloads["database"]
    runner = threading.Thread(target=database.run, args=(400,))
    runner.start()
    session = rig.guest.open_session("task")
    assert freeze(rig, session).frozen
    assert runner.is_alive(), "the run outlasts the freeze, else this shows nothing"
    before = database.facts()["last_transaction"]
    assert 0 <= before < 400
    assert rig.guest.thaw(session).consistent
    runner.join(60)
    assert database.facts() == {"last_transaction": 400}


def test_a_write_whose_fate_is_unknown_makes_the_order_unknowable(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    rig.guest.workloads["database"].tick()
    rig.blobs.keep_silent = True
    rig.guest.workloads["files"].tick()
    rig.blobs.keep_silent = False
    images = rig.images()
    rig.guest.close_session(session)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    verdict = truth.compare_without_freeze(images)
    assert verdict.one_instant is None
    assert "outcome of a write" in verdict.disks[-1].reason


@pytest.fixture
def flowing() -> Iterator[VirtualClock]:
    clock = VirtualClock(START, rate=20)
    yield clock
    clock.close()


def test_freezing_a_guest_at_full_speed_never_locks_up_and_every_image_is_clean(
    tmp_path: Path, flowing: VirtualClock
) -> None:
    """Time flows: workloads are ticked by clock threads, and a second program runs transactions all the while."""
    rig = Rig(tmp_path, real_time=flowing, conditions=BUSY).boot()
    database = rig.guest.workloads["database"]
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            database.run(1)
            rig.guest.workloads["files"].run(1)

    runner = threading.Thread(target=run)
    runner.start()
    try:
        for number in range(12):
            writers = number % 3 != 2
            session = rig.guest.open_session(f"task {number}")
            report = freeze(rig, session, writers=writers)
            assert report.frozen, report.message
            images = rig.images()
            time.sleep(0.005)  # whoever were to slip through the gate has time to
            later = rig.images()
            thaw = rig.guest.thaw(session)
            truth = rig.guest.ground_truth(f"task {number}")
            assert truth is not None
            if thaw.consistent:
                assert all(truth.compare(lun, image).equal for lun, image in images.items())
                assert all(truth.compare(lun, image).equal for lun, image in later.items())
                assert inspect(images).opened_clean or not writers
            assert inspect(images).sum_of_balances_ok
            rig.guest.close_session(session)
    finally:
        done.set()
        runner.join(20)
    assert not runner.is_alive()
    rig.guest.shutdown()
    assert inspect(rig.images()).opened_clean


def test_a_hold_nobody_ends_lets_waiting_writers_go_on(tmp_path: Path, flowing: VirtualClock) -> None:
    rig = Rig(tmp_path, real_time=flowing, conditions=SMALL).boot()
    session = rig.guest.open_session("task")
    assert freeze(rig, session).frozen
    rig.guest.workloads["files"].run(1)  # waits at the gate
    rig.guest.workloads["database"].run(1)  # waits for its writer
    assert flowing.now() - START >= timedelta(seconds=10)
    assert not rig.guest.thaw(session).consistent
    rig.guest.shutdown()


def test_a_guest_stops_where_a_requester_is_seen_to_end_at_the_same_moment(rig: Rig) -> None:
    vss = rig.guest.vss
    ids = [vss.open_session(task) for task in ("one", "two")]

    def end_the_other(name: str) -> None:
        if name == "bridge.session_closed":
            rig.on_fact = lambda name: None
            vss.close_session(ids[1])

    rig.on_fact = end_the_other
    rig.guest.shutdown()
    assert rig.events[-1] == ("guest.stopped", {"computer_name": "sql01", "clean": True})
    assert rig.names().count("bridge.session_closed") == 2


@pytest.mark.parametrize("frozen", [True, False])
def test_a_requester_ends_also_where_what_it_saw_cannot_be_kept(
    rig: Rig, caplog: pytest.LogCaptureFixture, frozen: bool
) -> None:
    vss = rig.guest.vss
    truths = rig.folder / "ledger" / "truth"
    assert not truths.exists()
    truths.write_text("no folder")
    session = vss.open_session("one")
    if frozen:
        assert freeze(rig, session).frozen
        assert rig.guest.thaw(session).consistent
    vss.close_session(session)
    assert rig.names()[-1] == "bridge.session_closed"
    assert "what the disks held for task one is not kept" in caplog.text
    assert_nothing_is_frozen(rig)
