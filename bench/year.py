"""A year of daily backups in a world whose time is moved: how long it takes, where that goes, and what is amiss.

A world in a process of its own, whose time stands, has one machine with small disks under a policy with daily, weekly,
monthly and yearly rules. Its data change every day. One advance of 365 days makes each backup at its own instant, with
a handler process of its own. In the same run the peer does no more than what cannot be saved, as many times: a cold
`python -I` that imports what the handler imports, and the bare storage requests of such a backup over the same Azurite.
The result of fewer days is written under another name, `days`. `--long` passes ten years, one advance for each, and
looks at all recovery points after each of them; it has no peer, and keeps what it has seen so far beside its result.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.arm_servers import RunningWorld
from bench.bare_backup import BareBackup, start_cold
from bench.process_watch import MemoryWatch, Processors
from bench.report import Aim, finish, keep, say
from bench.year_events import events_since, seconds_of_a_backup, seconds_of_phases
from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime, lifetimes
from controlplane.json_object import Json
from controlplane.service_settings import ServiceSettings
from simulator.client import Client
from simulator.scenario import OS_DISK_GIB, Scenario
from simulator.scenario_values import ProtectedItem

YEAR_DAYS, LONG_YEARS = 365, 10
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DUE = "2026-03-01T21:00:00Z"
WORK = "64KiB,2tx"
"""What changes in a day."""
POLICY = "gfs"
ACCOUNT = "benchdisks"
DATA_DISK_GIB = (1,)
MOST_TIMES, MOST_SECONDS = 2.0, 120.0
MOST_GROWTH = 1.5
"""How many times as long a backup may take at the end of the year as in its beginning."""
MOST_MEMORY_GROWTH = 1.2
"""How many times as much memory the world may take after the last year as after the first."""
TOLD_EVERY_SECONDS, READ_SECONDS = 30.0, 600.0
"""Real time; the second in which any request is answered, also on a machine that others use."""


def kept(count: int, unit: str, **more: object) -> Json:
    return {"retentionTimes": [DUE], "retentionDuration": {"count": count, "durationType": unit}, **more}


LAST_SUNDAY: Json = {
    "retentionScheduleFormatType": "Weekly",
    "retentionScheduleWeekly": {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["Last"]},
}
GFS: Json = {
    "backupManagementType": "AzureIaasVM",
    "timeZone": "UTC",
    "instantRpRetentionRangeInDays": 2,
    "schedulePolicy": {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": [DUE],
    },
    "retentionPolicy": {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": kept(14, "Days"),
        "weeklySchedule": kept(8, "Weeks", daysOfTheWeek=["Sunday"]),
        "monthlySchedule": kept(6, "Months", **LAST_SUNDAY),
        "yearlySchedule": kept(3, "Years", monthsOfYear=["December"], **LAST_SUNDAY),
    },
}
"""Grandfather, father, son; within a year points of all rules but the yearly one expire."""


# ------------------------------------------------------------------------------------------------------------- the year


class Year:
    """A world with one protected machine, and what came of an advance."""

    def __init__(self, client: Client, pid: int) -> None:
        self._client = client
        self._pid = pid
        self.scenario = Scenario(client, group="bench", policy=POLICY)
        self._account = self.scenario.create_account(ACCOUNT)
        self._machine = self.scenario.create_machine("vm1", account=self._account, data_disk_gib=DATA_DISK_GIB)
        self.scenario.work(self._machine)
        self.scenario.create_vault()
        self.properties = client.put(self.scenario.policy_id(), {"properties": GFS})["properties"]
        self.item: ProtectedItem = self.scenario.protect(self._machine)
        self._begin = self.now()
        self._last_event = int(events_since(client, 0)[-1]["id"])

    def now(self) -> datetime:
        return datetime.fromisoformat(self._client.sim("GET", "/clock")["now"])

    def pass_days(self, days: int) -> Json:
        """What the advance says, how long it took and where that went, and what is wrong afterwards."""
        begin = self.now()
        processors, load, progress = Processors(self._pid), os.getloadavg(), Progress(days)
        with closing(MemoryWatch(self._pid)) as memory:
            began = perf_counter()
            advanced = self._client.advance(progress, by=f"{days}d")
            seconds = perf_counter() - began
        spent = processors.since()
        events = events_since(self._client, self._last_event)
        self._last_event = events[-1]["id"]
        end = self.now()
        lives = self._forecast(end)
        first, last_ones = seconds_of_a_backup(events)
        return {
            "days": days,
            "seconds": round(seconds, 2),
            "seconds_by_phase": {name: round(each, 2) for name, each in seconds_of_phases(events).items()},
            "processor_seconds": {name: round(each, 2) for name, each in spent.items()},
            "seconds_of_a_backup": {"first": round(first, 3), "last": round(last_ones, 3)},
            "mebibytes": {name: round(each, 1) for name, each in memory.mebibytes().items()},
            "load_before_and_after": [round(load[0], 1), round(os.getloadavg()[0], 1)],
            "outcomes": advanced["outcomes"],
            "not_completed": [self._told(job) for job in advanced["jobs"] if job["status"] != "Completed"],
            "handler_runs": sum(map(is_run, events)),
            "backups_at_their_minute": self._at_their_minute([life.time for life in lives if life.time > begin]),
            "recovery_points_expired": advanced["changes"].get("recovery_points_expired", 0),
            **self._points(lives, end),
        }

    def _told(self, job: Json) -> str:
        errors = "; ".join(map(str, self.scenario.job(job["id"]).errors))
        return f"{job['operation']} that ended at {job['ended']} as {job['status']}: {errors}"

    def _forecast(self, end: datetime) -> Sequence[Lifetime]:
        """Of all recovery points since the machine came under the policy."""
        most = ServiceSettings().limits.snapshots_of(policies.type_of(self.properties))
        return lifetimes(self.properties, self._begin, end, most)

    def _at_their_minute(self, due: Sequence[datetime]) -> int:
        """How many of the instants at which a backup was due have exactly one that began then and completed."""
        listed = [job["properties"] for job in self._client.list(f"{self.scenario.vault_id}/backupJobs")]
        begun = Counter(
            datetime.fromisoformat(job["startTime"]).replace(second=0, microsecond=0)
            for job in listed
            if job["operation"] == "Backup" and job["status"] == "Completed"
        )
        return sum(begun[time] == 1 for time in due)

    def _points(self, lives: Sequence[Lifetime], now: datetime) -> Json:
        """How many recovery points there are, and how many are missing, too many, or have another end or tier."""
        listed = [point["properties"] for point in self._client.list(f"{self.item.id}/recoveryPoints")]
        found = Counter(map(shown, listed))
        right = Counter(by_policy(life, now) for life in lives if life.removed is None)
        return {
            "recovery_points": found.total(),
            "recovery_points_by_policy": right.total(),
            "recovery_points_amiss": ((found - right) + (right - found)).total(),
        }

    def disks(self) -> tuple[list[str], list[int]]:
        """Addresses of the machine's disks, which nobody uses from now on, and how many bytes a backup of each moved to
        the vault: the median of the newest recovery points."""
        self._client.finish(self._client.post(f"{self._machine.id}/deallocate"))
        profile = self._client.get(self._machine.id)["properties"]["storageProfile"]
        uris = [disk["vhd"]["uri"] for disk in (profile["osDisk"], *profile["dataDisks"])]
        points = self.scenario.recovery_points(self.item)[-7:]
        moved = zip(*([disk.transferred_bytes for disk in point.disks] for point in points), strict=True)
        return uris, [round(median(each)) for each in moved]

    def key(self) -> str:
        """Of the account that the disks lie in."""
        return str(self._client.post(f"{self._account.id}/listKeys").json()["keys"][0]["value"])


class Progress:
    """Tells now and then how far an advance is."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._told = perf_counter()

    def __call__(self, progress: Json) -> None:
        if perf_counter() - self._told >= TOLD_EVERY_SECONDS:
            self._told = perf_counter()
            say(f"of {self._days} days: at {progress['now']}, {progress['outcomes']}")


