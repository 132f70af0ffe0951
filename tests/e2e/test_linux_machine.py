"""A machine with Linux, backed up and restored on real storage: its own extension, points of its file systems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.scenario import UBUNTU, Scenario
from simulator.scenario_values import JobFailed, Machine, ProtectedItem, RecoveryPoint
from tests.e2e.running import Up, scenario_of, up
from tests.guest_scripts import put, put_scripts

SQL_ON_UBUNTU = {"publisher": "MicrosoftSQLServer", "offer": "sql2022-ubuntu2204", "sku": "sqldev-gen2"} | {
    "version": "latest"
}
BANKCTL = 'exec "$GUEST_ROOT/usr/local/bin/bankctl"'
RAN = 'echo "$(basename "$0")" >> "$GUEST_ROOT/ran"'


def test_a_backup_of_linux_is_file_system_consistent(tmp_path: Path) -> None:
    with up(tmp_path / "world") as world:
        scenario = scenario_of(world.client)
        machine = scenario.create_machine("web01", image=UBUNTU, os_disk_gib=30, data_disk_gib=(4,))
        shown = world.client.get(machine.id)
        assert shown["properties"]["storageProfile"]["osDisk"]["osType"] == "Linux"
        item = scenario.protect(machine)
        assert scenario.back_up(item).status == "Completed"

        extension = world.client.get(f"{machine.id}/extensions/VMSnapshotLinux")["properties"]
        assert (extension["type"], extension["typeHandlerVersion"]) == ("VMSnapshotLinux", "1.0")
        assert extension["publisher"] == "Microsoft.Azure.RecoveryServices"
        assert list(scenario.extensions(machine)) == ["VMSnapshotLinux"]

        (point,) = scenario.recovery_points(item)
        assert point.consistency == "FileSystemConsistent"
        told = world.client.get(point.id)["properties"]
        assert (told["recoveryPointType"], told["osType"]) == ("FileSystemConsistent", "Linux")

        names = {event["name"] for event in world.client.sim("GET", "/events")["events"]}
        assert {"filesystem.frozen", "filesystem.thawed"} <= names
        assert not {name for name in names if name.startswith("vss.")}

        restored = scenario.restore_disks(point)
        verdict = scenario.verify(point, restored)
        assert verdict.verified, verdict.checks
        assert verdict.consistency == "FileSystemConsistent"


@dataclass(frozen=True)
class Linux:
    """A protected Linux machine in a world that is up."""

    world: Up
    scenario: Scenario
    machine: Machine
    item: ProtectedItem

    @property
    def root(self) -> Path:
        """Stands for the root folder of the machine."""
        (folder,) = (self.world.state / "guests").glob("web01-*")
        return folder

    def ran(self) -> list[str]:
        file = self.root / "ran"
        return file.read_text().split() if file.exists() else []

    def forget(self) -> None:
        (self.root / "ran").unlink(missing_ok=True)

    def newest_point(self) -> RecoveryPoint:
        return self.scenario.recovery_points(self.item)[-1]

    def attempt(self) -> dict[str, Any]:
        """What the newest report said."""
        events = self.world.client.sim("GET", "/events")["events"]
        told: dict[str, Any] = [event["data"] for event in events if event["name"] == "snapshot.reported"][-1]
        return told


@contextmanager
def linux(folder: Path, image: dict[str, Any] = UBUNTU, *options: str) -> Iterator[Linux]:
    state = folder / "world"
    with up(state, ("up", "--port", "0", "--state", str(state), *options)) as world:
        scenario = scenario_of(world.client)
        machine = scenario.create_machine("web01", image=image, os_disk_gib=30, data_disk_gib=(4,))
        yield Linux(world, scenario, machine, scenario.protect(machine))


@pytest.mark.slow
def test_scripts_decide_the_consistency_of_a_backup(tmp_path: Path) -> None:
    with linux(tmp_path) as guest:
        put_scripts(guest.root, RAN, RAN)
        assert guest.scenario.back_up(guest.item).status == "Completed"
        point = guest.newest_point()
        assert (point.consistency, guest.ran()) == ("AppConsistent", ["pre.sh", "post.sh"])
        verdict = guest.scenario.verify(point, guest.scenario.restore_disks(point))
        assert verdict.verified, verdict.checks

        guest.forget()
        put_scripts(guest.root, f"{RAN}; exit 1", RAN)
        assert guest.scenario.back_up(guest.item).status == "Completed"
        point = guest.newest_point()
        assert (point.consistency, guest.ran()) == ("FileSystemConsistent", ["pre.sh", "post.sh"])
        assert (guest.attempt()["code"], guest.attempt()["error_name"]) == (1, "FailedPrepostPreScriptFailed")
        verdict = guest.scenario.verify(point, guest.scenario.restore_disks(point))
        assert verdict.verified, verdict.checks

        guest.forget()
        put_scripts(guest.root, RAN, RAN, fsFreezeEnabled=False)
        assert guest.scenario.back_up(guest.item).status == "Completed"
        point = guest.newest_point()
        assert (point.consistency, guest.ran()) == ("AppConsistent", ["pre.sh", "post.sh"])
        verdict = guest.scenario.verify(point, guest.scenario.restore_disks(point))
        assert verdict.verified, verdict.checks


FAILURES = {
    "the pre-script fails": (f"{RAN}; exit 1", RAN, 300, "FailedPrepostPreScriptFailed"),
    "the pre-script takes too long": (f"{RAN}; exec sleep 600", RAN, 308, "FailedPrepostPreScriptTimeout"),
    "the post-script fails": (RAN, f"{RAN}; exit 1", 301, "FailedPrepostPostScriptFailed"),
}


@pytest.mark.slow
def test_a_script_that_fails_fails_the_backup_if_its_owner_wants_that(tmp_path: Path) -> None:
    with linux(tmp_path) as guest:
        for pre, post, code, kind in FAILURES.values():
            guest.forget()
            put_scripts(guest.root, pre, post, continueBackupOnFailure=False, timeoutInSeconds=1)
            with pytest.raises(JobFailed, match=kind):
                guest.scenario.back_up(guest.item)
            assert (guest.attempt()["code"], guest.attempt()["error_name"]) == (code, kind)
            assert guest.ran() == ["pre.sh", "post.sh"]
            assert guest.scenario.recovery_points(guest.item) == []

        put_scripts(guest.root, RAN, RAN)
        assert guest.scenario.back_up(guest.item).status == "Completed", "nothing is left frozen or held"
        assert guest.newest_point().consistency == "AppConsistent"


@pytest.mark.slow
def test_a_database_is_told_by_scripts_to_flush(tmp_path: Path) -> None:
    with linux(tmp_path, SQL_ON_UBUNTU) as guest:
        put_scripts(guest.root, f"{BANKCTL} freeze", f"{BANKCTL} thaw", timeoutInSeconds=30)
        for _ in range(2):
            guest.scenario.work(guest.machine)
            assert guest.scenario.back_up(guest.item).status == "Completed"
        names = [event["name"] for event in guest.world.client.sim("GET", "/events")["events"]]
        assert (names.count("workload.held"), names.count("workload.released")) == (2, 2)
        for point in guest.scenario.recovery_points(guest.item):
            assert point.consistency == "AppConsistent"
            verdict = guest.scenario.verify(point, guest.scenario.restore_disks(point))
            assert verdict.verified, verdict.checks
            assert any("database opens cleanly" in check.name for check in verdict.checks)


@pytest.mark.slow
def test_the_host_takes_the_snapshots(tmp_path: Path) -> None:
    with linux(tmp_path, UBUNTU, "--snapshots-by", "firstHostThenGuest") as guest:
        put_scripts(guest.root, RAN, RAN)
        assert guest.scenario.back_up(guest.item).status == "Completed"
        events = guest.world.client.sim("GET", "/events")["events"]
        (taken,) = [event["data"] for event in events if event["name"] == "host_snapshot.taken"]
        assert (taken["taken"], taken["failed"]) == (2, 0)
        point = guest.newest_point()
        assert (point.consistency, guest.ran()) == ("AppConsistent", ["pre.sh", "post.sh"])
        verdict = guest.scenario.verify(point, guest.scenario.restore_disks(point))
        assert verdict.verified, verdict.checks

        put(guest.root, "/etc/azure/vmbackup.conf", "[SnapshotThread]\nSnapshotMethod = onlyGuest", mode=0o644)
        assert guest.scenario.back_up(guest.item).status == "Completed"
        events = guest.world.client.sim("GET", "/events")["events"]
        assert len([event for event in events if event["name"] == "host_snapshot.taken"]) == 1, "the owner rules"
