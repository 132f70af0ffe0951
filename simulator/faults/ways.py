"""The ways to the storage in one world: who takes which, and where the gateway stands on one.

Nobody's way is another one than ever until a fault needs it. The gateway's process is started when the first way leads
through it, and ends with the world: an address that was given out stays good.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from controlplane.port_wrappers import BlobsWrapper, FabricWrapper
from controlplane.ports import Blob, Blobs, Clock, Disk, Fabric
from simulator import parties
from simulator.faults.board import Board
from simulator.faults.seams.gateway import GUEST, GuestRequestSeam, PartyRequestSeam, proxy_answer, storage_answer
from simulator.faults.seams.network import GuestRouteSeam
from simulator.gateway.messages import PASS, Request, Verdict

if TYPE_CHECKING:
    from simulator.gateway.gateway import StorageGateway

LED = frozenset({parties.SERVICE, parties.VAULT, parties.WIRE_SERVER})
"""Parties whose connections can lead through the gateway. The others meet no faults; machines are told apart by
themselves."""
UNRESOLVED = "http://storage..unresolved"
"""No name of a host can have an empty part, so every resolver refuses it by itself, and asks nobody."""


class Reach(NamedTuple):
    """What stands in a machine's way without any fault."""

    may_leave: Callable[[str], bool] = lambda vm: True
    """Whether the network of a machine lets it reach the storage."""
    refuses: Callable[[str], bool] = lambda account: False
    """Whether a storage account refuses whoever backs up, by its own network rules."""
    comes_too_soon: Callable[[str], bool] | None = None
    """Whether the storage refuses a snapshot of the blob at a path, since it took another one a moment ago; None: it
    never does."""


