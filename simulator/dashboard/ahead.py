"""The recovery points that an item will have, by the forecast of its policy."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed

MOST_YEARS = 30
"""That a forecast goes."""
BACKED_UP = frozenset({"Protected", "IRPending"})
"""States of an item that is backed up by its policy."""


def later(now: str, days: int) -> str:
    """So many days after an instant."""
    return (datetime.fromisoformat(now) + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def expected(client: Client, item: Json, now: str, until: str, *, of_moment: bool) -> tuple[list[Json], str]:
    """Points that are taken after `now` and up to `until`, and why there are none. With `of_moment` only those that are
    still there then, in the tiers that they then have; else all of them, as they are when they are taken."""
    properties = item["properties"]
    if properties.get("protectionState") not in BACKED_UP or not properties.get("policyId"):
        return [], "not_backed_up"
    years = date.fromisoformat(until[:10]).year - date.fromisoformat(now[:10]).year + 1
    if years > MOST_YEARS:
        return [], "too_far"
    asked = {"policy": properties["policyId"], "years": years}
    try:
        told = client.sim("POST", "/forecast", asked)["recovery_points"]
    except RequestFailed as problem:
        return [], str(problem)
    taken = [point for point in told if now < point["time"] <= until]
    return [
        _point(point, until if of_moment else point["time"])
        for point in taken
        if not of_moment or (point["removed"] or point["expires"]) > until
    ], ""


def _point(point: Json, moment: str) -> Json:
    return {
        "name": "",
        "time": point["time"],
        "day": date.fromisoformat(point["time"][:10]),
        "consistency": "",
        "tiers": _tiers(point, moment),
        "until": point["expires"],
        "rule": ", ".join(point["rules"]),
        "expected": True,
    }


def _tiers(point: Json, moment: str) -> list[str]:
    tiers = ["InstantRP"] if (point["snapshots_until"] or "") > moment else []
    if point["archived"] and point["archived"] <= moment:
        return [*tiers, "ArchivedRP"]
    return [*tiers, "HardenedRP"] if point["in_vault"] else tiers
