"""Makes trees of expressions: from `or` down to literals, by precedence."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.domain import errors
from controlplane.kusto import syntax
from controlplane.kusto.failure import QueryError, meaningless, unparsed
from controlplane.kusto.lexer import Token, tokens
from controlplane.kusto.syntax import Expression
from controlplane.kusto.values import DYNAMIC, SCALARS

DEEPEST = 60
"""So many levels may expressions and queries be nested: each costs a few of the interpreter's."""
LONGEST_CHAIN = 100
"""So many operands may one precedence have in a row, and members of one value."""
MOST_TOKENS = 20_000

_TEXT_WORDS = tuple(
    f"{word}{sense}"
    for word in ("contains", "startswith", "endswith", "has", "hasprefix", "hassuffix")
    for sense in ("", "_cs")
)
COMPARISONS = ("==", "!=", "<>", "=~", "!~", "<", "<=", ">", ">=", *_TEXT_WORDS, *(f"!{word}" for word in _TEXT_WORDS))
LISTS = ("in", "!in", "in~", "!in~", "has_any", "has_all")
RESERVED = frozenset({"and", "between", "by", "contains", "has", "in", "or", "where"})
"""Words that are no names. The service complains of what stands behind one."""
_NOT_HERE = {"matches": "matches regex"}
_TYPES = {"int": "long", "double": "real", "date": "datetime", "time": "timespan", "boolean": "bool"}


class ExpressionParser:
    """Looks at the next token and the one after it."""

    def __init__(self, text: str) -> None:
        self._tokens: list[Token] = []
        for token in tokens(text):
            self._tokens.append(token)
            if len(self._tokens) > MOST_TOKENS:
                raise meaningless(f"a query may have {MOST_TOKENS} words and signs")
        self._index = 0
        self._depth = 0

    # ---------------------------------------------------------------------------------------------------------- tokens

    @property
    def next(self) -> Token:
        return self._tokens[self._index]

    @property
    def after(self) -> Token:
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def advance(self) -> None:
        self._index = min(self._index + 1, len(self._tokens) - 1)

    def unexpected(self) -> QueryError:
        return unparsed(self.next.position, self.next.text)

    def skip(self, mark: str) -> bool:
        if self.next.kind != "mark" or self.next.text != mark:
            return False
        self.advance()
        return True

    def skip_word(self, word: str) -> bool:
        if self.next.kind != "name" or self.next.text != word:
            return False
        self.advance()
        return True

    def require(self, mark: str) -> None:
        if not self.skip(mark):
            raise self.unexpected()

    def require_word(self, word: str) -> None:
        if not self.skip_word(word):
            raise self.unexpected()

    def take_name(self) -> str:
        """A name, or one in brackets and quotes: `['odata.type']`."""
        if self.next.text == "[" and self.after.type == "string":
            self.advance()
            name = str(self.next.value)
            self.advance()
            self.require("]")
            return name
        if self.next.kind != "name":
            raise self.unexpected()
        name = self.next.text
        self.advance()
        return name

    def take_type(self) -> str:
        name = self.take_name()
        type = _TYPES.get(name, name)
        if type not in (*SCALARS, DYNAMIC):
            raise meaningless(f"'{name}' is no type")
        return type

    # ----------------------------------------------------------------------------------------------------- expressions

    def expression(self) -> Expression:
        self.go_deeper()
        parts = [self._conjunction()]
        while self.skip_word("or"):
            parts.append(self._conjunction())
        self.come_back()
        return parts[0] if len(parts) == 1 else syntax.Logic("or", tuple(parts))

    def go_deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise meaningless(f"it is nested more than {DEEPEST} levels deep")

    def come_back(self) -> None:
        self._depth -= 1

    def _conjunction(self) -> Expression:
        parts = [self._comparison()]
        while self.skip_word("and"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else syntax.Logic("and", tuple(parts))

    def _comparison(self) -> Expression:
        left = self._sum()
        operator = self.next.text if self.next.kind in {"mark", "name"} else ""
        if operator in _NOT_HERE:
            raise errors.operation_not_simulated(f"Resource Graph operator {_NOT_HERE[operator]}")
        if operator in LISTS:
            self.advance()
            return syntax.Among(operator, left, self._candidates())
        if operator in {"between", "!between"}:
            self.advance()
            return self._between(left, operator == "!between")
        if operator in COMPARISONS:
            self.advance()
            return syntax.Binary("!=" if operator == "<>" else operator, left, self._sum())
        return left

    def _candidates(self) -> tuple[Expression, ...]:
        self.require("(")
        candidates: list[Expression] = []
        while not self.skip(")"):
            if candidates:
                self.require(",")
            candidates.append(self.expression())
        return tuple(candidates)

    def _between(self, operand: Expression, negated: bool) -> Expression:
        self.require("(")
        low = self._sum()
        self.require("..")
        high = self._sum()
        self.require(")")
        return syntax.Between(operand, low, high, negated)

    def _sum(self) -> Expression:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "/", "%"), self._signed)

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        """Operators of one precedence, from the left."""
        left, length = operand(), 0
        while self.next.kind == "mark" and self.next.text in operators:
            operator = self.next.text
            self.advance()
            left = syntax.Binary(operator, left, operand())
            length = self._longer(length)
        return left

    def _longer(self, length: int) -> int:
        if length >= LONGEST_CHAIN:
            raise meaningless(f"more than {LONGEST_CHAIN} operands stand in a row")
        return length + 1

    def _signed(self) -> Expression:
        if not self.skip("-"):
            self.skip("+")
            return self.value()
        operand = self.value()
        if isinstance(operand, syntax.Literal) and operand.type in {"long", "real", "timespan"} and operand.value:
            return syntax.Literal(-operand.value, operand.type)
        return syntax.Unary(operand)

    def value(self) -> Expression:
        """An operand with its members and elements."""
        node, length = self._primary(), 0
        while True:
            length = self._longer(length)
            if self.skip("."):
                node = syntax.Member(node, self.take_name())
            elif self.next.text == "[" and self.next.kind == "mark":
                node = self._element(node)
            else:
                return node

    def _element(self, target: Expression) -> Expression:
        self.require("[")
        index = self.expression()
        self.require("]")
        if isinstance(index, syntax.Literal) and index.type == "string":
            return syntax.Member(target, str(index.value))
        return syntax.Element(target, index)

    def _primary(self) -> Expression:
        token = self.next
        if token.kind == "literal":
            self.advance()
            return syntax.Literal(token.value, token.type)
        if self.skip("("):
            inner = self.expression()
            self.require(")")
            return inner
        if token.kind == "mark" and token.text == "*":
            self.advance()
            return syntax.Star()
        name = self.take_name()
        if token.kind == "name" and name in RESERVED:
            raise self.unexpected()
        if token.kind == "name" and self.next.text == "(" and self.next.kind == "mark":
            return syntax.Call(name, self._candidates())
        return syntax.Name(name)
