"""What a request for metrics asks: its parameters, read and checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.queries import (
    DIMENSION_NOT_SUPPORTED,
    INVALID_METRIC_FILTER,
    INVALID_METRIC_PARAMETER,
    METRIC_NOT_FOUND,
)
from controlplane.domain.monitoring import health
from controlplane.domain.times import duration, parse_instant

MOST_VALUES = 200_000
"""So many values has one answer: a span of a month by the minute, of four series."""
USUAL_SPAN = timedelta(hours=1)
USUAL_TOP, MOST_TOP = 10, 1000
WHOLE_SPAN = "full"
"""An interval as long as the time span."""
_PARAMETERS = (
    *("api-version", "timespan", "interval", "metricnames", "aggregation", "top", "orderby", "$filter", "resulttype"),
    *("metricnamespace", "autoadjusttimegrain", "validatedimensions", "rollupby"),
)
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII | re.IGNORECASE)
_TERM = re.compile(r"\s*([A-Za-z]+)\s+(eq|ne|sw)\s+'((?:[^']|'')*)'\s*", re.IGNORECASE)
_JOINT = re.compile(r"(and|or)\s", re.IGNORECASE)
_ORDER_NAMES = {"sum": "Total"}


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is eq, ne or sw (begins with). A value of eq that is a star stands for any."""

    operator: str
    value: str

    def holds(self, actual: str) -> bool:
        actual, value = actual.lower(), self.value.lower()
        match self.operator:
            case "eq":
                return value in {"*", actual}
            case "ne":
                return value != actual
            case _:
                return actual.startswith(value)


