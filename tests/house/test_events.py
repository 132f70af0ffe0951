"""The catalogue of events holds together, and nothing is told past it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import ROOT, Event, Fact

ROOT_FOLDER = Path(__file__).parents[2]
FILES = sorted(path for top in ("controlplane", "simulator") for path in (ROOT_FOLDER / top).rglob("*.py"))
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


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_event_can_be_reached_from_a_root(name: str) -> None:
    reached, grown = {ROOT}, True
    while grown:
        more = {kind.NAME for kind in CATALOGUE.values() if not reached.isdisjoint(kind.PARENTS)}
        grown, reached = not more <= reached, reached | more
    assert name in reached


@pytest.mark.parametrize("path", [path for path in FILES if HOME not in path.parents], ids=str)
def test_no_event_name_is_written_outside_the_catalogue(path: Path) -> None:
    constants = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Constant)]
    assert [(node.lineno, node.value) for node in constants if node.value in CATALOGUE] == []


@pytest.mark.parametrize("path", [path for path in FILES if path not in MAKES_EVENTS], ids=str)
def test_every_event_is_made_by_the_catalogue(path: Path) -> None:
    sources = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.ImportFrom)]
    knows = any(node.module == Event.__module__ and "Event" in {name.name for name in node.names} for node in sources)
    calls = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    made = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Event"]
    assert not (knows and made)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
