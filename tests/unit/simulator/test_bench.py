"""Measurements: how they judge, and that their two small clients do what they claim to measure."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.faults import WITH, WITHOUT, numbers_of
from bench.faults import aim_of as aim_of_faults
from bench.fleet import aims_of as aims_of_fleet
from bench.fork import FORK_SECONDS
from bench.freeze import BARE_METADATA, Windows, snapshot_all
from bench.http_load import Target
from bench.plugin import aims_of as aims_of_plugin
from bench.plugin import percentiles, setups
from bench.process_watch import MemoryWatch
from bench.report import RESULTS, Aim, finish, keep, machine
from bench.speeds import aims_of as aims_of_speeds
from bench.speeds import due_between
from bench.startup import InstalledHandler
from bench.table import HEAD, ROWS, table
from bench.year import aims_of, aims_of_long
from bench.year_events import seconds_of_a_backup, seconds_of_phases
from controlplane.json_object import Json
from tests.fake_storage import FakeStorage, refusal


@pytest.mark.parametrize(("value", "at_most", "at_least"), [(0.9, True, False), (1.0, True, True), (1.1, False, True)])
def test_an_aim_is_met_on_its_side_of_the_limit(value: float, at_most: bool, at_least: bool) -> None:
    assert Aim("it", value, 1.0, "at most").met is at_most
    assert Aim("it", value, 1.0, "at least").met is at_least
    assert ("MISSED" in str(Aim("it", value, 1.0, "at most"))) is not at_most


def test_the_aim_of_a_freeze_is_twice_the_median_of_the_bare_client_and_five_milliseconds() -> None:
    windows = Windows(4, backup=[90.0, 25.0, 20.0], bare=[10.0, 1.0, 99.0])

    assert (windows.aim.value, windows.aim.limit, windows.aim.met) == (25.0, 25.0, True)
    assert Windows(4, backup=[25.1], bare=[10.0]).aim.met is False
    assert windows.to_json()["ratio"] == 2.5
    assert str(windows).startswith("4 disks: 2.5 times the bare client")


def test_the_bare_client_snapshots_every_disk_once() -> None:
    storage = FakeStorage()
    uris = [storage.add(f"disk{number}", "PageBlob", bytes(512)) for number in range(3)]
    try:
        milliseconds, stamps = snapshot_all(uris)
    finally:
        storage.close()

    assert milliseconds > 0
    assert len(stamps) == 3
    assert all(stamps)
    assert [blob.snapshots for blob in storage.blobs.values()] == [[BARE_METADATA]] * 3


def test_a_bare_client_without_a_snapshot_has_measured_nothing() -> None:
    storage = FakeStorage()
    uri = storage.add("disk", "PageBlob", bytes(512))
    storage.before = lambda request: refusal(403, "AuthorizationFailure")
    try:
        with pytest.raises(ValueError, match="403"):
            snapshot_all([uri])
    finally:
        storage.close()


@pytest.mark.skipif(sys.platform == "win32", reason="starts the POSIX launcher")
def test_each_start_of_the_handler_is_a_new_task_that_asks_for_a_session(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        handler = InstalledHandler(tmp_path, sys.executable, listener)

        assert [handler.start(number) > 0 for number in range(2)] == [True, True]


def test_a_measurement_that_does_not_exist_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["thaw"])

    assert end.value.code == 2
    assert "no measurement thaw" in capsys.readouterr().err


class Answering:
    """A server that answers every request with what it was sent, on kept connections or on none."""

    def __init__(self, keeps: bool) -> None:
        self.connections = 0
        self._keeps = keeps
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        # Whoever measures may go in the middle.
        with connection, suppress(ConnectionError):
            while request := connection.recv(65536):
                path = request.split(b" ", 2)[1]
                status = b"500 No" if path == b"/bad" else b"200 OK"
                close = b"" if self._keeps else b"Connection: close\r\n"
                connection.sendall(b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, close, len(path), path))
                if not self._keeps:
                    return


@pytest.mark.parametrize(("keeps", "connections"), [(True, 4), (False, 40)])
def test_the_load_asks_for_everything_once_and_keeps_what_connections_it_may(keeps: bool, connections: int) -> None:
    server = Answering(keeps)
    target = Target(server.url, os.getpid())
    asked: list[int] = []

    def message(number: int) -> bytes:
        asked.append(number)
        return target.message("GET", f"/{number}")

    load = target.load(message, 40)
    server.close()
    assert asked == list(range(40))
    assert (load.requests, len(load.latencies), server.connections) == (40, 40, connections)
    assert load.per_second > 0
    assert load.p99_milliseconds >= sorted(load.latencies)[20] * 1000


def test_an_answer_that_is_none_is_no_measurement() -> None:
    server = Answering(keeps=True)
    target = Target(server.url, os.getpid())
    assert target.ask(target.message("GET", "/fine")) == (200, b"/fine")
    with pytest.raises(AssertionError, match="500"):
        target.load(lambda number: target.message("GET", "/bad"), 4)
    server.close()


def test_the_rows_of_arm_name_the_quickest_peer() -> None:
    def load(per_second: float) -> Json:
        return {"requests_per_second": per_second}

    aims = [
        Aim("moto", 6.0, 5, "at least"),
        Aim("bare", 0.8, 0.6, "at least"),
        Aim("flat", 1.01, 1.2, "at most"),
        Aim("idle", 110, 150, "at most"),
        Aim("start", 1.2, 1.5, "at most"),
    ]
    loads = {
        "item": load(3000),
        "bare FastAPI route": load(3750),
        "moto S3 GetObject": load(400),
        "moto DynamoDB GetItem": load(500),
        "PUT of a vault": load(800),
        "moto S3 PutObject": load(400),
    }
    result = {
        "machine": machine(),
        "aims": [aim.to_json() for aim in aims],
        "numbers": {"loads": loads, "list_seconds": 0.8},
    }
    rows = table({"arm": result}).splitlines()
    assert "moto DynamoDB GetItem, 500/s | 6.0 times, 3000/s" in rows[2]
    assert {row.count("|") for row in rows if row.startswith("|")} == {5}


def test_the_table_has_the_results_that_are_there() -> None:
    results = {path.stem: json.loads(path.read_bytes()) for path in RESULTS.glob("*.json")}
    assert {"freeze", "startup", "template", "transfer"} <= results.keys() <= set(ROWS)
    rows = table(results).splitlines()
    alone = table({"startup": results["startup"]}).splitlines()

    assert "\n".join(rows[:2]) == HEAD
    assert {row.count("|") for row in rows if row.startswith("|")} == {5}
    assert [row for row in rows if "first request" in row] == [alone[2]]
    assert len(alone) == 5, "head, row, and the machine"
    assert rows[-1].startswith("On ")
    assert f"{results['startup']['aims'][0]['value']:.2f} times" in alone[2]


def test_the_row_of_the_warm_path_is_beside_those_of_many_machines() -> None:
    first = {"seconds": 34.0, "get_p99_milliseconds": 9.0, "jobs_per_second": 3.0}
    first |= {"peak_mebibytes_above_idle": 9.0, "most_threads": 9}
    numbers = {"1": {"first": first}, "100": {"first": first}, "warm": {"seconds": 0.2}}
    aims = [{"value": 0.2, "limit": 0.3}]
    many, warm = ROWS["jobs"]({"numbers": numbers, "aims": aims})
    assert many.startswith("| 100 first backups at once")
    assert "0.20 s" in warm


def test_the_seconds_of_a_day_go_to_whoever_worked() -> None:
    def at(seconds: float, name: str, **data: str) -> Json:
        return {"monotonic_seconds": seconds, "name": name, "data": data}

    events = [
        at(10.0, "clock.advance_began"),
        at(10.5, "clock.moved"),
        at(10.75, "schedule.due"),
        at(11.0, "job.state", to="InProgress"),
        at(12.0, "snapshot.asked"),
        at(14.0, "handler.command_started", verb="enable"),
        at(14.5, "bridge.session_opened"),
        at(15.0, "workload.caught_up"),
        at(16.0, "vss.writer"),
        at(18.0, "snapshot.reported"),
        at(19.0, "task.state", task="Transfer data to vault", to="InProgress"),
        at(35.0, "task.state", task="Transfer data to vault", to="Completed"),
        at(36.0, "job.state", to="Completed"),
        at(68.0, "schedule.retention_due"),
        at(132.0, "clock.moved"),
    ]
    assert seconds_of_phases(events) == {
        "clock": 0.75 + 32.0,
        "service": 0.25 + 1.0 + 1.0 + 1.0,
        "agent": 2.0,
        "handler": 0.5 + 3.0,
        "workload": 0.5,
        "transfer": 16.0,
        "retention": 64.0,
    }


def test_a_year_in_which_a_backup_or_a_recovery_point_is_amiss_misses_its_aims() -> None:
    year = {
        "seconds": 90.0,
        "backups_at_their_minute": 365,
        "handler_runs": 365,
        "recovery_points_amiss": 0,
        "seconds_of_a_backup": {"first": 0.2, "last": 0.25},
        "seconds_by_phase": {"transfer": 60.0, "handler": 30.0},
        "mebibytes": {"begin": 110.2, "peak": 140.7},
    }
    peer = {"seconds": 60.0}
    wrong = {
        "seconds": 121.0,
        "backups_at_their_minute": 364,
        "handler_runs": 366,
        "recovery_points_amiss": 1,
        "seconds_of_a_backup": {"first": 0.2, "last": 0.4},
    }
    assert [aim.met for aim in aims_of({"days": 365, "year": year, "peer": peer})] == [True] * 6
    assert [aim.met for aim in aims_of({"days": 365, "year": wrong, "peer": peer})] == [False] * 6
    numbers = {"days": 365, "year": year, "peer": peer}
    row, shares, memory, last = ROWS["year"]({"numbers": numbers, "aims": [aim.to_json() for aim in aims_of(numbers)]})
    assert "60 s | 1.50 times, 90 s | at most 2 times, 120 s" in row
    assert "transfer 67 %, handler 33 %" in shares
    assert "before it, 110 MiB | 141 MiB" in memory
    assert "0.20 s | 1.25 times, 0.25 s | at most 1.5 times" in last


def a_long_year(**amiss: object) -> Json:
    year: Json = {"days": 365, "seconds": 240.0, "backups_at_their_minute": 365, "handler_runs": 365}
    year |= {
        "recovery_points_amiss": 0,
        "seconds_of_a_backup": {"first": 0.5, "last": 0.6},
        "mebibytes": {"end": 150.0},
    }
    return {**year, **amiss}


def test_ten_years_in_which_one_is_amiss_miss_their_aims() -> None:
    numbers = {"days": 730, "years": [a_long_year(), a_long_year()]}
    assert [aim.met for aim in aims_of_long(numbers)] == [True] * 5
    wrong = a_long_year(backups_at_their_minute=364, handler_runs=366, recovery_points_amiss=1)
    wrong |= {"seconds_of_a_backup": {"first": 0.5, "last": 0.8}, "mebibytes": {"end": 190.0}}
    assert [aim.met for aim in aims_of_long({"days": 730, "years": [a_long_year(), wrong]})] == [False] * 5
    row, last = ROWS["ten-years"]({"numbers": numbers, "aims": [aim.to_json() for aim in aims_of_long(numbers)]})
    assert "8 minutes | 730 backups due, each in its minute | 730 completed, 0 points amiss | all, none" in row
    assert "1.20 and 1.00 times | at most 1.5 and 1.2 times" in last


def test_what_was_found_so_far_lies_beside_the_result_until_that_is_there(tmp_path: Path) -> None:
    keep("ten-years", {"days": 365}, tmp_path)
    (part,) = tmp_path.iterdir()
    assert (part.name, json.loads(part.read_text())["so_far"]) == ("ten-years.json.part", {"days": 365})
    assert finish("ten-years", [], {"days": 730}, tmp_path) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["ten-years.json"]


def test_what_a_backup_takes_is_told_of_the_first_and_of_the_last() -> None:
    ends = accumulate([1.0] * 30 + [5.0] * 40 + [2.0] * 30, initial=0.0)
    events = [{"monotonic_seconds": end, "name": "schedule.due"} for end in ends]
    assert seconds_of_a_backup(events) == (1.0, 2.0)
    assert seconds_of_a_backup(events[:1]) == (0.0, 0.0)
    assert seconds_of_a_backup(events[:3]) == (1.0, 1.0)


def test_the_peak_of_a_processs_memory_is_seen() -> None:
    program = "import sys; sys.stdin.read(1); kept = bytearray(64 * 2**20); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        with closing(MemoryWatch(process.pid, pause_seconds=0.001)) as memory:
            process.stdin.write(b"x")
            process.stdin.flush()
            process.stdout.readline()
        process.stdin.close()
    mebibytes = memory.mebibytes()
    assert 60 < mebibytes["peak"] - mebibytes["begin"] < 80
    assert mebibytes["begin"] < mebibytes["end"] <= mebibytes["peak"]


def test_a_policy_of_every_four_hours_is_due_six_times_a_day() -> None:
    begin = datetime(2026, 3, 1, 8, tzinfo=UTC)
    due = due_between(begin, begin + timedelta(days=1))
    assert [each.hour for each in due] == [12, 16, 20, 0, 4, 8]
    assert due_between(begin, begin + timedelta(hours=3, minutes=59)) == []


def test_a_fast_world_misses_its_aims_where_a_backup_or_its_time_is_amiss() -> None:
    shares = {"real": {"world": 1.0, "azurite": 5.0}, "3600 times": {"world": 2.9, "azurite": 5.0}}
    passed = {"seconds": 120.0, "world_hours": 40.0, "due": 100, "outcomes": {"Completed": 100}}
    passed |= {"due_and_completed_once_in_their_minute": 100, "at_a_wrong_time": 0}
    numbers = {"machines": 10, "idle_percent_of_a_core": shares, "fast": passed}
    numbers |= {"forecast": {"years": 10, "processor_seconds": 1.0, "recovery_points": 21900}}
    assert all(aim.met for aim in aims_of_speeds(numbers))
    for wrong in (
        {"due_and_completed_once_in_their_minute": 99},
        {"at_a_wrong_time": 1},
        {"world_hours": 23.9},
        {"outcomes": {"Completed": 59, "Failed": 41}},
    ):
        assert sum(not aim.met for aim in aims_of_speeds({**numbers, "fast": {**passed, **wrong}})) == 1
    rows = list(ROWS["speeds"]({"numbers": numbers, "aims": [aim.to_json() for aim in aims_of_speeds(numbers)]}))
    assert "clock real / 3600 times | a core | 1.0 %, 2.9 % | at most 3 %" in rows[0]
    assert "100 backups due, each in its minute | 100 completed, 40 h passed" in rows[1]
    assert "1.0 s of processor time | at most 2 s" in rows[2]


def test_a_fleet_misses_its_aims_where_a_job_fails_or_memory_grows() -> None:
    fleet: Json = {"outcomes": {"Completed": 100}, "jobs_per_second": 3.0}
    fleet |= {"mebibytes_at_rest_and_after_each_day": [120.0, 160.0, 165.0, 170.0]}
    fleet |= {"azurite_mebibytes_at_rest_and_after_each_day": [90.0, 100.0, 110.0, 120.0]}
    numbers = {"machines": 20, "days": 5, "fleet": fleet, "peer": {"threads": 2, "jobs_per_second": 5.0}}
    assert [aim.met for aim in aims_of_fleet(numbers)] == [True] * 4
    for wrong, missed in (
        ({"outcomes": {"Completed": 99, "Failed": 1}}, [0]),
        ({"outcomes": {"Completed": 100, "Failed": 1}}, [1]),
        ({"jobs_per_second": 2.4}, [2]),
        ({"mebibytes_at_rest_and_after_each_day": [120.0, 160.0, 200.0]}, [3]),
    ):
        aims = aims_of_fleet({**numbers, "fleet": {**fleet, **wrong}})
        assert [at for at, aim in enumerate(aims) if not aim.met] == missed
    rows = list(ROWS["fleet"]({"numbers": numbers, "aims": [aim.to_json() for aim in aims_of_fleet(numbers)]}))
    assert "on 2 threads, 5.0/s | 0.60 times, 3.0 jobs/s | at least 0.5 times" in rows[0]
    assert "120, 160, 170 MiB | last at most 1.2 times the first" in rows[1]


def test_the_first_test_of_each_worker_is_left_out(tmp_path: Path) -> None:
    """It starts what the others share."""
    reports = [
        {"worker": worker, "when": when, "seconds": seconds}
        for worker, seconds in (("gw0", 9.0), ("gw1", 8.0), ("gw0", 0.2), ("gw1", 0.4))
        for when in ("setup", "call")
    ]
    (tmp_path / "reports.jsonl").write_text("".join(json.dumps(report) + "\n" for report in reports))
    assert setups(tmp_path / "reports.jsonl") == [0.2, 0.4]


@pytest.mark.parametrize(("seconds", "met"), [(0.41, True), (0.43, False)])
def test_faults_that_are_not_set_cost_a_twentieth_at_most(seconds: float, met: bool) -> None:
    spent = {WITH: [9.0, seconds, seconds], WITHOUT: [0.4, 0.1, 0.5]}
    aim = aim_of_faults(spent)
    assert aim.met is met
    (row,) = ROWS["faults"]({"numbers": numbers_of(spent), "aims": [aim.to_json()]})
    assert f"past the seams of faults, 400 ms | {seconds / 0.4:.2f} times, {seconds * 1000:.0f} ms |" in row


def test_the_rows_of_the_plugin() -> None:
    found = percentiles([0.2] * 98 + [2.0, 2.0])
    assert (found["p50"], found["p99"]) == (0.2, 2.0)
    runs = [
        {"workers": workers, "tests": 200, "seconds": 90, "seconds_per_test": 0.45, "setup_seconds": found}
        for workers in (1, 4)
    ]
    assert [aim.met for aim in aims_of_plugin(runs[0])] == [True, False]
    alone, four = ROWS["plugin"]({"numbers": {"runs": runs}})
    assert "0.20 s median, 2.00 s p99; 0.45 s for each test" in alone
    assert "200 tests, 4 workers" in four


@pytest.mark.parametrize(("seconds", "met"), [(1.4, True), (2.1, False)])
def test_the_row_of_forks(seconds: float, met: bool) -> None:
    aim = Aim("fork of a world with 30 recovery points, median", seconds, FORK_SECONDS, "at most", "s")
    numbers = {"size_bytes": 40 * 2**20, "new_world_seconds": [1.0, 1.2, 1.3]}
    (row,) = ROWS["fork"]({"aims": [aim.to_json()], "numbers": numbers})
    assert aim.met is met
    assert f"| a new world, 1.20 s | {seconds:.2f} s, 40 MiB | at most 2 s |" in row
