"""Handlers that are wrong in one thing: each fails the requirement that it breaks, and what that implies, and no other.

The scene of the requirement is played for each, and in the long lane all scenes for those that show in no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from simulator.conformance.requirement import WINDOWS
from simulator.conformance.running import Certificates, Package, played, prepared
from simulator.conformance.scenes import SCENES
from simulator.conformance.suite import FAILED, REQUIREMENTS, implied, judged
from simulator.handlers.sources import content_of
from tests import flawed_handlers
from tests.conformance_flaws import FLAWS, Flaw

Prepared = tuple[Path, Certificates]
LOCAL = {name: flaw for name, flaw in FLAWS.items() if not flaw.shows_elsewhere}
PLAIN = "backup"
"""The scene in which nothing goes wrong."""


@pytest.fixture(scope="module")
def ground() -> Iterator[Prepared]:
    """A folder and certificates for all of them."""
    with prepared() as made:
        yield made


def failed(content: bytes, scenes: Sequence[str], ground: Prepared) -> set[str]:
    package = Package.read(content)
    recordings = {name: played(SCENES[name], package, WINDOWS, 1, *ground) for name in scenes}
    of_scenes = [each for each in REQUIREMENTS.values() if each.scene in scenes]
    return {each.requirement.id for each in judged(recordings, of_scenes, WINDOWS) if each.result == FAILED}


def only(flaw: Flaw, found: set[str]) -> None:
    assert flaw.requirement in found
    assert found - {flaw.requirement} - implied(flaw.requirement) == set()


@pytest.mark.slow
@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS)
def test_a_flawed_handler_fails_its_requirement_alone(flaw: Flaw, ground: Prepared) -> None:
    only(flaw, failed(flaw.package(), [REQUIREMENTS[flaw.requirement].scene], ground))


@pytest.fixture(scope="module")
def minimal(ground: Prepared) -> set[str]:
    """What the minimal handler itself does not meet of the plain backup."""
    return failed(content_of(flawed_handlers.PYTHON), [PLAIN], ground)


@pytest.mark.slow
@pytest.mark.parametrize("flaw", flawed_handlers.FLAWS.values(), ids=flawed_handlers.FLAWS)
def test_what_the_world_notices_the_suite_names(
    flaw: flawed_handlers.Flaw, ground: Prepared, minimal: set[str], tmp_path: Path
) -> None:
    """A handler that breaks a rule of the world fails a requirement, and nothing that this does not imply."""
    found = failed(content_of(flawed_handlers.written(flaw, tmp_path / "handler")), [PLAIN], ground)
    assert flaw.requirement in found - minimal
    assert found - minimal - {flaw.requirement} - implied(flaw.requirement) == set()


@pytest.mark.long
@pytest.mark.parametrize("flaw", LOCAL.values(), ids=LOCAL)
def test_it_fails_no_other_in_any_scene(flaw: Flaw, ground: Prepared) -> None:
    only(flaw, failed(flaw.package(), [name for name, scene in SCENES.items() if WINDOWS in scene.profiles], ground))
