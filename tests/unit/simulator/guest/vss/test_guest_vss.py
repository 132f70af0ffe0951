"""VSS writers by their law, and `vssadmin` as it prints them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.guest.vss import vssadmin
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.writer import (
    LAW,
    Level,
    OutOfOrder,
    State,
    Writer,
    WriterClass,
    WriterEvent,
    WriterFailed,
    Writers,
)
from simulator.guest.vss.writers import IN_BOX, SQL_SERVER, in_box_writers
from tests.unit.simulator.guest.guest_rig import START
from tests.virtual_clock import VirtualClock

SOON = START + timedelta(seconds=60)
WHOLE_BACKUP = (
    (WriterEvent.IDENTIFY, State.STABLE, State.FAILED_AT_IDENTIFY),
    (WriterEvent.PREPARE_BACKUP, State.STABLE, State.FAILED_AT_PREPARE_BACKUP),
    (WriterEvent.PREPARE_SNAPSHOT, State.WAITING_FOR_FREEZE, State.FAILED_AT_PREPARE_SNAPSHOT),
    (WriterEvent.FREEZE, State.WAITING_FOR_THAW, State.FAILED_AT_FREEZE),
    (WriterEvent.THAW, State.WAITING_FOR_POST_SNAPSHOT, State.FAILED_AT_THAW),
    (WriterEvent.POST_SNAPSHOT, State.WAITING_FOR_BACKUP_COMPLETE, State.FAILED_AT_POST_SNAPSHOT),
    (WriterEvent.BACKUP_COMPLETE, State.STABLE, State.FAILED_AT_BACKUP_COMPLETE),
)


class Program:
    """Something with a writer: notes what it is told, and can refuse or dawdle."""

    def __init__(self, clock: VirtualClock, name: str = "program", told: list[str] | None = None) -> None:
        self.clock = clock
        self.name = name
        self.told: list[str] = [] if told is None else told
        self.refuses: WriterEvent | None = None
        self.takes_seconds: dict[WriterEvent, float] = {}

    def __call__(self, event: WriterEvent, deadline: datetime) -> None:
        self.told.append(f"{self.name} {event}")
        self.clock.jump(self.takes_seconds.get(event, 0))
        if event is self.refuses:
            raise WriterFailed(Hresult.WRITER_RETRYABLE, "not now")


def writer(program: Program, level: Level = Level.FRONT_END) -> Writer:
    return Writer(WriterClass(program.name, "id", "service", level), "instance", program)


def test_a_backup_leads_a_writer_through_all_its_states_and_back() -> None:
    clock = VirtualClock(START)
    subject = writer(Program(clock))
    for event, state, _ in WHOLE_BACKUP:
        assert subject.handle(event, clock, SOON)
        assert subject.state is state
    assert subject.last_error is Hresult.OK


@pytest.mark.parametrize("index", range(len(WHOLE_BACKUP)))
def test_a_refusal_ends_in_the_state_of_its_event_until_the_next_requester(index: int) -> None:
    clock = VirtualClock(START)
    program = Program(clock)
    subject = writer(program)
    program.refuses, _, failed = WHOLE_BACKUP[index]
    for event, _, _ in WHOLE_BACKUP[:index]:
        subject.handle(event, clock, SOON)
    assert not subject.handle(program.refuses, clock, SOON)
    assert (subject.state, subject.last_error) == (failed, Hresult.WRITER_RETRYABLE)
    subject.handle(WriterEvent.ABORT, clock, SOON)
    assert subject.state is failed, "vssadmin goes on showing it"
    program.refuses = None
    assert subject.handle(WriterEvent.IDENTIFY, clock, SOON)
    assert (subject.state, subject.last_error) == (State.STABLE, Hresult.OK)


@given(st.lists(st.tuples(st.sampled_from(WriterEvent), st.booleans()), max_size=20))
def test_whatever_happens_a_writer_obeys_the_law_and_an_abort_frees_it(events: list[tuple[WriterEvent, bool]]) -> None:
    clock = VirtualClock(START)
    program = Program(clock)
    subject = writer(program)
    for event, refused in events:
        before, program.refuses = subject.state, event if refused else None
        if (before, event) not in LAW:
            with pytest.raises(OutOfOrder):
                subject.handle(event, clock, SOON)
            assert subject.state is before
            continue
        subject.handle(event, clock, SOON)
        assert subject.state is LAW[before, event][refused]
        assert (subject.last_error is not Hresult.OK) == subject.state.failed
    program.refuses = None
    subject.handle(WriterEvent.ABORT, clock, SOON)
    assert subject.state is State.STABLE or subject.state.failed
    assert subject.handle(WriterEvent.IDENTIFY, clock, SOON)


def test_front_ends_freeze_first_and_thaw_last() -> None:
    clock = VirtualClock(START)
    told: list[str] = []
    members = [
        writer(Program(clock, "system", told), Level.SYSTEM),
        writer(Program(clock, "front", told), Level.FRONT_END),
        writer(Program(clock, "back", told), Level.BACK_END),
    ]
    writers = Writers(clock, members, told.append)
    assert writers.freeze(SOON)
    assert [line for line in told if "Freeze" in line] == ["front Freeze", "back Freeze", "system Freeze"]
    writers.thaw()
    assert [line for line in told if "Thaw" in line] == ["system Thaw", "back Thaw", "front Thaw"]
    writers.complete()
    assert {member.state for member in members} == {State.STABLE}


def test_after_a_refused_freeze_lower_levels_are_not_asked_and_all_are_aborted() -> None:
    clock = VirtualClock(START)
    told: list[str] = []
    front, back = Program(clock, "front", told), Program(clock, "back", told)
    front.refuses = WriterEvent.FREEZE
    log: list[str] = []
    writers = Writers(clock, [writer(front), writer(back, Level.BACK_END)], log.append)
    assert not writers.freeze(SOON)
    assert "back Freeze" not in told
    writers.abort()
    assert [member.state for member in writers.members] == [State.FAILED_AT_FREEZE, State.STABLE]
    (entry,) = log
    assert entry.startswith(
        "VSS 8229: A VSS writer has rejected an event with error 0x800423f3, The writer experienced"
    )
    assert "Operation:\n   Freeze Event" in entry
    assert "Writer Name: front" in entry
    assert writers.failures() == "front (FAILED_AT_FREEZE, 0x800423f3): not now"


def test_a_writer_that_freezes_too_slowly_has_timed_out() -> None:
    clock = VirtualClock(START)
    program = Program(clock)
    program.takes_seconds = {WriterEvent.FREEZE: 61}
    subject = writer(program)
    assert not Writers(clock, [subject], print).freeze(clock.now() + timedelta(seconds=60))
    assert (subject.state, subject.last_error) == (State.FAILED_AT_FREEZE, Hresult.WRITER_TIMEOUT)


def test_a_writer_that_stays_frozen_for_a_minute_has_timed_out() -> None:
    clock = VirtualClock(START)
    other = Program(clock, "other")
    subject, beside = writer(Program(clock)), writer(other)
    writers = Writers(clock, [subject, beside], print)
    assert writers.freeze(SOON)
    clock.jump(61)
    writers.thaw()
    assert (subject.state, subject.last_error) == (State.FAILED_AT_THAW, Hresult.WRITER_TIMEOUT)


def test_one_failed_thaw_aborts_the_others() -> None:
    clock = VirtualClock(START)
    program, other = Program(clock), Program(clock, "other")
    program.refuses = WriterEvent.THAW
    subject, beside = writer(program), writer(other)
    writers = Writers(clock, [subject, beside], print)
    assert writers.freeze(SOON)
    writers.thaw()
    assert (subject.state, beside.state) == (State.FAILED_AT_THAW, State.STABLE)
    assert other.told[-1] == "other Abort"


def test_vssadmin_prints_what_it_prints_on_windows() -> None:
    clock = VirtualClock(START)
    program = Program(clock)
    program.refuses = WriterEvent.PREPARE_SNAPSHOT
    sql = Writer(SQL_SERVER, "9075d8d5-a7d9-4d3d-8d82-7e8c2d0e71bc", program)
    for event in (WriterEvent.IDENTIFY, WriterEvent.PREPARE_BACKUP, WriterEvent.PREPARE_SNAPSHOT):
        sql.handle(event, clock, SOON)
    text = vssadmin.list_writers([*in_box_writers(Random(1)), sql])
    assert text.endswith(
        "Writer name: 'SqlServerWriter'\r\n"
        "   Writer Id: {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}\r\n"
        "   Writer Instance Id: {9075d8d5-a7d9-4d3d-8d82-7e8c2d0e71bc}\r\n"
        "   State: [8] Failed\r\n"
        "   Last error: Retryable error\r\n"
        "\r\n"
    )
    assert text.startswith("vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool\r\n")
    assert text.count("\r\n") == text.count("\n") == 3 + 6 * 10
    assert text.count("   State: [1] Stable\r\n   Last error: No error\r\n") == 9


def test_a_bare_server_has_nine_writers_two_of_them_the_same_everywhere() -> None:
    first, second = in_box_writers(Random(1)), in_box_writers(Random(2))
    assert len(first) == len(IN_BOX) == len({each.writer_id for each in IN_BOX}) == 9
    same = [a.writer_class.name for a, b in zip(first, second, strict=True) if a.instance_id == b.instance_id]
    assert same == ["Task Scheduler Writer", "VSS Metadata Store Writer"]
    guid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    assert all(guid.fullmatch(each.instance_id) and guid.fullmatch(each.writer_class.writer_id) for each in first)
