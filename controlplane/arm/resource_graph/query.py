"""Microsoft.ResourceGraph/resources: answers a query, page by page, as objects or as a table.

Facts: a page has 1,000 rows at most; only rows with an id are paged, others are cut; `$skip` counts for nothing where
the query itself limits its rows. Queries are answered from what there is now, while the service is some moments late.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import ClassVar

from pydantic import Field

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.routing import Route, group_resources, type_of
from controlplane.arm.resource_graph import tables
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.queries import (
    BAD_QUERY,
    INVALID_QUERY,
    INVALID_SUBSCRIPTION,
    PAGE_TOKEN_INVALID,
    RESPONSE_TOO_LARGE,
)
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.kusto.failure import QueryError
from controlplane.kusto.query import Result, run

MOST_ROWS = 1000
MOST_BYTES = 16 * 1024 * 1024
FORMATS = ("table", "objectArray")
SCOPE_FILTERS = ("AtScopeAndBelow", "AtScopeAndAbove", "AtScopeExact", "AtScopeAboveAndBelow")


class OptionsRequest(RequestBody):
    skip_token: str | None = Field(None, alias="$skipToken")
    top: int | None = Field(None, alias="$top")
    skip: int | None = Field(None, alias="$skip")
    result_format: str | None = None
    allow_partial_scopes: bool | None = None
    """Without effect: there is one subscription."""
    authorization_scope_filter: str | None = None
    """For queries about policies and roles, of which no table is here."""


class QueryRequest(RequestBody):
    refused: ClassVar = {
        "facets": "Resource Graph facets",
        "managementGroups": "management groups",
        "managementGroupId": "management groups",
    }

    query: str = Field(max_length=64_000)
    subscriptions: list[str] | None = Field(None, max_length=1000)
    options: OptionsRequest | None = None


def routes(described: Sequence[Route]) -> tuple[Route, ...]:
    """`described`: the operations of each resource type."""
    kinds = [type_of(path).lower() for path in group_resources(described)]

    def ask(call: Call) -> Answer:
        return _answer(call, kinds)

    return (Route("POST", "/providers/Microsoft.ResourceGraph/resources", ask, body=QueryRequest),)


def _answer(call: Call, kinds: Sequence[str]) -> Answer:
    request = call.read(QueryRequest)
    options = request.options or OptionsRequest.model_validate({})
    as_table = _is_table(call, options)
    _check_subscriptions(call, request.subscriptions)
    with call.ports.store.view() as view:
        source = tables.Source(view, call.identity, call.ports.clock.now(), kinds)
        result = _run(call, request.query, source)
    begin, most = _range(options, request.query, result)
    page = result.rows[begin : begin + most]
    remain = len(result.rows) - begin - len(page)
    can_be_paged = "id" in result.columns
    body: Json = {
        "totalRecords": len(result.rows),
        "count": len(page),
        "resultTruncated": "true" if remain > 0 and not can_be_paged else "false",
    }
    if remain > 0 and can_be_paged:
        body["$skipToken"] = _token(begin + len(page), request.query)
    body |= {"data": _table(result, page) if as_table else list(page), "facets": []}
    _check_size(body)
    return as_json(body)


def _run(call: Call, text: str, source: tables.Source) -> Result:
    try:
        return run(text, source.tables())
    except QueryError as error:
        details = [INVALID_QUERY.error().envelope()["error"], error.detail()]
        raise _bad(call, details) from None
    except RecursionError:  # the parser bounds what a query can ask, so this is what an element of a body can
        raise _bad(call, [INVALID_QUERY.error().envelope()["error"]]) from None


def _bad(call: Call, details: list[Json]) -> ServiceError:
    time = instant(call.ports.clock.now())
    return BAD_QUERY.error(time=time, correlation_id=call.correlation_id, details=details)


def _refuse(call: Call, error: ServiceError) -> ServiceError:
    return _bad(call, [error.envelope()["error"]])


def _is_table(call: Call, options: OptionsRequest) -> bool:
    """Rows are objects unless a table is asked for: what later api-versions do."""
    _one_of("options.authorizationScopeFilter", options.authorization_scope_filter, SCOPE_FILTERS)
    for name, value, least, most in (("$top", options.top, 1, MOST_ROWS), ("$skip", options.skip, 0, 2**31 - 1)):
        if value is not None and not least <= value <= most:
            raise errors.invalid_content(f"options.{name} must be between {least} and {most}")
    chosen = _one_of("options.resultFormat", options.result_format, FORMATS)
    if chosen is None:
        return call.query["api-version"] < OBJECTS_SINCE
    return chosen == "table"


OBJECTS_SINCE = "2020-04-01"
"""From this api-version on rows are objects unless a table is asked for."""


def _one_of(name: str, given: str | None, values: Sequence[str]) -> str | None:
    if not given:
        return None
    for value in values:
        if value.lower() == given.lower():
            return value
    raise errors.invalid_content(f"{name}: '{given}' is none of {', '.join(values)}")


def _check_subscriptions(call: Call, subscriptions: Sequence[str] | None) -> None:
    """There is one. A query that names others among which it is asks for it alone, as by a user who sees no other."""
    if subscriptions and call.identity.subscription_id.lower() not in {each.lower() for each in subscriptions}:
        raise _refuse(call, INVALID_SUBSCRIPTION.error())


def _range(options: OptionsRequest, query: str, result: Result) -> tuple[int, int]:
    """Index of the first row of the page, and how many it may have."""
    most = min(options.top or MOST_ROWS, MOST_ROWS)
    if options.skip_token:
        return _read_token(options.skip_token, query), most
    return (0 if result.is_limited else options.skip or 0), most


def _token(index: int, query: str) -> str:
    return urlsafe_b64encode(f"{index}|{_digest(query)}".encode()).decode()


def _read_token(token: str, query: str) -> int:
    try:
        index, _, digest = urlsafe_b64decode(token).decode().partition("|")
        number = int(index) if index.isascii() and index.isdigit() else -1
    except ValueError:
        number, digest = -1, ""
    if number < 0 or digest != _digest(query):
        raise PAGE_TOKEN_INVALID.error()
    return number


def _digest(query: str) -> str:
    """A token is good for the query for which it was given."""
    return sha256(query.encode()).hexdigest()[:16]


def _table(result: Result, rows: Sequence[Json]) -> Json:
    columns = [{"name": name, "type": type} for name, type in result.columns.items()]
    return {"columns": columns, "rows": [[row[name] for name in result.columns] for row in rows]}


def _check_size(body: Json) -> None:
    size = len(encode(body))
    if size > MOST_BYTES:
        raise RESPONSE_TOO_LARGE.error(size=size, limit=MOST_BYTES)
