"""Sessions in which the files of a recovery point can be read: begun, used, and over after twelve hours of world time.

A session gives whoever knows its password the bytes of the recovery point's disks, as an iSCSI target would. What is
on the disks is none of the service's business: the script that it hands out reads that.
"""

from __future__ import annotations

import inspect
import json
import secrets
import string
from collections.abc import Callable, Sequence
from datetime import timedelta
from hmac import compare_digest

from controlplane.domain import errors
from controlplane.domain.errors.restore import ITEM_RECOVERY_SESSION_NOT_FOUND, RECOVERY_POINT_NOT_REHYDRATED
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import protected_item, recovery_point
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.resources import operation
from controlplane.domain.times import instant
from controlplane.jobs.backup import digests
from controlplane.jobs.documents import points, sessions
from controlplane.jobs.documents.sessions import Session
from controlplane.jobs.engine import records
from controlplane.jobs.restore import recover_files
from controlplane.jobs.restore.point_source import open_disk
from controlplane.jobs.retention import findings
from controlplane.json_object import Json
from controlplane.ports import BlockSource, Ports, Range
from controlplane.vault_format.sources import PageBlobSource
from controlplane.vault_format.tiered_source import Damage, NowhereWhole, TieredSource

LASTS = timedelta(hours=12)
PASSWORD_LETTERS = 15
"""As many as the command line cuts out of the script's name."""

_ALPHABET = string.ascii_letters + string.digits


# ----------------------------------------------------------------------------------------------------------- use cases


def provision(ports: Ports, point: RecoveryPoint, renew: bool) -> str:
    """Begin a session; the id of the operation, which has succeeded. `renew` ends those that there are."""
    if point.tiers == "Archive":
        raise RECOVERY_POINT_NOT_REHYDRATED.error()
    now, id = ports.clock.now(), records.new_guid(ports.chance)
    # No draw of the world's own chance: that can be foretold from its seed.
    password = "".join(secrets.choice(_ALPHABET) for _ in range(PASSWORD_LETTERS))
    with ports.store.transaction():
        item = ports.store.get(protected_item.KIND, point.item)
        if item is None:
            raise errors.item_not_found(point.item.rpartition("/")[2])
        protected_item.check_alive(item.json())
        if renew:
            sessions.end(ports.store, sessions.of_point(ports.store, point))
        vm = points.machine_of(ports.store, point)
        begun = ports.store.record(events.ItemRecoveryBegun(point.id).event(vm=vm))
        private = {"point": point.document, "until": (now + LASTS).isoformat(), "password": password, "begun": begun}
        ports.store.put(sessions.KIND, id, {}, parent=point.item, private=private)
        body = operation.succeeded(id, instant(now))
        ports.store.put(operation.KIND, id, body, parent=point.item, private={"session": id})
    return id


def revoke(ports: Ports, point: RecoveryPoint) -> str:
    """End all sessions of a recovery point; the id of the operation, which has succeeded."""
    id = records.new_guid(ports.chance)
    with ports.store.transaction():
        point_sessions = sessions.of_point(ports.store, point)
        if not point_sessions:
            raise ITEM_RECOVERY_SESSION_NOT_FOUND.error()
        sessions.end(ports.store, point_sessions)
        body = operation.succeeded(id, instant(ports.clock.now()))
        ports.store.put(operation.KIND, id, body, parent=point.item)
        ports.store.record(events.ItemRecoveryEnded(point.id).event(vm=points.machine_of(ports.store, point)))
    return id


# ---------------------------------------------------------------------------------------------------------- the script


def scripts(ports: Ports, session: Session, base_url: str) -> Json:
    """InstantItemRecoveryTarget: one script for Linux; for Windows two, of which the command line takes the second, by
    its address. There it holds no password, since anybody may ask for an address."""
    point = _point(ports, session)
    text = script(base_url, session, session.password)
    entry = {
        "scriptContent": text,
        "scriptExtension": ".py",
        "osType": point.machine.os_type,
        "url": "" if point.machine.os_type == "Linux" else f"{base_url}/itemrecovery/{session.id}/script",
        "scriptNameSuffix": _suffix(point, session),
    }
    return {"clientScripts": [entry] if point.machine.os_type == "Linux" else [entry, entry]}


def script(base_url: str, session: Session, password: str = recover_files.UNKNOWN_PASSWORD) -> str:
    """The text of the script. The line of the password is written as the command line looks for it."""
    source = inspect.getsource(recover_files)
    filled = {
        # As literals: what a client said, such as the name it called us by, must stay a text in the program.
        'SERVICE = ""': f"SERVICE = {json.dumps(base_url)}",
        'SESSION = ""': f"SESSION = {json.dumps(session.id)}",
        'PASSWORD = ""': f'TargetPassword="{password}"\nPASSWORD = TargetPassword',
    }
    for line, filled_line in filled.items():
        assert source.count(f"\n{line}\n") == 1, "the script has one line of each constant"
        source = source.replace(f"\n{line}\n", f"\n{filled_line}\n")
    return source


def _suffix(point: RecoveryPoint, session: Session) -> str:
    """Machine, place, and behind the last underscore 32 letters and the password."""
    return f"{point.machine.name}_{point.machine.location}_{session.id.replace('-', '')}{session.password}"


# ----------------------------------------------------------------------------------------------------------- the disks


def is_password(session: Session, given: str) -> bool:
    return compare_digest(session.password.encode(), given.encode())


def disks(ports: Ports, session: Session) -> list[Json]:
    return [
        {"lun": disk.lun, "name": disk.name, "size_bytes": disk.size_bytes} for disk in _point(ports, session).disks
    ]


def source(ports: Ports, session: Session, lun: int) -> BlockSource:
    """The bytes of a disk, checked: from its snapshot where that is there and whole, else from the vault. What is found
    damaged is marked, at once or when it is read."""
    point = _point(ports, session)
    disk = next((disk for disk in point.disks if disk.lun == lun), None)
    if disk is None:
        raise errors.invalid_backup_input("lun", "the recovery point has no disk with this LUN")
    known_digests = digests.opened(ports, disk)
    if known_digests is None and not disk.vault:
        # Its transfer is not done, and no restore has asked for it: there is nothing to compare it with.
        return PageBlobSource(ports.blobs, points.snapshot_of(disk))

    def tell(damages: Sequence[Damage]) -> None:
        vm = points.machine_of(ports.store, point)
        findings.tell_by_tier(
            ports, point.document, disk, damages, lambda fact: fact.event(vm=vm, parent=session.begun)
        )

    try:
        return _TellingSource(open_disk(ports, point, disk, known_digests, "InstantRP"), tell)
    except NowhereWhole as nowhere:
        tell(nowhere.damages)
        raise


class _TellingSource:
    """Tells what each read has found damaged, whether its bytes could be read or not."""

    def __init__(self, source: TieredSource, tell: Callable[[Sequence[Damage]], None]) -> None:
        self._source = source
        self._tell = tell
        self.size_bytes = source.size_bytes

    def read(self, offset: int, length: int) -> bytes:
        try:
            return self._source.read(offset, length)
        finally:
            self._tell(self._source.damages)

    def extents(self) -> Sequence[Range]:
        try:
            return self._source.extents()
        finally:
            self._tell(self._source.damages)


def _point(ports: Ports, session: Session) -> RecoveryPoint:
    point = points.find(ports.store, session.point)
    if point is None or not recovery_point.TIERS[point.tiers]:
        raise errors.recovery_point_not_found(session.point.rpartition("/")[2])
    return point
