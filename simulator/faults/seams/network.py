"""Seams of a machine's network: its way to the storage, and to the wire server of its host."""

from __future__ import annotations

from typing import ClassVar

from controlplane.domain.events import machines, service
from simulator.faults.fault import Setting
from simulator.faults.seam import Follows, Seam, vm_of
from simulator.guest.agent.client import WireError


class GuestRouteSeam(Seam):
    """The way of a machine to the storage, while it takes its snapshots itself."""

    NAME = "guest-route"
    WHAT = "A machine whose disks are unmanaged finds its way to the storage: name, route and proxy."
    PLACES = frozenset({"vm"})
    IS_STATE = True
    FOLLOWS: ClassVar[Follows] = {service.SnapshotAsked.NAME: vm_of}

    def way(self, vm: str) -> Setting | None:
        """What stands in the way now, which is counted: somebody asks for the way."""
        if not self.board.has(self.NAME):
            return None
        self.board.count_all(self.NAME, {"vm": vm})
        return self.standing(vm)

    def standing(self, vm: str) -> Setting | None:
        return next(iter(self.board.all_standing(self.NAME, {"vm": vm})), None)


class WireServerSeam(Seam):
    """Every request of a machine to 168.63.129.16."""

    NAME = "guest-wire-server"
    WHAT = "An agent sends a request of any kind to the wire server."
    PLACES = frozenset({"vm"})
    FOLLOWS: ClassVar[Follows] = {machines.AgentGoalState.NAME: vm_of, machines.AgentReported.NAME: vm_of}

    def ask(self, vm: str) -> None:
        """WireError where the wire server is not reached."""
        setting = self.match(vm=vm) if self.board.has(self.NAME) else None
        if setting is not None:
            raise WireError(setting.text("says"))
