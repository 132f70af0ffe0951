"""Every fault of the catalogue: set, acted upon, compared with its documented outcome, cleared, and well again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.table import kinds
from controlplane.json_object import Json
from simulator.clock.kept_clock import Mode
from simulator.faults.catalogue import CATALOGUE
from tests.e2e.archive_rig import archive_rig
from tests.e2e.conftest import ROOT
from tests.e2e.fault_rig import FaultRig, fault_rig
from tests.e2e.many_az import printed

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


@pytest.mark.slow
def test_az_tells_of_each_job_what_is_documented(rig: FaultRig, az: Path, tmp_path: Path) -> None:
    """Of the jobs that the faults before have struck in this world, and of one that this test makes itself."""
    look(rig, "agent-stopped")
    struck = {fault: job for fault, job in rig.jobs.items() if OUTCOMES[fault]["code"] is not None}
    vault = ("-g", rig.scenario.group, "-v", rig.scenario.vault)
    commands = [("backup", "job", "show", *vault, "-n", job) for job in struck.values()]
    shown = printed(az, Path(rig.client.endpoints["state"]), commands, tmp_path)
    for fault, job in zip(struck, shown, strict=True):
        first = job["properties"]["errorDetails"][0]
        assert (job["properties"]["status"], first["errorTitle"]) == (
            OUTCOMES[fault]["status"],
            OUTCOMES[fault]["code"],
        )
        assert OUTCOMES[fault].get("says", "") in first["errorString"]
        kinds_of_code = [kind for kind in kinds().values() if kind.code == first["errorTitle"]]
        assert any(_is_of(kind, first) for kind in kinds_of_code), (fault, first)


def _is_of(kind: ErrorKind, told: Json) -> bool:
    """Whether text, recommendation and number are those that docs/errors.md has for it."""
    remedies = [kind.remedy] if kind.remedy else []
    return (
        bool(_filled(kind.message).fullmatch(told["errorString"]))
        and len(told["recommendations"] or []) == len(remedies)
        and all(
            _filled(remedy).fullmatch(text)
            for remedy, text in zip(remedies, told["recommendations"] or [], strict=True)
        )
        and (told["errorCode"] or 0) == kind.number
    )


def _filled(text: str) -> re.Pattern[str]:
    """What a text with `{blanks}` may become."""
    return re.compile(
        "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", text)), re.S
    )


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
