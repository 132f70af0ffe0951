"""A world at every speed of its clock: what it costs at rest, and whether every backup is made in its minute at 3,600.

A world in a process of its own has ten running machines, whose workloads write nothing. At each speed it rests for some
real seconds, and the share of a processor that its process takes is read; Azurite's is told beside it. Then the
machines come under a policy of a backup every four hours, and time passes 3,600 times as fast for two real minutes:
slower while machines work, since then it passes as real time does. In the end each run of the schedule must have
exactly one completed job that began in its minute. The forecast of such a policy for ten years is reckoned in this
process; of it processor time counts, since it only reckons.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import psutil

from bench.arm_servers import RunningWorld
from bench.report import Aim, finish, say
from controlplane.domain.arm_id import item_id
from controlplane.json_object import Json
from simulator import forecasting
from simulator.client import Client
from simulator.forecast_question import Question
from simulator.scenario import Scenario

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
MACHINES = 10
DATA_DISK_GIB = ()
EVERY = timedelta(hours=4)
POLICY = "hourly"
HOURLY: Json = {
    "backupManagementType": "AzureIaasVM",
    "policyType": "V2",
    "timeZone": "UTC",
    "instantRpRetentionRangeInDays": 2,
    "schedulePolicy": {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": {
            "interval": 4,
            "scheduleWindowStartTime": "2026-03-01T00:00:00Z",
            "scheduleWindowDuration": 24,
        },
    },
    "retentionPolicy": {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {
            "retentionTimes": ["2026-03-01T00:00:00Z"],
            "retentionDuration": {"count": 30, "durationType": "Days"},
        },
    },
}
SPEEDS: tuple[tuple[str, Json], ...] = (
    ("real", {"mode": "real"}),
    ("60 times", {"mode": "scaled", "rate": 60.0}),
    ("600 times", {"mode": "scaled", "rate": 600.0}),
    ("3600 times", {"mode": "scaled", "rate": 3600.0}),
    ("standing", {"mode": "virtual"}),
)
FASTEST: Json = {"mode": "scaled", "rate": 3600.0}
STANDING: Json = {"mode": "virtual"}
SETTLE_SECONDS, REST_SECONDS, FAST_SECONDS = 5.0, 30.0, 120.0
MOST_SHARE, LEAST_HOURS, LEAST_BACKUPS = 3.0, 24.0, 60
FORECAST_YEARS, FORECAST_ROUNDS, MOST_FORECAST_SECONDS = 10, 3, 2.0


# ----------------------------------------------------------------------------------------------------------------- rest


class Rest:
    """Processor time of a world's process and of its Azurite from now on."""

    def __init__(self, pid: int) -> None:
        self._world = psutil.Process(pid)
        self._began, self._before = perf_counter(), self._read()

    def shares(self) -> dict[str, float]:
        """In percent of a core."""
        seconds = perf_counter() - self._began
        return {name: round(100 * (now - self._before[name]) / seconds, 2) for name, now in self._read().items()}

    def _read(self) -> dict[str, float]:
        children = self._world.children(recursive=True)
        azurite = [each for each in children if "azurite" in " ".join(each.cmdline())]
        return {"world": _seconds(self._world), "azurite": sum(map(_seconds, azurite))}


