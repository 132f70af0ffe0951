"""The calendar of an item: which recovery points there are on which day, in which tiers, kept by which rule."""

from __future__ import annotations

import calendar as months_of
import re
import shlex
from collections.abc import Mapping
from datetime import date
from itertools import islice
from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import Client
from simulator.dashboard import ahead
from simulator.dashboard.commands import of_az
from simulator.failures import Failure


class NoSuchItem(Failure):
    """What was named is no protected item."""


MOST_POINTS = 2_000
MOST_MONTHS = 60
DAYS_AHEAD = 31
"""Of what is expected, unless a day is named."""


def calendar(client: Client, item: str, at: str = "") -> Json:
    """`{"item", "machine", "months", "points", "most", "at", "ahead", "problem", "files", "commands"}`: months with
    their weeks, the newest first. `item` is the ARM id; raises RequestFailed.

    With `at`, a day such as 2027-03-01, the points that will be there at its end, without it those of now and the ones
    expected within a month. What is expected is told by the forecast of the item's policy.
    """
    body = client.get(item)
    now = str(client.sim("GET", "/clock")["now"])
    moment = _moment(at, now)
    there = [_point(point) for point in islice(client.list(f"{item}/recoveryPoints"), MOST_POINTS)]
    expected, problem = ahead.expected(
        client, body, now, moment or ahead.later(now, DAYS_AHEAD), of_moment=bool(moment)
    )
    if moment:
        there = [point for point in there if point["until"] > moment]
    points = sorted([*there, *expected], key=lambda point: str(point["time"]), reverse=True)[:MOST_POINTS]
    return {
        "item": item,
        "machine": body["properties"].get("friendlyName", body["name"]),
        "months": _months(points),
        "points": points,
        "most": MOST_POINTS,
        "now": now[:10],
        "at": moment[:10] if moment else "",
        "expected": sum(point["expected"] for point in points),
        "problem": problem,
        "files": f"files?item={quote(item, safe='')}",
        "commands": (
            *of_az("backup", "recoverypoint", "list", *of_item(body)),
            f"backupsim forecast {shlex.quote(str(body['properties'].get('policyName', '')))}",
        ),
    }


def of_item(body: Json) -> tuple[str, ...]:
    """The options by which az names a protected item."""
    parts, machine = body["id"].split("/"), str(body["properties"].get("friendlyName", body["name"]))
    of_vault = ("--resource-group", parts[4], "--vault-name", parts[8])
    return (*of_vault, "--container-name", machine, "--item-name", machine, "--backup-management-type", "AzureIaasVM")


def _moment(at: str, now: str) -> str:
    """The end of a day, as an instant; empty for no day and for one that has begun."""
    try:
        day = date.fromisoformat(at)
    except ValueError:
        return ""
    return f"{day.isoformat()}T23:59:59Z" if day.isoformat() > now[:10] else ""


def item_of(query: Mapping[str, str]) -> str:
    """The item that an address of this view names; raises NoSuchItem."""
    item = query.get("item", "")
    if not re.fullmatch(r"/subscriptions/[^?#]+/protectedItems/[^/?#]+", item, re.IGNORECASE) or ".." in item:
        raise NoSuchItem("name a protected item; the overview has a link to the recovery points of each")
    return item


def address(item: str) -> str:
    return f"points?item={quote(item, safe='')}"


def _point(point: Json) -> Json:
    properties = point["properties"]
    tiers = [each["type"] for each in properties["recoveryPointTierDetails"] if each["status"] == "Valid"]
    kept = properties["recoveryPointProperties"]
    return {
        "name": point["name"],
        "time": properties["recoveryPointTime"],
        "day": date.fromisoformat(properties["recoveryPointTime"][:10]),
        "consistency": properties["recoveryPointType"],
        "tiers": tiers,
        "until": kept["expiryTime"],
        "rule": kept["ruleName"],
        "expected": False,
    }


def _months(points: list[Json]) -> list[Json]:
    """Each month that has a point: its weeks, from Monday on, of days with what they have."""
    of_day: dict[date, list[Json]] = {}
    for point in points:
        of_day.setdefault(point["day"], []).append(point)
    months = sorted({(day.year, day.month) for day in of_day}, reverse=True)
    weeks = months_of.Calendar().monthdatescalendar
    return [
        {
            "name": f"{year}-{month:02}",
            "weeks": [
                [{"day": day.day, "inside": day.month == month, "points": of_day.get(day, [])} for day in week]
                for week in weeks(year, month)
            ],
        }
        for year, month in islice(months, MOST_MONTHS)
    ]
