"""Makes the tree of a query: the table, and the operators between the bars."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.domain import errors
from controlplane.kusto import elsewhere, syntax
from controlplane.kusto.expression_parser import ExpressionParser
from controlplane.kusto.failure import meaningless
from controlplane.kusto.syntax import Expansion, Expression, Named, Operator, Order, Query

MOST_JOINS = 3
MOST_EXPANSIONS = 3
"""In one query, each as documented."""
MOST_OPERATORS = 200
OPERATORS = (
    "where",
    "filter",
    "extend",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "order",
    "sort",
    "top",
    "take",
    "limit",
    "count",
    "distinct",
    "summarize",
    "mv-expand",
    "mvexpand",
    "join",
)
JOIN_KINDS = ("innerunique", "inner", "leftouter", "fullouter")


def parse(text: str) -> Query:
    """QueryError for what is no query; OperationNotSimulated for an operator that is not here."""
    parser = _QueryParser(text)
    query = parser.query(at_end="end")
    parser.check_counts()
    return query


class _QueryParser(ExpressionParser):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._joins = self._expansions = self._count = 0
        self._operators: dict[str, Callable[[], Operator]] = {
            "where": lambda: syntax.Where(self.expression()),
            "filter": lambda: syntax.Where(self.expression()),
            "extend": lambda: syntax.Extend(self._named_list()),
            "project": lambda: syntax.Project(self._named_list()),
            "project-away": lambda: syntax.Choose(self._patterns(), keeps=False),
            "project-keep": lambda: syntax.Choose(self._patterns(), keeps=True),
            "project-rename": self._rename,
            "order": self._sort,
            "sort": self._sort,
            "top": self._top,
            "take": lambda: syntax.Take(self._count_of_rows()),
            "limit": lambda: syntax.Take(self._count_of_rows()),
            "count": syntax.Count,
            "distinct": self._distinct,
            "summarize": self._summarize,
            "mv-expand": self._mv_expand,
            "mvexpand": self._mv_expand,
            "join": self._join,
        }
        assert tuple(self._operators) == OPERATORS, "each operator is named and read"

    def query(self, at_end: str) -> Query:
        """`at_end`: the mark, or the kind of token, with which it ends."""
        self.go_deeper()
        position, table = self.next.position, None
        operators: list[Operator] = []
        if self.next.kind == "name" and self.next.text in self._operators:
            operators.append(self._operator())
        else:
            self._check_known(self.next.text)
            table = self.take_name()
        while self.skip("|"):
            operators.append(self._operator())
        if self.next.kind != at_end and self.next.text != at_end:
            raise self.unexpected()
        self.come_back()
        return Query(table, position, tuple(operators))

    def check_counts(self) -> None:
        if self._joins > MOST_JOINS:
            raise meaningless(f"a query may have {MOST_JOINS} join operators, and this one has {self._joins}")
        if self._expansions > MOST_EXPANSIONS:
            raise meaningless(
                f"a query may have {MOST_EXPANSIONS} mv-expand operators, and this one has {self._expansions}"
            )

    def _operator(self) -> Operator:
        self._count += 1
        if self._count > MOST_OPERATORS:
            raise meaningless(f"a query may have {MOST_OPERATORS} operators")
        word = self.next.text
        parse_operator = self._operators.get(word) if self.next.kind == "name" else None
        if parse_operator is None:
            self._check_known(word)
            raise self.unexpected()
        self.advance()
        return parse_operator()

    def _check_known(self, word: str) -> None:
        if self.next.kind == "name" and word in elsewhere.OPERATORS:
            raise errors.operation_not_simulated(f"Resource Graph operator {word}")

    # ------------------------------------------------------------------------------------------------------- operators

    def _named(self) -> Named:
        if self.next.kind == "name" and self.after.text == "=":
            name = self.take_name()
            self.advance()
            return Named(name, self.expression())
        return Named(None, self.expression())

    def _named_list(self) -> tuple[Named, ...]:
        columns = [self._named()]
        while self.skip(","):
            columns.append(self._named())
        return tuple(columns)

    def _patterns(self) -> tuple[str, ...]:
        names = [self._pattern()]
        while self.skip(","):
            names.append(self._pattern())
        return tuple(names)

    def _pattern(self) -> str:
        """A name with stars in it, which come as tokens of their own."""
        parts: list[str] = []
        while self.next.text == "*" or (self.next.kind == "name" and (not parts or parts[-1] == "*")):
            parts.append(self.next.text)
            self.advance()
        if not parts:
            raise self.unexpected()
        return "".join(parts)

    def _rename(self) -> Operator:
        names: list[tuple[str, str]] = []
        while True:
            new = self.take_name()
            self.require("=")
            names.append((new, self.take_name()))
            if not self.skip(","):
                return syntax.Rename(tuple(names))

    def _sort(self) -> Operator:
        self.require_word("by")
        return syntax.Sort(self._orders())

    def _top(self) -> Operator:
        count = self._count_of_rows()
        self.require_word("by")
        return syntax.Sort(self._orders(), count)

    def _orders(self) -> tuple[Order, ...]:
        orders = [self._order()]
        while self.skip(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        by = self.expression()
        descending = not self.skip_word("asc") and (self.skip_word("desc") or True)
        nulls_first = not descending
        if self.skip_word("nulls"):
            nulls_first = self.skip_word("first")
            if not nulls_first:
                self.require_word("last")
        return Order(by, descending, nulls_first)

    def _count_of_rows(self) -> int:
        if self.next.type != "long":
            raise self.unexpected()
        count = int(self.next.value)
        self.advance()
        return count

    def _distinct(self) -> Operator:
        if self.next.text == "*" and self.after.text in {"|", ")", "<EOF>"}:
            self.advance()
            return syntax.Distinct(())
        return syntax.Distinct(self._named_list())

    def _summarize(self) -> Operator:
        aggregations = () if self.next.text == "by" else self._named_list()
        by = self._named_list() if self.skip_word("by") else ()
        return syntax.Summarize(aggregations, by)

    def _mv_expand(self) -> Operator:
        self._expansions += 1
        as_arrays, index = False, None
        while self.after.text == "=" and self.next.text in {"bagexpansion", "kind", "with_itemindex"}:
            option = self.take_name()
            self.advance()
            if option == "with_itemindex":
                index = self.take_name()
            else:
                as_arrays = self._one_of("bag", "array") == "array"
        columns = [self._expansion()]
        while self.skip(","):
            columns.append(self._expansion())
        limit = self._count_of_rows() if self.skip_word("limit") else None
        return syntax.MvExpand(tuple(columns), limit, as_arrays, index)

    def _expansion(self) -> Expansion:
        column, type = self._named(), None
        if self.skip_word("to"):
            self.require_word("typeof")
            self.require("(")
            type = self.take_type()
            self.require(")")
        return Expansion(column, type)

    def _one_of(self, *words: str) -> str:
        if self.next.text not in words:
            raise self.unexpected()
        return self.take_name()

    def _join(self) -> Operator:
        self._joins += 1
        kind = JOIN_KINDS[0]
        while self.next.kind == "name" and (self.after.text == "=" or self.next.text == "hint"):
            if self.next.text != "kind":
                raise errors.operation_not_simulated(f"Resource Graph join with {self.next.text}")
            self.advance()
            self.advance()
            kind = self.next.text
            if kind not in JOIN_KINDS:
                raise meaningless(f"join kind {kind} is none of {', '.join(JOIN_KINDS)}")
            self.advance()
        right = self._right_side()
        self.require_word("on")
        conditions = [self._condition()]
        while self.skip(",") or self.skip_word("and"):
            conditions.append(self._condition())
        return syntax.Join(kind, right, tuple(conditions))

    def _right_side(self) -> Query:
        position = self.next.position
        if not self.skip("("):
            return Query(self.take_name(), position, ())
        right = self.query(at_end=")")
        self.require(")")
        return right

    def _condition(self) -> tuple[Expression, Expression]:
        """A column that both sides have, or `$left.a == $right.b`."""
        left = self.value()
        if not self.skip("=="):
            if not isinstance(left, syntax.Name):
                raise self.unexpected()
            return left, left
        right = self.value()
        sides = {_side(left): left, _side(right): right}
        if set(sides) != {"$left", "$right"}:
            raise meaningless("the condition of a join is a column, or $left.column == $right.column")
        return _without_side(sides["$left"]), _without_side(sides["$right"])


def _side(expression: Expression) -> str | None:
    while isinstance(expression, syntax.Member):
        expression = expression.target
    return expression.text if isinstance(expression, syntax.Name) else None


def _without_side(expression: Expression) -> Expression:
    assert isinstance(expression, syntax.Member), "a side alone has no side"
    if isinstance(expression.target, syntax.Name):
        return syntax.Name(expression.key)
    return syntax.Member(_without_side(expression.target), expression.key)
