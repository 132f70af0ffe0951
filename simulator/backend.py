"""Builds what a world has behind ARM: the host with its guests and wire server, and the control API.

A third of a world's code is here, and nothing of ARM waits for it: a world serves ARM first and loads this then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.arm.edge.rate_limits import RateLimits
from controlplane.domain.compute import virtual_machine
from controlplane.domain.compute.extension_catalogue import INERT
from controlplane.domain.events.lectern import StoryMoment
from controlplane.domain.network.network import INTERFACE
from controlplane.json_object import Json
from controlplane.ports import Blobs, Clock, MachineSpec, PortError, Ports, PublishedHandler, Store, StoreView
from simulator import parties
from simulator.clock.real_time import RealTime
from simulator.clock.world_time import WorldTime
from simulator.daily_work import DailyWork
from simulator.failures import WrongUse
from simulator.faults.board import Board
from simulator.faults.machines import with_faults
from simulator.faults.seams.host import FaultyHostSnapshots
from simulator.faults.ways import Ways
from simulator.guest.agent.warm_start import WarmStart, can_fork
from simulator.guest.conditions import ConditionsOf, MachineConditions, MachineFactories, Network
from simulator.handlers.package_check import PackageRefused
from simulator.handlers.sources import HandlerSource
from simulator.host.agents import AgentChoices, Agents
from simulator.host.handler_watch import HandlerWatch
from simulator.host.host import Host
from simulator.host.packages import PackageRepository
from simulator.host.publications import Publications
from simulator.host.wireserver import WireServer
from simulator.lectern.machines import with_lectern
from simulator.pace import Pace
from simulator.packages import content_of
from simulator.serving import Application, Serving, WhenAsked

if TYPE_CHECKING:
    from simulator.stories.telling import Moment

GATEWAY_CHECK_SECONDS = 10.0
"""Real time between two looks whether the storage gateway still answers, where there is one."""


@dataclass(frozen=True)
class BackendContext:
    """What the host and the control API of a world build on."""

    ports: Ports
    blobs_of: Callable[[str], Blobs]
    """The storage, for one of the parties."""
    engine: InlineEngine
    clock: Clock
    real_time: RealTime
    limits: RateLimits
    pace: Pace
    guests: Path
    """The folder of their disks."""
    packages: Sequence[Path]
    handlers: Sequence[HandlerSource]
    handlers_folder: Path
    """Where handlers are kept that somebody published."""
    own_storage: bool
    """Whether the storage is an Azurite of this world, on this machine."""
    note: Callable[[str], None]
    """Told of what is gone from the state folder."""
    inert_extensions: bool
    """Whether extensions that most public templates carry are installed without running anything."""
    warm_start: bool
    """Whether our own handler's processes are forked from an interpreter that waits, where the system can."""
    seed: int
    conditions: ConditionsOf | None
    """None: every machine is as `vss` and the two of workloads say, and else as usual."""
    vss: bool
    workload_rate: float
    workload_per_day: DailyWork | None
    hold_lapse_seconds: float
    sim_token: str
    sim_networks: Sequence[IPv4Network | IPv6Network]
    endpoints: Callable[[], Json]
    time: WorldTime
    read: Callable[[str], Json | None]
    """What ARM answers to a GET."""
    faults: Board
    ways: Ways
    agents: Sequence[str]
    """What this start says of machines' agents."""
    save: Callable[[Path, str], None]
    """Saves the world into a new folder, to be called so."""
    go_back: Callable[[Path], None] | None
    """Has the world begin anew with a saved one, soon; None: whoever runs it does not do that."""


def publications(context: BackendContext) -> Publications:
    """What the world publishes: its own packages, those that were published before, and those that are given now."""
    packages = PackageRepository()
    for source in context.packages:
        _publish(packages, source)
    if context.inert_extensions:
        packages.offer_inert(
            PublishedHandler(each.publisher, each.type, each.published, each.os_type, inert=True) for each in INERT
        )
    published = Publications(packages, context.ports.store, context.handlers_folder, context.note)
    for given in context.handlers:
        published.publish(given.package())
    return published


