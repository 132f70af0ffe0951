"""How the service writes time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.times import american, countdown, duration, instant, parse_instant


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2022, 5, 13, 10, 9, 27, 280134, tzinfo=UTC), "2022-05-13T10:09:27.280134Z"),
        (datetime(2022, 5, 13, 10, 52, 22, 884800, tzinfo=UTC), "2022-05-13T10:52:22.8848Z"),
        (datetime(2001, 1, 1, tzinfo=UTC), "2001-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=8))), "2025-12-31T17:00:00Z"),
    ],
)
def test_instant(time: datetime, text: str) -> None:
    assert instant(time) == text


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)))
def test_an_instant_is_read_back(time: datetime) -> None:
    assert parse_instant(instant(time)) == time


@pytest.mark.parametrize(
    "text",
    [
        "2022-06-12T00:00:00.000Z",
        "2022-06-12T00:00:00.0000000Z",
        "2022-06-12T00:00:00",
        "2022-06-12T02:00:00.0000000+02:00",
    ],
)
def test_clients_write_instants_in_many_ways(text: str) -> None:
    assert parse_instant(text) == datetime(2022, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2022-13-01T00:00:00Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "PT0S"),
        (-1, "PT0S"),
        (2.0333386, "PT2.033339S"),
        (41 * 60 + 17.92702, "PT41M17.92702S"),
        (60, "PT1M"),
        (2 * 3600 + 5, "PT2H5S"),
        (86400, "P1D"),
        (86400 + 3600.5, "P1DT1H0.5S"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2022, 6, 12, tzinfo=UTC), "6/12/2022 12:00:00 AM"),
        (datetime(2022, 2, 18, 11, 19, 42, tzinfo=UTC), "2/18/2022 11:19:42 AM"),
        (datetime(2022, 12, 1, 12, 5, 9, tzinfo=UTC), "12/1/2022 12:05:09 PM"),
        (datetime(2022, 12, 1, 23, 5, 9, tzinfo=UTC), "12/1/2022 11:05:09 PM"),
    ],
)
def test_american(time: datetime, text: str) -> None:
    assert american(time) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (14 * 86400 - 16.19311, "13.23:59:43.8068900"),
        (180 * 86400, "180.00:00:00"),
        (3661.5, "01:01:01.5000000"),
        (-1, "00:00:00"),
    ],
)
def test_countdown(seconds: float, text: str) -> None:
    assert countdown(seconds) == text
