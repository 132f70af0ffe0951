"""Forks of a prepared world, as the pytest plugin makes them for tests: how long one takes until it answers.

The prepared world has one machine that was backed up on 30 days, with a recovery point each. It is saved once. A fork
is a copy of its bytes, an Azurite of its own over them, and a start of the world; that it holds all the points is asked
outside of the measured time. The peer is a new world with an Azurite of its own, which has nothing in it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, mkdtemp
from time import perf_counter

from bench.report import Aim, finish, say
from simulator.saved_worlds.contents import size_of
from simulator.testing.opening import Opener
from simulator.testing.world import BackupWorld
from simulator.testing.worlds import Worlds

DAYS = 30
FORKS = 7
FORK_SECONDS = 2.0
"""Aim, of the median."""
START = "2026-03-02T08:00:00Z"


def prepared(opener: Opener, days: int) -> BackupWorld:
    world = opener.open(1, {"start": START}, apart=True)
    protected = world.protect(world.create_vm())
    world.clock.advance(f"{days}d")
    assert len(protected.points()) == days
    return world


def seconds_of(open_one: Callable[[], BackupWorld], points: int) -> float:
    """Until a world answers, which then ends."""
    began = perf_counter()
    world = open_one()
    seconds = perf_counter() - began
    with world:
        protected = world.find_protected_vm()
        assert points == (len(protected.points()) if protected else 0)
    return seconds


def main(days: int = DAYS, forks: int = FORKS) -> int:
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="backupsim-bench-") as folder:
        worlds = Worlds(Path(folder) / "worlds")
        opener = Opener(worlds, lambda: Path(mkdtemp(dir=folder)))
        try:
            world = prepared(opener, days)
            began = perf_counter()
            saved = world.save()
            save_seconds = perf_counter() - began
            world.close()
            size = size_of(saved.folder)
            of_forks = [seconds_of(saved.fork, days) for _ in range(forks)]
            of_new = [seconds_of(lambda: opener.open(1, {}, apart=True), 0) for _ in range(forks)]
        finally:
            opener.close()
            worlds.end()
    numbers = {
        "load_at_begin": round(load, 1),
        "recovery_points": days,
        "size_bytes": size,
        "save_seconds": round(save_seconds, 2),
        "fork_seconds": [round(each, 2) for each in of_forks],
        "new_world_seconds": [round(each, 2) for each in of_new],
    }
    say(str(numbers))
    name = f"fork of a world with {days} recovery points, median"
    return finish("fork", [Aim(name, median(of_forks), FORK_SECONDS, "at most", "s")], numbers)


if __name__ == "__main__":
    sys.exit(main())
