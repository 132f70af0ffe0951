"""Every fault of the catalogue: set, acted upon, compared with its documented outcome, cleared, and well again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from controlplane.json_object import Json
from simulator.clock.kept_clock import Mode
from simulator.faults.catalogue import CATALOGUE
from tests.e2e.archive_rig import archive_rig
from tests.e2e.conftest import ROOT
from tests.e2e.fault_rig import FaultRig, fault_rig

OUTCOMES: Mapping[str, Json] = json.loads((ROOT / "docs/faults/outcomes.json").read_text(encoding="utf-8"))
ARCHIVE = [name for name, outcome in OUTCOMES.items() if outcome.get("world") == "archive"]
"""Those in a world that is some months old."""
APART = [name for name, outcome in OUTCOMES.items() if "world" in outcome and name not in ARCHIVE]
"""Those with a world of their own, in which time is as they say: a job waits for minutes of world time, or a machine
does not boot."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultRig]:
    with fault_rig(tmp_path_factory.mktemp("faults") / "world") as made:
        yield made


@pytest.fixture(scope="module")
def old_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultRig]:
    with archive_rig(tmp_path_factory.mktemp("archive") / "world") as made:
        yield made


def test_every_fault_has_an_outcome_and_nothing_else_has() -> None:
    assert list(OUTCOMES) == list(CATALOGUE)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [name for name in OUTCOMES if name not in {*APART, *ARCHIVE}])
def test_a_fault_leads_to_what_is_documented(rig: FaultRig, fault: str) -> None:
    look(rig, fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ARCHIVE)
def test_a_fault_in_an_old_world_leads_to_what_is_documented(old_rig: FaultRig, fault: str) -> None:
    look(old_rig, fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", APART)
def test_a_fault_in_a_world_of_its_own_leads_to_what_is_documented(tmp_path: Path, fault: str) -> None:
    with fault_rig(tmp_path / "world", Mode(OUTCOMES[fault]["world"])) as rig:
        look(rig, fault)


def look(rig: FaultRig, fault: str) -> None:
    expected = OUTCOMES[fault]
    course = rig.run(fault, expected["act"], {}, expected.get("beside"))
    told = (course.status, course.code, course.consistency)
    assert told == (expected["status"], expected["code"], expected["consistency"]), course.message
    if expected["health"] is not None:
        # What fails twice in a row by the same error is persistent, and the one before may have been that.
        assert course.health in {expected["health"], expected["health"].replace("Transient", "Persistent")}
    assert course.hits >= 1, "the seam was never asked"
    assert expected.get("says", "") in course.message
    assert expected.get("headers", {}).items() <= course.headers.items()
    wanted = expected["trace"]
    seen = [event["data"] for event in course.events if event["name"] == wanted["event"]]
    assert any(_has(data, wanted["data"]) for data in seen), seen
    assert rig.recover(expected["act"]).status == "Completed"


def _has(data: object, wanted: object) -> bool:
    """Whether all that is wanted is in it; a text may be the beginning of a longer one."""
    if isinstance(wanted, dict):
        return isinstance(data, dict) and all(_has(data.get(key), each) for key, each in wanted.items())
    return str(data).startswith(wanted) if isinstance(wanted, str) else data == wanted