@dataclass(frozen=True, slots=True)
class MetricQuery:
    metrics: tuple[str, ...]
    since: datetime
    until: datetime
    interval: timedelta
    aggregations: tuple[str, ...]
    dimensions: Mapping[str, Sequence[Condition]]
    """Of which any must hold for each dimension that the filter names."""
    rolled_up: frozenset[str]
    """Dimensions of the filter whose values are not told apart."""
    top: int
    order_by: str
    descending: bool
    metadata_only: bool

    @property
    def intervals(self) -> int:
        return max(1, -((self.since - self.until) // self.interval))

    @property
    def split_by(self) -> tuple[str, ...]:
        return tuple(name for name in self.dimensions if name not in self.rolled_up)

    def admits(self, values: Mapping[str, str]) -> bool:
        return all(
            any(condition.holds(values[name]) for condition in conditions)
            for name, conditions in self.dimensions.items()
        )


@dataclass(frozen=True, slots=True)
class Supported:
    """What a resource has metrics of."""

    namespace: str
    metrics: Collection[str]
    aggregations: Collection[str]
    grains: Sequence[timedelta]


def read(query: Mapping[str, str], now: datetime, supported: Supported) -> MetricQuery:
    """`query` has its names in lower case. ServiceError for what no request may ask."""
    check_names(query, _PARAMETERS)
    check_namespace(query, supported)
    since, until = _span(query, now)
    dimensions = _filter(query.get("$filter", ""))
    rolled_up = frozenset(_dimension(name) for name in _words(query.get("rollupby", "")))
    if rolled_up - set(dimensions):
        raise _wrong("rollupby", "it must name dimensions of $filter")
    order_by, descending = _order(query.get("orderby", ""), supported)
    read_query = MetricQuery(
        metrics=_metrics(query, supported),
        since=since,
        until=until,
        interval=_interval(query, until - since, supported.grains),
        aggregations=_aggregations(query, supported),
        dimensions=dimensions,
        rolled_up=rolled_up,
        top=_top(query),
        order_by=order_by,
        descending=descending,
        metadata_only=_choice(query, "resulttype", ("Data", "Metadata")) == "Metadata",
    )
    _choice(query, "validatedimensions", ("true", "false"))
    series = read_query.top if dimensions else 1
    if not read_query.metadata_only and read_query.intervals * min(series, USUAL_TOP) > MOST_VALUES:
        raise _wrong("interval", f"with it an answer would have more than {MOST_VALUES} values")
    return read_query


def check_names(query: Mapping[str, str], names: Collection[str]) -> None:
    """Refuse a parameter that would otherwise change nothing."""
    for name in query:
        if name not in names:
            raise errors.invalid_query(name, "it is not a parameter of this operation")


def check_namespace(query: Mapping[str, str], supported: Supported) -> None:
    given = query.get("metricnamespace")
    if given and given.lower() != supported.namespace.lower():
        raise _wrong("metricnamespace", f"'{given}' is none of {supported.namespace}")


def _wrong(name: str, reason: str) -> ServiceError:
    return INVALID_METRIC_PARAMETER.error(name=name, reason=reason)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _choice(query: Mapping[str, str], name: str, values: Collection[str]) -> str | None:
    given = query.get(name)
    if not given:
        return None
    for value in values:
        if value.lower() == given.lower():
            return value
    raise _wrong(name, f"'{given}' is none of {', '.join(values)}")


def _metrics(query: Mapping[str, str], supported: Supported) -> tuple[str, ...]:
    """Those that are named, or all."""
    spelling = {name.lower(): name for name in supported.metrics}
    names = _words(query.get("metricnames", "")) or list(supported.metrics)
    for name in names:
        if name.lower() not in spelling:
            provider, _, kind = supported.namespace.partition("/")
            raise METRIC_NOT_FOUND.error(provider=provider, kind=kind, metric=name, valid=",".join(supported.metrics))
    return tuple(dict.fromkeys(spelling[name.lower()] for name in names))


def _aggregations(query: Mapping[str, str], supported: Supported) -> tuple[str, ...]:
    spelling = {name.lower(): name for name in supported.aggregations}
    names = [name for name in _words(query.get("aggregation", "")) if name.lower() != "none"]
    for name in names:
        if name.lower() not in spelling:
            raise _wrong("aggregation", f"'{name}' is none of {', '.join(supported.aggregations)}")
    return tuple(dict.fromkeys(spelling[name.lower()] for name in names)) or ("Count",)


def _span(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """Begin and end, on the minute. One length stands for the time until now."""
    text = unquote(query.get("timespan", ""))  # az escapes it twice
    if not text:
        since, until = now - USUAL_SPAN, now
    elif "/" not in text:
        length = parse_duration(text)
        if not length:
            raise _wrong("timespan", "it must be <start>/<end>, or a length such as PT1H")
        since, until = now - length, now
    else:
        begin, _, end = text.partition("/")
        try:
            # The plus of an offset that was not escaped stands for a blank in a query.
            since, until = (parse_instant(text.replace(" ", "+")) for text in (begin, end))
        except ValueError:
            raise _wrong("timespan", "it must be <start>/<end>, or a length such as PT1H") from None
    if since >= until:
        raise _wrong("timespan", "its end must come after its start")
    if until - since > health.KEPT:
        raise _wrong("timespan", f"it must not be longer than {duration(health.KEPT.total_seconds())}")
    return since.replace(second=0, microsecond=0), until


def _interval(query: Mapping[str, str], span: timedelta, grains: Sequence[timedelta]) -> timedelta:
    text = query.get("interval", "")
    adjusts = _choice(query, "autoadjusttimegrain", ("true", "false")) == "true"
    if text.lower() == WHOLE_SPAN:
        return max(span, grains[0])
    length = parse_duration(text) if text else grains[0]
    if length is not None and length in grains:
        return length
    if adjusts and length:
        return next((grain for grain in grains if grain >= length), grains[-1])
    supported = ",".join(duration(grain.total_seconds()) for grain in grains)
    raise _wrong("interval", f"Detected invalid time grain input: {text}, supported ones are: {supported}")


def parse_duration(text: str) -> timedelta | None:
    """`P1DT2H30M`; None for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _top(query: Mapping[str, str]) -> int:
    given = query.get("top")
    if not given:
        return USUAL_TOP
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= MOST_TOP):
        raise _wrong("top", f"it must be between 1 and {MOST_TOP}")
    # Without a filter there is one series. az names a number always.
    return int(given)


def _order(text: str, supported: Supported) -> tuple[str, bool]:
    """The aggregation by which series are ordered, and whether downwards; otherwise those with most come first."""
    if not text:
        return "Count", True
    name, _, direction = text.strip().partition(" ")
    name = _ORDER_NAMES.get(name.lower(), name)
    spelling = {each.lower(): each for each in supported.aggregations}
    if name.lower() not in spelling or direction.strip().lower() not in {"", "asc", "desc"}:
        raise _wrong("orderby", "it must be an aggregation and asc or desc, such as 'sum asc'")
    return spelling[name.lower()], direction.strip().lower() == "desc"


def _dimension(name: str) -> str:
    for dimension in health.DIMENSIONS:
        if dimension.lower() == name.lower():
            return dimension
    raise DIMENSION_NOT_SUPPORTED.error(name=name, supported=",".join(health.DIMENSIONS))


def _filter(text: str) -> dict[str, list[Condition]]:
    """Dimension -> its conditions. `or` stands between conditions of one dimension only."""
    conditions: dict[str, list[Condition]] = {}
    position, joint, last = 0, "and", ""
    while position < len(text):
        term = _TERM.match(text, position)
        if term is None:
            raise INVALID_METRIC_FILTER.error(reason="it must be of the form dimension eq 'value' and dimension eq '*'")
        name = _dimension(term[1])
        if joint == "or" and name != last:
            raise INVALID_METRIC_FILTER.error(reason="'or' cannot separate two different dimensions")
        if joint == "and" and name in conditions:
            raise INVALID_METRIC_FILTER.error(reason=f"'{name}' stands on both sides of an 'and'")
        conditions.setdefault(name, []).append(Condition(term[2].lower(), term[3].replace("''", "'")))
        position, last = term.end(), name
        if position < len(text):
            word = _JOINT.match(text, position)
            if word is None:
                raise INVALID_METRIC_FILTER.error(reason="terms must be joined by 'and' or 'or'")
            joint, position = word[1].lower(), word.end()
    return conditions
