"""A machine with Linux, backed up and restored on real storage: its own extension, points of its file systems."""

from __future__ import annotations

from pathlib import Path

from simulator.scenario import UBUNTU
from tests.e2e.running import scenario_of, up


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
