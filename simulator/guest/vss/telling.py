"""How a guest tells of a freeze and of its end: as events, and as lines of its system's log.

Windows freezes through VSS, Linux its file systems. What happens to the disks is the same, what it is called is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from simulator.guest.vss.event_log import of_vss, volume_name
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.scripting import Step
from simulator.guest.vss.writer import HOLD_LIMIT_SECONDS


class FreezeTelling(Protocol):
    def frozen(self, task_id: str, with_writers: bool, time: str, real_time: str) -> Fact: ...

    def refused(self, task_id: str, hresult: Hresult, message: str) -> Fact: ...

    def thawed(
        self, task_id: str, with_writers: bool, consistent: bool, milliseconds: float, hresult: Hresult, message: str
    ) -> Fact: ...

    def number(self, hresult: Hresult) -> int:
        """What a requester is told as the result of a freeze or thaw that failed."""

    def logged(self, step: Step, hresult: Hresult, message: str, volume: str) -> Sequence[str]:
        """The lines in the system's log when a step failed; `volume` is the first one that was to be frozen."""

    hold_limit: str
    """The sentence for a hold that lasted too long."""


class VssTelling:
    """The words of Windows."""

    hold_limit = f"writes are held for {HOLD_LIMIT_SECONDS:g} s at most"

    def frozen(self, task_id: str, with_writers: bool, time: str, real_time: str) -> Fact:
        return events.VssFrozen(task_id, with_writers, time, real_time)

    def refused(self, task_id: str, hresult: Hresult, message: str) -> Fact:
        return events.VssRefused(task_id, f"0x{hresult:08x}", message)

    def thawed(
        self, task_id: str, with_writers: bool, consistent: bool, milliseconds: float, hresult: Hresult, message: str
    ) -> Fact:
        return events.VssThawed(task_id, with_writers, consistent, milliseconds, f"0x{hresult:08x}", message)

    def number(self, hresult: Hresult) -> int:
        return int(hresult)

    def logged(self, step: Step, hresult: Hresult, message: str, volume: str) -> Sequence[str]:
        return of_vss(step, hresult, volume_name(volume))


EIO, EBUSY, EOPNOTSUPP, ETIMEDOUT = 5, 16, 95, 110
"""As Linux numbers them, whatever system the simulator runs on."""
ERRNO: Mapping[Hresult, int] = {
    Hresult.OK: 0,
    Hresult.BAD_STATE: EBUSY,
    Hresult.SNAPSHOT_SET_IN_PROGRESS: EBUSY,
    Hresult.NOT_IMPLEMENTED: EOPNOTSUPP,
    Hresult.FLUSH_WRITES_TIMEOUT: ETIMEDOUT,
    Hresult.HOLD_WRITES_TIMEOUT: ETIMEDOUT,
}


class FileSystemTelling:
    """The words of Linux, which has no VSS; its results are numbers of errno.h."""

    hold_limit = f"file systems stay frozen for {HOLD_LIMIT_SECONDS:g} s at most"

    def frozen(self, task_id: str, with_writers: bool, time: str, real_time: str) -> Fact:
        return events.FileSystemsFrozen(task_id, time, real_time)

    def refused(self, task_id: str, hresult: Hresult, message: str) -> Fact:
        return events.FileSystemFreezeRefused(task_id, message)

    def thawed(
        self, task_id: str, with_writers: bool, consistent: bool, milliseconds: float, hresult: Hresult, message: str
    ) -> Fact:
        return events.FileSystemsThawed(task_id, consistent, milliseconds, message)

    def number(self, hresult: Hresult) -> int:
        return ERRNO.get(hresult, EIO)

    def logged(self, step: Step, hresult: Hresult, message: str, volume: str) -> Sequence[str]:
        if step is Step.HOLD:
            return [f"kernel: the file systems were thawed early: {message}"]
        return [f"kernel: a file system could not be frozen: {message}"]
