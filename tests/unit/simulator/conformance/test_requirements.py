"""Each requirement, judged on a recording of our own handler: met as it is, and broken by one change in one place."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import LINUX, PROFILES, WINDOWS, Requirement
from simulator.conformance.running import Package, play_all
from simulator.conformance.scenes import SCENES
from simulator.conformance.suite import FAILED, REQUIREMENTS, implied, judged
from simulator.packages import HANDLER_FOLDER, packed
from tests.unit.simulator.conformance.changes import CHANGES as FIRST_CHANGES
from tests.unit.simulator.conformance.changes import Change
from tests.unit.simulator.conformance.more_changes import MORE_CHANGES
from tests.unit.simulator.conformance.variations import VARIATIONS

CHANGES = {**FIRST_CHANGES, **MORE_CHANGES}


@pytest.fixture(scope="module")
def recordings() -> Mapping[str, Mapping[str, Any]]:
    """Profile -> scene -> its recording as JSON. Of Linux, the scenes of what only Linux has to meet."""
    package = Package.read(packed(HANDLER_FOLDER))
    windows = play_all([scene for scene in SCENES.values() if WINDOWS in scene.profiles], package, WINDOWS, seed=1)
    of_linux = {each.scene for each in REQUIREMENTS.values() if WINDOWS not in each.profiles}
    linux = play_all([SCENES[name] for name in sorted(of_linux)], package, LINUX, seed=1)
    return {
        WINDOWS: {name: json.loads(json.dumps(recording.to_json())) for name, recording in windows.items()},
        LINUX: {name: json.loads(json.dumps(recording.to_json())) for name, recording in linux.items()},
    }


def failures(data: Any, profile: str) -> dict[str, str]:
    """Id -> reason, of the requirements of the scene that this recording is of."""
    of_scene = [each for each in REQUIREMENTS.values() if each.scene == data["scene"]]
    verdicts = judged({data["scene"]: Recording.from_json(data)}, of_scene, profile)
    return {each.requirement.id: each.reason for each in verdicts if each.result == FAILED}


@pytest.mark.slow
def test_our_own_handler_meets_each_and_one_change_breaks_exactly_one(recordings: Mapping[str, Any]) -> None:
    wrong: list[tuple[str, object]] = []
    for profile, of_profile in recordings.items():
        wrong += [(profile, found) for data in of_profile.values() if (found := failures(data, profile))]
    for requirement in REQUIREMENTS.values():
        wrong += _changed(requirement, recordings)
    assert wrong == []


def _changed(requirement: Requirement, recordings: Mapping[str, Any]) -> list[tuple[str, object]]:
    profile = requirement.profiles[0]
    data = copy.deepcopy(recordings[profile][requirement.scene])
    CHANGES[requirement.id](data)
    failed = set(failures(data, profile))
    more = failed - {requirement.id} - implied(requirement.id)
    if requirement.id not in failed:
        return [(requirement.id, "does not fail")]
    return [(requirement.id, sorted(more))] if more else []


@pytest.mark.slow
@pytest.mark.parametrize("vary", VARIATIONS.values(), ids=VARIATIONS)
def test_what_another_handler_may_do_otherwise_breaks_nothing(vary: Change, recordings: Mapping[str, Any]) -> None:
    wrong = []
    changed = 0
    for profile, of_profile in recordings.items():
        for name, recording in of_profile.items():
            data = copy.deepcopy(recording)
            vary(data)
            changed += data != recording
            wrong += [(profile, name, found) for found in failures(data, profile).items()]
    assert wrong == []
    assert changed, "this variation changes nothing"


def test_each_requirement_has_an_id_of_its_own_and_a_change_that_breaks_it() -> None:
    assert set(CHANGES) == set(REQUIREMENTS)
    assert [id for id in REQUIREMENTS if not re.fullmatch(r"[A-Z]{3}-\d\d", id)] == []


def test_two_requirements_of_a_scene_never_expect_the_same() -> None:
    said = [(each.scene, each.expected, each.profiles) for each in REQUIREMENTS.values()]
    assert len(said) == len(set(said))


def test_what_a_requirement_names_is_there() -> None:
    for each in REQUIREMENTS.values():
        assert each.scene in SCENES
        assert set(each.profiles) <= set(PROFILES)
        assert all(REQUIREMENTS[need].scene == each.scene for need in each.needs), each.id
        assert set(each.also_fails) <= set(REQUIREMENTS), each.id


def test_each_scene_serves_a_requirement() -> None:
    assert set(SCENES) == {each.scene for each in REQUIREMENTS.values()}
