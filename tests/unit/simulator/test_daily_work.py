"""What programs do in a day of world time: how it is asked for, what grows of it, and where it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.daily_work import (
    EXAMPLE,
    LONGEST_UNSEEN,
    MIB,
    MOST_FILE_BYTES,
    MOST_TRANSACTIONS,
    DailyWork,
    Work,
)
from simulator.failures import WrongUse

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "daily"),
    [
        (EXAMPLE, DailyWork(5 * MIB, 200, 1.0)),
        ("200tx", DailyWork(0, 200)),
        ("512 KiB", DailyWork(512 * 1024)),
        ("0.5mib, 3TX", DailyWork(512 * 1024, 3)),
        ("+2.5%,1MiB", DailyWork(MIB, 0, 2.5)),
        ("1MiB,512KiB", DailyWork(MIB * 3 // 2)),
    ],
)
def test_it_is_asked_for_in_a_few_words(text: str, daily: DailyWork) -> None:
    assert DailyWork.parse(text) == daily


@pytest.mark.parametrize("text", ["", "5", "5MB", "tx", "-5MiB", "5MiB;200tx", "5MiB,,200tx", "nanMiB", "5MiB a day"])
def test_what_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(WrongUse, match=r"is no daily work; write .* as in 5MiB,200tx,"):
        DailyWork.parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("65MiB", "at most 64 MiB a day"), ("10001tx", "at most 10000 transactions a day"), ("101%", "0 to 100 percent")],
)
def test_what_would_take_too_long_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        DailyWork.parse(text)


def test_a_day_has_the_work_of_a_day() -> None:
    daily = DailyWork(5 * MIB, 200)
    assert daily.between(BEGAN, BEGAN, BEGAN + DAY) == Work(5 * MIB, 200)
    assert daily.between(BEGAN, BEGAN + 100 * DAY, BEGAN + 100.25 * DAY) == Work(5 * MIB / 4, 50)


def test_no_time_has_no_work() -> None:
    assert DailyWork(5 * MIB, 200, 1.0).between(BEGAN, BEGAN + DAY, BEGAN + DAY) == Work()


def test_it_grows_by_so_much_in_a_month() -> None:
    daily = DailyWork(0, 1000, 10.0)
    first = daily.between(BEGAN, BEGAN, BEGAN + DAY).transactions
    for months in (1, 2, 12):
        since = BEGAN + months * timedelta(days=30)
        assert daily.between(BEGAN, since, since + DAY).transactions == pytest.approx(first * 1.1**months)


def test_a_year_unseen_is_a_month_of_work_and_bounded() -> None:
    daily = DailyWork(MIB, 100)
    year = BEGAN + 365 * DAY
    assert daily.between(BEGAN, BEGAN, year) == Work(LONGEST_UNSEEN.days * MIB, LONGEST_UNSEEN.days * 100)
    most = DailyWork(MOST_FILE_BYTES, MOST_TRANSACTIONS, 100.0)
    assert most.between(BEGAN, BEGAN, year) == Work(MOST_FILE_BYTES, MOST_TRANSACTIONS)
    assert most.between(BEGAN, BEGAN + 36_500 * DAY, BEGAN + 36_501 * DAY) == Work(MOST_FILE_BYTES, MOST_TRANSACTIONS)


@given(growth=some.floats(0, 50), days=some.floats(0, 20), cut=some.floats(0, 1), age=some.floats(0, 300))
def test_two_looks_find_as_much_work_as_one(growth: float, days: float, cut: float, age: float) -> None:
    daily = DailyWork(0, 1, growth)
    since = BEGAN + age * DAY
    middle, until = since + days * cut * DAY, since + days * DAY
    both = daily.between(BEGAN, since, middle) + daily.between(BEGAN, middle, until)
    assert both.transactions == pytest.approx(daily.between(BEGAN, since, until).transactions, rel=1e-6, abs=1e-6)
