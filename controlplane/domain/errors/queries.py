"""Errors of queries: of metrics and of alerts."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import KNOWN, QUOTED

METRIC_NOT_FOUND = ErrorKind(
    code="BadRequest",
    message=(
        "Failed to find metric configuration for provider: {provider}, resource Type: {kind}, metric: {metric}, Valid "
        "metrics: {valid}"
    ),
    source=QUOTED,
)

DIMENSION_NOT_SUPPORTED = ErrorKind(
    code="BadRequest",
    message="Metric does not support requested dimension combination: {name}, supported ones are: {supported}",
    source=QUOTED,
)

INVALID_METRIC_FILTER = ErrorKind(
    code="BadRequest",
    message="The $filter is not valid: {reason}.",
    source=KNOWN,
)

INVALID_METRIC_PARAMETER = ErrorKind(
    code="BadRequest",
    message="The value of {name} is not valid: {reason}.",
    source=KNOWN,
)

ALERT_NOT_FOUND = ErrorKind(
    code="NotFound",
    message="The alert '{id}' was not found.",
    status=404,
    source=KNOWN,
)
