"""A year of daily backups in a world whose time is moved: how long it takes, where that goes, and what is amiss.

A world in a process of its own, whose time stands, has one machine with small disks under a policy with daily, weekly,
monthly and yearly rules. Its data change every day. One advance of 365 days makes each backup at its own instant, with
a handler process of its own. In the same run the peer does no more than what cannot be saved, as many times: a cold
`python -I` that imports what the handler imports, and the bare storage requests of such a backup over the same Azurite.
The result of fewer days is written under another name, `days`.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from bench.arm_servers import RunningWorld
from bench.bare_backup import BareBackup, start_cold
from bench.report import Aim, finish, say
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime, lifetimes
from controlplane.json_object import Json
from controlplane.service_settings import ServiceSettings
from simulator.client import Client
from simulator.scenario import OS_DISK_GIB, Scenario
from simulator.scenario_values import ProtectedItem

YEAR_DAYS = 365
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
PAGE_EVENTS = 10_000
MEMORY_LOOK_SECONDS = 0.25


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


# ------------------------------------------------------------------------------------------------------ where time goes

PHASES = ("service", "agent", "handler", "workload", "transfer", "retention", "clock")


def begins(event: Json) -> str | None:
    """What begins with an event; None where what was before goes on. The workload is what the guest does of its day's
    work before it freezes; the service is what a job does besides; the clock is what there is between a job's end and
    the next thing that is due, the wait until nobody works included."""
    name, data = event["name"], event["data"]
    if name == "task.state" and data["task"] == jobs.TRANSFER_TASK:
        return "transfer" if data["to"] == "InProgress" else "service"
    if name == "job.state":
        return "clock" if data["to"] in jobs.ENDED else "service"
    if name == "handler.command_started" and data["verb"] != "enable":
        return None
    return {
        "clock.moved": "clock",
        "schedule.due": "service",
        "schedule.retention_due": "retention",
        "snapshot.asked": "agent",
        "handler.command_started": "handler",
        "bridge.session_opened": "workload",
        "workload.caught_up": "handler",
        "snapshot.reported": "service",
    }.get(name)


def seconds_of_phases(events: Sequence[Json]) -> dict[str, float]:
    """Real seconds between events, in order, by the phase in which they passed."""
    spent = dict.fromkeys(PHASES, 0.0)
    phase, since = "clock", events[0]["monotonic_seconds"]
    for event in events:
        spent[phase] += event["monotonic_seconds"] - since
        since = event["monotonic_seconds"]
        phase = begins(event) or phase
    return spent


def events_since(client: Client, last: int) -> list[Json]:
    found: list[Json] = []
    while page := client.sim("GET", "/events", since=str(last), limit=str(PAGE_EVENTS))["events"]:
        found += page
        last = page[-1]["id"]
    return found


class Processors:
    """Processor seconds since this was made: of the world, of its Azurite, and of processes that have ended, which are
    the handler's."""

    def __init__(self, pid: int) -> None:
        self._world = psutil.Process(pid)
        self._before = self._read()

    def since(self) -> dict[str, float]:
        return {name: seconds - self._before[name] for name, seconds in self._read().items()}

    def _read(self) -> dict[str, float]:
        own, running = self._world.cpu_times(), self._world.children(recursive=True)
        azurite = [each.cpu_times() for each in running if "azurite" in " ".join(each.cmdline())]
        parents = [own, *(each.cpu_times() for each in running)]
        return {
            "world": own.user + own.system,
            "ended": sum(each.children_user + each.children_system for each in parents),
            "azurite": sum(each.user + each.system for each in azurite),
        }


class MemoryWatch:
    """The most memory that a process has had, looked at now and then until it is closed."""

    def __init__(self, pid: int, pause_seconds: float = MEMORY_LOOK_SECONDS) -> None:
        self._process = psutil.Process(pid)
        self._pause_seconds = pause_seconds
        self._ended = threading.Event()
        self.begin_mebibytes = self.peak_mebibytes = self._look()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._note()

    def _watch(self) -> None:
        while not self._ended.wait(self._pause_seconds):
            self._note()

    def _note(self) -> None:
        self.peak_mebibytes = max(self.peak_mebibytes, self._look())

    def _look(self) -> float:
        return float(self._process.memory_info().rss) / 2**20


