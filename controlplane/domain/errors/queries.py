"""Errors of queries: of Resource Graph, of metrics and of alerts."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import KNOWN, OURS, QUOTED

BAD_QUERY = ErrorKind(
    code="BadRequest",
    message=(
        "Please provide below info when asking for support: timestamp = {time}, correlationId = {correlation_id}."
    ),
    source=QUOTED,
)
"""What is wrong stands in its details: INVALID_QUERY, and one of those below."""

INVALID_QUERY = ErrorKind(
    code="InvalidQuery",
    message=(
        "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error "
        "before retrying."
    ),
    source=QUOTED,
)

PARSER_FAILURE = ErrorKind(code="ParserFailure", message="ParserFailure", source=QUOTED)

UNKNOWN_FUNCTION = ErrorKind(code="UnknownFunction", message="Unknown function: '{name}'.", source=QUOTED)

SEMANTIC_FAILURE = ErrorKind(code="SemanticFailure", message="{reason}.", source=OURS)

UNKNOWN_TABLE = ErrorKind(
    code="DisallowedLogicalTableName",
    message="Logical table {name} is invalid, unsupported or disallowed.",
    source=QUOTED,
)

TOO_MANY_ROWS = ErrorKind(
    code="QueryLimitsExceeded",
    message="A step of the query makes more than {limit} rows. Filter or summarize before you join or expand.",
    source=OURS,
)

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

INVALID_SUBSCRIPTION = ErrorKind(
    code="NoValidSubscriptionsInQueryRequest",
    message="There must be at least one subscription that is eligible to contain resources.",
    source=QUOTED,
)

PAGE_TOKEN_INVALID = ErrorKind(
    code="InvalidSkipToken",
    message="The $skipToken is not valid: this service did not issue it for this query.",
    source=OURS,
)

RESPONSE_TOO_LARGE = ErrorKind(
    code="ResponsePayloadTooLarge",
    message=(
        "Response payload size is {size}, and has exceeded the limit of {limit}. Please consider querying less data at "
        "a time and make paginated call if needed."
    ),
    status=403,
    source=QUOTED,
)
