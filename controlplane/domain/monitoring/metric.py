"""The metrics of a Recovery Services vault: their definitions, and the values that a request asks of them.

Facts: "Supported metrics for Microsoft.RecoveryServices/Vaults"; parameters and answer of the published SDK; the rules
of `$filter` from the reference of "Metrics - List". The intervals of an answer begin with its time span, on the minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from controlplane.domain.monitoring import health
from controlplane.domain.monitoring.health import HealthEvent
from controlplane.domain.monitoring.metric_query import MetricQuery
from controlplane.domain.times import duration, instant
from controlplane.json_object import Json

NAMESPACE = "Microsoft.RecoveryServices/vaults"
GRAINS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 6 * 60, 12 * 60, 24 * 60))
AGGREGATIONS: Mapping[str, Callable[[int], float | None]] = {
    "Average": lambda events: 1.0 if events else None,
    "Count": float,
    "Minimum": lambda events: 1.0 if events else None,
    "Maximum": lambda events: 1.0 if events else None,
    "Total": float,
}
"""By what a number of events is told: each is an event of the value 1."""
DEFINITIONS = {
    health.BACKUP: ("Backup Health Events (preview)", "The count of health events pertaining to backup job health"),
    health.RESTORE: ("Restore Health Events (preview)", "The count of health events pertaining to restore job health"),
}
"""Name -> what it is called, and what it says."""


def definitions(resource: str) -> list[Json]:
    return [
        {
            "id": f"{resource}/providers/microsoft.insights/metricdefinitions/{name}",
            "resourceId": resource,
            "namespace": NAMESPACE,
            "category": "Health",
            "name": _named(name, title),
            "displayDescription": description,
            "isDimensionRequired": False,
            "unit": "Count",
            "primaryAggregationType": "Count",
            "supportedAggregationTypes": list(AGGREGATIONS),
            "metricAvailabilities": [
                {"timeGrain": duration(grain.total_seconds()), "retention": duration(health.KEPT.total_seconds())}
                for grain in GRAINS
            ],
            "dimensions": [_named(dimension) for dimension in health.DIMENSIONS],
        }
        for name, (title, description) in DEFINITIONS.items()
    ]


def answer(resource: str, region: str, query: MetricQuery, events: Iterable[HealthEvent]) -> Json:
    """What a request for metrics is answered; `events` are those of the vault, of any time and metric."""
    there = [event for event in events if query.since <= event.time < query.until]
    metrics = [
        _metric(resource, name, query, [event for event in there if event.metric == name]) for name in query.metrics
    ]
    shown = {
        "cost": 0,
        "timespan": f"{instant(query.since)}/{instant(query.until)}",
        "interval": duration(query.interval.total_seconds()),
        "value": metrics,
        "namespace": NAMESPACE,
        "resourceregion": region,
    }
    if query.metadata_only:
        del shown["interval"]
    return shown


def _metric(resource: str, name: str, query: MetricQuery, events: Sequence[HealthEvent]) -> Json:
    title, description = DEFINITIONS[name]
    return {
        "id": f"{resource}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": _named(name, title),
        "displayDescription": description,
        "unit": "Count",
        "timeseries": [_series(query, values, those) for values, those in _split(query, events)],
        "errorCode": "Success",
    }


def _split(query: MetricQuery, events: Sequence[HealthEvent]) -> list[tuple[dict[str, str], list[HealthEvent]]]:
    """The events by the values of the dimensions that the request tells apart. Without any there is one series, with
    no event as well."""
    if not query.dimensions:
        return [({}, list(events))]
    groups: dict[tuple[str, ...], list[HealthEvent]] = {}
    for event in events:
        if query.admits(event.dimensions):
            groups.setdefault(tuple(event.dimensions[name] for name in query.split_by), []).append(event)
    series = [(dict(zip(query.split_by, values, strict=True)), those) for values, those in groups.items()]
    series.sort(key=lambda each: sorted(each[0].items()))
    series.sort(key=partial(_weight, query.order_by), reverse=query.descending)
    return series[: query.top]


def _weight(aggregation: str, series: tuple[dict[str, str], list[HealthEvent]]) -> float:
    return AGGREGATIONS[aggregation](len(series[1])) or 0.0


def _series(query: MetricQuery, values: Mapping[str, str], events: Sequence[HealthEvent]) -> Json:
    metadata = [{"name": _named(name.lower()), "value": value} for name, value in values.items()]
    if query.metadata_only:
        return {"metadatavalues": metadata}
    counts = [0] * query.intervals
    for event in events:
        counts[(event.time - query.since) // query.interval] += 1
    return {"metadatavalues": metadata, "data": [_point(query, index, count) for index, count in enumerate(counts)]}


def _point(query: MetricQuery, index: int, count: int) -> Json:
    point: dict[str, Any] = {"timeStamp": instant(query.since + query.interval * index)}
    for name in query.aggregations:
        if (value := AGGREGATIONS[name](count)) is not None:
            point[name.lower()] = value
    return point


def _named(name: str, title: str | None = None) -> Json:
    return {"value": name, "localizedValue": title or name}
