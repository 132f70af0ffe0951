"""Lists and summaries of alerts: which parameters they take, and what these do.

Facts: the parameters of the published SDK with their values and defaults. An alert lies in a range of time if it was
fired in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controlplane.domain import errors
from controlplane.domain.monitoring import alert
from controlplane.domain.monitoring.alert import CONDITIONS, SERVICE, SEVERITIES, SIGNALS, STATES, essentials
from controlplane.domain.times import parse_instant
from controlplane.json_object import Json

OTHER_SERVICES = (
    *("ActivityLog Administrative", "ActivityLog Autoscale", "ActivityLog Policy", "ActivityLog Recommendation"),
    *("ActivityLog Security", "Application Insights", "Custom", "Data Box Edge", "Log Analytics", "Nagios"),
    *("Platform", "Resource Health", "SCOM", "ServiceHealth", "Smart Detector", "SmartDetector", "VM Insights"),
    "Zabbix",
)
"""What else fires alerts in Azure, and here nothing."""
RANGES = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
USUAL_RANGE = "1d"
MOST_ON_A_PAGE, MOST_WITH_CONTEXT, USUAL_ON_A_PAGE = 250, 25, 25
TIMES = ("startDateTime", "lastModifiedDateTime")
SORTED_BY = (
    *("name", "severity", "alertState", "monitorCondition", "targetResource", "targetResourceName"),
    *("targetResourceGroup", "targetResourceType", *TIMES),
)
GROUPED_BY: Mapping[str, tuple[str, ...]] = {
    "severity": SEVERITIES,
    "alertState": STATES,
    "monitorCondition": CONDITIONS,
    "monitorService": (),
    "signalType": SIGNALS,
    "alertRule": (),
}
"""What a summary may group by, and the values that it shows even where no alert has them."""

_VALUES: Mapping[str, Collection[str]] = {
    "severity": SEVERITIES,
    "alertState": STATES,
    "monitorCondition": CONDITIONS,
    "monitorService": (SERVICE, *OTHER_SERVICES),
}
_TEXTS = ("targetResource", "targetResourceType", "targetResourceGroup", "alertRule")
_COMMON = ("api-version", *_VALUES, *_TEXTS, "timeRange", "customTimeRange")
_OF_LISTS = ("smartGroupId", "includeContext", "includeEgressConfig", "pageCount", "sortBy", "sortOrder", "select")
TOKEN = "ctoken"
"""Where a list goes on."""

Query = Mapping[str, str]
"""Parameters of the request, their names in lower case."""


@dataclass(frozen=True, slots=True)
class Page:
    """How a list of alerts is shown."""

    count: int
    sort_by: str
    descending: bool
    fields: tuple[str, ...]
    """Of the essentials; all where it is empty."""
    with_context: bool
    with_egress: bool
    after: str
    """Id of the alert with which the page before ended; empty for the first page."""


def read_page(query: Query) -> Page:
    _check_names(query, (*_COMMON, *_OF_LISTS, TOKEN))
    if query.get("smartgroupid"):
        raise errors.operation_not_simulated("alerts of a smart group")
    with_context = _flag(query, "includeContext")
    most = MOST_WITH_CONTEXT if with_context else MOST_ON_A_PAGE
    sort_by = _one_of(query, "sortBy", SORTED_BY) or "lastModifiedDateTime"
    order = _one_of(query, "sortOrder", ("asc", "desc")) or ("desc" if sort_by in TIMES else "asc")
    return Page(
        count=_count(query, most),
        sort_by=sort_by,
        descending=order == "desc",
        fields=_fields(query),
        with_context=with_context,
        with_egress=_flag(query, "includeEgressConfig"),
        after=query.get(TOKEN, ""),
    )


def chosen(bodies: Iterable[Json], query: Query, now: datetime) -> list[Json]:
    """The alerts that a request's filters leave."""
    since, until = _range(query, now)
    required = {key: _one_of(query, key, values) for key, values in _VALUES.items()}
    required |= {key: query.get(key.lower()) or None for key in _TEXTS}
    wanted = {key: value.lower() for key, value in required.items() if value}
    return [
        body
        for body in bodies
        if since <= alert.fired_at(body) <= until
        and not alert.is_over(body, now)
        and all(_matches(essentials(body)[key], key, value) for key, value in wanted.items())
    ]


def page_of(bodies: Sequence[Json], page: Page) -> tuple[list[Json], bool]:
    """The alerts of one page as they are shown, and whether there are more."""
    ordered = sorted(bodies, key=lambda body: body["id"])
    ordered.sort(key=_sort_key(page.sort_by), reverse=page.descending)
    begin = 0
    if page.after:
        ids = [body["id"].lower() for body in ordered]
        if page.after.lower() not in ids:
            raise errors.invalid_query(TOKEN, "it was not issued by this service, or its alert is gone")
        begin = ids.index(page.after.lower()) + 1
    rest = ordered[begin:]
    return [_shown(body, page) for body in rest[: page.count]], len(rest) > page.count