def _seconds(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def at_rest(client: Client, pid: int, rest_seconds: float) -> Json:
    """Shares at each speed. No schedule is there, so nothing is due however fast time passes."""
    shares = {}
    for name, settings in SPEEDS:
        client.sim("POST", "/clock/set", settings)
        time.sleep(SETTLE_SECONDS)
        rest = Rest(pid)
        time.sleep(rest_seconds)
        shares[name] = rest.shares()
        say(f"{name}: {shares[name]}")
    return shares


# --------------------------------------------------------------------------------------------------------------- speed


def now(client: Client) -> datetime:
    return datetime.fromisoformat(client.sim("GET", "/clock")["now"])


def protect(client: Client, scenario: Scenario, names: Sequence[str]) -> None:
    scenario.create_vault()
    client.put(scenario.policy_id(), {"properties": HOURLY})
    for name in names:
        properties = {
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "sourceResourceId": scenario.machine_id(name),
            "policyId": scenario.policy_id(),
        }
        client.arm("PUT", item_id(scenario.vault_id, scenario.group, name), {"properties": properties})
    client.advance(until="idle")


def fast(client: Client, scenario: Scenario, seconds: float) -> Json:
    """What two real minutes come to, and what of it is amiss."""
    begin, load = now(client), os.getloadavg()
    client.sim("POST", "/clock/set", FASTEST)
    time.sleep(seconds)
    client.sim("POST", "/clock/set", STANDING)
    client.advance(until="idle")
    end = now(client)
    listed = [job["properties"] for job in client.list(f"{scenario.vault_id}/backupJobs")]
    backups = [job for job in listed if job["operation"] == "Backup"]
    begun = Counter((job["entityFriendlyName"], minute_of(job)) for job in backups if job["status"] == "Completed")
    due = {(name, at) for name in names_of(MACHINES) for at in due_between(begin, end)}
    return {
        "seconds": seconds,
        "world_hours": round((end - begin).total_seconds() / 3600, 1),
        "due": len(due),
        "backups": len(backups),
        "outcomes": dict(Counter(job["status"] for job in backups)),
        "due_and_completed_once_in_their_minute": sum(begun[each] == 1 for each in due),
        "at_a_wrong_time": sum(
            (Counter((job["entityFriendlyName"], minute_of(job)) for job in backups) - Counter(due)).values()
        ),
        "load_before_and_after": [round(load[0], 1), round(os.getloadavg()[0], 1)],
    }


def minute_of(job: Json) -> datetime:
    return datetime.fromisoformat(job["startTime"]).replace(second=0, microsecond=0)


def due_between(begin: datetime, end: datetime) -> list[datetime]:
    """When the policy is due after `begin` and until `end`."""
    at, times = begin.replace(hour=0, minute=0, second=0, microsecond=0), []
    while (at := at + EVERY) <= end:
        times.append(at)
    return [each for each in times if each > begin]


def names_of(count: int) -> list[str]:
    return [f"vm{number:02}" for number in range(count)]


# ------------------------------------------------------------------------------------------------------------- forecast


def forecast() -> Json:
    question = Question(None, FORECAST_YEARS, 128.0, 3.0)
    seconds = []
    for _ in range(FORECAST_ROUNDS):
        began = process_time()
        report = forecasting.report(HOURLY, POLICY, question, START)
        seconds.append(process_time() - began)
    return {
        "years": FORECAST_YEARS,
        "processor_seconds": round(median(seconds), 2),
        "all_processor_seconds": [round(each, 2) for each in seconds],
        "recovery_points": len(report["recovery_points"]),
    }


def measure(rest_seconds: float, fast_seconds: float) -> Json:
    foreseen = forecast()
    say(str(foreseen))
    options = ("--clock", "virtual", "--start", START.isoformat(), "--workload-rate", "0")
    with (
        TemporaryDirectory(prefix="backupsim-bench-") as folder,
        closing(RunningWorld(Path(folder), *options)) as world,
        Client(world.endpoints) as client,
    ):
        scenario, names = Scenario(client, group="bench", policy=POLICY), names_of(MACHINES)
        account = scenario.create_account("benchdisks")
        for name in names:
            scenario.create_machine(name, account=account, data_disk_gib=DATA_DISK_GIB)
        shares = at_rest(client, world.pid, rest_seconds)
        protect(client, scenario, names)
        passed = fast(client, scenario, fast_seconds)
        say(str(passed))
    return {"machines": MACHINES, "idle_percent_of_a_core": shares, "fast": passed, "forecast": foreseen}


def aims_of(measured: Json) -> list[Aim]:
    passed, shares = measured["fast"], measured["idle_percent_of_a_core"]
    return [
        *(Aim(f"idle, {name}", share["world"], MOST_SHARE, "at most", "% of a core") for name, share in shares.items()),
        Aim("world time in two minutes at 3600", passed["world_hours"], LEAST_HOURS, "at least", "h"),
        Aim("scheduled backups completed", passed["outcomes"].get("Completed", 0), LEAST_BACKUPS, "at least"),
        Aim(
            "due backups that did not complete once in their minute",
            passed["due"] - passed["due_and_completed_once_in_their_minute"],
            0,
            "at most",
        ),
        Aim("backups at a wrong time", passed["at_a_wrong_time"], 0, "at most"),
        Aim(
            "forecast of ten hourly years",
            measured["forecast"]["processor_seconds"],
            MOST_FORECAST_SECONDS,
            "at most",
            "s",
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rest-seconds", type=float, default=REST_SECONDS, help="at each speed")
    parser.add_argument("--fast-seconds", type=float, default=FAST_SECONDS, help="at 3600 times real time")
    options = parser.parse_args()
    measured = measure(options.rest_seconds, options.fast_seconds)
    return finish("speeds", aims_of(measured), measured)


if __name__ == "__main__":
    sys.exit(main())
