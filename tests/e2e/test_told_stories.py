"""The stories that come with the program, each acted to its end in a real world: its loss is there before its repair,
and its bytes are back afterwards. All of them share one world, which is emptied in between."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.clock.kept_clock import ClockSettings
from simulator.command.scenarios.cli_scenario import LONGEST_ANSWER_SECONDS, START
from simulator.scenario import Scenario
from simulator.stories import library
from simulator.stories.stage import Stage
from simulator.stories.telling import Moment, act_out, moments
from simulator.world import Config, build

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class World:
    """The world of a story as anybody else sees it."""

    client: Client

    @property
    def scenario(self) -> Scenario:
        return Scenario(self.client)

    def content(self, machine: str, path: str) -> bytes | None:
        """What a file of a machine holds; None where there is none."""
        try:
            answer = self.client.sim("GET", "/vms/files/content", None, vm=machine, file=path)
        except RequestFailed as error:
            if error.status != 404:
                raise
            return None
        return base64.b64decode(answer["content"])

    def item(self, machine: str) -> Json:
        properties: Json = self.client.get(self.scenario.item_id(machine))["properties"]
        return properties

    def consistency(self, machine: str) -> list[str]:
        return [point.consistency for point in self.scenario.recovery_points(self.scenario.item_id(machine))]

    def database(self, machine: str, number: int) -> Json:
        point = self.scenario.recovery_points(self.scenario.item_id(machine))[number]
        database = self.scenario.verify(point).database
        assert database is not None
        return database

    def has_machine(self, name: str) -> bool:
        return any(self.scenario.machine_id(name) == vm["id"] for vm in self.client.list(self._machines()))

    def _machines(self) -> str:
        return f"{self.scenario.group_id}/providers/Microsoft.Compute/virtualMachines"


@dataclass(frozen=True)
class Expected:
    """`is_lost` holds when the act of this number begins, which repairs it; `is_back` holds at the end."""

    repair: int
    is_lost: Callable[[World], bool]
    is_back: Callable[[World], bool]


def file_back(machine: str, path: str, text: str) -> Callable[[World], bool]:
    return lambda world: world.content(machine, path) == text.encode()


EXPECTED: Mapping[str, Expected] = {
    "deleted-file": Expected(
        4,
        lambda world: world.content("sql01", "F:\\figures.txt") is None,
        file_back("sql01", "F:\\figures.txt", "the figures of the year"),
    ),
    "gfs-year": Expected(
        4,
        lambda world: len(world.consistency("arch01")) < 15,
        lambda world: 8 <= len(world.consistency("arch01")) <= 12,  # the machine is off, and the story saw the file
    ),
    "locked-group": Expected(
        3,
        lambda world: len(world.consistency("app01")) == 1,
        file_back("app01", "F:\\settings.txt", "as they were before the change"),
    ),
    "lost-machine": Expected(
        3,
        lambda world: not world.has_machine("sql01"),
        file_back("sql02", "F:\\contract.txt", "signed on both sides"),
    ),
    "ransomware": Expected(
        5,
        lambda world: not _is_text(world.content("files01", "F:\\ledger.txt")),
        lambda world: _is_text(world.content("files01", "F:\\ledger.txt")),
    ),
    "torn-database": Expected(
        3,
        lambda world: not world.database("sql01", 1)["opened_clean"],
        lambda world: world.consistency("sql01")[2] == "AppConsistent",
    ),
    "undelete": Expected(
        4,
        lambda world: (
            bool(world.item("web01")["isScheduledForDeferredDelete"])
            and world.content("web01", "F:\\orders.txt") is None
        ),
        file_back("web01", "F:\\orders.txt", "every order of the year"),
    ),
    "writer": Expected(
        3,
        lambda world: world.consistency("sql01") == ["AppConsistent", "FileSystemConsistent"],
        lambda world: world.consistency("sql01")[-1] == "AppConsistent",
    ),
}


OF_MANY_BACKUPS = frozenset({"gfs-year", "ransomware"})
"""They make dozens of backups each, which is more than CI has time for."""


def _is_text(content: bytes | None) -> bool:
    """Lines of digits, as the story wrote them."""
    assert content is not None
    return len(content) == 2 * 1024 * 1024 and set(content) <= set(b"0123456789abcdef\n")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    clock = ClockSettings.parse("virtual", None, START)
    with (
        build(Config(state=tmp_path_factory.mktemp("stories") / "world", clock=clock)) as world,
        Client(world.endpoints, read_seconds=LONGEST_ANSWER_SECONDS) as client,
    ):
        yield client


def test_every_story_is_here() -> None:
    assert set(EXPECTED) == set(library.NAMES)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in OF_MANY_BACKUPS else name for name in library.NAMES]
)
def test_a_story_is_told_to_its_end(client: Client, name: str) -> None:
    client.sim("POST", "/reset", {})
    world, expected, heard = World(client), EXPECTED[name], list[Moment]()
    lost: list[bool] = []

    def hear(moment: Moment) -> None:
        heard.append(moment)
        if (moment.kind, moment.act) == ("say", expected.repair):
            lost.append(expected.is_lost(world))

    recording = act_out(library.story(name), Stage(client), hear)
    assert recording["verified"], recording["broken"]
    assert lost == [True]
    assert expected.is_back(world)
    again = list(moments(json.loads(json.dumps(recording))))
    assert again == heard, "in both languages, with the same numbers"
