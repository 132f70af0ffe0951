"""The calendar beyond now, and files first: what the page makes of the answers of a world."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from simulator.dashboard import point_files, points
from simulator.dashboard.point_files import NoSuchVersion
from tests.unit.simulator.dashboard.test_views import ITEM, VM, client, point

NOW = "2026-03-01T10:00:00Z"
BODY: dict[str, Any] = {
    "id": ITEM,
    "name": "i",
    "properties": {
        "friendlyName": "sql01",
        "protectionState": "Protected",
        "policyId": "P",
        "policyName": "Daily",
        "virtualMachineId": VM,
    },
}


def life(time: str, expires: str, *, snapshots_until: str | None = None, archived: str | None = None) -> dict[str, Any]:
    return {
        "time": time,
        "rules": ["Daily"],
        "expires": expires,
        "in_vault": True,
        "snapshots_until": snapshots_until,
        "archived": archived,
        "removed": expires,
    }


LIVES = [
    life("2026-03-01T21:00:00Z", "2026-03-05T21:00:00Z", snapshots_until="2026-03-03T21:00:00Z"),
    life("2026-03-02T21:00:00Z", "2026-06-02T21:00:00Z", archived="2026-05-01T00:00:00Z"),
    life("2026-07-01T21:00:00Z", "2026-07-05T21:00:00Z"),
]


def calendar(at: str = "", body: dict[str, Any] = BODY) -> Any:
    asked: list[Any] = []

    def forecast(request: httpx.Request) -> Any:
        asked.append(json.loads(request.content))
        return {"recovery_points": LIVES}

    old = point("1", "2026-02-28T21:00:00Z", "InstantRP")
    old["properties"]["recoveryPointProperties"]["expiryTime"] = "2026-03-30T21:00:00Z"
    answers = {
        ITEM: body,
        f"{ITEM}/recoveryPoints": {"value": [old]},
        "/_sim/clock": {"now": NOW},
        "/_sim/forecast": forecast,
    }
    shown = points.calendar(client(answers), ITEM, at)
    return shown, asked


def test_a_month_of_what_is_expected_stands_beside_what_there_is() -> None:
    shown, asked = calendar()
    assert asked == [{"policy": "P", "years": 1}]
    assert [(each["time"][:10], each["expected"]) for each in shown["points"]] == [
        ("2026-03-02", True),
        ("2026-03-01", True),
        ("2026-02-28", False),
    ]
    assert shown["points"][1]["tiers"] == ["InstantRP", "HardenedRP"], "as it is when it is taken"
    assert (shown["expected"], shown["problem"], shown["months"][0]["name"]) == (2, "", "2026-03")


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ("2026-03-04", [("2026-03-02", ["HardenedRP"]), ("2026-03-01", ["HardenedRP"]), ("2026-02-28", ["InstantRP"])]),
        ("2026-04-01", [("2026-03-02", ["HardenedRP"])]),
        ("2026-05-02", [("2026-03-02", ["ArchivedRP"])]),
        ("2026-07-02", [("2026-07-01", ["HardenedRP"])]),
    ],
)
def test_at_a_day_to_come_those_are_shown_that_will_be_there(at: str, there: list[tuple[str, list[str]]]) -> None:
    shown, _ = calendar(at)
    assert [(each["time"][:10], each["tiers"]) for each in shown["points"]] == there


@pytest.mark.parametrize("at", ["2026-02-01", "2026-03-01", "tomorrow", "2026-13-01"])
def test_a_day_that_is_not_to_come_is_now(at: str) -> None:
    assert calendar(at) == calendar()


def test_of_an_item_that_is_not_backed_up_nothing_is_expected() -> None:
    stopped = {**BODY, "properties": {**BODY["properties"], "protectionState": "ProtectionStopped"}}
    shown, asked = calendar(body=stopped)
    assert (shown["problem"], shown["expected"], asked) == ("not_backed_up", 0, [])
    assert calendar("2090-01-01")[0]["problem"] == "too_far"


# -------------------------------------------------------------------------------------------------------------- files

TIMES = {f"p{number}": f"2026-02-{20 + number}T21:00:00Z" for number in range(4)}
CONTENT = {"p0": "a", "p1": "a", "p2": "b", "p3": None}


def found(name: str = "report.txt") -> Any:
    def files(request: httpx.Request) -> Any:
        id, pattern = request.url.params["id"].rpartition("/")[2], request.url.params["name"]
        digest = CONTENT[id]
        file = {"lun": 0, "name": "report.txt", "size_bytes": 3, "sha256": digest}
        assert pattern == "*report.txt*"
        return {"files": [file] if digest else [], "problems": []}

    listed = [{**point(name, time), "id": f"{ITEM}/recoveryPoints/{name}"} for name, time in TIMES.items()]
    answers = {
        ITEM: BODY,
        f"{ITEM}/recoveryPoints": {"value": listed},
        "/_sim/recoverypoint/files": files,
        "/_sim/vms/show": {"disks": [{"lun": 0, "volume": {"name": "F:\\"}}]},
    }
    return point_files.versions(client(answers), {"item": ITEM, "name": name})


def test_points_that_hold_the_same_of_a_file_are_one_version() -> None:
    (file,) = found()["files"]
    assert file["path"] == "F:\\report.txt"
    assert [(each["digest"], each["count"], each["newest"]) for each in file["versions"]] == [
        ("", 1, TIMES["p3"]),
        ("b", 1, TIMES["p2"]),
        ("a", 2, TIMES["p1"]),
    ]
    assert file["versions"][2]["oldest"] == TIMES["p0"]


def test_a_version_is_brought_back_by_the_control_api_and_by_commands() -> None:
    version = found()["files"][0]["versions"][1]
    request = json.loads(version["put"].request)
    assert request["body"] == {"vm": VM, "act": "put", "path": "F:\\report.txt"}
    assert request["content_from"].startswith("sim/recoverypoint/files/content?id=")
    assert version["put"].commands == ("backupsim guest sql01 put report.txt 'F:\\report.txt'",)
    assert version["commands"][0].startswith("az backup restore files mount-rp --resource-group g --vault-name v")


def test_nothing_is_read_before_a_name_is_given() -> None:
    shown = point_files.versions(client({ITEM: BODY}), {"item": ITEM})
    assert (shown["files"], shown["looked"]) == ([], 0)


@pytest.mark.parametrize("query", [{}, {"id": "p", "lun": "x", "name": "n"}, {"id": "p", "lun": "0"}])
def test_content_needs_a_point_a_disk_and_a_name(query: dict[str, str]) -> None:
    with pytest.raises(NoSuchVersion):
        point_files.content(client({}), query)


def test_the_content_of_a_version_is_a_file() -> None:
    told = {"/_sim/recoverypoint/files/content": {"content": base64.b64encode(b"abc").decode()}}
    assert point_files.content(client(told), {"id": "p", "lun": "-1", "name": "n"}) == ("n", b"abc")
