"""Measurements: how they judge, and that their two small clients do what they claim to measure."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.freeze import BARE_METADATA, Windows, snapshot_all
from bench.report import RESULTS, Aim
from bench.startup import InstalledHandler
from bench.table import HEAD, table
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


def test_the_table_has_the_results_that_are_there() -> None:
    results = {path.stem: json.loads(path.read_bytes()) for path in RESULTS.glob("*.json")}
    assert results.keys() >= {"freeze", "startup", "template", "transfer"}
    rows = table(results).splitlines()
    alone = table({"startup": results["startup"]}).splitlines()

    assert "\n".join(rows[:2]) == HEAD
    assert {row.count("|") for row in rows if row.startswith("|")} == {5}
    assert [row for row in rows if "first request" in row] == [alone[2]]
    assert len(alone) == 5, "head, row, and the machine"
    assert rows[-1].startswith("On ")
    assert f"{results['startup']['aims'][0]['value']:.2f} times" in alone[2]
