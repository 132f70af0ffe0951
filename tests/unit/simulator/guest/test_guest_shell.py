"""The shell of a guest: what it answers truly, and what it says of everything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.guest.conditions import Network
from tests.unit.simulator.guest.guest_rig import SMALL, UBUNTU_IMAGE, Rig


@pytest.fixture
def windows(tmp_path: Path) -> Rig:
    return Rig(tmp_path).boot()


@pytest.fixture
def linux(tmp_path: Path) -> Rig:
    return Rig(tmp_path, image=UBUNTU_IMAGE).boot()


def said(rig: Rig, *script: str) -> str:
    output, errors = rig.guest.run_script(script)
    assert errors == ""
    return output


def complained(rig: Rig, *script: str) -> str:
    output, errors = rig.guest.run_script(script)
    assert output == ""
    return errors


def test_vssadmin_shows_writers_providers_and_shadows(windows: Rig) -> None:
    assert (
        said(windows, "vssadmin list writers").replace("\r\n", "\n")
        == (windows.guest.vssadmin_list_writers().replace("\r\n", "\n")[-4096:])
    )
    assert "Microsoft Software Shadow Copy provider 1.0" in said(windows, "vssadmin.exe LIST PROVIDERS")
    assert "No items found" in said(windows, "vssadmin list shadows")
    assert "only list writers" in complained(windows, "vssadmin delete shadows")


def test_services_tell_their_state(windows: Rig) -> None:
    assert "Running  VSS" in said(windows, "Get-Service VSS")
    assert "Running  MSSQLSERVER" in said(windows, "Get-Service")
    assert "STATE : RUNNING" in said(windows, "sc query vss")
    assert "no service" in complained(windows, "Get-Service -Name Nothing")


def test_a_machine_has_services_registry_and_address_of_its_own(tmp_path: Path) -> None:
    path = "HKLM\\SOFTWARE\\Example"
    own = replace(
        SMALL,
        services={"VSS": "Disabled", "Example": "Stopped"},
        registry={path: "1"},
        network=Network(private_address="10.0.0.9"),
    )
    rig, other = Rig(tmp_path / "one", conditions=own).boot(), Rig(tmp_path / "two").boot()
    assert said(rig, "sc query vss").endswith("STATE : DISABLED\n")
    assert "Stopped  Example" in said(rig, "Get-Service")
    assert "IPv4 Address. . . . . . . . . . . : 10.0.0.9" in said(rig, "ipconfig")
    facts, usual = rig.guest.facts(), other.guest.facts()
    assert (facts.services["VSS"], facts.registry[path]) == ("Disabled", "1")
    assert facts.registry.keys() - usual.registry.keys() == {path}, "what the system has stays"
    assert usual.services["VSS"] == "Running"
    assert "IPv4" not in said(other, "ipconfig")


def test_a_linux_machine_shows_its_address_and_has_no_registry(tmp_path: Path) -> None:
    own = replace(SMALL, services={"sshd": "Stopped"}, registry={"a": "1"}, network=Network(private_address="10.0.0.9"))
    rig = Rig(tmp_path, image=UBUNTU_IMAGE, conditions=own).boot()
    assert said(rig, "hostname -I") == "10.0.0.9\n"
    assert said(rig, "systemctl is-active sshd") == "inactive\n"
    assert rig.guest.facts().registry == {}


def test_files_are_listed_and_read(windows: Rig) -> None:
    listed = said(windows, "dir C:\\", "Get-ChildItem F:\\")
    assert "ntoskrnl.exe" in listed
    assert "computer_name" in said(windows, "type C:\\unattend.json")
    assert "no such file" in complained(windows, "Get-Content C:\\absent.txt")
    assert "no such folder" in complained(windows, "dir C:\\Users")


def test_logs_beside_the_disk_are_read_and_nothing_else_there(windows: Rig, tmp_path: Path) -> None:
    log = tmp_path / "WindowsAzure" / "Logs" / "Plugins" / "handler.log"
    log.parent.mkdir(parents=True)
    log.write_text("https://a/b?sig=secret went well\n", encoding="utf-8")
    (tmp_path / "bridge.token").write_text("token", encoding="utf-8")
    key = tmp_path / "WindowsAzure" / "Certificates" / "K.prv"
    key.parent.mkdir(parents=True)
    key.write_text("key", encoding="utf-8")
    read = said(windows, "cat C:\\WindowsAzure\\Logs\\Plugins\\handler.log")
    assert "went well" in read
    assert "secret" not in read
    assert said(windows, "dir C:\\WindowsAzure\\Logs\\Plugins") == "handler.log\n"
    for path in (
        "C:\\WindowsAzure\\Logs\\..\\Certificates\\K.prv",
        "C:\\bridge.token",
        "C:\\WindowsAzure\\Certificates\\K.prv",
    ):
        assert "no such file" in complained(windows, f"cat {path}")


def test_a_linux_guest_shows_the_files_of_its_agent_but_no_key(linux: Rig, tmp_path: Path) -> None:
    library = tmp_path / "var" / "lib" / "waagent"
    library.mkdir(parents=True)
    for name in ("K.prv", "TransportPrivate.pem", "K.crt"):
        (library / name).write_text(name, encoding="utf-8")
    log = tmp_path / "var" / "log" / "azure" / "handler.log"
    log.parent.mkdir(parents=True)
    log.write_text("went well\n", encoding="utf-8")
    assert said(linux, "cat /var/log/azure/handler.log") == "went well\n"
    assert said(linux, "cat /var/lib/waagent/K.crt") == "K.crt\n"
    for path in ("/var/lib/waagent/K.prv", "/var/lib/waagent/TransportPrivate.pem"):
        assert complained(linux, f"cat {path}") == f"{path}: this is a private key, which a command does not show"


def test_other_programs_are_not_there_and_the_rest_goes_on(windows: Rig) -> None:
    output, errors = windows.guest.run_script(["shutdown /s", "hostname", "systemctl status cron"])
    assert output == "sql01\n"
    assert errors == "shutdown: no such program on this guest\nsystemctl: no such program on this guest"


def test_linux_has_its_own(linux: Rig) -> None:
    assert said(linux, "systemctl is-active sshd.service") == "active\n"
    assert "walinuxagent.service" in said(linux, "systemctl status walinuxagent")
    assert "vmlinuz" in said(linux, "ls /")
    assert said(linux, "ls -l /mnt/disk0") == ""
    assert "no such program" in complained(linux, "vssadmin list writers")
    assert "a quote is not closed" in complained(linux, "cat 'x")


def test_a_line_that_is_too_long_is_not_split(windows: Rig) -> None:
    output, errors = windows.guest.run_script(["x" * 32_768, "hostname"])
    assert (output, errors) == ("sql01\n", "a line has more than 32767 characters")


def test_of_a_long_output_the_end_is_kept(windows: Rig) -> None:
    output, _ = windows.guest.run_script(["vssadmin list writers"] * 20)
    assert len(output.encode()) == 4096
