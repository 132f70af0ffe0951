"""The form of a backup policy: what its fields say as the body that ARM takes, and a body as its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.json_object import Json

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKS = ("First", "Second", "Third", "Fourth", "Last")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
FREQUENCIES = ("Daily", "Weekly", "Hourly")
YEARS = (1, 2, 5, 10, 30)
"""How far a forecast may go."""
TIME = re.compile(r"[0-2]\d:[0-5]\d")
UNITS = {"daily": "Days", "weekly": "Weeks", "monthly": "Months", "yearly": "Years"}
FIELDS: dict[str, str] = {
    "name": "",
    "type": "V1",
    "frequency": "Daily",
    "time": "21:00",
    "zone": "UTC",
    "interval": "4",
    "window": "12",
    "snapshots": "2",
    "daily": "30",
    "weekly": "",
    "monthly": "",
    "monthly_by": "week",
    "yearly": "",
    "yearly_by": "week",
    "dates": "1",
    "years": "2",
}
"""Fields with one value, and what they hold at first. Those of retention are counts; an empty one keeps by no rule."""
LISTS: dict[str, tuple[str, ...]] = {"days": ("Sunday",), "weeks": ("First",), "months": ("January",)}
"""Fields with several: the days of a week, the weeks of a month and the months of a year that a rule keeps."""


class NoPolicy(ValueError):
    """The fields make no policy; says which."""


@dataclass(frozen=True)
class Form:
    """What the fields hold."""

    values: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def read(pairs: Sequence[tuple[str, str]]) -> Form:
    """The fields that a query names; one that it does not name is as at first, and a list that it does not is empty
    once it names anything."""
    given = dict(pairs)
    values = {name: given.get(name, first).strip() for name, first in FIELDS.items()}
    is_sent = "frequency" in given
    lists = {
        name: [value for key, value in pairs if key == name] if is_sent else list(first)
        for name, first in LISTS.items()
    }
    return Form(values, lists)


# ------------------------------------------------------------------------------------------------------- to ARM's body


def body_of(form: Form, day: str) -> Json:
    """`day`, as 2026-03-01, stands before times of the day. Raises NoPolicy."""
    if not TIME.fullmatch(form["time"]):
        raise NoPolicy("time: write hours and minutes, as in 21:00")
    at = f"{day}T{form['time']}:00Z"
    retention = {"retentionPolicyType": "LongTermRetentionPolicy", **_retention(form, at)}
    return {
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "policyType": form["type"],
            "schedulePolicy": _schedule(form, at),
            "retentionPolicy": retention,
            "instantRpRetentionRangeInDays": _count(form, "snapshots"),
            "timeZone": form["zone"],
        }
    }


def _schedule(form: Form, at: str) -> Json:
    frequency = form["frequency"]
    if form["type"] == "V1":
        days = {"scheduleRunDays": list(form.lists["days"])} if frequency == "Weekly" else {}
        runs = {"scheduleRunFrequency": frequency, **days, "scheduleRunTimes": [at]}
        return {"schedulePolicyType": "SimpleSchedulePolicy", **runs}
    runs_of: dict[str, Json] = {
        "Daily": {"dailySchedule": {"scheduleRunTimes": [at]}},
        "Weekly": {"weeklySchedule": {"scheduleRunDays": list(form.lists["days"]), "scheduleRunTimes": [at]}},
    }
    if frequency == "Hourly":
        interval, window = _count(form, "interval"), _count(form, "window")
        hourly = {"interval": interval, "scheduleWindowStartTime": at, "scheduleWindowDuration": window}
        runs_of["Hourly"] = {"hourlySchedule": hourly}
    return {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": frequency,
        **runs_of.get(frequency, {}),
    }


def _retention(form: Form, at: str) -> Json:
    found: Json = {}
    for rule, unit in UNITS.items():
        if not form[rule]:
            continue
        duration = {"count": _count(form, rule), "durationType": unit}
        schedule: Json = {"retentionTimes": [at], "retentionDuration": duration}
        if rule == "weekly":
            schedule["daysOfTheWeek"] = list(form.lists["days"])
        if rule == "yearly":
            schedule["monthsOfYear"] = list(form.lists["months"])
        if rule in {"monthly", "yearly"}:
            schedule |= _days_of_month(form, form[f"{rule}_by"])
        found[f"{rule}Schedule"] = schedule
    return found


def _days_of_month(form: Form, by: str) -> Json:
    if by == "date":
        days = [_date(text.strip()) for text in form["dates"].split(",") if text.strip()]
        return {"retentionScheduleFormatType": "Daily", "retentionScheduleDaily": {"daysOfTheMonth": days}}
    weekly = {"daysOfTheWeek": list(form.lists["days"]), "weeksOfTheMonth": list(form.lists["weeks"])}
    return {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": weekly}


def _date(text: str) -> Json:
    if text.lower() == "last":
        return {"date": 0, "isLast": True}
    if not text.isascii() or not text.isdigit():
        raise NoPolicy(f"dates: {text} is no day of a month; write numbers and last, with commas between")
    return {"date": int(text), "isLast": False}


def _count(form: Form, name: str) -> int:
    text = form[name]
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise NoPolicy(f"{name}: {text or 'nothing'} is no whole number")
    return int(text)


# ----------------------------------------------------------------------------------------------------- from ARM's body


def form_of(policy: Json) -> Form:
    """The fields of a policy as ARM shows it."""
    properties = policy["properties"]
    schedule, retention = properties["schedulePolicy"], properties["retentionPolicy"]
    hourly = schedule.get("hourlySchedule") or {}
    runs = schedule.get("dailySchedule") or schedule.get("weeklySchedule") or schedule
    at = hourly.get("scheduleWindowStartTime") or next(iter(runs.get("scheduleRunTimes") or ["T21:00"]))
    values = FIELDS | {
        "name": policy["name"],
        "type": properties.get("policyType", "V1"),
        "frequency": schedule["scheduleRunFrequency"],
        "time": str(at).partition("T")[2][:5],
        "zone": properties.get("timeZone", "UTC"),
        "snapshots": str(properties.get("instantRpRetentionRangeInDays", FIELDS["snapshots"])),
        "interval": str(hourly.get("interval", FIELDS["interval"])),
        "window": str(hourly.get("scheduleWindowDuration", FIELDS["window"])),
        "daily": "",
    }
    lists: dict[str, Sequence[str]] = {name: list(first) for name, first in LISTS.items()}
    if runs.get("scheduleRunDays"):
        lists["days"] = runs["scheduleRunDays"]
    for rule in UNITS:
        _read_rule(rule, retention.get(f"{rule}Schedule"), values, lists)
    return Form(values, lists)


def _read_rule(rule: str, kept: Any, values: dict[str, str], lists: dict[str, Sequence[str]]) -> None:
    """What a rule of retention says, into the fields."""
    if not kept:
        return
    values[rule] = str(kept["retentionDuration"]["count"])
    weekly = kept.get("retentionScheduleWeekly") or {}
    dates = (kept.get("retentionScheduleDaily") or {}).get("daysOfTheMonth")
    if rule in {"monthly", "yearly"}:
        values[f"{rule}_by"] = "date" if dates else "week"
    if dates:
        values["dates"] = ",".join("last" if each.get("isLast") else str(each["date"]) for each in dates)
    for name, found in (
        ("days", kept.get("daysOfTheWeek") or weekly.get("daysOfTheWeek")),
        ("weeks", weekly.get("weeksOfTheMonth")),
        ("months", kept.get("monthsOfYear")),
    ):
        if found:
            lists[name] = found


def is_kept_by(form: Form, policy: Json) -> bool:
    """Whether the fields have room for all of a policy: what they make of it is what it says."""
    try:
        made = body_of(form, "2020-01-01")["properties"]
    except NoPolicy:
        return False
    shown = policy["properties"]
    return all(_plain(made[part]) == _plain(shown.get(part)) for part in ("schedulePolicy", "retentionPolicy"))


def _plain(value: Any) -> Any:
    """Without the day before a time, and without what says nothing."""
    if isinstance(value, dict):
        plain = {key: _plain(each) for key, each in value.items()}
        return {key: each for key, each in plain.items() if each not in (None, [], {}, 0)}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    at = re.fullmatch(r"\d{4}-\d\d-\d\dT(\d\d:\d\d)\S*", value) if isinstance(value, str) else None
    return at[1] if at else value