def summary(bodies: Sequence[Json], scope: str, groups: Sequence[str]) -> Json:
    """How many alerts there are, by one value within the other."""
    return {
        "id": f"{scope}/providers/Microsoft.AlertsManagement/alertsSummary/current",
        "name": "current",
        "type": "Microsoft.AlertsManagement/alertsSummary",
        "properties": {"total": len(bodies), **_grouped(bodies, groups)},
    }


def read_groups(query: Query) -> tuple[str, ...]:
    """By what a summary is to be grouped."""
    _check_names(query, (*_COMMON, "groupby", "includeSmartGroupsCount"))
    if _flag(query, "includeSmartGroupsCount"):
        raise errors.operation_not_simulated("the count of smart groups")
    names = [name.strip() for name in query.get("groupby", "").split(",") if name.strip()]
    if not names:
        raise errors.invalid_query("groupby", "it is required")
    return tuple(_spelled("groupby", name, tuple(GROUPED_BY)) for name in names)


def read_state(query: Query) -> str:
    """The state that an alert is to be given."""
    state = _one_of(query, "newState", STATES)
    if state is None:
        raise errors.invalid_query("newState", f"it is required, and one of {', '.join(STATES)}")
    return state


# ----------------------------------------------------------------------------------------------------------- parameters


def _check_names(query: Query, names: Collection[str]) -> None:
    """Refuse a parameter that would otherwise change nothing."""
    known = {name.lower() for name in names}
    for name in query:
        if name not in known:
            raise errors.invalid_query(name, "it is not a parameter of this operation")


def _one_of(query: Query, name: str, values: Collection[str]) -> str | None:
    given = query.get(name.lower())
    return _spelled(name, given, values) if given else None


def _spelled(name: str, given: str, values: Collection[str]) -> str:
    for value in values:
        if value.lower() == given.lower():
            return value
    raise errors.invalid_query(name, f"'{given}' is none of {', '.join(values)}")


def _flag(query: Query, name: str) -> bool:
    return _one_of(query, name, ("true", "false")) == "true"


def _count(query: Query, most: int) -> int:
    given = query.get("pagecount")
    if not given:
        return USUAL_ON_A_PAGE
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= most:
        raise errors.invalid_query("pageCount", f"it must be between 1 and {most}")
    return int(given)


def _fields(query: Query) -> tuple[str, ...]:
    names = [name.strip() for name in query.get("select", "").split(",") if name.strip()]
    return tuple(_spelled("select", name, ESSENTIALS) for name in names)


def _range(query: Query, now: datetime) -> tuple[datetime, datetime]:
    custom = query.get("customtimerange")
    if custom and query.get("timerange"):
        raise errors.invalid_query("customTimeRange", "it cannot be used together with timeRange")
    if not custom:
        return now - RANGES[_one_of(query, "timeRange", RANGES) or USUAL_RANGE], now
    begin, _, end = custom.partition("/")
    try:
        since, until = parse_instant(begin), parse_instant(end)
    except ValueError:
        raise errors.invalid_query("customTimeRange", "it must be two times, <start>/<end>") from None
    if since > until or since < now - alert.KEPT:
        raise errors.invalid_query("customTimeRange", "it must lie within the last 30 days, its start before its end")
    return since, until


def _matches(actual: str, key: str, wanted: str) -> bool:
    """Types of resources are known with their namespace, and by their last part."""
    actual = actual.lower()
    return actual == wanted or (key == "targetResourceType" and actual.rpartition("/")[2] == wanted)


# ------------------------------------------------------------------------------------------------------------- answers

ESSENTIALS = (
    *("severity", "signalType", "alertState", "monitorCondition", "monitorService", "targetResource"),
    *("targetResourceName", "targetResourceGroup", "targetResourceType", "sourceCreatedId", "smartGroupId"),
    *("smartGroupingReason", "alertRule", "startDateTime", "lastModifiedDateTime", "lastModifiedUserName"),
    *("actionStatus", "description"),
)
"""The keys of an alert's essentials, which `select` chooses from."""


def _sort_key(name: str) -> Callable[[Json], Any]:
    if name == "name":
        return lambda body: str(body["name"]).lower()
    if name in TIMES:
        return lambda body: parse_instant(essentials(body)[name])
    return lambda body: str(essentials(body)[name]).lower()


def _shown(body: Json, page: Page) -> Json:
    all_of_it = essentials(body)
    properties: Json = {"essentials": {key: all_of_it[key] for key in page.fields or all_of_it}}
    if page.with_context:
        properties["context"] = body["properties"]["context"]
    if page.with_egress:
        properties["egressConfig"] = body["properties"]["egressConfig"]
    return body | {"properties": properties}


def _grouped(bodies: Sequence[Json], groups: Sequence[str]) -> Json:
    if not groups:
        return {}
    name, *others = groups
    found: dict[str, list[Json]] = {value: [] for value in GROUPED_BY[name]}
    for body in bodies:
        found.setdefault(essentials(body)[name], []).append(body)
    values = [{"name": value, "count": len(those), **_grouped(those, others)} for value, those in found.items()]
    return {"groupedby": name, "values": values}
