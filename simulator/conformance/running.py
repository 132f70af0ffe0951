"""Plays scenes: gives each a folder of its own and the certificates of the run, and takes everything down after it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from simulator.conformance.recording import Recording
from simulator.conformance.scenes import Scene
from simulator.conformance.stage.machine import PROC, CannotStart
from simulator.conformance.stage.sealing import OpensslMissing
from simulator.conformance.stage.stage import Certificates, Package, Stage, Unreadable

__all__ = ["Certificates", "Lacking", "Package", "Unreadable", "play_all", "played", "prepared"]


class Lacking(Exception):
    """This machine lacks what the suite needs; the sentence says what, and how to get it."""


@contextmanager
def prepared() -> Iterator[tuple[Path, Certificates]]:
    """A private folder and certificates for a run. Raises Lacking, also for what a scene lacks inside."""
    if sys.platform != "linux" or not (PROC / "self" / "environ").exists():
        raise Lacking("the suite finds a handler's processes in /proc; run it on Linux, or in a container with Linux")
    folder = Path(tempfile.mkdtemp(prefix="backupsim-conform-"))
    try:
        yield folder, Certificates(folder)
    except OpensslMissing as problem:
        raise Lacking(f"the suite seals settings by openssl, which failed: {problem}; install openssl") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def play_all(
    scenes: Iterable[Scene],
    package: Package,
    profile: str,
    seed: int,
    told: Callable[[Scene], None] = lambda scene: None,
    former: Package | None = None,
    served: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Recording]:
    """The recording of each scene, in the order of the scenes. Raises Lacking.

    `served`: scene -> ids of the requirements that it is played for, which the handler is told."""
    recordings = {}
    with prepared() as (folder, certificates):
        for scene in scenes:
            told(scene)
            ids = ",".join(served.get(scene.name, ()))
            recordings[scene.name] = played(scene, package, profile, seed, folder, certificates, former, ids)
    return recordings


def played(
    scene: Scene,
    package: Package,
    profile: str,
    seed: int,
    folder: Path,
    certificates: Certificates,
    former: Package | None = None,
    served: str = "",
) -> Recording:
    """`former`: the version that the scene of an update begins with; without it, the same one."""
    place = folder / scene.name
    stage = Stage(place / scene.folder, package, profile, scene.name, seed, certificates, former, served)
    problem = ""
    try:
        scene.play(stage)
    except CannotStart as reason:
        problem = str(reason)
    finally:
        stage.close()
    shutil.rmtree(place, ignore_errors=True)
    return replace(stage.recording(), problem=problem)