Shown = tuple[datetime, datetime, bool]
"""When a point was taken, when it expires, and whether it has snapshots."""


def shown(point: Json) -> Shown:
    ends = point["recoveryPointProperties"]["expiryTime"]
    tiers = {tier["type"] for tier in point["recoveryPointTierDetails"]}
    return datetime.fromisoformat(point["recoveryPointTime"]), datetime.fromisoformat(ends), "InstantRP" in tiers


def by_policy(life: Lifetime, now: datetime) -> Shown:
    return life.time, life.expires, life.snapshots_until is None or life.snapshots_until > now


def is_run(event: Json) -> bool:
    """Whether a handler's process was started to take snapshots."""
    return bool(event["name"] == "handler.command_started" and event["data"]["verb"] == "enable")


# ------------------------------------------------------------------------------------------------------------- the peer


def measure_peer(client: Client, year: Year, rounds: int) -> Json:
    """Real seconds of so many cold starts and bare backups, of the same disks while their machine is off."""
    disks, moved = year.disks()
    with closing(BareBackup(client.endpoints["blob"], ACCOUNT, year.key(), disks, moved)) as bare:
        start_cold()
        bare.run()  # the first round of each warms up
        bare.requests, load, began = 0, os.getloadavg(), perf_counter()
        starts = 0.0
        for _ in range(rounds):
            begun = perf_counter()
            start_cold()
            starts += perf_counter() - begun
            bare.run()
        seconds = perf_counter() - began
        return {
            "rounds": rounds,
            "seconds": round(seconds, 2),
            "starts_seconds": round(starts, 2),
            "storage_seconds": round(seconds - starts, 2),
            "storage_requests_each": round(bare.requests / rounds, 1),
            "moved_bytes_each": moved,
            "load_before_and_after": [round(load[0], 1), round(os.getloadavg()[0], 1)],
        }


