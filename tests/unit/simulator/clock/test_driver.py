"""What a clock does next, turned by hand: in each mode, and of an advance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.domain.events import clock as events
from controlplane.domain.events.monitoring import AlertFired
from controlplane.domain.events.service import ItemState, JobState, RecoveryPointState, RetentionDue, ScheduleDue
from controlplane.domain.times import instant
from controlplane.ports import StoreUnavailable
from simulator.clock import kept_clock, targets
from simulator.clock.advance import Reason
from simulator.clock.driver import ClockBusy, NotAtRest
from simulator.clock.kept_clock import ClockRefused, ClockSettings, Mode
from tests.unit.simulator.clock.clock_rig import DAY, HOUR, START, RealSeconds, Rig

SECOND = timedelta(seconds=1)
SCALED = ClockSettings(Mode.SCALED, rate=3600, start=START)
REAL = ClockSettings(Mode.REAL, start=START)


@pytest.fixture
def rig(store: SqlStore) -> Rig:
    return Rig(store)


# -------------------------------------------------------------------------------------------------- a moment of rest


def test_something_is_done_while_nobody_works(rig: Rig) -> None:
    rig.run()
    assert rig.driver.at_rest(rig.now) == START


def test_whoever_works_is_named_and_nothing_is_done(rig: Rig) -> None:
    rig.worker.begin("backup", rests=5, then=lambda: None)
    with pytest.raises(NotAtRest, match="backup"):
        rig.driver.at_rest(lambda: pytest.fail("somebody works"))


def test_what_was_done_while_work_began_is_worth_nothing(rig: Rig) -> None:
    rig.run()
    with pytest.raises(NotAtRest, match="backup"):
        rig.driver.at_rest(lambda: rig.worker.begin("backup", rests=5, then=lambda: None))


def test_no_moment_of_an_advance_is_one_of_rest(rig: Rig) -> None:
    rig.driver.advance_to(targets.by("1d"), "a test")
    with pytest.raises(NotAtRest, match="world time is being advanced"):
        rig.driver.at_rest(rig.now)


def test_what_is_due_is_done_before(rig: Rig) -> None:
    rig.calendar.add("a", START - DAY)
    with pytest.raises(NotAtRest, match="has yet to be done"):
        rig.driver.at_rest(rig.now)


# -------------------------------------------------------------------------------------------------- time that stands


def test_it_stands_whatever_the_calendar_has(rig: Rig) -> None:
    rig.calendar.add("a", START + DAY)
    rig.run()
    assert rig.now() == START
    assert rig.calendar.log == []


def test_what_is_overdue_is_done_at_once(rig: Rig) -> None:
    rig.calendar.add("a", START - DAY)
    rig.run()
    assert rig.calendar.log == [("a", START - DAY, START)]


def test_work_that_waits_for_a_time_gets_there_by_itself(rig: Rig) -> None:
    rig.worker.wait("retry", START + HOUR)
    rig.run()
    assert rig.worker.log == [("retry", START + HOUR)]
    assert rig.now() == START + HOUR


def test_it_does_not_move_while_somebody_works(rig: Rig) -> None:
    rig.worker.wait("retry", START + HOUR)
    rig.worker.begin("backup", rests=5, then=lambda: seen.append(rig.now()))
    seen: list[datetime] = []
    rig.run()
    assert seen == [START]
    assert rig.worker.log == [("backup", START), ("retry", START + HOUR)]


def test_what_lies_on_the_way_to_a_deadline_is_done_at_its_instant(rig: Rig) -> None:
    rig.calendar.add("hourly", START + HOUR, HOUR, lambda: rig.worker.begin("backup"))
    rig.worker.wait("limit", START + 3 * HOUR + SECOND)
    rig.run()
    hours = [START + n * HOUR for n in (1, 2, 3)]
    assert rig.calendar.log == [("hourly", hour, hour) for hour in hours]
    assert rig.worker.log == [*[("backup", hour) for hour in hours], ("limit", START + 3 * HOUR + SECOND)]
    assert rig.now() == START + 3 * HOUR + SECOND


def test_work_that_waits_for_no_time_does_not_move_it(rig: Rig) -> None:
    rig.calendar.add("hourly", START + HOUR, HOUR)
    rig.worker.wait("step that is held")
    rig.run()
    assert rig.now() == START


def test_what_has_come_true_is_not_waited_for(rig: Rig) -> None:
    rig.worker.wait("report", START + HOUR, is_so=lambda: True)
    rig.run()
    assert rig.worker.log == [("report", START)]
    assert rig.now() == START


def test_a_deadline_that_passed_and_changed_nothing_is_not_gone_to_again(rig: Rig) -> None:
    rig.worker.wait("stubborn", START + HOUR)
    rig.worker.look = lambda: False  # type: ignore[method-assign]
    rig.run()
    assert rig.now() == START + HOUR


def test_deadline_and_calendar_of_one_instant_go_on_together(rig: Rig) -> None:
    seen: list[list[str]] = []

    def is_over() -> bool:
        seen.append(list(rig.worker.holders()))
        return rig.now() > START + DAY

    rig.calendar.add("daily", START + DAY, act=lambda: rig.worker.begin("backup", rests=3))
    rig.worker.wait("retry", START + DAY, rests=3)
    rig.worker.wait("later", START + 2 * DAY)
    rig.run(until=is_over)
    assert ["backup", "retry"] in seen


# ------------------------------------------------------------------------------------------------------------ advance


def test_every_instant_is_stood_at_in_order(rig: Rig) -> None:
    rig.calendar.add("daily", START + 2 * HOUR, DAY, lambda: rig.worker.begin("backup", rests=3))
    rig.calendar.add("weekly", START + DAY, 7 * DAY, lambda: rig.worker.begin("retention"))
    advance = rig.advance(targets.by("10d"))
    due = sorted([("daily", START + 2 * HOUR + n * DAY) for n in range(10)], key=lambda each: each[1])
    due = sorted([*due, ("weekly", START + DAY), ("weekly", START + 8 * DAY)], key=lambda each: each[1])
    assert rig.calendar.log == [(what, time, time) for what, time in due]
    assert [time for _, time in rig.worker.log] == [time for _, time in due], "each ended before time moved on"
    assert advance.reason is Reason.REACHED
    assert advance.now == rig.now() == START + 10 * DAY
    assert advance.instants == 13
    assert advance.ran.due == {"backup": 12}


def test_what_is_due_at_the_end_is_done_before_the_end(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, act=lambda: rig.worker.begin("backup"))
    rig.advance(targets.to("2026-03-02"))
    assert rig.worker.log == [("backup", START + DAY)]


def test_nothing_that_is_due_later_is_touched(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY + SECOND)
    rig.worker.wait("limit", START + DAY + SECOND)
    rig.advance(targets.by("1d"))
    assert rig.calendar.log == []
    assert rig.worker.log == []


def test_work_that_was_under_way_ends_first(rig: Rig) -> None:
    rig.worker.begin("backup", rests=7)
    rig.advance(targets.by("1d"))
    assert rig.worker.log == [("backup", START)]


def test_what_a_run_makes_due_on_the_way_is_done_too(rig: Rig) -> None:
    def backup() -> None:
        rig.calendar.add("expiry", rig.now() + 2 * DAY)

    rig.calendar.add("daily", START + DAY, DAY, lambda: rig.worker.begin("backup", then=backup))
    rig.advance(targets.by("4d"))
    names = [(what, (time - START).days) for what, _, time in rig.calendar.log]
    assert names == [("daily", 1), ("daily", 2), ("daily", 3), ("expiry", 3), ("daily", 4), ("expiry", 4)]


def test_work_deadlines_on_the_way_are_gone_to(rig: Rig) -> None:
    rig.worker.wait("retry", START + HOUR)
    rig.worker.wait("second", START + 2 * HOUR)
    rig.advance(targets.by("1d"))
    assert rig.worker.log == [("retry", START + HOUR), ("second", START + 2 * HOUR)]


def test_until_next_ends_at_the_next_thing_that_is_due(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, DAY, lambda: rig.worker.begin("backup"))
    rig.worker.wait("retry", START + HOUR)
    advance = rig.advance(targets.until_next())
    assert rig.now() == START + DAY
    assert rig.worker.log == [("retry", START + HOUR), ("backup", START + DAY)]
    assert advance.reason is Reason.REACHED
    rig.advance(targets.until_next())
    assert rig.now() == START + 2 * DAY


def test_until_next_goes_nowhere_where_nothing_is_due(rig: Rig) -> None:
    advance = rig.advance(targets.until_next())
    assert (rig.now(), advance.reason) == (START, Reason.REACHED)


def test_until_idle_goes_to_work_deadlines_only(rig: Rig) -> None:
    rig.calendar.add("hourly", START + HOUR, HOUR)
    rig.worker.wait("retry", START + 90 * timedelta(minutes=1))
    rig.worker.begin("backup", rests=3)
    advance = rig.advance(targets.until_idle())
    assert rig.now() == START + 90 * timedelta(minutes=1)
    assert [what for what, _, _ in rig.calendar.log] == ["hourly"]
    assert advance.reason is Reason.REACHED


def test_until_something_is_so(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, DAY, lambda: rig.worker.begin("backup"))
    advance = rig.advance(targets.until_so("/path", "x", lambda: len(rig.worker.log) == 3))
    assert rig.now() == START + 3 * DAY
    assert advance.reason is Reason.REACHED


def test_what_is_so_already_moves_nothing(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, DAY)
    assert rig.advance(targets.until_so("/path", "x", lambda: True)).instants == 0


def test_what_can_never_be_so_ends_where_nothing_lies_ahead(rig: Rig) -> None:
    rig.calendar.add("once", START + DAY)
    advance = rig.advance(targets.until_job_ends("a", lambda: False))
    assert advance.reason is Reason.NOTHING_AHEAD
    assert rig.now() == START + DAY


def test_what_is_not_so_after_ten_years_is_given_up(rig: Rig) -> None:
    rig.calendar.add("yearly", START + DAY, 365 * DAY)
    advance = rig.advance(targets.until_job_ends("a", lambda: False))
    assert advance.reason is Reason.LIMIT
    assert len(rig.calendar.log) == 11


def test_a_condition_that_fails_ends_it_by_name(rig: Rig) -> None:
    def is_so() -> bool:
        raise ClockRefused("x cannot be asked of /path")

    advance = rig.advance(targets.until_so("/path", "x", is_so))
    assert (advance.reason, advance.problem) == (Reason.FAILED, "x cannot be asked of /path")


def test_it_is_stopped_between_two_instants(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, DAY, lambda: rig.worker.begin("backup", rests=3))
    advance = rig.driver.advance_to(targets.by("10d"), "a test")
    rig.run(until=lambda: rig.now() == START + 4 * DAY)
    advance.stopping = True
    rig.run(until=advance.over.is_set)
    assert advance.reason is Reason.STOPPED
    assert rig.now() == START + 4 * DAY
    rig.run()
    assert len(rig.worker.log) == 4, "what it had begun goes on to its end"
    rig.advance(targets.to("2026-03-11"))
    assert len(rig.worker.log) == 10


def test_one_at_a_time(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, DAY)
    advance = rig.driver.advance_to(targets.by("10d"), "the first")
    rig.run(until=lambda: rig.now() == START + 4 * DAY)
    with pytest.raises(ClockBusy, match="by 10d, asked for by the first, which is at 2026-03-05T00:00:00Z of the way"):
        rig.driver.advance_to(targets.by("1d"), "the second")
    with pytest.raises(ClockBusy):
        rig.driver.change(ClockSettings(Mode.REAL))
    rig.run(until=advance.over.is_set)
    assert rig.advance(targets.by("1d"), "the second").reason is Reason.REACHED


def test_it_says_which_jobs_ended_and_how(rig: Rig, store: SqlStore) -> None:
    before = store.record(ScheduleDue("item", "time").event(vm="vm"))
    store.record(JobState("InProgress", operation="Restore").event(job="old", parent=before))

    def backup() -> None:
        due = store.record(ScheduleDue("item", "time").event(vm="vm"))
        store.record(JobState("InProgress", operation="Backup").event(job="new", vm="vm", parent=due))
        store.record(JobState("Completed").event(job="new", vm="vm", parent=due))
        failed = store.record(JobState("Failed", errors=["X"]).event(job="old", parent=due))
        store.record(AlertFired("a", "rule", "Sev1", "vault").event(job="old", parent=failed))

    def expire() -> None:
        over = store.record(RetentionDue().event())
        store.record(RecoveryPointState("p", "Expired", "AppConsistent").event(parent=over))
        store.record(RecoveryPointState("q", "Vault", "AppConsistent").event(parent=over))
        store.record(ItemState("i", "Purged").event(vm="vm", parent=over))

    rig.calendar.add("daily", START + DAY, act=lambda: rig.worker.begin("backup", then=backup))
    rig.calendar.add("expiry", START + 2 * DAY, act=expire)
    told = rig.advance(targets.by("3d")).to_json()
    assert told["jobs"] == [
        {"id": "new", "operation": "Backup", "status": "Completed", "ended": told["jobs"][0]["ended"], "vm": "vm"},
        {"id": "old", "operation": "Restore", "status": "Failed", "ended": told["jobs"][1]["ended"], "vm": None},
    ]
    assert told["outcomes"] == {"Completed": 1, "Failed": 1}
    assert told["changes"] == {"recovery_points_expired": 1, "items_purged": 1, "alerts_fired": 1}
    assert (told["reason"], told["instants"]) == ("reached", 3)


def test_a_calendar_that_cannot_be_done_fails_it_and_can_be_gone_on_with(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY, DAY)
    rig.calendar.failures.append(StoreUnavailable("the store does not answer"))
    advance = rig.advance(targets.by("3d"))
    assert (advance.reason, advance.problem) == (Reason.FAILED, "the store does not answer")
    assert rig.driver.interrupted == advance.kept()
    again = rig.driver.resume(lambda asked: targets.by(asked["by"]), "a test")
    rig.run(until=again.over.is_set)
    assert again.reason is Reason.REACHED
    assert [(what, due) for what, due, _ in rig.calendar.log] == [("daily", START + n * DAY) for n in (1, 2, 3)]
    assert rig.now() == START + 3 * DAY, "to the end that it had"


def test_a_calendar_that_does_nothing_is_not_run_for_ever(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY)
    rig.calendar.is_stuck = True
    advance = rig.advance(targets.by("3d"))
    assert advance.reason is Reason.FAILED
    assert advance.problem == "what was due at 2026-03-02T00:00:00Z could not be done, and is due still"


def test_what_was_worked_on_while_it_was_due_is_done_after_that(rig: Rig) -> None:
    """A job took the item before the calendar came to it, and gave it free before the calendar was asked again."""

    def job() -> None:
        rig.worker.begin("restore")
        rig.worker.go_on()

    rig.calendar.add("expiry", START + DAY)
    rig.calendar.in_the_way += [job, job]
    advance = rig.advance(targets.by("3d"))
    assert (advance.reason, advance.problem) == (Reason.REACHED, None)
    assert rig.calendar.log == [("expiry", START + DAY, START + DAY)]
    assert [who for who, _ in rig.worker.log] == ["restore", "restore"]


def test_a_mistake_is_told_without_its_text(rig: Rig) -> None:
    rig.calendar.add("daily", START + DAY)
    rig.calendar.failures.append(KeyError("a secret"))
    advance = rig.advance(targets.by("3d"))
    assert advance.problem == "an unexpected error, KeyError; the world's log has it"
    assert [type(error) for error in rig.errors] == [KeyError]


def test_nothing_is_moved_past_work_that_begins_while_it_settles(rig: Rig) -> None:
    """As a request does that comes between the last question and the move."""
    asked_of_calendar = rig.calendar.next_due

    def begins_meanwhile() -> datetime | None:
        if not seen:
            seen.append(rig.now())
            rig.worker.begin("request", rests=2, then=lambda: seen.append(rig.now()))
        return asked_of_calendar()

    seen: list[datetime] = []
    rig.calendar.next_due = begins_meanwhile  # type: ignore[method-assign]
    rig.calendar.add("daily", START + DAY)
    advance = rig.driver.advance_to(targets.to("2026-03-02"), "a test")
    rig.run(until=advance.over.is_set)
    assert seen == [START, START]
    assert rig.now() == START + DAY


def test_a_request_between_two_instants_may_change_what_lies_ahead(rig: Rig) -> None:
    rig.calendar.add("daily", START + 5 * DAY)
    advance = rig.driver.advance_to(targets.by("10d"), "a test")
    rig.driver.turn()  # it has settled and stands before the move, or after it
    rig.calendar.add("sooner", rig.now() + DAY)
    rig.run(until=advance.over.is_set)
    assert [time for _, _, time in rig.calendar.log] == sorted(time for _, _, time in rig.calendar.log)
    assert {what for what, _, _ in rig.calendar.log} == {"daily", "sooner"}


def test_its_story_is_told(rig: Rig, store: SqlStore) -> None:
    rig.calendar.add("daily", START + DAY)
    rig.advance(targets.by("2d"), "a test")
    told = [(event.name, event.data) for event in store.events()]
    assert told == [
        (events.AdvanceBegan.NAME, {"advance": 1, "target": "by 2d", "asked_by": "a test"}),
        (events.ClockMoved.NAME, {"since": instant(START), "reason": "calendar", "advance": 1}),
        (events.ClockMoved.NAME, {"since": instant(START + DAY), "reason": "target", "advance": 1}),
        (events.AdvanceEnded.NAME, {"advance": 1, "reason": "reached", "instants": 2, "jobs": 0}),
    ]


# ----------------------------------------------------------------------------------------------- real and scaled time


def test_real_time_has_what_is_due_done_when_it_is(store: SqlStore) -> None:
    rig = Rig(store, settings=REAL)
    rig.calendar.add("daily", START + HOUR, DAY)
    rig.run(most_real_seconds=3599)
    assert rig.calendar.log == []
    rig.run(most_real_seconds=2)
    assert rig.calendar.log == [("daily", START + HOUR, START + HOUR)]


def test_real_time_does_not_ask_who_works(store: SqlStore) -> None:
    rig = Rig(store, settings=REAL)
    rig.calendar.add("daily", START + HOUR, DAY)
    rig.worker.begin("backup", rests=10**6)
    rig.run(most_real_seconds=2 * 86400)
    assert len(rig.calendar.log) == 2
    assert rig.worker.looks == 0


def test_real_time_is_advanced_and_goes_on_from_there(store: SqlStore) -> None:
    rig = Rig(store, settings=REAL)
    rig.calendar.add("daily", START + HOUR, DAY, lambda: rig.worker.begin("backup", rests=3))
    rig.advance(targets.by("10d"))
    assert rig.now() == START + 10 * DAY
    assert [time for _, time in rig.worker.log] == [START + HOUR + n * DAY for n in range(10)]
    rig.real.seconds += 5
    assert rig.now() == START + 10 * DAY + 5 * SECOND


def test_scaled_time_passes_at_its_rate_while_nobody_works(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.run(most_real_seconds=24)
    assert abs(rig.now() - (START + DAY)) < timedelta(minutes=20)


def test_scaled_time_passes_as_real_time_does_while_somebody_works(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.worker.begin("backup", rests=10**6)
    rig.run(most_real_seconds=24)
    assert rig.now() - START < timedelta(seconds=30)


def test_scaled_time_waits_for_what_is_due(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.calendar.add("4-hourly", START + HOUR, 4 * HOUR, lambda: rig.worker.begin("backup", rests=2))
    rig.run(most_real_seconds=60)
    assert len(rig.calendar.log) >= 10
    assert [(due, done) for _, due, done in rig.calendar.log] == [
        (START + HOUR + n * 4 * HOUR, START + HOUR + n * 4 * HOUR) for n in range(len(rig.calendar.log))
    ]
    began = [due for _, due, _ in rig.calendar.log]
    assert all(ended - due < 5 * SECOND for (_, ended), due in zip(rig.worker.log, began, strict=False))


def test_scaled_time_stands_while_what_is_due_cannot_be_done(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.calendar.add("daily", START + DAY)
    rig.calendar.failures += [StoreUnavailable("full")] * 3
    rig.run(until=lambda: len(rig.errors) == 3)
    assert rig.now() == START + DAY
    rig.run(until=lambda: rig.calendar.log != [])
    assert rig.calendar.log == [("daily", START + DAY, START + DAY)]


def test_scaled_work_goes_on_at_its_deadline(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.worker.wait("retry", START + 5 * HOUR)
    rig.run(until=lambda: rig.worker.log != [])
    ((_, ended),) = rig.worker.log
    assert timedelta(0) <= ended - (START + 5 * HOUR) < timedelta(seconds=5)


def test_scaled_time_is_advanced_and_goes_on_from_there(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.calendar.add("daily", START + HOUR, DAY)
    rig.advance(targets.by("10d"))
    assert rig.now() == START + 10 * DAY
    rig.run(most_real_seconds=1)
    assert rig.now() > START + 10 * DAY + timedelta(minutes=30)


def test_the_mode_is_changed_and_time_goes_on_from_where_it_is(store: SqlStore) -> None:
    rig = Rig(store)
    rig.driver.change(ClockSettings(Mode.SCALED, rate=60))
    rig.run(most_real_seconds=60)
    flowed = rig.now()
    assert timedelta(minutes=55) < flowed - START < timedelta(minutes=65)
    rig.driver.change(ClockSettings(Mode.REAL))
    rig.real.seconds += 10
    assert rig.now() == flowed + 10 * SECOND
    rig.driver.change(ClockSettings(Mode.VIRTUAL))
    rig.real.seconds += 10
    rig.run()
    assert rig.now() == flowed + 10 * SECOND
    changes = [event.data for event in store.events() if event.name == events.ClockChanged.NAME]
    assert changes == [{"mode": "scaled", "rate": 60}, {"mode": "real", "rate": 1.0}, {"mode": "virtual", "rate": 0.0}]


def test_what_a_running_clock_cannot_be_set_to(store: SqlStore) -> None:
    rig = Rig(store)
    with pytest.raises(ClockRefused, match="moved by advancing it"):
        rig.driver.change(ClockSettings(start=START + DAY))
    with pytest.raises(ClockRefused, match="this one is virtual"):
        rig.driver.change(ClockSettings(rate=60))
    assert rig.driver.kept.mode is Mode.VIRTUAL


# ----------------------------------------------------------------------------------------------------------- restarts


def test_a_place_is_written_before_what_is_due_there_is_done(rig: Rig, store: SqlStore) -> None:
    written: list[datetime | None] = []
    rig.calendar.add("daily", START + DAY, DAY, lambda: written.append(kept_clock.read(store).position))
    rig.advance(targets.by("3d"))
    assert written == [START + n * DAY for n in (1, 2, 3)]


def test_after_a_kill_it_stands_where_it_was_and_goes_on_when_asked_again(rig: Rig, store: SqlStore) -> None:
    killed = rig.driver.advance_to(targets.by("10d"), "the first")
    rig.calendar.add("daily", START + DAY, DAY)
    rig.run(until=lambda: rig.now() == START + 4 * DAY)
    again = Rig(store, RealSeconds(), ClockSettings())
    again.calendar.add("daily", START + 4 * DAY, DAY)
    assert again.now() == START + 4 * DAY
    again.run()
    assert again.calendar.log == [("daily", START + 4 * DAY, START + 4 * DAY)], "it does what it had come to do there"
    assert again.driver.interrupted == killed.kept()
    resumed = again.driver.resume(lambda asked: targets.by(asked["by"]), "the second")
    again.run(until=resumed.over.is_set)
    assert again.now() == START + 10 * DAY
    assert again.driver.interrupted is None
    assert Rig(store, RealSeconds(), ClockSettings()).driver.interrupted is None


def test_there_may_be_nothing_to_go_on_with(rig: Rig) -> None:
    with pytest.raises(ClockRefused, match="no advance was cut off"):
        rig.driver.resume(lambda asked: targets.by("1d"), "a test")


def test_an_orderly_end_leaves_it_where_it_is(rig: Rig, store: SqlStore) -> None:
    advance = rig.driver.advance_to(targets.by("10d"), "a test")
    rig.calendar.add("daily", START + DAY, DAY)
    rig.run(until=lambda: rig.now() == START + 2 * DAY)
    rig.driver.end()
    assert advance.over.is_set()
    assert advance.reason is Reason.CLOSED
    again = Rig(store, RealSeconds(), ClockSettings())
    assert again.now() == START + 2 * DAY
    assert again.driver.interrupted == advance.kept()


def test_no_scaled_time_passes_while_the_world_is_down(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    rig.run(most_real_seconds=10)
    rig.driver.end()
    ended = rig.now()
    later = RealSeconds()
    later.seconds += 10**6
    again = Rig(store, later, ClockSettings())
    assert again.now() == ended
    again.run(most_real_seconds=1)
    assert again.now() > ended


def test_a_scaled_clock_that_was_killed_never_goes_back(store: SqlStore) -> None:
    rig = Rig(store, settings=SCALED)
    shown = []
    for _ in range(200):
        rig.driver.turn()
        rig.real.seconds += 0.07
        shown.append(rig.now())
    again = Rig(store, RealSeconds(), ClockSettings())
    assert again.now() >= max(shown)
    assert again.now() - max(shown) <= timedelta(seconds=3600), "nor far ahead"


def test_real_time_passes_while_the_world_is_down(store: SqlStore) -> None:
    rig = Rig(store, settings=REAL)
    rig.driver.end()
    later = RealSeconds()
    later.seconds += 3600
    assert Rig(store, later, ClockSettings()).now() == START + HOUR
    earlier = RealSeconds()
    earlier.seconds -= 3600
    assert Rig(store, earlier, ClockSettings()).now() == START + HOUR, "a date that was set back changes nothing"


def test_a_world_has_its_own_time_already(rig: Rig, store: SqlStore) -> None:
    rig.advance(targets.by("10d"))
    rig.driver.end()
    with pytest.raises(ClockRefused, match="is 2026-03-11T00:00:00Z already"):
        Rig(store, settings=ClockSettings(start=START + DAY))
    assert Rig(store, settings=ClockSettings(start=START + 20 * DAY)).now() == START + 20 * DAY
    assert Rig(store, settings=ClockSettings(Mode.REAL)).now() == START + 20 * DAY


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"mode": Mode.SCALED, "rate": 1}, "not above 1"),
        ({"mode": Mode.SCALED, "rate": 3601}, "at most 3600"),
        ({"mode": Mode.SCALED, "rate": float("nan")}, "not above 1"),
        ({"mode": Mode.VIRTUAL, "rate": 60}, "belongs to a scaled clock"),
        ({"start": START.replace(year=1999)}, "between the years 2000 and 2200"),
        ({"start": START.replace(year=2201)}, "between the years 2000 and 2200"),
    ],
)
def test_what_no_clock_can_be(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ClockRefused, match=problem):
        replace(ClockSettings(), **settings)  # type: ignore[arg-type]


def test_a_rate_needs_a_clock_that_is_scaled(store: SqlStore) -> None:
    with pytest.raises(ClockRefused, match="this one is real"):
        Rig(store, settings=ClockSettings(rate=60))
