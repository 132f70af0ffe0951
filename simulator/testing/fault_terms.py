"""The terms of a fault as keywords: where, when, and the rest, which are the fault's own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from controlplane.json_object import Json

WHERE = ("vm", "disk", "vault", "job", "operation", "party")
WHEN = ("nth", "first", "last", "after", "before", "for_", "probability")


def setting_of(fault: str, terms: Mapping[str, Any]) -> Json:
    """The body of `POST /_sim/faults/set`. `for_` is a duration in world time, as text (`2h`) or timedelta."""
    when = {name: _time(terms[name]) for name in WHEN if name in terms}
    if "for_" in when:
        when["for_seconds"] = _seconds(when.pop("for_"))
    return {
        "fault": fault,
        "where": {name: terms[name] for name in WHERE if name in terms},
        "when": when,
        "parameters": {name: value for name, value in terms.items() if name not in (*WHERE, *WHEN)},
    }


def _time(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _seconds(value: Any) -> float:
    from simulator.clock.targets import duration_of

    return (value if isinstance(value, timedelta) else duration_of(value)).total_seconds()
