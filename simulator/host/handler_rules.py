"""What must hold of every snapshot task, whatever its handler says: rules that compare its report with what was seen.

The service believes a report, as Azure does; a simulated world knows better. It has seen whether the guest was frozen,
for how long, and when each snapshot was taken. A rule that is broken is told as an event and shown by `verify` and by
the demo. The job fails only where the service itself would find out.

| rule | broken when | the service |
|---|---|---|
| `freeze` | the report claims a consistency for which the guest was not frozen so | believes it |
| `freeze_limit` | the guest had to let go by itself, since the freeze lasted too long | believes what is reported |
| `thaw` | the handler ended without the thaw that it owed | believes what is reported |
| `snapshot_in_freeze` | a snapshot of a report that claims consistency was taken outside of the freeze | believes it |
| `every_disk` | a task is reported as done, and a disk of it has no snapshot | fails the job |
| `no_signature` | a signature stands in a report, a log or an output | does not look |
| `status_blob` | the status blob does not tell how the task ended | believes `N.status` |
| `status_file` | `N.status` does not tell how the task ended | believes the status blob |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

RULES = (
    "freeze",
    "freeze_limit",
    "thaw",
    "snapshot_in_freeze",
    "every_disk",
    "no_signature",
    "status_blob",
    "status_file",
)
CLOCK_TOLERANCE = timedelta(milliseconds=2)
"""Between the clock that stamps snapshots and the one by which the guest's freeze is known; stamps are cut to
milliseconds."""


@dataclass(frozen=True, slots=True)
class SeenFreeze:
    """One freeze of a guest. Times are real time."""

    with_writers: bool
    frozen: datetime
    ended: datetime | None = None
    """None: it goes on."""
    consistent: bool = True
    """Writes stood still until the requester asked for the thaw."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What guest, storage and agent saw of a task."""

    has_vss: bool
    freezes: Sequence[SeenFreeze] = ()
    left_frozen: bool = False
    """The requester ended without a thaw, and not because its guest did."""
    by_scripts: bool = False
    """The owner's scripts see to what is consistent."""
    snapshots: Mapping[str, datetime] = field(default_factory=dict)
    """Disk -> real time of its snapshot, by the storage."""
    leaks: Sequence[str] = ()
    """Where a signature was found."""
    status_blob_ended: bool = True
    """It tells how the task ended."""
    status_file_ended: bool = True


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the handler reported of a task, by whichever way; None everywhere: nothing."""

    consistency: str | None = None
    succeeded: bool = False
    disks: int = 0
    """Of how many disks it names a snapshot."""


@dataclass(frozen=True, slots=True)
class Broken:
    rule: str
    detail: str


def broken(disks: Sequence[str], claimed: Claimed, seen: Seen) -> list[Broken]:
    """The rules that this task breaks, at most one entry for each."""
    return [*_of_freeze(claimed, seen), *_of_report(disks, claimed, seen)]


def _of_freeze(claimed: Claimed, seen: Seen) -> Iterator[Broken]:
    held = [freeze for freeze in seen.freezes if freeze.consistent]
    wants_freeze = claimed.consistency in ("AppConsistent", "FileSystemConsistent") and not seen.by_scripts
    wants_writers = wants_freeze and claimed.consistency == "AppConsistent" and seen.has_vss
    if wants_freeze and not seen.freezes:
        yield Broken("freeze", f"the report claims {claimed.consistency}, and the guest was not frozen")
    elif wants_writers and not any(freeze.with_writers for freeze in seen.freezes):
        yield Broken("freeze", "the report claims AppConsistent, and no VSS writer took part in the freeze")
    if not seen.left_frozen and any(not freeze.consistent for freeze in seen.freezes):
        yield Broken("freeze_limit", "the guest let go of its volumes by itself, since the thaw came too late")
    if seen.left_frozen:
        yield Broken("thaw", "the handler ended and left the guest frozen")
    if wants_freeze and held:
        outside = [disk for disk, time in seen.snapshots.items() if not any(_holds(each, time) for each in held)]
        if outside:
            yield Broken("snapshot_in_freeze", f"taken outside of the freeze: {', '.join(sorted(outside))}")


def _holds(freeze: SeenFreeze, time: datetime) -> bool:
    return freeze.frozen - CLOCK_TOLERANCE <= time and (freeze.ended is None or time <= freeze.ended + CLOCK_TOLERANCE)


def _of_report(disks: Sequence[str], claimed: Claimed, seen: Seen) -> Iterator[Broken]:
    if claimed.succeeded and claimed.consistency is not None and claimed.disks < len(disks):
        yield Broken("every_disk", f"the report names snapshots of {claimed.disks} of {len(disks)} disks")
    if seen.leaks:
        yield Broken("no_signature", f"a signature stands in {', '.join(seen.leaks)}")
    if not seen.status_blob_ended:
        yield Broken("status_blob", "the status blob does not tell how the task ended")
    if not seen.status_file_ended:
        yield Broken("status_file", "N.status does not tell how the task ended")
