"""What people write for durations, times and conditions, and where an advance then goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from controlplane.domain.times import duration, instant
from simulator.clock import kept_clock, targets
from simulator.clock.kept_clock import LATEST, ClockRefused
from tests.unit.simulator.clock.clock_rig import DAY, HOUR, START


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30d", 30 * DAY),
        ("36h", 36 * HOUR),
        ("1d12h30m", timedelta(days=1, hours=12, minutes=30)),
        ("2w", 14 * DAY),
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        ("0d", timedelta(0)),
        ("P30D", 30 * DAY),
        ("PT36H", 36 * HOUR),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("P1W", 7 * DAY),
        ("p30d", 30 * DAY),
    ],
)
def test_a_duration(text: str, length: timedelta) -> None:
    assert targets.duration_of(text) == length


@given(seconds=some.integers(0, 3_000_000_000))
def test_a_duration_as_the_service_writes_it_is_understood(seconds: int) -> None:
    assert targets.duration_of(duration(seconds)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "d", "3", "P", "PT", "-3d", "30 d", "three days", "1d P1D", "٣d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ClockRefused, match="is no duration; write one as 30d"):
        targets.duration_of(text)


@pytest.mark.parametrize("text", ["1y", "P1M", "P1Y", "1mo"])
def test_months_and_years_have_no_length(text: str) -> None:
    with pytest.raises(ClockRefused, match="no fixed length, so write days"):
        targets.duration_of(text)


@pytest.mark.parametrize("text", ["99999d", "999999999999999999d"])
def test_a_duration_may_be_too_long(text: str) -> None:
    with pytest.raises(ClockRefused, match="hundred years"):
        targets.duration_of(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01", START),
        ("2026-03-01T08:00:00Z", START + 8 * HOUR),
        ("2026-03-01T08:00:00+02:00", START + 6 * HOUR),
        ("2026-03-01 08:00:00Z", START + 8 * HOUR),
        ("2026-03-01T00:00:00.1234567Z", START + timedelta(microseconds=123456)),
    ],
)
def test_a_time(text: str, time: datetime) -> None:
    assert kept_clock.time_of(text) == time


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "9999-12-31T23:59:59-10:00"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ClockRefused, match="is no time; write one as"):
        kept_clock.time_of(text)


def test_a_time_without_a_zone_is_ambiguous() -> None:
    with pytest.raises(ClockRefused, match="has no zone; write 2026-03-01T08:00:00Z for UTC"):
        kept_clock.time_of("2026-03-01T08:00:00")


def test_where_an_advance_ends() -> None:
    due = START + 3 * HOUR
    assert targets.by("1d").end(START, due) == START + DAY
    assert targets.to("2026-03-05").end(START, due) == START + 4 * DAY
    assert targets.until_next().end(START, due) == due
    assert targets.until_next().end(START, START - HOUR) == START, "what is overdue is done where time stands"
    assert targets.until_next().end(START, None) == START
    assert targets.until_idle().end(START, due) is None
    assert targets.until_job_ends("a", lambda: False).end(START, due) == START + targets.LONGEST_WAIT


def test_an_advance_goes_neither_back_nor_beyond_every_calendar() -> None:
    with pytest.raises(ClockRefused, match="does not run backwards"):
        targets.to("2026-02-28").end(START, None)
    with pytest.raises(ClockRefused, match="up to the year 2200"):
        targets.by("36000d").end(datetime(2190, 1, 1, tzinfo=UTC), None)
    with pytest.raises(ClockRefused, match="up to the year 2200"):
        targets.to("9999-01-01").end(START, None)
    assert targets.until_job_ends("a", lambda: False).end(LATEST - HOUR, None) == LATEST


def test_it_can_be_asked_for_again_as_it_was() -> None:
    assert targets.by("P30D").asked == {"by": "P30D"}
    assert targets.to("2026-03-05").asked == {"to": instant(START + 4 * DAY)}
    assert targets.until_so("/a", "b", lambda: True).asked == {"until": {"path": "/a", "condition": "b"}}


@pytest.mark.parametrize(
    ("condition", "body", "is_so"),
    [
        ("properties.state == 'Done'", {"properties": {"state": "Done"}}, True),
        ("properties.state == 'Done'", {"properties": {"state": "Begun"}}, False),
        ("properties.state == 'Done'", None, False),
        ("length(value) >= `2`", {"value": [1, 2]}, True),
        ("value[?name=='x']", {"value": [{"name": "x"}]}, True),
        ("value[?name=='x']", {"value": []}, False),
        ("count", {"count": 0}, False),
        ("count", {"count": 3}, True),
        ("missing", {}, False),
    ],
)
def test_a_condition(condition: str, body: Any, is_so: bool) -> None:
    assert targets.condition_of("/path", condition, lambda path: body)() is is_so


def test_a_condition_reads_the_path_anew_each_time() -> None:
    read: list[str] = []
    is_so = targets.condition_of("/a/path", "state", lambda path: read.append(path))
    assert not is_so()
    assert not is_so()
    assert read == ["/a/path", "/a/path"]


@pytest.mark.parametrize("condition", ["", "a[", "==", "[" * 5000], ids=["empty", "open", "operator", "deep"])
def test_what_is_no_condition(condition: str) -> None:
    with pytest.raises(ClockRefused, match="is no JMESPath expression"):
        targets.condition_of("/path", condition, lambda path: {})


@pytest.mark.parametrize(
    "condition", ["length(count) > `2`", "count > '2'", "list[::0]", "ceil(to_number('Infinity'))", "nope(@)"]
)
def test_a_condition_that_does_not_fit_what_is_there(condition: str) -> None:
    is_so = targets.condition_of("/path", condition, lambda path: {"count": 3, "list": [1]})
    with pytest.raises(ClockRefused, match="cannot be asked of /path"):
        is_so()
