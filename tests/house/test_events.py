"""The catalogue of events holds together, and nothing is told past it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import ROOT, Belongs, Event, Fact

ROOT_FOLDER = Path(__file__).parents[2]
FILES = sorted(path for top in ("controlplane", "simulator") for path in (ROOT_FOLDER / top).rglob("*.py"))
PORTS = "controlplane.ports"
HOME = ROOT_FOLDER / "controlplane/domain/events"
MAKES_EVENTS = {HOME / "event.py", ROOT_FOLDER / "controlplane/adapters/store.py"}
"""The catalogue, and the store, which reads what it has written."""


def test_no_two_kinds_share_a_name() -> None:
    assert len(CATALOGUE) == len(Fact.__subclasses__())


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
def test_every_entry_says_what_it_means_and_what_it_may_follow_from(kind: type[Fact]) -> None:
    assert kind.__doc__
    assert kind.__doc__.strip().endswith(".")
    assert kind.PARENTS
    assert [parent for parent in kind.PARENTS if parent != ROOT and parent not in CATALOGUE] == []


def test_only_requests_schedules_and_acts_upon_the_world_begin_a_story() -> None:
    roots = {kind.NAME for kind in CATALOGUE.values() if ROOT in kind.PARENTS}
    assert roots == {
        "arm.request",
        "schedule.due",
        "schedule.retention_due",
        "clock.advance_began",
        "clock.changed",
        "clock.hold_lapsed",
        "client.dropped",
        "clock.moved",
        "control.request",
        "fault.set",
        "gateway.ended",
        "handler.package",
        "handler.silent",
        "lectern.set",
        "story.moment",
        "world.paced",
        "world.restarted",
        "world.saved",
        "host.started",
        "host.stopping",
    }
    assert [name for name in roots if CATALOGUE[name].PARENTS != (ROOT,)] == [], "a root begins a story each time"
    assert [name for name in roots if CATALOGUE[name].JOB != Belongs.NEVER] == []


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_event_can_be_reached_from_a_root(name: str) -> None:
    reached, grown = {ROOT}, True
    while grown:
        more = {kind.NAME for kind in CATALOGUE.values() if not reached.isdisjoint(kind.PARENTS)}
        grown, reached = not more <= reached, reached | more
    assert name in reached


def test_no_event_name_is_written_outside_the_catalogue() -> None:
    written = [
        (path, node.lineno, node.value)
        for path in FILES
        if HOME not in path.parents
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Constant) and node.value in CATALOGUE
    ]
    assert written == []


def test_every_event_is_made_by_the_catalogue() -> None:
    assert [path for path in FILES if path not in MAKES_EVENTS and _makes_events(path)] == []


def _makes_events(path: Path) -> bool:
    nodes = list(ast.walk(_tree(path)))
    sources = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module in (Event.__module__, PORTS)]
    knows = any("Event" in {name.name for name in node.names} for node in sources)
    return knows and any(isinstance(node, ast.Call) and ast.unparse(node.func) == "Event" for node in nodes)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
