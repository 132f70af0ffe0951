"""What views make of ARM's answers, without a world: addresses, calendars, and pieces of a resource."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from simulator.client import Client
from simulator.dashboard import disk_picture, machine, points, resources
from simulator.dashboard.journal import Journal

ENDPOINTS = {
    "arm_http": "http://world",
    "sim": "http://world/_sim",
    "sim_token": "t",
    "tenant_id": "tenant",
    "client_id": "c",
    "client_secret": "s",
    "subscription_id": "sub",
}
VAULT = "/subscriptions/sub/resourceGroups/g/providers/P/vaults/v"
VM = "/subscriptions/sub/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/sql01"
ITEM = f"{VAULT}/backupFabrics/Azure/protectionContainers/c/protectedItems/i"


def client(answers: dict[str, Any]) -> Client:
    """Of a world that gives these answers by their paths."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t"})
        found = answers.get(request.url.path)
        return httpx.Response(200, json=found(request) if callable(found) else found)

    return Client(ENDPOINTS, transport=httpx.MockTransport(answer))


def point(name: str, time: str, *tiers: str) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            "recoveryPointTime": time,
            "recoveryPointType": "AppConsistent",
            "recoveryPointTierDetails": [{"type": tier, "status": "Valid"} for tier in tiers],
            "recoveryPointProperties": {"expiryTime": "2027-01-01T00:00:00Z", "ruleName": "Daily"},
        },
    }


def test_a_point_stands_on_its_day() -> None:
    listed = [point("1", "2026-02-28T23:59:59Z", "InstantRP"), point("2", "2026-03-01T00:00:00Z", "HardenedRP")]
    body = {"id": ITEM, "name": "i", "properties": {"friendlyName": "sql01"}}
    answers = {ITEM: body, f"{ITEM}/recoveryPoints": {"value": listed}, "/_sim/clock": {"now": "2026-03-02T00:00:00Z"}}
    shown = points.calendar(client(answers), ITEM)
    assert [month["name"] for month in shown["months"]] == ["2026-03", "2026-02"]
    of_day = {
        (month["name"], day["day"]): [each["name"] for each in day["points"]]
        for month in shown["months"]
        for week in month["weeks"]
        for day in week
        if day["inside"] and day["points"]
    }
    assert of_day == {("2026-03", 1): ["2"], ("2026-02", 28): ["1"]}
    assert all(len(week) == 7 for month in shown["months"] for week in month["weeks"])


@pytest.mark.parametrize("item", ["", "x", "/subscriptions/s", f"{ITEM}/../x/protectedItems/i", f"{ITEM}?a=b"])
def test_what_is_no_item_is_refused(item: str) -> None:
    with pytest.raises(points.NoSuchItem):
        points.item_of({"item": item})
    assert points.item_of({"item": ITEM}) == ITEM


def test_ids_in_a_resource_lead_to_their_view() -> None:
    path = "/subscriptions/sub/resourceGroups/g"
    body = {"id": path, "other": "/not/arm", "text": 'quoted "/subscriptions/x"'}
    shown = resources.resource(client({path: body}), path)
    assert json.loads("".join(part["text"] for part in shown["parts"])) == body
    assert [part["address"] for part in shown["parts"] if part["address"]] == [f"resources?id={path}"]
    assert shown["inside"] == f"resources?id={path}/resources"


@pytest.mark.parametrize("path", ["http://elsewhere/", "//elsewhere", "/providers", "/subscriptions/s/../_sim/reset"])
def test_what_is_no_resource_is_refused(path: str) -> None:
    with pytest.raises(resources.NoSuchPath):
        resources.resource(client({}), path)


@pytest.mark.parametrize("newest", [0, 1, 2, 3, 7, 8, 1000, 1025])
def test_the_end_of_the_journal_is_found(newest: int) -> None:
    def events(request: httpx.Request) -> dict[str, Any]:
        since = int(request.url.params["since"])
        found = [{"id": since + 1}] if since < newest else []
        return {"events": found, "last": since + len(found)}

    journal = Journal(client({"/_sim/events": events}))
    assert journal.newest() == newest
    newest += 5
    assert journal.newest() == newest


def test_a_disk_is_drawn_group_by_group() -> None:
    mib = 1024 * 1024
    groups = [[0, 1024, 0], [130, 1, 1024], [131, 0, 1]]
    told = {"problem": None, "group_bytes": 64 * mib, "group_count": 200, "groups": groups}
    shown = disk_picture.drawn({**told, "allocated_bytes": 64 * mib, "changed_bytes": 64 * mib + 65536})
    whole, second, third = shown["cells"]
    assert (whole["x"], whole["y"], whole["used"], whole["mark"]) == (0, 0, disk_picture.LEVELS, 0)
    assert (second["x"], second["y"], second["used"]) == (2 * disk_picture.CELL, disk_picture.CELL, 1)
    assert second["mark"] > third["mark"] > 0
    assert [row["from_mib"] for row in shown["rows"]] == ["8,320", "8,384"]
    assert shown["height"] == 2 * disk_picture.CELL


@pytest.mark.parametrize("vm", ["x", "/subscriptions/s", f"{VM}/../x", f"{VM}?a=b", f"{VM}/extensions/e"])
def test_what_is_no_machine_is_refused(vm: str) -> None:
    with pytest.raises(machine.NotAMachine):
        machine.asked_for({"vm": vm})
    assert machine.asked_for({"vm": VM, "since": "1"}) == machine.Question(VM, "1", "")
    assert machine.asked_for({}).vm == ""
