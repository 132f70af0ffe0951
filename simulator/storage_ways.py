"""Puts on the ways to the storage in a world: network rules of machines and accounts, and the gateway of faults."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial

from controlplane.domain.events.faults import GatewayEnded
from controlplane.jobs.documents.reach import may_leave
from controlplane.ports import Blobs, Clock, Fabric, Limits, PortError, Store
from simulator import parties
from simulator.account_rules import AccountRules, RuledBlobs
from simulator.faults.board import Board
from simulator.faults.ways import LedBlobs, LedFabric, Reach, Ways
from simulator.faults.work import facts_of_job
from simulator.state.logs import logger
from simulator.storage.snapshot_rate import RatedBlobs, SnapshotRate


class StorageWays:
    """Who reaches the storage by which way; `keep` ends it."""

    def __init__(self, store: Store, clock: Clock, board: Board, keep: ExitStack, limits: Limits) -> None:
        self._store = store
        self._rate = SnapshotRate(store, clock, limits.snapshot_interval)
        self._rules = AccountRules(store)
        keep.callback(self._rules.close)
        too_soon = self._rate.refuses if self._rate.counts else None
        reach = Reach(partial(may_leave, store), self._rules.refuses, too_soon)
        self.ways = Ways(board, clock, self._ended, reach)
        keep.callback(self.ways.close)

    @property
    def ask_for_jobs(self) -> bool:
        """Whether it has to be known for which job the service asks."""
        return self._rules.any

    def blobs(self, party: str, storage: Blobs) -> Blobs:
        """The storage as a party reaches it."""
        led: Blobs = LedBlobs(storage, party, self.ways)
        if self._rate.counts:
            led = RatedBlobs(led, self._rate)
        return RuledBlobs(led, self._rules, _job) if party == parties.SERVICE else led

    def fabric(self, usual: Fabric) -> Fabric:
        """The fabric, which says where a machine reaches the storage."""
        return LedFabric(usual, self.ways)

    def _ended(self, reason: str) -> None:
        logger("faults").error("the storage gateway ended", reason=reason)
        with suppress(PortError):  # the log has it too
            self._store.record(GatewayEnded(reason).event())


def _job() -> str:
    return facts_of_job().get("job", "")
