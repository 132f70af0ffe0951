"""Each day of moved time is a run of the handler, snapshots in the storage, and its own bytes: by outside witnesses."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bench.report import machine, say
from bench.year import YEAR_DAYS
from controlplane.json_object import Json
from tests.e2e.witnessed_year import DISKS, WitnessedYear, drawn_days, real_seconds_since, witnessed_year

RESULT = Path(__file__).with_name("results") / "witnessed_year.json"
SEED = 12


@pytest.mark.slow
def test_a_week_is_as_its_witnesses_say(tmp_path: Path) -> None:
    with witnessed_year(tmp_path) as year:
        pass_and_restore(year, days=7, drawn=drawn_days(7, 2, SEED))


@pytest.mark.long
def test_a_year_is_as_its_witnesses_say(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Writes what it saw, to be committed; tells on the way (`-s`) how far it is. `--witnessed-days 70` is the
    shortest that has points of three months."""
    days = int(pytestconfig.getoption("witnessed_days"))
    began = time.monotonic()
    with witnessed_year(tmp_path) as year:
        seen = pass_and_restore(year, days, drawn=drawn_days(days, 12, SEED))
        months = restore_months(year)
    result = {"machine": machine(), "seed": SEED, **seen, "months_restored": months}
    text = json.dumps({**result, "seconds": real_seconds_since(began)}, indent=1)
    say(text)
    if days == YEAR_DAYS:
        RESULT.write_text(f"{text}\n", encoding="utf-8")


def pass_and_restore(year: WitnessedYear, days: int, drawn: list[int]) -> Json:
    """Pass the days, restore on each drawn one the point that it has just got, and count at the end."""
    today = 0
    for day in [*drawn, days]:
        if day > today:
            outcomes = year.pass_days(day - today)["outcomes"]
            assert outcomes == {"Completed": day - today}
            today = day
        if day in drawn:
            hashes, outcome = year.restored(year.points()[-1])
            assert hashes == year.frozen()[day - 1], f"day {day} has not the bytes that its disks had at the freeze"
            assert outcome == "verified"
            say(f"day {day}: what was restored of it has the bytes of its freeze")
    runs, frozen = year.runs(), year.frozen()
    assert len(set(runs)) == len(runs) == days
    assert len(frozen) == days
    assert len(set(map(str, frozen))) == days, "the data of each day are others"
    snapshots = year.azurite.snapshots()
    assert snapshots == days * DISKS
    return {"days": days, "runs": len(runs), "snapshots": snapshots, "days_restored": drawn}


def restore_months(year: WitnessedYear) -> list[str]:
    """Points of the oldest three months that still have any, each with the bytes of its own day."""
    points, frozen = year.points(), year.frozen()
    first_day = points[-1].time.date().toordinal() - len(frozen) + 1
    by_month = {point.time.strftime("%Y-%m"): point for point in points}
    months = sorted(by_month)[:3]
    assert len(months) == 3
    for month in months:
        hashes, outcome = year.restored(by_month[month])
        day = by_month[month].time.date().toordinal() - first_day
        assert (hashes, outcome) == (frozen[day], "verified"), month
    return months
