"""Handlers that are wrong in one thing: each fails the requirement that it breaks, and what that implies, and no other.

The scene of the requirement is played for each, and all scenes for each in the long lane.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from simulator.conformance.requirement import WINDOWS
from simulator.conformance.running import Certificates, Package, played, prepared
from simulator.conformance.scenes import SCENES
from simulator.conformance.suite import FAILED, REQUIREMENTS, implied, judged
from tests.conformance_flaws import FLAWS, Flaw

Prepared = tuple[Path, Certificates]


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


@pytest.mark.long
@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS)
def test_it_fails_no_other_in_any_scene(flaw: Flaw, ground: Prepared) -> None:
    only(flaw, failed(flaw.package(), list(SCENES), ground))