def host(context: BackendContext, published: Publications, keep: ExitStack) -> Host:
    """A host that is not started yet; `keep` ends it, and its wire server after it."""
    ports, packages = context.ports, published.repository
    snapshots = FaultyHostSnapshots(context.faults)
    wire = WireServer(context.real_time, context.blobs_of(parties.WIRE_SERVER), packages, snapshot_service=snapshots)
    serving = Serving(wire.app)
    keep.callback(serving.close)
    keep.callback(wire.close)
    wire.address = serving.address

    factories = _factories(context.warm_start, keep)

    def usual(vm: str, spec: MachineSpec) -> MachineConditions:
        return MachineConditions(
            vss_available=context.vss,
            workload_rate=context.workload_rate,
            daily_work=context.workload_per_day,
            network=Network(private_address=_private_address(ports.store, vm)),
            factories=factories,
        )

    made = Host(
        store=ports.store,
        blobs=context.blobs_of(parties.HOST),
        guest_blobs=lambda vm: context.blobs_of(parties.guest(vm)),
        storage_address=ports.fabric.storage_address,
        clock=context.clock,
        real_time=context.real_time,
        folder=context.guests,
        packages=packages,
        chance=Random(context.seed),
        wire=wire,
        conditions=with_lectern(with_faults(context.conditions or usual, context.faults), context.pace.lectern),
        status_account=ports.settings.service_account,
        on_session_closed=context.engine.look_at,
        hold_lapse_seconds=context.hold_lapse_seconds,
        agents=Agents(ports.store, AgentChoices.parse(context.agents)),
    )
    keep.callback(made.close)
    context.faults.on_change(made.look_again)
    keep.callback(context.real_time.every(GATEWAY_CHECK_SECONDS, context.ways.check))
    published.changed = made.announce
    made.handler_watch = HandlerWatch(
        ports.store,
        context.blobs_of(parties.CONTROL),
        ports.settings.service_account,
        context.guests,
        made.write_events,
        stamps_are_ours=context.own_storage,
    )
    return made


def _factories(warm_start: bool, keep: ExitStack) -> MachineFactories:
    if not warm_start or not can_fork():
        return MachineFactories()
    starts = WarmStart()
    keep.callback(starts.close)
    return MachineFactories(run_command=starts.run_command)


def _private_address(store: StoreView, vm: str) -> str | None:
    """Of a machine's first interface, as ARM shows it."""
    machine = store.get(virtual_machine.KIND, vm)
    profile: Json = (machine.json()["properties"].get("networkProfile") if machine else None) or {}
    named = [each["id"] for each in profile.get("networkInterfaces") or [] if each.get("id")]
    interface = store.get(INTERFACE.lower(), named[0]) if named else None
    if interface is None:
        return None
    configurations = interface.json()["properties"].get("ipConfigurations") or []
    return configurations[0]["properties"].get("privateIPAddress") if configurations else None


def _publish(packages: PackageRepository, source: Path) -> None:
    try:
        for package in content_of(source):
            packages.publish(package)
    except (OSError, PackageRefused) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise WrongUse(f"{source} cannot be published as a handler package: {reason}") from None


def controls(context: BackendContext, host: Host, published: Publications, keep: ExitStack) -> Application:
    """The control API, as an application to be mounted; `keep` ends the check of vaults that it may have begun. It is
    loaded with the first request to it: its framework is larger than all that a world at rest needs of its host."""
    return WhenAsked(lambda: _controls(context, host, published, keep))


def _controls(context: BackendContext, host: Host, published: Publications, keep: ExitStack) -> Application:
    from simulator.client import Client
    from simulator.control import api as control
    from simulator.control.clock import ClockControls
    from simulator.control.handlers import HandlerControls
    from simulator.control.reset import Resetter
    from simulator.control.saved_worlds import SavedWorldControls
    from simulator.control.vault_checks import VaultChecks
    from simulator.control.verify import Verifier
    from simulator.control.world import WorldControls
    from simulator.faults.faults import Faults
    from simulator.stories import live

    ports = context.ports
    settle = host.handler_watch.settle if host.handler_watch is not None else _nothing
    verifier = Verifier(ports.store, context.blobs_of(parties.CONTROL), ports.settings, host.ground_truth, settle)
    resetter = Resetter(ports, context.engine, host, context.pace, context.time.stop, context.faults.clear)
    clock = ClockControls(context.time, partial(_has_ended, context.engine), context.read)
    of_world = WorldControls(
        ports.store, clock, context.limits, context.pace, resetter, context.endpoints, host.write_events
    )
    checks = VaultChecks(ports)
    keep.callback(checks.close)
    teller = live.Storyteller(
        lambda: Client(context.endpoints(), read_seconds=live.LONGEST_ANSWER_SECONDS), partial(_note, ports.store)
    )
    keep.callback(teller.close)
    return control.build(
        control.Controls(
            context.sim_token,
            ports.store,
            host,
            verifier,
            of_world,
            checks,
            Faults(context.faults, ports.store, ports.clock, context.ways),
            HandlerControls(published, ports.store, ports.settings, host, verifier.broken_rules),
            SavedWorldControls(context.save, context.go_back),
            context.sim_networks,
            lambda: teller,
            ports.settings.limits,
        )
    )


def _note(store: Store, story: str, moment: Moment) -> None:
    """Whoever looks at the world hears of it; a store that does not answer now does not end the story."""
    with suppress(PortError):
        store.record(StoryMoment(story, moment.kind, moment.act, dict(moment.texts)).event())


def _nothing() -> None:
    """Nobody watches."""


def _has_ended(engine: InlineEngine, job: str) -> bool | None:
    run = engine.runs.get(job)
    return None if run is None else run.status == "ended"
