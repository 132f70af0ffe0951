"""A host with its wire server on a real port, the fabric's side of the store, and storage in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.store import SqlStore
from controlplane.domain.events.event import Cause, Event, Fact
from controlplane.fabric_documents import OBSERVED
from controlplane.json_object import Json
from controlplane.ports import ExtensionRequest, ExtensionView, InstanceView
from simulator.guest.conditions import ConditionsOf
from simulator.host.documents import machine_key
from simulator.host.holds import LAPSE_SECONDS
from simulator.host.host import Host
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer
from simulator.serving import Serving
from tests.patience import comes_true
from tests.transaction_guard import GuardedBlobs, TransactionGuard
from tests.unit.simulator.guest.agent.agent_setting import package
from tests.unit.simulator.guest.guest_rig import (
    ACCOUNT,
    PLAIN_IMAGE,
    REAL_START,
    SMALL,
    START,
    FailingBlobs,
    disk,
    machine_spec,
)
from tests.virtual_clock import VirtualClock

VM = "/subscriptions/s/resourceGroups/Demo/providers/Microsoft.Compute/virtualMachines/sql01"
PUBLISHER, TYPE = "Example.Handlers", "Probe"
SPEC = machine_spec(PLAIN_IMAGE, [disk("os", -1, 32, "FromImage")])
PATIENCE_SECONDS = 30


class World:
    """What outlives a host: store, storage, time, and the folder of the guests."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(START)
        """World time. It stands, as far as a test does not move it."""
        self.real_time = VirtualClock(REAL_START)
        self.store = SqlStore(":memory:", self.clock)
        self.blobs = FailingBlobs()
        for account in (ACCOUNT, "service"):
            self.blobs.add_account(account)
        self.fabric = StoreFabric(self.store, self.clock)
        self.packages = PackageRepository()
        self.packages.publish(package("1.0.0.0"))
        self.folder = folder
        self.conditions: ConditionsOf = lambda vm, spec: SMALL
        self.sessions_closed: list[str] = []
        """The machines of which the host said so."""

    @contextmanager
    def host(
        self,
        status_account: str | None = None,
        storage_address: str | None = None,
        hold_lapse_seconds: float = LAPSE_SECONDS,
        on_session_closed: Callable[[str], None] | None = None,
    ) -> Iterator[Host]:
        guard = TransactionGuard(self.store)
        blobs = GuardedBlobs(self.blobs, guard)
        self.wire = wire = WireServer(self.real_time, blobs, self.packages)
        serving = Serving(wire.app)
        wire.address = serving.address
        host = Host(
            store=self.store,
            blobs=blobs,
            guest_blobs=lambda vm: blobs,
            storage_address=lambda vm: storage_address,
            clock=self.clock,
            real_time=self.real_time,
            folder=self.folder,
            packages=self.packages,
            chance=Random(1),
            wire=wire,
            conditions=lambda vm, spec: guard.conditions(self.conditions(vm, spec)),
            status_account=status_account,
            on_session_closed=on_session_closed or self.sessions_closed.append,
            hold_lapse_seconds=hold_lapse_seconds,
        )
        host.start()
        try:
            yield host
        finally:
            host.close()
            wire.close()
            serving.close()
        assert guard.violations == []

    def until(self, condition: Callable[[], object]) -> None:
        """Let real time run, in steps of a tick, until it is so."""

        def moved() -> bool:
            self.real_time.jump(0.05)
            return bool(condition())

        self.without_time(moved)

    def without_time(self, condition: Callable[[], object]) -> None:
        """Wait until it is so, while no time passes."""
        came = comes_true(lambda: bool(condition()))
        assert came, f"it did not come to that: {self.fabric.instance_view(VM)}"

    def told(self, kind: type[Fact]) -> list[Event]:
        """The events of a kind, oldest first."""
        return [event for event in self.store.events(limit=10_000) if event.name == kind.NAME]

    def view(self, vm: str = VM) -> InstanceView:
        view = self.fabric.instance_view(vm)
        assert view is not None
        return view

    def extension(self, name: str = "probe") -> ExtensionView:
        return next(extension for extension in self.view().extensions if extension.name == name)

    def observed(self, vm: str = VM) -> Json:
        document = self.store.get(OBSERVED, vm)
        assert document is not None
        return document.json()

    def started(self, vm: str = VM) -> None:
        """A machine is wanted, boots, and its agent reports."""
        self.fabric.create_vm(vm, SPEC)
        self.until(lambda: self.view(vm).agent_status == "Ready")

    def deliver(self, public: Json | None = None, *, vm: str = VM, cause: Cause | None = None, **changes: Any) -> int:
        values: dict[str, Any] = {
            "name": "probe",
            "publisher": PUBLISHER,
            "type": TYPE,
            "version": "1.0",
            "auto_upgrade_minor_version": True,
            "public": public or {},
            "protected": {"secret": "open sesame"},
        }
        return self.fabric.deliver(vm, ExtensionRequest(**(values | changes)), cause)

    def calls(self) -> list[str]:
        file = self.folder / machine_key(VM) / "calls.log"
        return file.read_text().splitlines() if file.exists() else []

    def events(self, party: str | None = None) -> list[str]:
        return [event.name for event in self.store.events(limit=10_000) if party in (None, event.party)]
