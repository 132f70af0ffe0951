"""A guest with Linux: what it says of itself, and a freeze of its file systems that nobody prepares programs for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from extension.contract.bridge import FreezeRequest
from simulator.guest import linux
from tests.unit.simulator.guest.guest_rig import PLAIN_IMAGE, SMALL, UBUNTU_IMAGE, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, image=UBUNTU_IMAGE).boot()


def test_it_is_a_linux_without_vss(rig: Rig) -> None:
    facts = rig.guest.facts()
    assert (facts.os_name, facts.os_version, facts.has_vss, facts.vss_available) == ("ubuntu", "24.04", False, False)
    assert facts.registry == {}
    assert "VSS" not in facts.services
    assert [volume.name for volume in rig.guest.volumes()] == ["/", "/mnt/disk0", "/mnt/disk1"]
    assert {volume.file_system for volume in rig.guest.volumes()} == {"ext4"}
    assert rig.guest.vss.writers.members == []


def test_its_file_systems_are_frozen_and_told_as_such(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    assert rig.guest.freeze(FreezeRequest(session, 60, writers=False)).frozen
    assert rig.guest.thaw(session).consistent
    rig.guest.close_session(session)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    assert truth.consistency == "file-system"
    assert rig.told("filesystem.frozen")["task_id"] == "task"
    assert rig.told("filesystem.thawed")["consistent"] is True
    assert [name for name in rig.names() if name.startswith("vss.")] == []


def test_a_freeze_with_writers_is_refused(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    report = rig.guest.freeze(FreezeRequest(session, 60, writers=True))
    assert (report.frozen, report.hresult) == (False, 95)
    assert "no VSS" in report.message
    assert "no VSS" in rig.told("filesystem.freeze_refused")["message"]


def test_a_freeze_that_lasts_too_long_ends_by_itself(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    assert rig.guest.freeze(FreezeRequest(session, 60, writers=False)).frozen
    rig.jump(11)
    thaw = rig.guest.thaw(session)
    assert (thaw.consistent, thaw.hresult) == (False, 110)
    (line,) = rig.guest.event_log
    assert line == "kernel: the file systems were thawed early: file systems stay frozen for 10 s at most"


def test_disabled_vss_is_nothing_to_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=UBUNTU_IMAGE, conditions=replace(SMALL, vss_available=False)).boot()
    session = rig.guest.open_session("task")
    assert rig.guest.freeze(FreezeRequest(session, 60, writers=False)).frozen


def test_a_disk_says_what_is_installed_on_it(tmp_path: Path) -> None:
    """Whoever boots from a disk of Linux is a Linux, whatever the host believes."""
    rig = Rig(tmp_path, image=UBUNTU_IMAGE).boot()
    rig.guest.shutdown()
    rig.spec = replace(rig.spec, os_type="Windows", image=PLAIN_IMAGE)
    again = rig.make()
    again.boot()
    assert again.facts().os_name == "ubuntu"


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [
        ("Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2", "ubuntu", "22.04"),
        ("RedHat:RHEL:9-lvm-gen2", "rhel", "9.4"),
        ("SUSE:sles-15-sp5:gen2", "sles", "15.6"),
        ("Debian:debian-12:12-gen2", "debian", "12"),
        ("Somebody:something:else", "linux", ""),
    ],
)
def test_releases(image: str, name: str, version: str) -> None:
    found = linux.profile(image)
    assert (found.name, found.version) == (name, version)


def test_sql_server_runs_on_linux_without_a_writer(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image="MicrosoftSQLServer:sql2022-ubuntu2204:sqldev-gen2").boot()
    assert "database" in rig.guest.workloads
    assert rig.guest.vss.writers.members == []
