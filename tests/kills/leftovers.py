"""What nobody would ever tidy up: notes in the store, and blobs that no document names. Read past the service, which
would not show them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.adapters.storage_keys import FixedAccounts
from controlplane.domain.compute import managed_disk, restore_point_collection, virtual_machine
from controlplane.domain.recovery_services import recovery_point, restored_disks
from controlplane.fabric_documents import DESIRED
from controlplane.jobs.documents import managed_disks
from controlplane.jobs.engine import records
from controlplane.jobs.provisioning import accounts
from controlplane.jobs.requests import WRITTEN
from controlplane.jobs.retention import snapshots
from controlplane.json_object import Json
from controlplane.service_settings import ServiceSettings
from simulator.host.documents import machine_key
from simulator.state.kept_files import read_texts

PASSING = {
    records.LOCK: "a job holds it",
    accounts.EMPTYING: "an account is being emptied",
    WRITTEN: "a deployment has written it",
}
"""Kinds of notes that live as long as something is under way."""
SNAPSHOT = "microsoft.compute/snapshots"


def late(world: Path) -> list[str]:
    """Jobs after whose snapshots the service still looks: as long as a handler of theirs may take some."""
    return [f"the service looks for snapshots of {job}" for job in _rows(world, snapshots.LATE)]


def in_store(world: Path) -> list[str]:
    """Notes of what is under way, where nothing is."""
    left = [f"{PASSING[kind]}: {id}" for kind in PASSING for id in _rows(world, kind)]
    with closing(_connection(world)) as connection:
        runs = connection.execute("SELECT plan, job FROM runs WHERE status IN ('queued', 'running')").fetchall()
    return left + [f"a run of {plan} for {job} has not ended" for plan, job in runs] + _machines_of_nobody(world)


def _machines_of_nobody(world: Path) -> list[str]:
    """Machines that the host keeps, and folders of machines, of which ARM has none."""
    known = set(_rows(world, virtual_machine.KIND))
    kept = [f"the host keeps {id}" for id in _desired(world) if id not in known]
    folders = {machine_key(id) for id in known}
    return kept + [f"{each} lies there" for each in (world / "guests").iterdir() if each.name not in folders]


def _desired(world: Path) -> dict[str, Json]:
    return {id: body for id, (body, _) in _rows(world, DESIRED).items() if not body["deleted"]}


def disks_of_nobody(world: Path, blob_endpoint: str) -> list[str]:
    """Blobs of managed disks that no disk, snapshot, machine or recovery point names."""
    named = set(_named_blobs(world))
    keys = read_texts(world / "accounts.json", "") or {}
    name = ServiceSettings().managed_disks_account
    account = next(each for each in keys if each.startswith(name))
    with closing(AzuriteBlobs(blob_endpoint, FixedAccounts(keys))) as blobs:
        here = [blob.name for blob in blobs.find(account, managed_disks.CONTAINER)]
    return [f"no disk is {account}/{managed_disks.CONTAINER}/{each}" for each in here if each not in named]


def restored(world: Path, blob_endpoint: str, account: str, machine: str, job: str) -> list[str]:
    """The names of the blobs that a restore has made."""
    keys = read_texts(world / "accounts.json", "") or {}
    with closing(AzuriteBlobs(blob_endpoint, FixedAccounts(keys))) as blobs:
        return [blob.name for blob in blobs.find(account, restored_disks.container_name(machine, job))]


def taken_by_their_owner(world: Path) -> set[str]:
    """The names of recovery points that have nothing but snapshots, whose owner has deleted the restore point with
    them: they stay to be seen."""
    kept = set(_rows(world, restore_point_collection.POINT_KIND))
    found = [recovery_point.from_json(private["point"]) for _, private in _rows(world, recovery_point.KIND).values()]
    return {point.id for point in found if point.has_snapshots and point.restore_point.lower() not in kept}


def _named_blobs(world: Path) -> Iterator[str]:
    for kind in (managed_disk.KIND, SNAPSHOT):
        for _, private in _rows(world, kind).values():
            if blob := private.get("blob"):
                yield blob["name"]
    for body in _desired(world).values():
        yield from (disk["blob"] for disk in body["spec"]["disks"])
    for _, private in _rows(world, recovery_point.KIND).values():
        yield from (disk["blob"] for disk in private["point"]["disks"])


def _rows(world: Path, kind: str) -> dict[str, tuple[Json, Json]]:
    """Body and private part of the documents of a kind, by their ids."""
    with closing(_connection(world)) as connection:
        rows: list[tuple[str, Any, Any]] = connection.execute(
            "SELECT id, body, private FROM documents WHERE kind = ?", (kind,)
        ).fetchall()
    return {id: (json.loads(body), json.loads(private)) for id, body, private in rows}


def _connection(world: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{world / 'store.db'}?mode=ro", uri=True, timeout=60)
