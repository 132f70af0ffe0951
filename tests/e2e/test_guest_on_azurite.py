"""A guest on a real Azurite: what it promises between disks, and what it loses when it is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.json_object import Json
from controlplane.ports import Blobs, BlockSource
from extension.contract.bridge import FreezeRequest
from simulator.clock.system import SystemClock
from simulator.guest.conditions import MachineConditions
from simulator.guest.disk.digests import differing
from simulator.guest.machine import Guest
from simulator.guest.workload.database import inspect
from simulator.state.folder import cache_folder
from simulator.storage.azurite import Azurite, InstallFailed, ManagedAccounts, MissingNode
from tests.unit.simulator.guest.guest_rig import ACCOUNT, SMALL, SQL_IMAGE, START, disk, machine_spec, snapshot
from tests.virtual_clock import VirtualClock

SPEC = machine_spec(SQL_IMAGE, [disk("os", -1, 128, "FromImage"), disk("data0", 0, 64), disk("data1", 1, 64)])
FAST = MachineConditions(workload_rate=5, system_file_bytes=128 * 1024)


@contextmanager
def storage(folder: Path) -> Iterator[tuple[Azurite, AzuriteBlobs]]:
    accounts = ManagedAccounts(folder / "accounts.json")
    try:
        azurite = Azurite(cache_folder(), folder / "azurite", accounts)
    except (MissingNode, InstallFailed) as lack:
        pytest.skip(str(lack))
    blobs = AzuriteBlobs(azurite.url, accounts)
    try:
        blobs.add_account(ACCOUNT)
        yield azurite, blobs
    finally:
        blobs.close()
        azurite.close()


def guest_on(
    blobs: Blobs,
    clock: SystemClock | VirtualClock,
    folder: Path,
    events: list[tuple[str, Json]],
    conditions: MachineConditions,
) -> Guest:
    return Guest(
        vm="/vm/sql01",
        spec=SPEC,
        folder=folder / "guest",
        blobs=blobs,
        clock=clock,
        real_time=clock,
        chance=Random(1),
        conditions=conditions,
        on_event=lambda fact: events.append((fact.NAME, fact.event().data)),
    )


def snapshots(blobs: Blobs) -> dict[int, BlockSource]:
    """All disks at once, as the extension does it."""
    with ThreadPoolExecutor() as pool:
        taken = pool.map(lambda each: (each.lun, snapshot(blobs, each)), SPEC.disks)
        return dict(taken)


def test_frozen_images_are_exact_and_unfrozen_ones_are_instants_of_each_disk(tmp_path: Path) -> None:
    clock = SystemClock()
    with storage(tmp_path) as (_, blobs):
        guest = guest_on(blobs, clock, tmp_path, [], FAST)
        guest.boot()
        for number in range(4):
            session = guest.open_session(f"crash {number}")
            images = snapshots(blobs)
            guest.close_session(session)
            truth = guest.ground_truth(f"crash {number}")
            assert truth is not None
            verdict = truth.compare_without_freeze(images)
            assert all(each.one_instant for each in verdict.disks.values()), verdict
            if verdict.one_instant:
                assert inspect(images).sum_of_balances_ok

            session = guest.open_session(f"frozen {number}")
            assert guest.freeze(FreezeRequest(session, 60)).frozen
            images = snapshots(blobs)
            assert guest.thaw(session).consistent
            guest.close_session(session)
            truth = guest.ground_truth(f"frozen {number}")
            assert truth is not None
            assert all(truth.compare(lun, image).equal for lun, image in images.items())
            report = inspect(images)
            assert (report.opened_clean, report.integrity, report.sum_of_balances_ok) == (True, "ok", True)
            assert report.last_transaction == truth.workloads["database"]["last_transaction"]
        guest.shutdown()
    clock.close()


def test_what_a_killed_azurite_lost_is_found_and_named_at_the_next_start(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    events: list[tuple[str, Json]] = []
    with storage(tmp_path) as (_, blobs):
        guest = guest_on(blobs, clock, tmp_path, events, SMALL)
        guest.boot()
        guest.workloads["database"].run(2)
        guest.shutdown()
    with storage(tmp_path) as (azurite, blobs):
        guest = guest_on(blobs, clock, tmp_path, events, SMALL)
        guest.boot()
        assert guest.lost_writes == (), "an orderly end loses nothing"
        guest.workloads["database"].run(1)
        guest.workloads["files"].run(6)
        guest.workloads["database"].tick()
        os.kill(azurite.pid, signal.SIGKILL)
        guest.shutdown()
        assert events[-1][1]["clean"] is False
    with storage(tmp_path) as (_, blobs):
        guest = guest_on(blobs, clock, tmp_path, events, SMALL)
        guest.boot()
        assert {lost.disk for lost in guest.lost_writes} == {"os", "data0", "data1"}
        assert [name for name, _ in events].count("disk.lost_writes") == 3
        assert all(not list(differing(each.ledger.table, each.image())) for each in guest.disks.values())
        guest.shutdown()
