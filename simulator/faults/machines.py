"""Puts the seams of machines where their conditions are made, so that each machine has its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from controlplane.ports import MachineSpec
from simulator.faults.board import Board
from simulator.faults.seams.agent import (
    AgentReportSeam,
    FaultyWireClient,
    GoalStateSeam,
    GuestCertificateSeam,
    GuestDiskRoomSeam,
    GuestSpeedSeam,
    HandlerCommandSeam,
    HandlerPackageSeam,
    WireServerRouteSeam,
)
from simulator.faults.seams.guest import (
    GuestClockSeam,
    GuestRegistrySeam,
    GuestServiceSeam,
    VssServiceSeam,
    VssWriterSeam,
)
from simulator.faults.seams.network import WireServerSeam
from simulator.faults.seams.vss_laboratory import Pause, RealPause
from simulator.faults.seams.vss_script import VssScriptSeam
from simulator.guest.agent.client import WireClient
from simulator.guest.conditions import ConditionsOf, MachineConditions, MachineFactories
from simulator.guest.os_profile import OsProfile
from simulator.guest.vss.scripting import Obstacle
from simulator.guest.vss.writer import Participant, WriterClass


def with_faults(usual: ConditionsOf, board: Board, pause: Callable[[], Pause] = RealPause) -> ConditionsOf:
    """The same conditions, in which faults of the board can act. `pause` makes what lets real time pass in a guest."""
    writers, vss, scripts = VssWriterSeam(board), VssServiceSeam(board), VssScriptSeam(board)
    services, registry, clock = GuestServiceSeam(board), GuestRegistrySeam(board), GuestClockSeam(board)
    room = GuestDiskRoomSeam(board)

    def conditions(vm: str, spec: MachineSpec) -> MachineConditions:
        made = usual(vm, spec)

        def now(profile: OsProfile) -> OsProfile:
            profile = made.now(profile)
            if board.has(services.NAME):
                profile = services.now(vm, profile)
            return registry.now(vm, profile) if board.has(registry.NAME) and profile.registry else profile

        def looked() -> None:
            made.looked()
            for seam in (services, registry, clock):
                seam.looked(vm)

        def clock_ahead() -> timedelta:
            return made.clock_ahead() + clock.ahead(vm)

        def has_room() -> bool:
            return made.has_room() and room.has_room(vm)

        def obstacle(with_writers: bool) -> Obstacle | None:
            return made.obstacle(with_writers) or vss.obstacle(vm, with_writers)

        factories = _factories(vm, made.factories, board, writers)
        script = scripts.laboratory(vm, pause)
        return replace(
            made,
            now=now,
            looked=looked,
            clock_ahead=clock_ahead,
            has_room=has_room,
            obstacle=obstacle,
            factories=factories,
            vss_script=script,
        )

    return conditions


def _factories(vm: str, usual: MachineFactories, board: Board, writers: VssWriterSeam) -> MachineFactories:
    def participant(writer: WriterClass, does: Participant | None) -> Participant | None:
        return writers.participant(vm, writer, usual.participant(writer, does))

    commands = usual.run_command
    for seam in (WireServerRouteSeam(board), GuestSpeedSeam(board), HandlerCommandSeam(board)):
        commands = seam.runner(vm, commands)
    return replace(
        usual,
        participant=participant,
        run_command=GuestCertificateSeam(board).runner(vm, commands),
        wire_client=_wire_client(vm, usual.wire_client, board),
    )


def _wire_client(
    vm: str, usual: Callable[[str, str, str], WireClient], board: Board
) -> Callable[[str, str, str], WireClient]:
    """A client of somebody else's stays as it is."""
    if usual is not WireClient:
        return usual
    seams = (WireServerSeam(board), GoalStateSeam(board), AgentReportSeam(board), HandlerPackageSeam(board))
    return partial(FaultyWireClient, vm=vm, seams=seams)