class Ways:
    """Thread-safe. Nothing here waits in a transaction."""

    def __init__(
        self,
        board: Board,
        clock: Clock,
        on_ended: Callable[[str], None],
        reach: Reach = Reach(),  # noqa: B008
    ) -> None:
        """`on_ended` is told why the gateway ended, when nobody had ended it."""
        self._reach = reach
        self._board = board
        self._clock = clock
        self._on_ended = on_ended
        self._guest, self._party, self._route = GuestRequestSeam(board), PartyRequestSeam(board), GuestRouteSeam(board)
        self._lock = Lock()
        self._url = ""
        self._at: Callable[[str], Blobs] | None = None
        self._is_by_path = True
        self._gateway: StorageGateway | None = None
        self._blobs: dict[str, Blobs] = {}
        self._nowhere: socket.socket | None = None

    def arrive(self, url: str, at: Callable[[str], Blobs] | None) -> None:
        """The storage is there. `at` gives it under another address; what it gives is closed with these ways. None: it
        has a host for each account, before which the gateway cannot stand."""
        self._url, self._at, self._is_by_path = url, at, at is not None

    @property
    def gateway(self) -> StorageGateway | None:
        """None: nobody's way has led through it."""
        return self._gateway

    @property
    def problem(self) -> str | None:
        """Why the gateway does not run though it should."""
        if not self._is_by_path:
            return "the storage has a host for each account, and the gateway cannot stand before it"
        return None if self._gateway is None else self._gateway.problem

    def check(self) -> None:
        """To be called now and then."""
        self._board.keep()
        if self._gateway is not None:
            self._gateway.check()

    def close(self) -> None:
        self._board.keep()
        with self._lock:
            gateway, blobs, nowhere = self._gateway, list(self._blobs.values()), self._nowhere
            self._blobs.clear()
        for each in blobs:
            getattr(each, "close", lambda: None)()
        if gateway is not None:
            gateway.close()
        if nowhere is not None:
            nowhere.close()

    # ------------------------------------------------------------------------------------------------------- who asks

    def address(self, vm: str, disks: Sequence[Disk]) -> str | None:
        """Where a machine reaches the storage now; None: where everybody does. Its network counts where it takes its
        snapshots itself, which it does of unmanaged disks."""
        own = [disk for disk in disks if disk.managed_disk_id is None]
        if own:
            if not self._reach.may_leave(vm):
                return self._dead_end()
            setting = self._route.way(vm)
            if setting is not None and setting.text("way") != "proxy":
                return UNRESOLVED if setting.text("way") == "no name" else self._dead_end()
            is_refused = any(self._reach.refuses(disk.blob.account) for disk in own)
            if (setting is not None or is_refused) and self._is_by_path:
                return self._led().address(parties.guest(vm))
        is_watched = self._reach.comes_too_soon is not None or self._board.concerns(GuestRequestSeam.NAME, "vm", vm)
        if self._is_by_path and is_watched:
            return self._led().address(parties.guest(vm))
        return None

    def blobs(self, party: str, usual: Blobs) -> Blobs:
        """The storage as this party reaches it now."""
        if party not in LED or not self._board.concerns(PartyRequestSeam.NAME, "party", party) or self._at is None:
            return usual
        address = self._led().address(party)
        with self._lock:
            if party not in self._blobs:
                self._blobs[party] = self._at(address)
            return self._blobs[party]

    # ---------------------------------------------------------------------------------------------- what becomes of it

    def judge(self, request: Request) -> Verdict:
        now = self._clock.now()
        if not request.party.startswith(GUEST):
            return self._party.judge(request, now)
        if self._reach.refuses(request.account):
            return Verdict(answer=storage_answer("AuthorizationFailure", str(uuid5(NAMESPACE_URL, request.path)), now))
        standing = self._route.standing(request.party.removeprefix(GUEST))
        if standing is not None and standing.text("way") == "proxy":
            return Verdict(answer=proxy_answer(standing.text("name")), fault=standing.number)
        verdict = self._guest.judge(request, now)
        if verdict is PASS and self._comes_too_soon(request):
            return Verdict(
                answer=storage_answer("SnapshotOperationRateExceeded", str(uuid5(NAMESPACE_URL, f"{now}")), now)
            )
        return verdict

    def _comes_too_soon(self, request: Request) -> bool:
        limit = self._reach.comes_too_soon
        return limit is not None and request.operation == "PUT snapshot" and limit(request.path)

    # ------------------------------------------------------------------------------------------------------ underneath

    def _led(self) -> StorageGateway:
        from simulator.gateway.gateway import StorageGateway  # only some worlds need it

        with self._lock:
            if self._gateway is None:
                now = lambda: self._clock.now().isoformat()  # noqa: E731
                self._gateway = StorageGateway(lambda: self._url, self.judge, now, self._on_ended)
            return self._gateway

    def _dead_end(self) -> str:
        """An address at which nobody listens, and nobody else can: a connection there is refused at once."""
        with self._lock:
            if self._nowhere is None:
                self._nowhere = socket.socket()
                self._nowhere.bind(("127.0.0.1", 0))
            return f"http://127.0.0.1:{self._nowhere.getsockname()[1]}"


class LedFabric(FabricWrapper):
    """Machines reach the storage by the way that they have now."""

    def __init__(self, inner: Fabric, ways: Ways) -> None:
        super().__init__(inner)
        self._ways = ways

    def storage_address(self, vm: str) -> str | None:
        return self._ways.address(vm, self.inner.disks(vm)) or self.inner.storage_address(vm)


class LedBlobs(BlobsWrapper):
    """A party asks the storage by the way that it has now. Addresses and signatures are the storage's own."""

    def __init__(self, usual: Blobs, party: str, ways: Ways) -> None:
        super().__init__(usual)
        self._party = party
        self._ways = ways

    @property
    def inner(self) -> Blobs:
        return self._ways.blobs(self._party, self._inner)

    def add_account(self, account: str) -> None:
        self._inner.add_account(account)

    def account_key(self, account: str) -> str:
        return self._inner.account_key(account)

    def account_url(self, account: str) -> str:
        return self._inner.account_url(account)

    def url(self, blob: Blob) -> str:
        return self._inner.url(blob)

    def parse(self, url: str) -> Blob:
        return self._inner.parse(url)

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        return self._inner.sas(blob, permissions, expires)

    def lifetime(self) -> object | None:
        return self._inner.lifetime()
