"""The files of one machine gone, cut or overwritten: what the machine then does at a start, and at its next backup.

They belong to that machine alone and stop no world. What can be made anew is made anew; what a guest had written to its
disks cannot, so its loss is told, and a world whose machine cannot say which disks it knows leaves them alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.client import Client
from simulator.scenario import Scenario
from simulator.scenario_values import JobFailed
from simulator.world import Config, World, build
from tests.e2e.running import eventually, is_ready
from tests.e2e.test_damaged_files import copied, cut, overwrite, remove

HANDLER = "Packages/Plugins/*VMSnapshot/*"
GOOD, FAILED = "Completed", "Failed"
NOT_INSTALLED, NOT_RUN = "ExtensionInstallationFailure", "ExtensionCommandExecFailure"
DAMAGES: Mapping[str, Callable[[Path], None]] = {"gone": remove, "cut": cut, "garbage": overwrite}
TROUBLE = {"disk.ledger_lost", "disk.lost_writes", "handler.failed", "agent.failed", "machine.failed"}
Told = tuple[str, str]
"""How the next backup ends, or that the machine does not start; and what is told, an event or a part of a sentence."""


def everything(told: Told, **others: Told) -> Mapping[str, Told]:
    return dict.fromkeys(DAMAGES, told) | others


NO_LEDGER = everything((GOOD, "disk.ledger_lost"))
TABLE: Mapping[str, Mapping[str, Told]] = {
    "host/tenant.crt": everything((GOOD, "")),
    "host/tenant.prv": everything((GOOD, "")),
    "bridge.token": everything((GOOD, "")),
    "machine.json": everything((GOOD, "")),
    "WindowsAzure/GuestAgent/TransportCert.pem": everything((GOOD, "")),
    "WindowsAzure/GuestAgent/TransportPrivate.pem": everything((GOOD, "")),
    "WindowsAzure/Certificates/*.prv": everything((GOOD, "")),
    f"{HANDLER}/HandlerEnvironment.json": everything((GOOD, "")),
    f"{HANDLER}/RuntimeSettings/0.settings": everything((GOOD, "")),
    f"{HANDLER}/RuntimeSettings/HandlerState": everything((GOOD, "handler.unpacked")),
    f"{HANDLER}/RuntimeSettings/HandlerStatus": everything((GOOD, "")),
    f"{HANDLER}/Status/0.status": everything((GOOD, "")),
    f"{HANDLER}/mrseq": everything((GOOD, "")),
    f"{HANDLER}/HandlerManifest.json": everything((NOT_INSTALLED, "handler.failed")),
    f"{HANDLER}/__main__.py": everything((NOT_RUN, "handler.failed")),
    "ledger/sql01-data0.table": NO_LEDGER,
    "ledger/sql01-data0.journal": NO_LEDGER,
    "ledger/disks.json": everything((FAILED, "disks.json is damaged; restore it from a copy"), gone=(GOOD, "")),
}
"""Of a Windows machine. What a start writes anew in any case, logs and what else lies there, is not among them."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with a machine that was backed up once, which ended in order."""
    folder = tmp_path_factory.mktemp("guests") / "world"
    with build(Config(state=folder, scheduled=False)) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        machine = scenario.create_machine()
        scenario.work(machine)
        scenario.protect(machine)
        assert scenario.back_up(scenario.item_id()).succeeded
    return folder


def file_of(folder: Path, pattern: str) -> Path:
    (machine,) = (folder / "guests").iterdir()
    (file,) = machine.glob(pattern)
    return file


class Started:
    """A started world, and what it has told since."""

    def __init__(self, world: World, client: Client) -> None:
        self.scenario, self._world = Scenario(client), world
        self._began = max(event.id for event in world.store.events(limit=100_000) if event.name == "host.started")

    def events(self) -> list[str]:
        return [event.name for event in self._world.store.events(self._began, limit=100_000)]

    def problem(self) -> str:
        """Why the machine does not start; empty while nobody knows."""
        view = self._world.ports.fabric.instance_view(self.scenario.machine_id())
        return (view.problem or "") if view and view.provisioning_state == "Failed" else ""

    def back_up(self) -> str:
        """How a backup ends: its status, or the code of its error."""
        try:
            return self.scenario.back_up(self.scenario.item_id()).status
        except JobFailed as failed:
            return failed.job.errors[0].code

    def verified(self) -> dict[str, Any]:
        point = self.scenario.recovery_points(self.scenario.item_id())[0].id
        return self.scenario.client.sim("POST", "/verify", {"recovery_point": point})


@contextmanager
def started(folder: Path) -> Iterator[Started]:
    with build(Config(state=folder, scheduled=False)) as world, Client(world.endpoints) as client:
        yield Started(world, client)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "damage"), [(file, damage) for file, row in TABLE.items() for damage in row])
def test_a_start_over_a_damaged_file_of_a_machine(whole: Path, tmp_path: Path, file: str, damage: str) -> None:
    folder = copied(whole, tmp_path / "world")
    DAMAGES[damage](file_of(folder, file))
    wanted, told = TABLE[file][damage]
    with started(folder) as world:
        if wanted == FAILED:
            eventually(lambda: world.problem() != "", "the machine does not start")
            assert told in world.problem()
            return
        eventually(lambda: is_ready(world.scenario), "the machine runs and its agent is ready")
        assert world.back_up() == wanted
        eventually(lambda: told in {"", *world.events()}, told)
        assert {*world.events()} & TROUBLE == {told} & TROUBLE


@pytest.mark.slow
def test_disks_that_nobody_knows_any_more_are_left_alone(whole: Path, tmp_path: Path) -> None:
    folder = copied(whole, tmp_path / "world")
    overwrite(file_of(folder, "ledger/disks.json"))
    with started(folder) as world:
        eventually(lambda: world.problem() != "", "the machine does not start")
        assert world.verified()["outcome"] == "verified"
    shutil.copy2(file_of(whole, "ledger/disks.json"), file_of(folder, "ledger/disks.json"))
    with started(folder) as world:
        eventually(lambda: is_ready(world.scenario), "the machine runs and its agent is ready")
        assert world.back_up() == GOOD
        assert "disk.lost_writes" not in world.events(), "nothing was written meanwhile"


@pytest.mark.parametrize(
    "damage", [pytest.param(each, marks=[] if each == "gone" else pytest.mark.slow) for each in DAMAGES]
)
def test_a_truth_that_cannot_be_read_is_not_known_any_more(whole: Path, tmp_path: Path, damage: str) -> None:
    """A guest keeps two: with every block, and in short."""
    folder = copied(whole, tmp_path / "world")
    DAMAGES[damage](file_of(folder, "ledger/truth/*.truth"))
    with started(folder) as world:
        assert world.verified()["outcome"] == "verified", "it is known in short"
    DAMAGES[damage](file_of(folder, "ledger/truth/*.summary"))
    with started(folder) as world:
        assert world.verified()["outcome"] == "unknown"