@contextmanager
def running_year() -> Iterator[tuple[Client, Year]]:
    options = ("--clock", "virtual", "--start", START.isoformat(), "--workload-rate", "0", "--workload-per-day", WORK)
    with (
        TemporaryDirectory(prefix="backupsim-bench-") as folder,
        closing(RunningWorld(Path(folder), *options)) as world,
        Client(world.endpoints, read_seconds=READ_SECONDS) as client,
    ):
        yield client, Year(client, world.pid)


def measure(days: int, name: str) -> Json:
    measured = described(days)
    with running_year() as (client, year):
        measured["year"] = year.pass_days(days)
        say(str(measured["year"]))
        keep(name, measured)
        measured["peer"] = measure_peer(client, year, days)
        say(str(measured["peer"]))
    return measured


def measure_long(years: int, name: str) -> Json:
    """One year after the other, each from the first of March to the next."""
    passed: list[Json] = []
    measured = {**described(0), "years": passed}
    with running_year() as (_, year):
        for number in range(1, years + 1):
            passed.append(year.pass_days((START.replace(year=START.year + number) - year.now()).days))
            measured["days"] += passed[-1]["days"]
            say(f"year {number}: {passed[-1]}")
            keep(name, measured)
    return measured


def described(days: int) -> Json:
    return {"days": days, "work_per_day": WORK, "disks_gib": [OS_DISK_GIB, *DATA_DISK_GIB]}


def aims_of(measured: Json) -> list[Aim]:
    days, year, peer = measured["days"], measured["year"], measured["peer"]
    most_seconds = round(MOST_SECONDS * days / YEAR_DAYS, 1)
    of_a_backup = year["seconds_of_a_backup"]
    return [
        Aim(f"{days} days / peer", round(year["seconds"] / peer["seconds"], 2), MOST_TIMES, "at most"),
        Aim(f"{days} days", year["seconds"], most_seconds, "at most", "s"),
        Aim("backups completed, each at its due minute", year["backups_at_their_minute"], days, "at least"),
        Aim("runs of the handler too many or too few", abs(year["handler_runs"] - days), 0, "at most"),
        Aim("recovery points that are not as the policy says", year["recovery_points_amiss"], 0, "at most"),
        Aim("a backup at the end / one in the beginning", growth(of_a_backup), MOST_GROWTH, "at most"),
    ]


def aims_of_long(measured: Json) -> list[Aim]:
    years, days = measured["years"], measured["days"]
    amiss = sum(year["recovery_points_amiss"] for year in years)
    runs = sum(year["handler_runs"] for year in years)
    of_a_backup = {"first": years[0]["seconds_of_a_backup"]["first"], "last": years[-1]["seconds_of_a_backup"]["last"]}
    memory = years[-1]["mebibytes"]["end"] / years[0]["mebibytes"]["end"]
    at_their_minute = sum(year["backups_at_their_minute"] for year in years)
    return [
        Aim("backups completed, each at its due minute", at_their_minute, days, "at least"),
        Aim("runs of the handler too many or too few", abs(runs - days), 0, "at most"),
        Aim("recovery points that are not as the policy says, after each year", amiss, 0, "at most"),
        Aim("a backup at the end / one in the beginning", growth(of_a_backup), MOST_GROWTH, "at most"),
        Aim("memory after the last year / after the first", round(memory, 2), MOST_MEMORY_GROWTH, "at most"),
    ]


def growth(seconds: Json) -> float:
    return round(seconds["last"] / seconds["first"], 2) if seconds["first"] else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=YEAR_DAYS, help="fewer are not written as the result of the year")
    parser.add_argument("--long", action="store_true", help=f"{LONG_YEARS} years, which take half an hour and more")
    parser.add_argument(
        "--years", type=int, default=LONG_YEARS, help="with --long; others are not written as the result"
    )
    options = parser.parse_args()
    if options.long:
        name = "ten-years" if options.years == LONG_YEARS else "years"
        measured = measure_long(options.years, name)
        return finish(name, aims_of_long(measured), measured)
    name = "year" if options.days == YEAR_DAYS else "days"
    measured = measure(options.days, name)
    return finish(name, aims_of(measured), measured)


if __name__ == "__main__":
    sys.exit(main())
