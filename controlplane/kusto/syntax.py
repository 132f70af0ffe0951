"""The tree of a query: a table, the operators behind it, and the expressions in them."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.kusto.failure import Position
from controlplane.kusto.values import Value

# --------------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value
    type: str


@dataclass(frozen=True, slots=True)
class Name:
    """A column; `$left` and `$right` in the condition of a join."""

    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """`target.key`, `target['key']`."""

    target: Expression
    key: str


@dataclass(frozen=True, slots=True)
class Element:
    """`target[index]`."""

    target: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`-operand`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Logic:
    """Several parts joined by `and` or `or`."""

    operator: str
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """`left in (a, b)`, and the other operators with a list: `in~`, `has_any`, `has_all`. A leading `!` negates."""

    operator: str
    left: Expression
    candidates: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Between:
    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Star:
    """All columns, where an aggregation or `distinct` takes them."""


Expression = Literal | Name | Member | Element | Call | Unary | Binary | Logic | Among | Between | Star


@dataclass(frozen=True, slots=True)
class Named:
    """`name = expression`, or an expression that names itself."""

    name: str | None
    expression: Expression


# ------------------------------------------------------------------------------------------------------------ operators


@dataclass(frozen=True, slots=True)
class Where:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Extend:
    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Project:
    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    """`project-away` and `project-keep`; a name may have stars in it."""

    names: tuple[str, ...]
    keeps: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """`project-rename new = old`."""

    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Order:
    by: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Sort:
    orders: tuple[Order, ...]
    count: int | None = None
    """So many rows are left by `top`."""


@dataclass(frozen=True, slots=True)
class Take:
    count: int


@dataclass(frozen=True, slots=True)
class Count:
    pass


@dataclass(frozen=True, slots=True)
class Distinct:
    """`distinct *` has no columns here."""

    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Summarize:
    aggregations: tuple[Named, ...]
    by: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Expansion:
    column: Named
    type: str | None
    """What each element is converted to; None: it stays dynamic."""


@dataclass(frozen=True, slots=True)
class MvExpand:
    columns: tuple[Expansion, ...]
    limit: int | None
    as_arrays: bool
    """Each pair of a bag becomes an array of key and value instead of a bag."""
    index: str | None
    """Column that numbers the elements."""


@dataclass(frozen=True, slots=True)
class Join:
    kind: str
    right: Query
    on: tuple[tuple[Expression, Expression], ...]


Operator = Where | Extend | Project | Choose | Rename | Sort | Take | Count | Distinct | Summarize | MvExpand | Join


@dataclass(frozen=True, slots=True)
class Query:
    table: str | None
    """None: the one that a query without a table is about."""
    position: Position
    operators: tuple[Operator, ...]
