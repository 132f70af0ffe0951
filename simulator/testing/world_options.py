"""What a test can ask of its world: the keywords of the mark `backup_world`, and what they mean to a Config."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.failures import WrongUse

if TYPE_CHECKING:
    from simulator.world import Config

USUAL: Mapping[str, Any] = {"clock": "virtual"}
"""A test waits for nothing, so time stands unless the test moves it."""


def _limits(given: Any) -> Mapping[str, Any]:
    from simulator.state.limits import limits_from

    return {"limits": limits_from(_of_kind("limits", given, dict))}


def _location(name: Any) -> Mapping[str, Any]:
    return {"location": _of_kind("location", name, str)}


def _start_spread(text: Any) -> Mapping[str, Any]:
    from simulator.start_spread import spread_of

    return {"start_spread_seconds": spread_of(_of_kind("start_spread", text, str))}


def _daily_work(text: Any) -> Mapping[str, Any]:
    from simulator.daily_work import DailyWork

    return {"workload_per_day": DailyWork.parse(_of_kind("workload_per_day", text, str))}


def _pace(given: Any) -> Mapping[str, Any]:
    from simulator.pace import PaceSettings

    words = given if isinstance(given, list | tuple) else [given]
    return {"pace": PaceSettings.parse([str(word) for word in words])}


def _extension(field: str) -> Callable[[Any], Mapping[str, Any]]:
    def ordered(word: Any) -> Mapping[str, Any]:
        from simulator.handlers.ordered_extensions import parsed

        return {field: parsed(_of_kind(field, word, str), field)}

    return ordered


def _snapshots_by(method: Any) -> Mapping[str, Any]:
    from extension.contract.settings import SnapshotMethod

    if method not in list(SnapshotMethod):
        raise WrongUse(f"snapshots_by={method!r} is not possible; use one of {', '.join(SnapshotMethod)}")
    return {"take_snapshot_from": str(method)}


def _plain(keyword: str, field: str, kind: type) -> Callable[[Any], Mapping[str, Any]]:
    return lambda value: {field: _of_kind(keyword, value, kind)}


OF_CLOCK = ("clock", "rate", "start")
KEYWORDS: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "limit_requests": _plain("limit_requests", "limit_requests", bool),
    "limits": _limits,
    "linux_extension": _extension("linux_extension"),
    "locale": _plain("locale", "locale", str),
    "location": _location,
    "on_demand_backups": _plain("on_demand_backups", "on_demand_backups_per_day", int),
    "pace": _pace,
    "snapshot_timeout": _plain("snapshot_timeout", "snapshot_timeout_seconds", int),
    "snapshots_by": _snapshots_by,
    "start_spread": _start_spread,
    "strict_api_versions": _plain("strict_api_versions", "strict_api_versions", bool),
    "vss": _plain("vss", "vss", bool),
    "windows_extension": _extension("windows_extension"),
    "workload_per_day": _daily_work,
    "workload_rate": _plain("workload_rate", "workload_rate", float),
}
"""Each keyword besides those of the clock: what it makes of a Config's fields. They mean what the options of
`backupsim up` of the same names do."""


def check_keywords(keywords: Collection[str]) -> None:
    """Raises WrongUse for one that a world does not take."""
    known = [*OF_CLOCK, *KEYWORDS]
    for keyword in keywords:
        if keyword not in known:
            near = difflib.get_close_matches(keyword, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(sorted(known))}"
            raise WrongUse(f"the mark backup_world takes no {keyword}; {hint}")


def config_of(state: Path, seed: int, asked: Mapping[str, Any], *, is_fork: bool = False, **more: Any) -> Config:
    """The configuration of a test's world, with `more` of its fields; WrongUse for a value that is not possible. Time
    in a fork goes on as it did in the world that was saved, unless something else is asked."""
    from simulator.clock.kept_clock import ClockSettings
    from simulator.world import Config

    check_keywords(asked)
    wanted = {**({} if is_fork else USUAL), **asked}
    rate = wanted.get("rate")
    settings = ClockSettings.parse(
        wanted.get("clock"), None if rate is None else float(rate), str(wanted["start"]) if "start" in wanted else None
    )
    values: dict[str, Any] = {"clock": settings}
    for keyword, value in wanted.items():
        if keyword in KEYWORDS:
            values |= KEYWORDS[keyword](value)
    return Config(state=state, seed=seed, **values, **more)


def _of_kind(keyword: str, value: Any, kind: type) -> Any:
    fits = isinstance(value, bool) if kind is bool else isinstance(value, kind) and not isinstance(value, bool)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not fits:
        words = {bool: "True or False", str: "a text", int: "a whole number", float: "a number", dict: "a dictionary"}
        raise WrongUse(f"{keyword}={value!r} is not possible; it is {words[kind]}")
    return value
