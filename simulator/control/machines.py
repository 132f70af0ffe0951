"""The routes of the control API for one machine: what it is made of, and which blocks of its disks changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Query

from controlplane.domain.recovery_services import recovery_point as points
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.fabric_documents import OBSERVED, ObservedMachine
from controlplane.json_object import Json
from controlplane.ports import BLOCK_BYTES, PortError, Store
from simulator.control.disk_maps import Contents, KeptContents, TableContents, map_of
from simulator.control.strictness import Refused
from simulator.control.verify import Verifier
from simulator.failures import Failure, WrongUse
from simulator.host.host import Host

LONGEST_ID = 2_000


class NoSuchMachine(Failure):
    """The world has no machine of this name."""


def add(app: FastAPI, store: Callable[[], Store], host: Callable[[], Host], verifier: Callable[[], Verifier]) -> None:
    """The routes; what they work on is asked for at each request."""

    @app.get("/vms/show")
    def show(vm: Annotated[str, Query(max_length=LONGEST_ID)]) -> Json:
        observed = find(store(), vm)
        return {**_observed(observed), **_guest(host().guest(observed.vm))}

    @app.get("/vms/map")
    def disk_maps(
        vm: Annotated[str, Query(max_length=LONGEST_ID)],
        since: Annotated[str | None, Query(max_length=LONGEST_ID)] = None,
        until: Annotated[str | None, Query(max_length=LONGEST_ID)] = None,
    ) -> Json:
        """`since` and `until` are recovery points by name or id. Without `until` the disks as they are now, without
        `since` the newest point before that."""
        return _maps(find(store(), vm).vm, since, until, store(), host(), verifier())


def find(store: Store, vm: str) -> ObservedMachine:
    """By ARM id, or by its name where no other machine has that."""
    machines = [ObservedMachine.parse(document.json()) for document in store.find(OBSERVED)]
    named = [each for each in machines if vm.lower() in {each.vm.lower(), each.vm.lower().rpartition("/")[2]}]
    if not named:
        raise NoSuchMachine(f"no machine {vm} exists in this world; GET /_sim/vms lists them")
    if len(named) > 1:
        raise WrongUse(f"{len(named)} machines are called {vm}; name one by its ARM id")
    return named[0]


def _observed(machine: ObservedMachine) -> Json:
    agent = machine.agent
    return {
        "id": machine.vm,
        "power": machine.power,
        "provisioning_state": machine.provisioning_state,
        "problem": machine.problem,
        "system": {"name": machine.os_name, "version": machine.os_version},
        "computer_name": machine.computer_name,
        "booted": machine.booted.isoformat() if machine.booted else None,
        "agent": {"status": agent.status, "version": agent.version} if agent else None,
        "extensions": [
            {
                "name": each.name,
                "type": f"{each.publisher}.{each.type}",
                "version": each.handler_version,
                "handler_status": each.handler_status,
                "status": (each.status or {}).get("status"),
                "sequence_number": each.sequence_number,
            }
            for each in machine.extensions
        ],
    }


def _guest(guest: Any) -> Json:
    """Of a machine that is off nothing is known of what runs in it."""
    if guest is None:
        return {"running": False, "disks": [], "writers": [], "services": {}}
    volumes = {volume.lun: volume for volume in guest.volumes()}
    return {
        "running": True,
        "disks": [_disk(disk, volumes.get(lun)) for lun, disk in sorted(guest.disks.items())],
        "writers": [_writer(each) for each in guest.vss.writers.listed()] if guest.profile.has_vss else [],
        "services": dict(sorted(guest.facts().services.items())),
    }


def _disk(disk: Any, volume: Any) -> Json:
    mounted = {"name": volume.name, "file_system": volume.file_system, "used_bytes": volume.used_bytes}
    return {
        "lun": disk.lun,
        "name": disk.name,
        "size_bytes": disk.size_bytes,
        "volume": mounted if volume else None,
    }


def _writer(writer: Any) -> Json:
    return {
        "name": writer.writer_class.name,
        "service": writer.writer_class.service,
        "state": writer.state.name,
        "number": int(writer.state),
        "last_error": f"0x{int(writer.last_error) & 0xFFFFFFFF:08x}",
        "failed": bool(writer.last_error) or writer.state.failed,
        "problem": writer.problem,
    }


# -------------------------------------------------------------------------------------------------------------- maps


def _maps(vm: str, since: str | None, until: str | None, store: Store, host: Host, verifier: Verifier) -> Json:
    known = points_of(store, verifier, vm)
    after = _point(known, until) if until else None
    older = [point for point in known if after is None or point.time < after.time]
    before = _point(known, since) if since else max(older, key=lambda point: point.time, default=None)
    if before is not None and after is not None and before.time > after.time:
        raise Refused(
            400, "InvalidRequest", "the recovery point since is newer than until; name the older one as since"
        )
    guest = host.guest(vm) if after is None else None
    if after is None and guest is None:
        message = f"{vm} is not running, so what its disks hold now is not known; name a recovery point as until"
        raise Refused(409, "MachineOff", message)
    ends: dict[int, Any] = {disk.lun: disk for disk in after.disks} if after else guest.disks if guest else {}
    starts = {disk.lun: disk for disk in before.disks} if before else {}
    return {
        "vm": vm,
        "since": before and before.document,
        "until": after and after.document,
        "block_bytes": BLOCK_BYTES,
        "disks": [
            {"lun": lun, "name": disk.name, **_disk_map(verifier, starts.get(lun), disk)}
            for lun, disk in sorted(ends.items())
        ],
    }


def points_of(store: Store, verifier: Verifier, vm: str) -> list[RecoveryPoint]:
    """The recovery points of a machine, the oldest first."""
    found = [
        points.from_json(document.private["point"])
        for document in store.find(points.KIND)
        if verifier.machine_of(document).lower() == vm.lower()
    ]
    return sorted(found, key=lambda point: point.time)


def _point(known: list[RecoveryPoint], name: str) -> RecoveryPoint:
    for point in known:
        if name.lower() in {point.id.lower(), point.document.lower()}:
            return point
    message = f"the machine has no recovery point {name}; az backup recoverypoint list shows those of an item"
    raise Refused(404, "NoSuchPoint", message)


def _disk_map(verifier: Verifier, before: PointDisk | None, disk: Any) -> Json:
    """Of a disk whose blocks are not known, the sentence that says so as `problem`."""
    try:
        after = _contents(verifier, disk)
        return {"problem": None, **map_of(_contents(verifier, before) if before else None, after)}
    except PortError as problem:
        return {"problem": str(problem), "size_bytes": disk.size_bytes}


def _contents(verifier: Verifier, disk: Any) -> Contents:
    if isinstance(disk, PointDisk):
        return KeptContents(verifier.digests(disk))
    return TableContents(disk.table())