def seconds_of_a_backup(events: Sequence[Json]) -> tuple[float, float]:
    """Real seconds from one due backup to the next, what expires in between included: the median of the first 30, and
    of the last 30; of fewer where there are fewer than 60."""
    due = [event["monotonic_seconds"] for event in events if event["name"] == "schedule.due"]
    each = [later - earlier for earlier, later in pairwise(due)]
    count = max(1, min(30, len(each) // 2))
    return (median(each[:count]), median(each[-count:])) if each else (0.0, 0.0)


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

    def pass_days(self, days: int) -> Json:
        """What the advance says, how long it took and where that went, and what is wrong afterwards."""
        begin = datetime.fromisoformat(self._client.sim("GET", "/clock")["now"])
        last = events_since(self._client, 0)[-1]["id"]
        processors, load = Processors(self._pid), os.getloadavg()
        with closing(MemoryWatch(self._pid)) as memory:
            began = perf_counter()
            advanced = self._client.advance(by=f"{days}d")
            seconds = perf_counter() - began
        spent = processors.since()
        events = events_since(self._client, last)
        lives = self._forecast(begin, days)
        first, last_ones = seconds_of_a_backup(events)
        return {
            "days": days,
            "seconds": round(seconds, 2),
            "seconds_by_phase": {name: round(each, 2) for name, each in seconds_of_phases(events).items()},
            "processor_seconds": {name: round(each, 2) for name, each in spent.items()},
            "seconds_of_a_backup": {"first": round(first, 3), "last": round(last_ones, 3)},
            "mebibytes": {"begin": round(memory.begin_mebibytes, 1), "peak": round(memory.peak_mebibytes, 1)},
            "load_before_and_after": [round(load[0], 1), round(os.getloadavg()[0], 1)],
            "outcomes": advanced["outcomes"],
            "not_completed": [self._told(job) for job in advanced["jobs"] if job["status"] != "Completed"],
            "handler_runs": sum(map(is_run, events)),
            "backups_at_their_minute": self._at_their_minute([life.time for life in lives]),
            "recovery_points_expired": advanced["changes"].get("recovery_points_expired", 0),
            **self._points(lives, begin + timedelta(days=days)),
        }

    def _told(self, job: Json) -> str:
        errors = "; ".join(map(str, self.scenario.job(job["id"]).errors))
        return f"{job['operation']} that ended at {job['ended']} as {job['status']}: {errors}"

    def _forecast(self, begin: datetime, days: int) -> Sequence[Lifetime]:
        most = ServiceSettings().instant_snapshots_of(policies.type_of(self.properties))
        return lifetimes(self.properties, begin, begin + timedelta(days=days), most)

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


def measure(days: int) -> Json:
    options = ("--clock", "virtual", "--start", START.isoformat(), "--workload-rate", "0", "--workload-per-day", WORK)
    with (
        TemporaryDirectory(prefix="backupsim-bench-") as folder,
        closing(RunningWorld(Path(folder), *options)) as world,
        Client(world.endpoints) as client,
    ):
        year = Year(client, world.pid)
        passed = year.pass_days(days)
        say(str(passed))
        peer = measure_peer(client, year, days)
        say(str(peer))
    return {
        "days": days,
        "work_per_day": WORK,
        "disks_gib": [OS_DISK_GIB, *DATA_DISK_GIB],
        "year": passed,
        "peer": peer,
    }


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


def growth(seconds: Json) -> float:
    return round(seconds["last"] / seconds["first"], 2) if seconds["first"] else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=YEAR_DAYS, help="fewer are not written as the result of the year")
    options = parser.parse_args()
    measured = measure(options.days)
    return finish("year" if options.days == YEAR_DAYS else "days", aims_of(measured), measured)


if __name__ == "__main__":
    sys.exit(main())
