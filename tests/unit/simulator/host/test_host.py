"""The host: what the fabric wants becomes machines, and what is becomes documents."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Cause
from controlplane.domain.events.service import JobState
from controlplane.ports import Blob, MachineSpec
from extension.contract.bridge import TOKEN_FILE
from extension.contract.protocol import parse_settings_file
from simulator.guest.conditions import MachineConditions
from simulator.host.documents import machine_key
from simulator.host.host import Host
from tests.unit.simulator.guest.agent.agent_setting import SUCCEED, package
from tests.unit.simulator.guest.guest_rig import SMALL, disk
from tests.unit.simulator.host.host_setting import PUBLISHER, SPEC, TYPE, VM, World

YEAR_SECONDS = 365 * 24 * 3600


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "guests")


@pytest.fixture
def host(world: World) -> Iterator[Host]:
    with world.host() as running:
        yield running


# ------------------------------------------------------------------------------------------------------------- machines


def test_a_machine_boots_and_its_agent_reports(world: World, host: Host) -> None:
    world.started()
    view = world.view()
    assert (view.power, view.provisioning_state, view.problem) == ("running", "Succeeded", None)
    assert view.computer_name == "sql01"
    assert view.os_name is not None
    assert view.os_name.startswith("Windows Server 2019")
    assert view.booted is not None
    guest = host.guest(VM.upper())
    assert guest is not None
    assert guest.running
    assert host.machines() == [VM]


def test_what_a_machine_shall_be_is_acted_upon_before_the_next_tick(world: World, host: Host) -> None:
    """No time passes, so that no tick comes."""
    world.fabric.create_vm(VM, SPEC)
    world.without_time(lambda: host.guest(VM))


def test_a_requester_that_goes_has_its_machine_look_before_the_next_tick(world: World, host: Host) -> None:
    world.started()
    guest = host.guest(VM)
    assert guest is not None
    world.deliver()

    def reported() -> bool:
        guest.close_session(guest.open_session("task"))
        return [each.provisioning_state for each in world.view().extensions] == ["Succeeded"]

    assert world.sessions_closed == []
    world.without_time(reported)
    assert set(world.sessions_closed) == {VM}


def test_the_certificate_is_shown_before_the_machine_runs(world: World) -> None:
    world.blobs.refuse = True
    with world.host():
        world.fabric.create_vm(VM, SPEC)
        world.until(lambda: world.view().provisioning_state == "Failed")
        assert world.observed()["certificate"].startswith("-----BEGIN CERTIFICATE-----")


def test_stopped_and_started_again(world: World, host: Host) -> None:
    world.started()
    guest = host.guest(VM)
    assert guest is not None
    world.fabric.power(VM, "deallocated")
    world.until(lambda: world.view().power == "deallocated" and world.view().provisioning_state == "Succeeded")
    assert not guest.running
    assert host.guest(VM) is None
    assert world.view().agent_status is None
    world.fabric.power(VM, "running")
    world.until(lambda: world.view().agent_status == "Ready")
    assert world.view().power == "running"


def test_a_machine_created_stopped_is_not_booted(world: World, host: Host) -> None:
    world.fabric.create_vm(VM, SPEC)
    world.fabric.power(VM, "stopped")
    world.until(lambda: world.view().provisioning_state == "Succeeded")
    assert world.view().power == "stopped"
    assert host.guest(VM) is None


def test_deleted_it_leaves_nothing(world: World, host: Host) -> None:
    world.started()
    world.fabric.delete_vm(VM)
    world.until(lambda: not host.machines())
    assert not (world.folder / machine_key(VM)).exists()
    assert world.store.get("host.vm", VM) is None
    assert "machine.deleted" in world.events("host")


@pytest.mark.parametrize("with_its_disk", [True, False])
def test_deleted_while_it_is_made_it_leaves_its_disk_only_if_that_stays(world: World, with_its_disk: bool) -> None:
    blob = SPEC.disks[0].blob

    def delete(vm: str, spec: MachineSpec) -> MachineConditions:
        """Somebody deletes the machine and then its disk, when the host is about to make both."""
        world.fabric.delete_vm(VM)
        if with_its_disk:
            world.fabric.drop_disk(VM, blob)
            world.blobs.delete(blob)
        return SMALL

    world.conditions = delete
    with world.host():
        world.fabric.create_vm(VM, SPEC)
        world.until(lambda: "machine.deleted" in world.events("host"))
        world.until(lambda: world.store.get("host.vm", VM) is None)
    assert (world.blobs.properties(blob) is None) is with_its_disk


def test_deleted_and_made_anew_it_is_another_machine(world: World, host: Host) -> None:
    world.started()
    before = world.observed()["thumbprint"]
    world.fabric.delete_vm(VM)
    world.fabric.create_vm(VM, SPEC)
    world.until(lambda: world.store.get("host.vm", VM) and world.observed()["thumbprint"] != before)
    world.until(lambda: world.view().agent_status == "Ready")


def test_two_machines_of_one_name_in_two_groups_stay_apart(world: World, host: Host) -> None:
    other = VM.replace("Demo", "Other")
    world.started()
    world.fabric.create_vm(other, replace(SPEC, disks=(disk("other", -1, 32, "FromImage"),)))
    world.until(lambda: world.view(other).agent_status == "Ready")
    assert machine_key(VM) != machine_key(other)
    assert world.observed()["thumbprint"] != world.observed(other)["thumbprint"]


def test_a_disk_that_cannot_be_booted_from_is_named(world: World, host: Host) -> None:
    blank = MachineSpec("id", "sql01", "size", "Windows", SPEC.image, "sql01", (disk("blank", -1, 16, "Attach"),))
    world.blobs.create(Blob("sql01disks", "vhds", "blank.vhd"), 16 * 1024 * 1024 + 512)
    world.fabric.create_vm(VM, blank)
    world.until(lambda: world.view().provisioning_state == "Failed")
    assert "blank" in (world.view().problem or "")
    assert host.guest(VM) is None


def test_storage_that_is_away_is_waited_for(world: World, host: Host) -> None:
    world.blobs.refuse = True
    world.fabric.create_vm(VM, SPEC)
    world.until(lambda: world.view().provisioning_state == "Failed")
    assert world.view().power == "stopped"
    world.blobs.refuse = False
    world.real_time.jump(10)
    world.until(lambda: world.view().agent_status == "Ready")
    assert world.view().provisioning_state == "Succeeded"


def test_what_a_host_before_could_not_start_is_on_its_way_again(world: World) -> None:
    """Nobody is told of a failure of long ago while its turn has not come."""
    world.blobs.refuse = True
    with world.host():
        world.fabric.create_vm(VM, SPEC)
        world.until(lambda: world.view().provisioning_state == "Failed")
    world.blobs.refuse = False
    with world.host():
        view = world.view()
        assert (view.provisioning_state, view.problem, view.wanted_power) == ("Updating", None, "running")
        world.until(lambda: world.view().agent_status == "Ready")


def test_a_host_that_is_started_again_has_heard_of_no_agent_yet(world: World) -> None:
    with world.host():
        world.started()
        assert world.view().agent_status == "Ready"
    with world.host():
        view = world.view()
        assert (view.power, view.agent_status, view.computer_name) == ("running", None, "sql01")
        world.until(lambda: world.view().agent_status == "Ready")


def test_other_disks_mean_another_start(world: World, host: Host) -> None:
    world.started()
    world.fabric.create_vm(VM, replace(SPEC, disks=(*SPEC.disks, disk("data", 0))))
    world.until(lambda: (guest := host.guest(VM)) and len(guest.disks) == 2)


def test_a_machine_boots_anew_when_it_is_told_to(world: World, host: Host) -> None:
    world.started()
    first = host.guest(VM)
    world.fabric.restart(VM)
    world.until(lambda: (guest := host.guest(VM)) and guest is not first and guest.running)
    world.until(lambda: world.view().provisioning_state == "Succeeded")


def test_a_restarted_host_finds_its_machines_again(world: World) -> None:
    other = VM.replace("sql01", "off01")
    with world.host():
        world.started()
        before = world.observed()
        world.fabric.create_vm(other, replace(SPEC, name="off01", disks=(disk("off", -1, 32, "FromImage"),)))
        world.fabric.power(other, "stopped")
        world.until(
            lambda: world.view(other).power == "stopped" and world.view(other).provisioning_state == "Succeeded"
        )
        world.deliver()
        world.until(lambda: world.extension().provisioning_state == "Succeeded")
    world.clock.jump(60)
    with world.host() as host:
        world.until(lambda: len(host.machines()) == 2 and host.guest(VM))
        world.until(lambda: world.observed()["booted"] != before["booted"] and world.view().agent_status == "Ready")
        assert host.guest(other) is None
        assert world.observed()["thumbprint"] == before["thumbprint"]
        world.until(lambda: len(world.calls()) == 3)
        assert world.calls() == ["install 1.0.0.0 0", "enable 1.0.0.0 0", "enable 1.0.0.0 0"]
        world.deliver()
        world.until(lambda: world.calls()[-1] == "enable 1.0.0.0 1")


def test_what_a_host_does_again_it_does_because_it_started(world: World) -> None:
    """What was ordered before, by a backup long over, goes on with the story of no backup."""
    earlier = Cause(world.store.record(JobState("InProgress").event(job="old")), "old")
    with world.host():
        world.started()
        world.deliver(cause=earlier)
        world.until(lambda: world.extension().provisioning_state == "Succeeded")
    with world.host():
        world.until(lambda: len(world.calls()) == 3)
        later = Cause(world.store.record(JobState("InProgress").event(job="new")), "new")
        world.deliver(cause=later)
        world.until(lambda: world.calls()[-1] == "enable 1.0.0.0 1")
    first, second = (event.id for event in world.told(events.HostStarted))
    assert [event.parent for event in world.told(events.GuestBooted)] == [first, second]
    ordered = [event for event in world.told(events.GoalStatePublished) if event.data.get("handler")]
    assert [(event.parent, event.job) for event in ordered] == [
        (earlier.event, "old"),
        (second, None),
        (later.event, "new"),
    ]
    stopped = [event.parent for event in world.told(events.GuestStopped)]
    assert stopped == [event.id for event in world.told(events.HostStopping)]


def test_secrets_of_a_machine_are_for_their_owner_alone(world: World, host: Host) -> None:
    world.started()
    folder = world.folder / machine_key(VM)
    for file in (folder / "bridge.token", folder / "host" / "tenant.prv"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = (folder / "bridge.token").read_text()
    assert len(token) >= 32
    told = json.dumps([event.data for event in world.store.events(limit=10_000)])
    assert token not in told
    assert token not in json.dumps(world.observed())


# ----------------------------------------------------------------------------------------------------------- extensions


def test_settings_arrive_sealed_and_only_this_machine_can_open_them(world: World, host: Host) -> None:
    world.started()
    assert world.deliver({"taskId": "t"}) == 0
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    root = world.folder / machine_key(VM) / "Packages" / "Plugins" / "Example.Handlers.Probe" / "1.0.0.0"
    text = (root / "RuntimeSettings" / "0.settings").read_text()
    assert "sesame" not in text
    settings = parse_settings_file(text)
    assert settings.public == {"taskId": "t"}
    certificates = world.folder / machine_key(VM) / "WindowsAzure" / "Certificates"
    files = [certificates / f"{settings.thumbprint}.{kind}" for kind in ("crt", "prv")]
    command = f"base64 -d | openssl cms -inform DER -decrypt -recip {files[0]} -inkey {files[1]}"
    opened = subprocess.run(
        command, shell=True, input=(settings.protected or "").encode(), capture_output=True, check=True
    )
    assert json.loads(opened.stdout) == {"secret": "open sesame"}


def test_the_report_of_an_extension_is_what_its_handler_said(world: World, host: Host) -> None:
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    extension = world.extension()
    assert (extension.handler_version, extension.handler_status) == ("1.0.0.0", "Ready")
    assert extension.status is not None
    assert extension.status["formattedMessage"]["message"] == "done"


def test_new_settings_are_followed_by_their_number(world: World, host: Host) -> None:
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    assert world.deliver() == 1
    assert world.extension().provisioning_state == "Updating"
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    assert world.calls()[-1] == "enable 1.0.0.0 1"


def test_a_version_nobody_published_fails_by_name(world: World, host: Host) -> None:
    world.started()
    world.deliver(version="7.0")
    world.until(lambda: world.extension().provisioning_state == "Failed")
    assert world.extension().status is not None
    assert "Example.Handlers.Probe fits 7.0" in json.dumps(world.extension().status)
    world.deliver(version="1.0")
    world.until(lambda: world.extension().provisioning_state == "Succeeded")


def test_a_handler_that_fails_says_why(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", install="exit 52"))
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Failed")
    assert "exit code 52" in json.dumps(world.extension().status)


def test_the_newest_minor_version_is_taken(world: World, host: Host) -> None:
    world.packages.publish(package("1.7.0.0"))
    world.packages.publish(package("2.0.0.0"))
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    assert world.extension().handler_version == "1.7.0.0"


def test_another_version_asked_for_is_gone_to_and_back_from(world: World, host: Host) -> None:
    world.packages.publish(package("1.7.0.0"))
    world.started()
    for version, automatic, installed in (
        ("1.0", False, "1.0.0.0"),
        ("1.0", True, "1.7.0.0"),
        ("1.0", False, "1.0.0.0"),
    ):
        number = world.deliver(version=version, auto_upgrade_minor_version=automatic)
        world.until(lambda: world.extension().provisioning_state == "Succeeded")
        assert (world.extension().handler_version, number) == (installed, world.extension().sequence_number)
    assert world.calls()[2:] == [
        *("disable 1.0.0.0 1", "update 1.7.0.0 1", "uninstall 1.0.0.0 1", "install 1.7.0.0 1", "enable 1.7.0.0 1"),
        *("disable 1.7.0.0 2", "update 1.7.0.0 2", "uninstall 1.7.0.0 2", "install 1.0.0.0 2", "enable 1.0.0.0 2"),
    ]


def test_the_service_is_told_what_is_published(world: World, host: Host) -> None:
    handler = world.fabric.handler(PUBLISHER, TYPE)
    assert handler is not None
    assert handler.versions == ("1.0.0.0",)
    world.packages.publish(package("1.7.0.0"))
    world.real_time.jump(0.05)
    assert [handler.versions for handler in world.fabric.handlers()] == [("1.0.0.0", "1.7.0.0")]


def test_removed_it_is_uninstalled_and_gone_from_the_view(world: World, host: Host) -> None:
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    world.fabric.remove_extension(VM, "probe")
    assert world.extension().provisioning_state == "Deleting"
    world.until(lambda: not world.view().extensions)
    assert [call.split()[0] for call in world.calls()[-2:]] == ["disable", "uninstall"]


def test_a_machine_that_goes_off_kills_what_runs_in_it(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", enable="echo $$ > process; exec sleep 1000" + SUCCEED))
    world.started()
    world.deliver()
    root = world.folder / machine_key(VM) / "Packages" / "Plugins" / "Example.Handlers.Probe" / "1.1.0.0"
    world.until(lambda: (root / "process").exists() and (root / "process").read_text().endswith("\n"))
    process = int((root / "process").read_text())
    world.fabric.power(VM, "stopped")
    world.until(lambda: world.view().power == "stopped")
    assert not Path(f"/proc/{process}").exists()


def test_agents_report_through_a_blob_where_the_host_has_an_account_for_them(world: World) -> None:
    with world.host(status_account="service"):
        world.started()
        blob = Blob("service", "agent-status", f"{machine_key(VM)}.status")
        status = json.loads(world.blobs.read(blob))
        assert status["aggregateStatus"]["guestAgentStatus"]["status"] == "Ready"


def test_the_status_blob_is_given_at_the_address_where_the_machine_reaches_the_storage(world: World) -> None:
    with world.host(status_account="service", storage_address="http://storage.example.org:10000"):
        world.started()
        there = f"http://{world.wire.address_of(machine_key(VM))}/machine/x/y?comp=config&type=extensionsConfig"
        assert httpx.get(there).status_code == 401
        token = (world.folder / machine_key(VM) / TOKEN_FILE).read_text()
        shown = httpx.get(there, headers={"Authorization": f"Bearer {token}"}).text
        (until,) = re.findall(r"se=([^&]+)&", shown)
        assert datetime.now(UTC) < datetime.fromisoformat(unquote(until)) < datetime.now(UTC) + timedelta(days=31)
        assert "http://storage.example.org:10000/" in shown


# -------------------------------------------------------------------------------------------------------------- at rest


def test_what_does_not_change_is_not_written(world: World, host: Host) -> None:
    world.started()
    world.until(lambda: "agent.goal_state" in world.events("agent"))
    document = world.store.get("host.vm", VM)
    events = world.events()
    for _ in range(200):
        world.real_time.jump(0.5)
    after = world.store.get("host.vm", VM)
    assert document is not None
    assert after is not None
    assert after.etag == document.etag
    assert world.events() == events


def test_world_time_that_is_moved_by_a_year_changes_nothing_of_a_machine(world: World, host: Host) -> None:
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    world.until(lambda: "agent.reported" in world.events("agent"))
    document, told = world.store.get("host.vm", VM), world.events()
    world.clock.jump(YEAR_SECONDS)
    for _ in range(20):
        world.real_time.jump(0.05)
    after, view = world.store.get("host.vm", VM), world.view()
    assert document is not None
    assert after is not None
    assert (after.etag, world.events()) == (document.etag, told)
    assert (view.agent_status, view.power, view.provisioning_state) == ("Ready", "running", "Succeeded")
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    assert world.calls()[-1] == "enable 1.0.0.0 1"


def test_what_is_shown_bears_world_time(world: World, host: Host) -> None:
    world.clock.jump(YEAR_SECONDS)
    world.started()
    assert world.view().booted == world.clock.now()
    assert world.observed()["agent"]["reported"] == world.clock.now().isoformat()
    world.until(lambda: world.told(events.AgentReported))
    assert {event.time for event in world.told(events.AgentReported)} == {world.clock.now()}


def test_every_event_names_its_machine_and_its_party(world: World, host: Host) -> None:
    world.started()
    world.deliver()
    world.until(lambda: world.extension().provisioning_state == "Succeeded")
    world.real_time.jump(0.05)
    told = world.store.events(limit=10_000)
    started, *of_the_machine = told
    assert (started.name, started.vm) == ("host.started", None)
    assert {event.party for event in of_the_machine} == {"host", "guest", "agent"}
    assert all(event.vm == VM for event in of_the_machine)
    assert all(event.time is not None and event.monotonic_seconds > 0 for event in told)
    assert {"goal_state.published", "machine.power"} <= set(world.events("host"))
    assert "guest.booted" in world.events("guest")
    assert {"agent.goal_state", "handler.command_ended"} <= set(world.events("agent"))
