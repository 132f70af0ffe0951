"""What the service does by the calendar, as a person sees it with az: starts within two hours, a policy that is
shortened and lengthened again, and which of several backups a day is in the vault.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.client import Client
from tests.e2e.conftest import ROOT
from tests.e2e.real_az import IMAGE, Az, Refused, az_in
from tests.e2e.test_clock import DAY, arguments, due_between

BEGIN = datetime.fromisoformat("2026-03-01T08:00:00+00:00")
SPREAD = timedelta(hours=2)
VAULT = "-g time -v vault"
ITEM = f"{VAULT} -c vm1 -i vm1"
KIND = "--backup-management-type AzureIaasVM --workload-type VM"
PAGE = (ROOT / "docs/time.md").read_text(encoding="utf-8")
(ALL_POINTS,) = re.findall(r"^az (rest .*ITEM/recoveryPoints.*)$", PAGE, re.MULTILINE)
"""The command of the page that lists soft-deleted points too, for which az has no option."""


@pytest.fixture(scope="module")
def run(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """Ten days of daily backups, whose starts are spread."""
    state = tmp_path_factory.mktemp("calendar") / "world"
    told = arguments(state, "--clock", "virtual", "--start", BEGIN.isoformat(), "--seed", "5", "--start-spread", "2h")
    with az_in(state, az, told) as run:
        run("group create -n time -l westus")
        run("storage account create -g time -n timestore --sku Standard_LRS")
        run("backup vault create -g time -n vault -l westus")
        run(f"vm create -g time -n vm1 {IMAGE} --nsg-rule None")
        run(f"backup protection enable-for-vm {VAULT} --vm vm1 --policy-name DefaultPolicy")
        result = run.world.client.advance(by="10d")
        assert (result["reason"], result["outcomes"]) == ("reached", {"Completed": 10})
        yield run


def listed(run: Az) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(f"backup recoverypoint list {ITEM} {KIND}")
    return found


def with_soft_deleted(run: Az) -> list[dict[str, Any]]:
    item = run(f"backup item show {VAULT} -c vm1 -n vm1 {KIND}")
    found: list[dict[str, Any]] = run(ALL_POINTS.replace("ITEM", item["id"]))["value"]
    return found


def is_soft_deleted(point: dict[str, Any]) -> bool:
    return bool(point["properties"]["recoveryPointProperties"]["isSoftDeleted"])


def names(points: list[dict[str, Any]]) -> set[str]:
    return {point["name"] for point in points}


def time_of(point: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(point["properties"]["recoveryPointTime"])


def keep_for(run: Az, days: int) -> None:
    """Another length of the policy's daily rule, and the clean-up after it."""
    file = run.folder / "policy.json"
    body = run(f"backup policy show {VAULT} -n DefaultPolicy")
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = days
    file.write_text(json.dumps(body), encoding="utf-8")
    run(f"backup policy set {VAULT} -n DefaultPolicy --policy @{file}")
    run.world.client.advance(by="2h")


@pytest.mark.slow
def test_backups_start_within_the_spread_after_their_due_time(run: Az) -> None:
    jobs = run(f"backup job list {VAULT} --operation Backup")
    starts = sorted(datetime.fromisoformat(job["properties"]["startTime"]) for job in jobs)
    late = [start - due for start, due in zip(starts, due_between(BEGIN, BEGIN + 10 * DAY), strict=True)]
    assert all(timedelta(0) <= each < SPREAD for each in late)
    assert len(set(late)) > 5, "each is drawn anew"
    assert sorted(map(time_of, listed(run))) == starts, "the points are of then"


@pytest.mark.slow
def test_a_shortened_policy_soft_deletes_and_a_longer_one_brings_back(run: Az) -> None:
    before = listed(run)
    assert len(before) == 10
    keep_for(run, 7)
    everything, left = with_soft_deleted(run), listed(run)
    gone = [point for point in everything if is_soft_deleted(point)]
    assert names(everything) == names(before)
    assert names(left) == names(before) - names(gone), "az lists them only where it is told to"
    oldest = min(gone, key=time_of)
    assert all(time_of(point) < min(map(time_of, left)) for point in gone)
    assert len(gone) == 3, "those of more than seven days ago, of the vault tier"
    tiers = {tier["type"] for point in gone for tier in point["properties"]["recoveryPointTierDetails"]}
    assert tiers == {"HardenedRP"}
    shown = run(f"backup recoverypoint show {ITEM} -n {oldest['name']} {KIND}")
    assert is_soft_deleted(shown)
    restore = f"backup restore restore-disks {ITEM} -r {oldest['name']} --storage-account timestore"
    run.wait_for(run(f"{restore} --target-resource-group time"), VAULT)
    assert [disk["osType"] for disk in run("disk list -g time") if "osdisk" in disk["name"].lower()] != []
    keep_for(run, 30)
    back = listed(run)
    assert names(back) >= names(before), "they came back"
    assert not any(map(is_soft_deleted, back))


