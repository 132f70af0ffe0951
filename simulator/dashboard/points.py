"""The calendar of an item: which recovery points there are on which day, in which tiers, kept by which rule."""

from __future__ import annotations

import calendar as months_of
import re
from collections.abc import Mapping
from datetime import date
from itertools import islice
from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import Client
from simulator.failures import Failure


class NoSuchItem(Failure):
    """What was named is no protected item."""


MOST_POINTS = 2_000
MOST_MONTHS = 60


def calendar(client: Client, item: str) -> Json:
    """`{"item", "machine", "months", "points", "most"}`: months with their weeks, the newest month first. `item` is the
    ARM id; raises RequestFailed."""
    body = client.get(item)
    points = [_point(point) for point in islice(client.list(f"{item}/recoveryPoints"), MOST_POINTS)]
    points.sort(key=lambda point: point["time"], reverse=True)
    return {
        "item": item,
        "machine": body["properties"].get("friendlyName", body["name"]),
        "months": _months(points),
        "points": points,
        "most": MOST_POINTS,
    }


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
