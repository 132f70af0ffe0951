"""`$filter` as Azure Backup understands it: `key eq 'value'` joined by `and`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from controlplane.domain import errors
from controlplane.domain.times import parse_instant

AT_SCOPE = "atscope()"
"""The one filter that is no comparison, in lower case: only what stands at the scope itself."""

SECONDARY_REGION = "usesecondaryregion"
"""A key that lists of all kinds take; in lower case."""

_TERM = re.compile(r"\s*([A-Za-z]+)\s+eq\s+'((?:[^']|'')*)'\s*", re.IGNORECASE)
_AND = re.compile(r"and\s", re.IGNORECASE)
_CLOCK = "%Y-%m-%d %I:%M:%S %p"
"""`2026-11-01 12:00:00 AM`: how dates stand in filters."""


def terms(text: str) -> dict[str, str]:
    """The filter's keys, in lower case, and their values; empty for an empty filter."""
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        term = _TERM.match(text, position)
        if term is None:
            raise errors.invalid_query("$filter", "it must be of the form key eq 'value' and key eq 'value'")
        values[term[1].lower()] = term[2].replace("''", "'")
        position = term.end()
        if position < len(text):
            joint = _AND.match(text, position)
            if joint is None:
                raise errors.invalid_query("$filter", "terms must be joined by 'and'")
            position = joint.end()
    return values


def holds(required: Mapping[str, str], actual: Mapping[str, str]) -> bool:
    """Whether every key of the filter that is in `actual` has that value there; case means nothing."""
    return all(actual[key].lower() == value.lower() for key, value in required.items() if key in actual)


def within(filter_terms: Mapping[str, str], since: str, until: str, time: datetime) -> bool:
    """Whether `time` lies between the dates that the filter gives under the keys `since` and `until`."""
    after, before = _date(filter_terms, since), _date(filter_terms, until)
    return (after is None or time >= after) and (before is None or time <= before)


def check_keys(filter_terms: Mapping[str, str], allowed_keys: set[str]) -> None:
    """Refuse a key that the list does not know, which would otherwise be ignored."""
    if filter_terms.get(SECONDARY_REGION, "false").lower() != "false":
        raise errors.operation_not_simulated("reading from the secondary region")
    for key in filter_terms:
        if key not in allowed_keys and key != SECONDARY_REGION:
            raise errors.invalid_query("$filter", f"'{key}' is not a key of this list")


def check_value(filter_terms: Mapping[str, str], key: str, values: Collection[str]) -> None:
    """Refuse a value that the key never has in Azure, which would otherwise give an empty list; case means nothing."""
    if key in filter_terms and filter_terms[key].lower() not in {value.lower() for value in values}:
        reason = f"'{filter_terms[key]}' is none of {', '.join(sorted(values))}"
        raise errors.invalid_query("$filter", reason)


def _date(filter_terms: Mapping[str, str], key: str) -> datetime | None:
    if key not in filter_terms:
        return None
    for parse in (lambda text: datetime.strptime(text, _CLOCK).replace(tzinfo=UTC), parse_instant):
        try:
            return parse(filter_terms[key])
        except ValueError:
            continue
    raise errors.invalid_query("$filter", f"'{key}' takes a date such as 2026-11-01 12:00:00 AM")