@pytest.mark.slow
def test_of_several_backups_a_day_the_last_one_is_in_the_vault(run: Az) -> None:
    """Under a policy of a backup every four hours; the others are snapshots alone."""
    body = run(f"backup policy show {VAULT} -n EnhancedPolicy")
    properties = body["properties"]
    properties["schedulePolicy"] = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": {
            "interval": 4,
            "scheduleWindowStartTime": "2026-03-01T00:00:00Z",
            "scheduleWindowDuration": 24,
        },
    }
    properties |= {"timeZone": "UTC", "instantRpRetentionRangeInDays": 7}
    properties["retentionPolicy"]["dailySchedule"]["retentionTimes"] = ["2026-03-01T00:00:00Z"]
    file = run.folder / "hourly.json"
    file.write_text(json.dumps({"properties": properties}), encoding="utf-8")
    run(f"backup policy create {VAULT} -n hourly --policy @{file} --backup-management-type AzureIaasVM")
    run(f"backup item set-policy {VAULT} -c vm1 -n vm1 -p hourly --yes {KIND}")
    since = datetime.fromisoformat(run.world.client.sim("GET", "/clock")["now"])
    first = (since + DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    run.world.client.advance(to=(first + 3 * DAY).isoformat())
    by_day = defaultdict(list)
    for point in listed(run):
        if first <= time_of(point) < first + 2 * DAY:
            by_day[time_of(point).date()].append(point)
    assert [len(points) for points in by_day.values()] == [6, 6]
    for points in by_day.values():
        in_order = sorted(points, key=time_of)
        tiers = [{each["type"] for each in point["properties"]["recoveryPointTierDetails"]} for point in in_order]
        assert ["HardenedRP" in each for each in tiers] == [False] * 5 + [True]
        assert all("InstantRP" in each for each in tiers)
    transfers = [
        {task["taskId"]: task["status"] for task in job["properties"]["extendedInfo"]["tasksList"]}
        for job in (run(f"backup job show {VAULT} -n {each['name']}") for each in skipped_and_not(run, first))
    ]
    assert [each["Transfer data to vault"] for each in transfers] == ["Skipped"] * 5 + ["Completed"]


@pytest.mark.slow
def test_az_works_and_polls_through_an_advance(run: Az) -> None:
    """Somebody else moves time all the while, and backups of the schedule are made between az's own."""
    az_is_done, advances = threading.Event(), list[dict[str, Any]]()

    def move_time() -> None:
        with Client(run.world.client.endpoints) as other:
            while not az_is_done.is_set():
                advances.append(other.advance(by="3h"))

    moving = threading.Thread(target=move_time)
    moving.start()
    try:
        by_hand = backed_up(run)
        newest = max(listed(run), key=time_of)
        restore = f"backup restore restore-disks {ITEM} -r {newest['name']} --storage-account timestore"
        restored = run.wait_for(run(f"{restore} --target-resource-group time"), VAULT)
    finally:
        az_is_done.set()
        moving.join()
    assert (by_hand["properties"]["operation"], restored["properties"]["operation"]) == ("Backup", "Restore")
    assert {each["reason"] for each in advances} == {"reached"}
    assert set().union(*(each["outcomes"] for each in advances)) <= {"Completed"}


def backed_up(run: Az) -> dict[str, Any]:
    """A job by hand that has ended. While one of the schedule is under way az is refused, as in Azure: it asks anew."""
    while True:
        try:
            job = run(f"backup protection backup-now {ITEM} {KIND} --retain-until 01-02-2099")
        except Refused as refused:
            if "UserErrorBackupOperationInProgress" not in str(refused):
                raise
        else:
            return run.wait_for(job, VAULT)


def skipped_and_not(run: Az, day: datetime) -> list[dict[str, Any]]:
    """The backup jobs of one day, the first one first."""
    jobs = [
        job
        for job in run(f"backup job list {VAULT} --operation Backup")
        if day <= datetime.fromisoformat(job["properties"]["startTime"]) < day + DAY
    ]
    return sorted(jobs, key=lambda job: str(job["properties"]["startTime"]))
