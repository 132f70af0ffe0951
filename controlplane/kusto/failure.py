"""What is wrong with a query, as one of the details that Resource Graph answers."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.queries import PARSER_FAILURE, SEMANTIC_FAILURE
from controlplane.json_object import Json


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in a query: its line from 1, its character in the line from 0."""

    line: int
    character: int


class QueryError(Exception):
    """A query that Azure refuses as well."""

    def __init__(self, reason: ServiceError, **more: object) -> None:
        super().__init__(reason.message)
        self._detail: Json = reason.envelope()["error"] | more

    def detail(self) -> Json:
        return self._detail


def unparsed(position: Position, token: str) -> QueryError:
    """`token` is where the query stopped making sense."""
    return QueryError(
        PARSER_FAILURE.error(), line=position.line, characterPositionInLine=position.character, token=token[:80]
    )


def meaningless(reason: str) -> QueryError:
    """The query can be read, and means nothing: an unknown column, values that cannot be compared."""
    return QueryError(SEMANTIC_FAILURE.error(reason=reason))
