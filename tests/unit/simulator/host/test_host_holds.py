"""A host as one who holds world time: from the commit that asks for work to the commit that shows what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from controlplane.domain.events.clock import HoldLapsed
from controlplane.domain.events.event import Cause
from controlplane.domain.events.service import JobState
from controlplane.fabric_documents import EXTENSION_LIMIT
from controlplane.ports import MachineSpec
from extension.contract.bridge import TOKEN_FILE, FreezeReport, FreezeRequest
from simulator.guest.conditions import MachineConditions, MachineFactories, Network
from simulator.guest.vss.writer import Writer, WriterClass, WriterEvent
from simulator.host.documents import machine_key
from simulator.host.holds import LAPSE_SECONDS
from simulator.host.host import Host
from tests.patience import PATIENCE_SECONDS
from tests.unit.simulator.guest.agent.agent_setting import SUCCEED, package
from tests.unit.simulator.guest.guest_rig import SMALL
from tests.unit.simulator.host.host_setting import SPEC, VM, World

TRANSITIONING = SUCCEED.replace('"success"', '"transitioning"')
ACCEPTED = SUCCEED.replace('"code": 0', '"code": 4')
HANDLER = Path("Packages") / "Plugins" / "Example.Handlers.Probe" / "1.1.0.0"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "guests")


@pytest.fixture
def host(world: World) -> Iterator[Host]:
    with world.host() as running:
        settle(world, running)
        yield running


def settle(world: World, host: Host) -> None:
    """Let real time pass until nobody holds world time."""
    world.until(lambda: not host.holders())


def started(world: World, host: Host) -> None:
    """A machine runs and is at rest."""
    world.fabric.create_vm(VM, SPEC)
    settle(world, host)


def lapse(world: World) -> None:
    world.real_time.jump(LAPSE_SECONDS)


# ---------------------------------------------------------------------------------------------------- kinds of holders


def test_a_host_that_starts_holds_until_it_knows_its_machines(world: World) -> None:
    with world.host() as host:
        assert host.holders() == ["the host: loads its machines"]
        world.real_time.jump(0.05)
        assert host.holders() == []


def test_machines_that_were_there_hold_until_they_are_up_again(world: World) -> None:
    with world.host() as host:
        started(world, host)
    with world.host() as host:
        settle(world, host)
        assert host.guest(VM) is not None
        assert world.view().agent_status == "Ready"


def test_a_commit_that_asks_for_something_takes_the_hold_in_its_own_thread(world: World, host: Host) -> None:
    taken: list[int] = []
    host.watch(lambda: taken.append(threading.get_ident()), lambda: None)
    world.fabric.create_vm(VM, SPEC)
    assert taken[0] == threading.get_ident()
    assert host.holders() != []


def done(world: World, host: Host, what: str) -> None:
    match what:
        case "created":
            assert world.view().agent_status == "Ready"
        case "deallocated":
            assert (world.view().power, host.guest(VM)) == ("deallocated", None)
        case "restarted":
            assert world.view().booted == world.clock.now()
        case "deleted":
            assert world.store.get("host.vm", VM) is None
        case "delivered":
            assert world.extension().provisioning_state == "Succeeded"
        case "removed":
            assert world.view().extensions == ()
        case "script":
            command = world.view().command
            assert command is not None
            assert command.output == "sql01\n"


ASKED: dict[str, Callable[[World], object]] = {
    "created": lambda world: world.fabric.create_vm(VM, SPEC),
    "deallocated": lambda world: world.fabric.power(VM, "deallocated"),
    "restarted": lambda world: world.fabric.restart(VM),
    "deleted": lambda world: world.fabric.delete_vm(VM),
    "delivered": lambda world: world.deliver(),
    "removed": lambda world: world.fabric.remove_extension(VM, "probe"),
    "script": lambda world: world.fabric.run_command(VM, ["hostname"]),
}


@pytest.mark.parametrize("what", ASKED)
def test_nobody_holds_before_what_was_asked_for_is_shown(world: World, host: Host, what: str) -> None:
    if what != "created":
        started(world, host)
    if what == "removed":
        world.deliver()
        settle(world, host)
    world.clock.jump(60)
    ASKED[what](world)
    settle(world, host)
    done(world, host, what)


def test_a_machine_holds_while_its_agent_has_not_reported_on_its_goal_state(world: World, host: Host) -> None:
    nowhere = Network(wire_server=lambda address: "127.0.0.1:9/nowhere")
    world.conditions = lambda vm, spec: replace(SMALL, network=nowhere)
    world.fabric.create_vm(VM, SPEC)
    world.until(lambda: host.holders() == ["sql01: has not reported on its goal state 1"])
    lapse(world)
    assert host.holders() == []


def test_a_machine_holds_while_a_command_of_a_handler_runs(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", enable="while [ ! -e go ]; do sleep 0.01; done" + SUCCEED))
    started(world, host)
    world.deliver()
    world.until(lambda: "runs enable of Example.Handlers.Probe" in str(host.holders()))
    (world.folder / machine_key(VM) / HANDLER / "go").touch()
    settle(world, host)
    assert world.extension().provisioning_state == "Succeeded"


def test_a_machine_holds_while_a_handler_says_that_it_is_not_done(world: World, host: Host) -> None:
    """As long as its command has ended and its worker goes on."""
    world.packages.publish(package("1.1.0.0", enable=TRANSITIONING))
    started(world, host)
    world.deliver()
    world.until(lambda: host.holders() == ["sql01: probe is at work"])
    status = world.folder / machine_key(VM) / HANDLER / "Status" / "0.status"
    status.write_text(status.read_text().replace("transitioning", "success"))
    settle(world, host)
    assert world.extension().provisioning_state == "Succeeded"


def test_a_machine_holds_between_the_end_of_enable_and_the_session_of_its_worker(world: World, host: Host) -> None:
    """The status of a task that was only accepted is success, and its worker may need a while to connect."""
    world.packages.publish(package("1.1.0.0", enable=ACCEPTED))
    started(world, host)
    guest = host.guest(VM)
    assert guest is not None
    world.deliver()
    world.until(lambda: host.holders() == ["sql01: probe is at work"])
    world.real_time.jump(LAPSE_SECONDS / 2)
    assert host.holders() == ["sql01: probe is at work"]
    session = guest.open_session("task-1")
    assert host.holders() == ["sql01: a handler is connected for its task task-1"]
    guest.close_session(session)
    settle(world, host)
    status = world.extension().status
    assert status is not None
    assert status["code"] == 4, "its worker ended without another report, for which nobody waits"
    assert world.told(HoldLapsed) == []


def test_a_worker_that_never_connects_and_never_reports_holds_until_its_hold_lapses(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", enable=ACCEPTED))
    started(world, host)
    world.deliver()
    world.until(lambda: host.holders() == ["sql01: probe is at work"])
    lapse(world)
    assert host.holders() == []
    assert len(world.told(HoldLapsed)) == 1


def test_a_host_that_is_started_again_counts_a_task_that_was_only_accepted(world: World) -> None:
    """Its agent enables the handler anew, so a worker may connect; without a break it holds until one does or it
    lapses."""
    world.packages.publish(package("1.1.0.0", enable=ACCEPTED))
    with world.host() as host:
        started(world, host)
        world.deliver()
        world.until(lambda: host.holders() == ["sql01: probe is at work"])
    with world.host() as host:
        seen: list[list[str]] = []

        def is_at_work() -> bool:
            seen.append(list(host.holders()))
            return seen[-1] == ["sql01: probe is at work"]

        world.until(is_at_work)
        assert all(seen)
        guest = host.guest(VM)
        assert guest is not None
        session = guest.open_session("task-1")
        assert host.holders() == ["sql01: a handler is connected for its task task-1"]
        guest.close_session(session)
        settle(world, host)
        assert world.told(HoldLapsed) == []


def test_a_machine_holds_while_a_requester_has_a_session(world: World, host: Host) -> None:
    started(world, host)
    guest = host.guest(VM)
    assert guest is not None
    session = guest.open_session("task-1")
    assert host.holders() == ["sql01: a handler is connected for its task task-1"]
    guest.close_session(session)
    settle(world, host)


def test_the_end_of_a_session_is_told_before_its_hold_is_let_go_of(world: World) -> None:
    """The engine takes a hold of its own when it is told, so that there is none missing between the two."""
    hosts: list[Host] = []
    told: list[list[str]] = []
    with world.host(on_session_closed=lambda vm: told.append(list(hosts[0].holders()))) as running:
        hosts.append(running)
        settle(world, running)
        started(world, running)
        guest = running.guest(VM)
        assert guest is not None
        guest.close_session(guest.open_session("task-1"))
    assert "a handler is connected for its task task-1" in str(told[0])


# ---------------------------------------------------------------------------------------------------- who does not hold


def test_a_machine_at_rest_takes_no_hold_however_much_time_passes(world: World, host: Host) -> None:
    started(world, host)
    world.deliver()
    settle(world, host)
    taken: list[str] = []
    host.watch(lambda: taken.append("taken"), lambda: None)
    world.clock.jump(timedelta(days=365).total_seconds())
    for _ in range(100):  # it reports again and again meanwhile
        world.real_time.jump(6)
        assert host.holders() == []
        assert not host.look()
    assert taken == []
    assert host.next_deadline() is None


def test_a_machine_that_failed_and_waits_for_its_next_try_does_not_hold(world: World, host: Host) -> None:
    world.blobs.refuse = True
    world.fabric.create_vm(VM, SPEC)
    settle(world, host)
    assert world.view().provisioning_state == "Failed"
    assert world.told(HoldLapsed) == []
    taken: list[str] = []
    host.watch(lambda: taken.append("taken"), lambda: None)
    world.real_time.jump(9)
    assert taken == []
    world.blobs.refuse = False
    world.real_time.jump(1)
    world.without_time(lambda: taken)
    settle(world, host)
    assert world.view().agent_status == "Ready"


def test_a_machine_that_is_off_does_not_hold_for_what_it_has_not_got(world: World, host: Host) -> None:
    started(world, host)
    world.fabric.power(VM, "deallocated")
    settle(world, host)
    world.deliver()
    settle(world, host)
    assert world.told(HoldLapsed) == []


# --------------------------------------------------------------------------------------------------- lapse and return


def test_a_boot_holds_however_slow_the_storage_is(world: World, host: Host) -> None:
    asked, may_boot = threading.Event(), threading.Event()

    def slow(vm: str, spec: MachineSpec) -> MachineConditions:
        asked.set()
        assert may_boot.wait(PATIENCE_SECONDS)
        return SMALL

    world.conditions = slow
    world.fabric.create_vm(VM, SPEC)
    assert asked.wait(PATIENCE_SECONDS)
    world.real_time.jump(10 * LAPSE_SECONDS)
    assert host.holders() == ["sql01: becomes what it shall be"]
    world.real_time.jump(600)
    assert host.holders() == [], "but not for ever"
    may_boot.set()
    world.until(lambda: world.view().agent_status == "Ready")
    settle(world, host)
    assert world.view().agent_status == "Ready"


def test_a_hold_that_lapses_is_told_with_who_and_since_when(world: World, host: Host) -> None:
    started(world, host)
    guest = host.guest(VM)
    assert guest is not None
    guest.open_session("task-1")
    since = world.real_time.now()
    world.real_time.jump(LAPSE_SECONDS - 0.1)
    assert host.holders() != []
    world.real_time.jump(0.1)
    assert host.holders() == []
    (event,) = world.told(HoldLapsed)
    who = "sql01: a handler is connected for its task task-1"
    assert (event.vm, event.data) == (VM, {"who": who, "since": since.isoformat()})
    world.real_time.jump(3600)
    assert len(world.told(HoldLapsed)) == 1


def test_how_long_a_hold_lasts_can_be_set(world: World) -> None:
    with world.host(hold_lapse_seconds=5) as host:
        settle(world, host)
        started(world, host)
        guest = host.guest(VM)
        assert guest is not None
        guest.open_session("task-1")
        world.real_time.jump(4.9)
        assert host.holders() != []
        world.real_time.jump(0.1)
        assert host.holders() == []


def ask(world: World, verb: str) -> int:
    """A program in the machine asks for something through the bridge."""
    token = (world.folder / machine_key(VM) / TOKEN_FILE).read_text()
    url = f"http://{world.wire.address_of(machine_key(VM))}/bridge/{verb}"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code


def test_whoever_is_heard_on_the_bridge_lives(world: World, host: Host) -> None:
    started(world, host)
    guest = host.guest(VM)
    assert guest is not None
    guest.open_session("task-1")
    world.real_time.jump(LAPSE_SECONDS - 1)
    assert ask(world, "facts") == 200
    world.real_time.jump(LAPSE_SECONDS - 1)
    assert host.holders() != []
    world.real_time.jump(1)
    assert host.holders() == []
    assert ask(world, "now") == 200
    assert host.holders() != []


def test_a_command_that_writes_something_holds_again(world: World, host: Host) -> None:
    waits = "while [ ! -e go ]; do if [ -e say ]; then rm say; echo said; fi; sleep 0.01; done"
    world.packages.publish(package("1.1.0.0", enable=waits + SUCCEED))
    started(world, host)
    world.deliver()

    def runs_alone() -> bool:
        return "runs enable" in str(host.holders()) and "looks at what is new" not in str(host.holders())

    world.until(runs_alone)
    lapse(world)
    world.until(lambda: host.holders() == [])  # its agent may have reported in the meantime
    folder = world.folder / machine_key(VM) / HANDLER
    (folder / "say").touch()
    world.until(runs_alone)
    (folder / "go").touch()
    settle(world, host)
    assert world.extension().provisioning_state == "Succeeded"


def test_a_status_that_changes_holds_again(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", enable=TRANSITIONING))
    started(world, host)
    world.deliver()
    world.until(lambda: host.holders() == ["sql01: probe is at work"])
    lapse(world)
    assert host.holders() == []
    status = world.folder / machine_key(VM) / HANDLER / "Status" / "0.status"
    status.write_text(status.read_text().replace("done", "half of it is done"))
    world.until(lambda: host.holders() == ["sql01: probe is at work"])


class SlowProgram:
    """It takes its time to freeze."""

    def __init__(self) -> None:
        self.asked, self.may_freeze = threading.Event(), threading.Event()

    def writers(self, chance: Random) -> list[Writer]:
        slow = WriterClass("Slow Writer", "5a0c5ef4-5b0e-4a4e-8d51-7d0b8a3c9a11", "slow")
        return [Writer(slow, "a83b8f2b-5ee4-4ba4-8c0f-86b8c5d0f0a2", self._on_vss)]

    def _on_vss(self, event: WriterEvent, deadline: datetime) -> None:
        if event is WriterEvent.FREEZE:
            self.asked.set()
            assert self.may_freeze.wait(PATIENCE_SECONDS)


def test_a_freeze_holds_for_as_long_as_vss_may_take(world: World, host: Host) -> None:
    program, reports = SlowProgram(), list[FreezeReport]()
    factories = MachineFactories(writers=program.writers)
    world.conditions = lambda vm, spec: replace(SMALL, factories=factories)
    started(world, host)
    guest = host.guest(VM)
    assert guest is not None
    session = guest.open_session("task-1")
    freezing = threading.Thread(target=lambda: reports.append(guest.freeze(FreezeRequest(session, 60.0))))
    freezing.start()
    assert program.asked.wait(PATIENCE_SECONDS)
    world.real_time.jump(59)
    assert host.holders() != []
    program.may_freeze.set()
    freezing.join()
    assert reports[0].frozen
    assert guest.thaw(session).consistent
    lapse(world)
    assert host.holders() == []


def test_a_freeze_that_hangs_for_longer_holds_no_more(world: World, host: Host) -> None:
    program = SlowProgram()
    factories = MachineFactories(writers=program.writers)
    world.conditions = lambda vm, spec: replace(SMALL, factories=factories)
    started(world, host)
    guest = host.guest(VM)
    assert guest is not None
    session = guest.open_session("task-1")
    freezing = threading.Thread(target=lambda: guest.freeze(FreezeRequest(session, 60.0)))
    freezing.start()
    assert program.asked.wait(PATIENCE_SECONDS)
    world.real_time.jump(60 + 10 + LAPSE_SECONDS)
    assert host.holders() == []
    program.may_freeze.set()
    freezing.join()


# ------------------------------------------------------------------------------------------------------- the deadline


def test_an_extension_that_never_ends_counts_as_failed_at_the_hosts_deadline(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", enable=TRANSITIONING))
    started(world, host)
    asked = world.clock.now()
    world.deliver()
    world.until(lambda: host.holders() == ["sql01: probe is at work"])
    lapse(world)
    assert host.next_deadline() == asked + EXTENSION_LIMIT
    world.clock.jump(EXTENSION_LIMIT.total_seconds())
    assert world.extension().provisioning_state == "Failed"
    assert host.next_deadline() is None


def test_what_a_job_has_delivered_is_the_jobs_to_give_up(world: World, host: Host) -> None:
    world.packages.publish(package("1.1.0.0", enable=TRANSITIONING))
    started(world, host)
    world.deliver(cause=Cause(world.store.record(JobState("InProgress").event(job="job-1")), "job-1"))
    world.until(lambda: host.holders() == ["sql01: probe is at work"])
    assert host.next_deadline() is None
