"""The story of a job as lines: each event below its cause, and what went wrong marked."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.testing.story import MOST_LINES, is_trouble, line, told


def event(number: int, name: str, parent: int | None = None, **data: Any) -> dict[str, Any]:
    return {"id": number, "name": name, "parent": parent, "time": "2026-03-01T08:00:00+00:00", "data": data}


def test_each_event_stands_below_its_cause() -> None:
    lines = told([event(3, "task.state", 1, to="InProgress"), event(1, "job.state"), event(2, "vss.refused", 3)])
    assert [each.split()[-1 if "=" not in each else -2] for each in lines] == ["job.state", "task.state", "vss.refused"]
    depths = [len(each) - len(each[7:].lstrip()) for each in lines]
    assert depths == sorted(depths)
    assert depths[0] < depths[2]
    assert [each[0] for each in lines] == [" ", " ", "!"]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("job.state", {"to": "Failed"}, True),
        ("job.state", {"to": "Completed"}, False),
        ("snapshot.reported", {"code": 2}, True),
        ("snapshot.reported", {"code": 1}, False),
        ("handler.command_ended", {"exit_code": 76}, True),
        ("handler.command_ended", {"exit_code": 0}, False),
        ("snapshot.judged", {"error": "ExtensionFailed"}, True),
        ("vss.refused", {}, True),
        ("machine.power", {"power": "running"}, False),
    ],
)
def test_trouble(name: str, data: dict[str, Any], expected: bool) -> None:
    assert is_trouble(event(1, name, **data)) is expected


def test_of_too_many_events_those_that_matter_stay_with_their_causes() -> None:
    many = [event(number, "transfer.progress", 1) for number in range(2, 200)]
    lines = told([event(1, "job.state", to="InProgress"), *many, event(300, "vss.refused", 150)])
    assert len(lines) == 4 <= MOST_LINES
    assert [each[2:7].strip() for each in lines[:3]] == ["1", "150", "300"]
    assert "(197 more events" in lines[3]


def test_a_line_names_a_resource_by_its_last_word() -> None:
    told_of = line(
        event(7, "schedule.due", item="/subscriptions/1/resourceGroups/demo/vm;sql01", note="two words", no=None)
    )
    assert told_of == '    7  2026-03-01T08:00:00Z     schedule.due  item=.../vm;sql01 note="two words"'
