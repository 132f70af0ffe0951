"""Seams of the host and of Compute: the snapshot service, what is told of a machine, what is delivered to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from controlplane.domain.events import service as events
from controlplane.domain.events.event import Cause
from controlplane.json_object import Json
from controlplane.port_wrappers import FabricWrapper
from controlplane.ports import ExtensionRequest, Fabric, GuestNotReady, InstanceView
from simulator.faults.board import Board
from simulator.faults.fault import Setting
from simulator.faults.seam import Follows, Seam, vm_of
from simulator.host.snapshot_service import HostSnapshotService


class HostSnapshotSeam(Seam):
    """The snapshot service of a host, which handlers ask before they begin."""

    NAME = "host-snapshot-service"
    WHAT = "A handler asks the snapshot service of its host before a snapshot."
    PLACES = frozenset({"vm"})


class FaultyHostSnapshots(HostSnapshotService):
    def __init__(self, board: Board) -> None:
        self._seam = HostSnapshotSeam(board)

    def presnapshot(self, vm: str, now: datetime) -> tuple[int, Json | str]:
        setting = self._seam.match(vm=vm) if self._seam.board.has(HostSnapshotSeam.NAME) else None
        if setting is None:
            return super().presnapshot(vm, now)
        status = setting.whole("status")
        if status == 200:
            return super().presnapshot(vm, now + timedelta(minutes=setting.whole("ahead_minutes")))
        return status, setting.text("says")


class InstanceViewSeam(Seam):
    """What Compute tells of a machine."""

    NAME = "instance-view"
    WHAT = "Compute tells what is known of a virtual machine."
    PLACES = frozenset({"vm"})
    IS_STATE = True
    FOLLOWS: ClassVar[Follows] = {events.SnapshotAsked.NAME: vm_of}


class DeliverySeam(Seam):
    """An extension's settings on their way to a machine."""

    NAME = "extension-delivery"
    WHAT = "Compute delivers the settings of an extension to a machine."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = {events.SnapshotAsked.NAME: vm_of}


class RepeatedDeliverySeam(Seam):
    """Compute gives a machine the same settings twice: its agent sees two goal states in a row."""

    NAME = "repeated-delivery"
    WHAT = "Compute has delivered the settings of an extension, and may do so again."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = {events.SnapshotAsked.NAME: vm_of}


class GuestShutdownSeam(Seam):
    """The operating system of a machine, which its owner may shut down at any time."""

    NAME = "guest-shutdown"
    WHAT = "A machine runs on once an extension's settings are delivered to it."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = {events.SnapshotAsked.NAME: vm_of}


class FaultyFabric(FabricWrapper):
    def __init__(self, inner: Fabric, board: Board) -> None:
        super().__init__(inner)
        self._view = InstanceViewSeam(board)
        self._delivery = DeliverySeam(board)
        self._again = RepeatedDeliverySeam(board)
        self._shutdown = GuestShutdownSeam(board)

    def instance_view(self, vm: str) -> InstanceView | None:
        view = self.inner.instance_view(vm)
        for setting in self._view.board.seen(InstanceViewSeam.NAME, {"vm": vm}) if view else ():
            assert view is not None, "a machine is known"
            state, problem = setting.text("provisioning_state"), setting.text("says")
            view = replace(view, provisioning_state=state, problem=problem)
        return view

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        if (setting := _acting(self._delivery, vm, request)) is not None:
            raise GuestNotReady(setting.text("says"))
        number = self.inner.deliver(vm, request, cause)
        if _acting(self._again, vm, request) is not None:
            number = self.inner.deliver(vm, request, cause)
        if _acting(self._shutdown, vm, request) is not None:
            self.inner.power(vm, "stopped", cause)
        return number


def _acting(seam: Seam, vm: str, request: ExtensionRequest) -> Setting | None:
    """What acts on this delivery."""
    if not seam.board.has(seam.NAME):
        return None
    return seam.match(vm=vm, operation=f"{request.publisher}.{request.type}")
