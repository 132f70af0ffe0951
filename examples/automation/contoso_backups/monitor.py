"""Says what is wrong with the backups of a vault: points that are too old, weeks without one, and jobs that failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx

from contoso_backups.azure import BACKUP, pages

WEEK = timedelta(days=7)


def problems(arm: httpx.Client, vault: str, now: datetime, weeks: int = 12) -> list[str]:
    """One sentence for each; `vault` is its ARM id."""
    found = []
    for item in pages(arm, f"{vault}/backupProtectedItems", BACKUP):
        name, times = item["properties"]["friendlyName"], sorted(point_times(arm, item))
        if not times or now - times[-1] > WEEK:
            newest = f"the newest recovery point is of {times[-1]:%Y-%m-%d}" if times else "there is no recovery point"
            found.append(f"{name}: {newest}")
        found += [f"{name}: no recovery point in the week from {week:%Y-%m-%d}" for week in gaps(times, now, weeks)]
    for job, code in failed(arm, vault):
        found.append(f"{job['entityFriendlyName']}: {job['operation']} failed: {code}")
    return found


def point_times(arm: httpx.Client, item: dict[str, Any]) -> Iterator[datetime]:
    for point in pages(arm, f"{item['id']}/recoveryPoints", BACKUP):
        yield datetime.fromisoformat(point["properties"]["recoveryPointTime"])


def gaps(times: list[datetime], now: datetime, weeks: int) -> list[datetime]:
    """The weeks without a point, between the first one and now, of those that are kept."""
    begins = [now - number * WEEK for number in range(weeks, 0, -1)]
    return [
        begin
        for begin in begins
        if times and times[0] <= begin and not any(begin <= time < begin + WEEK for time in times)
    ]


def failed(arm: httpx.Client, vault: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The jobs that failed, each with the title of its error."""
    for listed in pages(arm, f"{vault}/backupJobs", {**BACKUP, "$filter": "status eq 'Failed'"}):
        job = arm.get(listed["id"], params=BACKUP).raise_for_status().json()["properties"]
        yield job, (job.get("errorDetails") or [{"errorTitle": "unknown"}])[0]["errorTitle"]
