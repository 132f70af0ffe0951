"""Resets a running world, and purges soft-deleted items early: for tests that share one world."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.caused_ports import CausedFabric, CausedStore
from controlplane.domain.events import service as events
from controlplane.domain.storage.storage_account import KIND as ACCOUNTS
from controlplane.fabric_documents import DESIRED, HANDLER, DesiredMachine
from controlplane.jobs.retention import deleted_vaults, expiry
from controlplane.json_object import Json
from controlplane.ports import Ports
from simulator.failures import Failure
from simulator.host.host import Host
from simulator.pace import Pace

OF_THE_WORLD = frozenset({"world", HANDLER})
"""Kinds of the documents that are about this world and its hosts, and not in it."""
PATIENCE_SECONDS = 60
POLL_SECONDS = 0.02


class ResetFailed(Failure):
    """A machine did not stop in time; call reset again."""


@dataclass(frozen=True)
class Resetter:
    """What a reset and a purge work on."""

    ports: Ports
    engine: InlineEngine
    host: Host
    pace: Pace
    end_advance: Callable[[], object] = lambda: None
    """Ends an advance of world time that is under way."""
    clear_faults: Callable[[], object] = lambda: None

    def reset(self) -> Json:
        """Remove everything except the journal, whose ids continue; returns how much was removed.

        Jobs end first, then machines, then documents, then blobs: each depends on what ends after it.
        """
        ports, store = self._because_of("reset")
        self.end_advance()  # it would go on to begin what is due
        self.pace.release_all()
        self.clear_faults()
        self._end_jobs()
        machines = self._end_machines(ports)
        accounts = [document.id.rpartition("/")[2] for document in store.find(ACCOUNTS)]
        with store.transaction():
            documents = [
                document for kind in store.kinds() if kind not in OF_THE_WORLD for document in store.find(kind)
            ]
            for document in documents:
                store.delete(document.kind, document.id)
            self.engine.runs.clear()
        for account in (*accounts, *self.ports.settings.own_accounts):
            self.ports.blobs.empty_account(account)
        counted = {"documents": len(documents), "machines": machines, "accounts": len(accounts)}
        store.record(events.WorldReset(**counted).event())
        return counted

    def purge(self) -> Json:
        """Purge all soft-deleted items, recovery points and vaults at once; returns how many there were."""
        ports, store = self._because_of("purge")
        items, points = expiry.purge_at_once(ports)
        gone = {"items": items, "recovery_points": points, "vaults": deleted_vaults.purge_at_once(ports)}
        store.record(events.WorldPurged(**gone).event())
        return gone

    def _because_of(self, operation: str) -> tuple[Ports, CausedStore]:
        """Ports through which everything follows from this request, and their store."""
        store = CausedStore(self.ports.store, events.ControlRequest(operation).event())
        return replace(self.ports, store=store, fabric=CausedFabric(self.ports.fabric, store.cause)), store

    def _end_jobs(self) -> None:
        for run in self.engine.runs.unfinished():
            self.engine.cancel(run.job)
        self.engine.settle()

    def _end_machines(self, ports: Ports) -> int:
        """Delete every machine and wait until its host has removed it."""
        there = self.host.machines()
        desired = [DesiredMachine.parse(document.json()) for document in ports.store.find(DESIRED)]
        for machine in desired:
            if not machine.deleted:  # the store keeps the documents of deleted machines
                ports.fabric.delete_vm(machine.vm)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.host.machines():
            if time.monotonic() > deadline:
                raise ResetFailed(f"machines did not stop within {PATIENCE_SECONDS} seconds")
            self.host.tick()  # now, and not when it is time for one
            time.sleep(POLL_SECONDS)
        return len(there)
