"""Seams inside a Windows guest: its VSS writers, VSS and its provider, services, registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Event
from simulator.failures import WrongUse
from simulator.faults.fault import unknown
from simulator.faults.seam import Facts, Follows, Seam, vm_of
from simulator.guest.os_profile import OsProfile
from simulator.guest.vss.hresult import Hresult, named
from simulator.guest.vss.scripting import Obstacle
from simulator.guest.vss.writer import Participant, WriterClass, WriterEvent, WriterFailed

WHO = "asked by a fault"
"""The end of what a writer or VSS says of itself, so that nobody takes it for a bug of the simulator."""


THE_AGENT = "{agent}"
"""Stands for the service of the guest agent, whose name is another one in each system."""


def hresult(text: str) -> Hresult:
    """By its name, with or without VSS_E_, or by its number; WrongUse for one that VSS has not."""
    code = named(text)
    if code is None:
        raise WrongUse(unknown("HRESULT", text, [each.name for each in Hresult], "VSS"))
    return code


def _of_writer(event: Event) -> Facts:
    return {"vm": event.vm or "", "operation": f"{event.data['step']} {event.data['writer']}"}


class VssWriterSeam(Seam):
    """A program that takes part in a snapshot set."""

    NAME = "vss-writer"
    WHAT = "A VSS writer of a guest handles an event of a snapshot set."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = {events.WriterState.NAME: _of_writer}

    def participant(self, vm: str, writer: WriterClass, usual: Participant | None) -> Participant:
        def taking_part(event: WriterEvent, deadline: datetime) -> None:
            setting = None
            if self.board.has(self.NAME) and event is not WriterEvent.ABORT:
                setting = self.match(vm=vm, operation=f"{event} {writer.name}")
            if setting is not None:
                code = hresult(setting.text("hresult"))
                raise WriterFailed(code, f"{setting.text('says')}, {WHO}")
            if usual is not None:
                usual(event, deadline)

        return taking_part


class VssServiceSeam(Seam):
    """The VSS service and its provider, once the writers are frozen and the volumes flushed."""

    NAME = "vss-service"
    WHAT = "VSS and its provider make a snapshot set of volumes that are ready for it."
    PLACES = frozenset({"vm", "operation"})
    FOLLOWS: ClassVar[Follows] = {
        events.FreezeAsked.NAME: lambda event: {
            "vm": event.vm or "",
            "operation": _operation(bool(event.data["writers"])),
        }
    }

    def obstacle(self, vm: str, with_writers: bool) -> Obstacle | None:
        if not self.board.has(self.NAME):
            return None
        setting = self.match(vm=vm, operation=_operation(with_writers))
        if setting is None:
            return None
        return Obstacle(hresult(setting.text("hresult")), f"{setting.text('says')}, {WHO}")


def _operation(with_writers: bool) -> str:
    return "freeze with writers" if with_writers else "freeze without writers"


class _ProfileSeam(Seam):
    """A fact that programs of the guest read: nothing of it is counted but the sessions of handlers."""

    PLACES = frozenset({"vm"})
    IS_STATE = True
    FOLLOWS: ClassVar[Follows] = {events.SessionOpened.NAME: vm_of}

    def looked(self, vm: str) -> None:
        """Somebody in the guest looks: that counts for everything that stands."""
        if self.board.has(self.NAME):
            self.board.count_all(self.NAME, {"vm": vm})


class GuestClockSeam(_ProfileSeam):
    """The clock of a guest, which no time server corrects."""

    NAME = "guest-clock"
    WHAT = "The clock of a guest is read by a handler, which tells by it how old its task is."

    def ahead(self, vm: str) -> timedelta:
        """Of world time; of several settings the last one counts, as whoever sets a clock last does."""
        standing = self.board.all_standing(self.NAME, {"vm": vm})
        return timedelta(minutes=standing[-1].whole("ahead_minutes")) if standing else timedelta(0)


class GuestServiceSeam(_ProfileSeam):
    """The state of one service of a guest."""

    NAME = "guest-service"
    WHAT = "A service of a guest is looked at by a handler, by programs, or by its host."

    def now(self, vm: str, profile: OsProfile) -> OsProfile:
        services = dict(profile.services)
        for setting in self.board.seen(self.NAME, {"vm": vm}):
            service = setting.text("service")
            services[profile.agent.service if service == THE_AGENT else service] = setting.text("state")
        return replace(profile, services=services)


class GuestRegistrySeam(_ProfileSeam):
    """One value of the registry of a guest."""

    NAME = "guest-registry"
    WHAT = "A value of a guest's registry is read by a handler."

    def now(self, vm: str, profile: OsProfile) -> OsProfile:
        registry = dict(profile.registry)
        for setting in self.board.all_standing(self.NAME, {"vm": vm}):
            registry[setting.text("value")] = setting.text("data")
        return replace(profile, registry=registry)
