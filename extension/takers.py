"""Who takes the snapshots of a task: the guest by SAS, its host by order, or one when the other cannot.

All of them do the same for the procedure: get ready before the freeze, take within the seconds that are left of it, and
tell afterwards what became of each disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from extension.blobs import DiskSnapshot, open_all, take_all
from extension.contract.reports import SnapshotInfo
from extension.host import HostSnapshots

TRUSTED_SECONDS = 3.0
"""For how long an unused connection is taken to be open: some servers close theirs after five."""
LEAST_SECONDS = 1.0
"""What has to be left of a freeze for the host to be asked as well."""
GUEST, HOST = "guestExtension", "backupHostService"
"""Names of the two in telemetry."""


class SnapshotTaker(Protocol):
    @property
    def count(self) -> int:
        """How many disks are to be snapshotted."""

    @property
    def creator(self) -> str:
        """Its name in telemetry."""

    @property
    def host_status(self) -> int | None:
        """What the host answered to the order; None: it had none."""

    def connect(self) -> bool:
        """Get ready. False: it is certain that no disk can be snapshotted."""

    def take(self, seconds: float) -> int:
        """Ask for all snapshots; how many of them nobody has answered for within so many seconds."""

    def results(self) -> tuple[SnapshotInfo, ...]:
        """What became of each disk, in the order of the task."""

    def places(self) -> Sequence[str]:
        """Of each disk the address, without a signature, for the log."""


class GuestSnapshots:
    """The handler asks the storage itself, with a SAS for each disk."""

    creator, host_status = GUEST, None

    def __init__(self, disks: Sequence[DiskSnapshot], *, one_by_one: bool) -> None:
        self._disks = disks
        self._one_by_one = one_by_one
        self._connected = float("-inf")

    @property
    def count(self) -> int:
        return len(self._disks)

    def connect(self) -> bool:
        if monotonic() - self._connected > TRUSTED_SECONDS:
            open_all(self._disks, one_by_one=self._one_by_one)
            self._connected = monotonic()
        return not all(disk.hopeless for disk in self._disks)

    def take(self, seconds: float) -> int:
        take_all(self._disks, seconds, one_by_one=self._one_by_one)
        return sum(disk.hopeless for disk in self._disks)

    def results(self) -> tuple[SnapshotInfo, ...]:
        return tuple(disk.result() for disk in self._disks)

    def places(self) -> Sequence[str]:
        return [disk.url.plain for disk in self._disks]


class HostTaker:
    """The host snapshots the disks of its machine. Whether it is there was asked before."""

    creator = HOST

    def __init__(self, host: HostSnapshots) -> None:
        self._host = host

    @property
    def count(self) -> int:
        return len(self._host.luns)

    @property
    def host_status(self) -> int | None:
        return self._host.status

    def connect(self) -> bool:
        return True

    def take(self, seconds: float) -> int:
        self._host.take(seconds)
        return 0 if self._host.is_answered else self.count

    def results(self) -> tuple[SnapshotInfo, ...]:
        return self._host.results()

    def places(self) -> Sequence[str]:
        return [f"lun {lun}" for lun in self._host.luns]


class GuestThenHost:
    """The guest first; its host where no disk's storage can be reached, or nobody there answers.

    The published handler freezes once more for the host. Here that is done within the same freeze, as far as there is
    time left of it: the guest is stopped once.
    """

    def __init__(self, guest: GuestSnapshots, host: HostTaker) -> None:
        self._guest = guest
        self._host = host
        self._chosen: GuestSnapshots | HostTaker = guest

    @property
    def count(self) -> int:
        return self._chosen.count

    @property
    def creator(self) -> str:
        return self._chosen.creator

    @property
    def host_status(self) -> int | None:
        return self._chosen.host_status

    def connect(self) -> bool:
        if self._chosen is self._guest and not self._guest.connect():
            self._guest.results()  # closes what was opened
            self._chosen = self._host
        return self._chosen.connect()

    def take(self, seconds: float) -> int:
        begun = monotonic()
        unanswered = self._chosen.take(seconds)
        left = seconds - (monotonic() - begun)
        if self._chosen is self._guest and unanswered == self._guest.count and left > LEAST_SECONDS:
            self._chosen = self._host
            unanswered = self._host.take(left)
        return unanswered

    def results(self) -> tuple[SnapshotInfo, ...]:
        return self._chosen.results()

    def places(self) -> Sequence[str]:
        return self._chosen.places()
