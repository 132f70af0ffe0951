"""A world with its bytes is saved while it runs, forked, gone back to, and opened elsewhere from one file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.client import Client
from simulator.clock.kept_clock import ClockSettings
from simulator.saved_worlds.library import Library
from simulator.scenario import Scenario
from simulator.world import Config, World, build
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import up
from tests.e2e.test_time_guide import COMMAND, in_bash


@contextmanager
def opened(state: Path, start: str | None = None) -> Iterator[tuple[World, Scenario]]:
    clock = ClockSettings.parse("virtual", None, start) if start else ClockSettings()
    with build(Config(state=state, clock=clock)) as world, Client(world.endpoints) as client:
        yield world, Scenario(client)


def points(scenario: Scenario) -> list[str]:
    return [point.id for point in scenario.recovery_points(scenario.item_id())]


@pytest.mark.slow
def test_a_fork_goes_its_own_way_with_all_bytes(tmp_path: Path) -> None:
    here = Library(tmp_path / "here", lambda: datetime.now(UTC))
    with opened(tmp_path / "world", "2026-03-02T08:00:00Z") as (world, scenario):
        machine = scenario.create_machine(data_disk_gib=(4,))
        item = scenario.protect(machine)
        scenario.client.advance(by="1d")
        saved = points(scenario)
        here.save("day", world.save)
        assert not list((tmp_path / "world/azurite").glob("saving-*"))
        scenario.back_up(item)
        parent = points(scenario)
        here.fork("day", tmp_path / "fork")
        with opened(tmp_path / "fork") as (forked, of_fork):
            assert (forked.losses, forked.renewed) == ((), [])
            assert (points(of_fork), len(parent)) == (saved, len(saved) + 1)
            assert of_fork.client.sim("GET", "/clock")["now"] == "2026-03-03T08:00:00Z"
            of_fork.wait_until_ready(of_fork.machine_id())
            of_fork.work(machine, 20)
            of_fork.back_up(of_fork.item_id())
            of_fork.client.advance(by="1h")
            assert len(points(of_fork)) == len(saved) + 1
            assert all(of_fork.verify(point).verified for point in points(of_fork))
        assert points(scenario) == parent, "what a fork does is invisible to its parent"
        assert scenario.client.sim("GET", "/clock")["now"] == "2026-03-03T08:00:00Z"
        assert scenario.verify(parent[-1]).verified
    here.export("day", tmp_path / "day.zip")
    elsewhere = Library(tmp_path / "another/machine", lambda: datetime.now(UTC))
    elsewhere.take_in(tmp_path / "day.zip")
    elsewhere.fork("day", tmp_path / "another/path/world")
    with opened(tmp_path / "another/path/world") as (_, moved):
        assert points(moved) == saved
        assert moved.verify(saved[-1]).verified
        told = {event["name"] for event in moved.client.sim("GET", "/events", None, limit="10000")["events"]}
        assert not [name for name in told if "lost" in name]


@pytest.mark.slow
def test_a_running_world_goes_back_at_its_addresses(tmp_path: Path) -> None:
    worlds = ("--worlds", str(tmp_path / "worlds"))
    state = ("--state", str(tmp_path / "world"))
    clock = ("--clock", "virtual", "--start", "2026-03-02T08:00:00Z")
    with up(tmp_path / "world", ["up", "--port", "0", *state, *clock]) as world:
        client = world.client
        group = client.group("kept")
        client.put(group, {"location": "westus"})
        assert backupsim("world", "save", "before", *state, *worlds).stdout == "before is saved, 0.1 MiB\n"
        client.put(client.group("lost"), {"location": "westus"})
        client.advance(by="1d")
        done = backupsim("world", "restore", "before", *state, *worlds)
        assert (done.returncode, done.stdout) == (0, "the world is before again\n"), done.stderr
        assert [each["name"] for each in client.list(f"{client.subscription}/resourceGroups")] == ["kept"]
        assert client.sim("GET", "/clock")["now"] == "2026-03-02T08:00:00Z"
        refused = backupsim("world", "restore", "after", *state, *worlds)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert client.get(group)["name"] == "kept"
    listed = json.loads(backupsim("world", "list", "--json", *worlds).stdout)
    assert [each["name"] for each in listed["worlds"]] == ["before"]


@pytest.mark.slow
def test_a_world_that_does_not_come_to_rest_says_what_holds(tmp_path: Path) -> None:
    from simulator.saved_worlds import running
    from simulator.saved_worlds.running import StillAtWork

    with opened(tmp_path / "world", "2026-03-02T08:00:00Z") as (world, _):
        now = iter(range(100))
        asked = running.RunningWorld(
            world.state.path,
            world.time,
            world.store.copy_to,
            world.azurite.save,
            world.host.still,
            pause=lambda seconds: None,
            monotonic=lambda: float(next(now)),
        )
        with world._served.served("PUT /subscriptions/x"), pytest.raises(StillAtWork) as refused:
            asked.save(tmp_path / "saved", 3)
    said = str(refused.value)
    # The host may still be looking at its machines, and says so too.
    assert said.startswith("the world did not come to rest within 3 s: PUT /subscriptions/x")
    assert said.endswith("; wait for the end of that, or stop it, and try again")
    assert not (tmp_path / "saved").exists()


@pytest.mark.slow
def test_the_guide_does_what_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs/saved-worlds.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    try:
        told = in_bash(COMMAND + "".join(blocks), tmp_path, BACKUPSIM_WORLDS=str(tmp_path / "worlds"))
        times = [
            json.loads(backupsim("clock", "--json", "--state", str(tmp_path / name)).stdout)["now"]
            for name in ("world", "fork")
        ]
    finally:
        for name in ("world", "fork"):
            backupsim("stop", "--state", str(tmp_path / name))
    assert (len(blocks), times[0]) == (2, times[1]), "both stand at the time that was saved"
    assert "the world is prepared again" in told
    assert (tmp_path / "prepared.zip").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "worlds/carried").exists()
