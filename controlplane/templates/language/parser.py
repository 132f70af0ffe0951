"""Makes a tree of an expression: literals, calls of functions, members and elements of what they return."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.lexer import Token, tokens
from controlplane.templates.language.limits import DEEPEST
from controlplane.templates.language.values import LEAST_INT, MOST_INT, Value


@dataclass(frozen=True, slots=True)
class Literal:
    """An expression as written has only texts and whole numbers; a folded one any value."""

    value: Value


@dataclass(frozen=True, slots=True)
class FunctionCall:
    function: str
    arguments: tuple[Node, ...]
    key: str = field(init=False, compare=False, repr=False)
    """The name of the function in lower case: names of functions match in any case."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.function.lower())


@dataclass(frozen=True, slots=True)
class Member:
    """`target.name`; `target.?name` is null where it is missing."""

    target: Node
    name: str
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """`target[index]`; `target[?index]` is null where it is missing."""

    target: Node
    index: Node
    safe: bool = False


Node = Literal | FunctionCall | Member | Element


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case FunctionCall():
            return node.arguments
        case Member():
            return (node.target,)
        case Element():
            return (node.target, node.index)
        case _:
            return ()


@lru_cache(maxsize=1024)
def parse(expression: str) -> Node:
    """The tree of an expression without the brackets around it."""
    reader = _Reader(expression)
    tree = reader.expression()
    if reader.next is not None:
        raise reader.unexpected("EndOfData")
    return tree


class _Reader:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = tokens(expression)
        self._depth = 0
        self.next: Token | None = next(self._tokens, None)

    def expression(self) -> Node:
        around = self._depth
        self._deeper()
        node = self._primary()
        while self._is_mark(".", ".?", "[", "[?"):
            self._deeper()
            if self._skip("."):
                node = Member(node, self._take("name"))
            elif self._skip(".?"):
                node = Member(node, self._take("name"), safe=True)
            else:
                node = self._element(node, safe=self._is_mark("[?"))
        self._depth = around
        return node

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TemplateError(f"An expression is nested more than {DEEPEST} levels deep")

    def unexpected(self, expected: str) -> TemplateError:
        token = "EndOfData" if self.next is None else self.next.text
        return TemplateError(
            f"Unable to parse language expression '{self._expression}': expected token '{expected}' and actual "
            f"'{token}'"
        )

    def _primary(self) -> Node:
        if self.next is None or self.next.kind == "mark":
            raise self.unexpected("Identifier")
        if self.next.kind == "text":
            return Literal(self._take("text"))
        if self.next.kind == "number":
            return Literal(self._number())
        name = self._take("name")
        while self._skip("."):  # a function of the template's own: namespace.name(...)
            name = f"{name}.{self._take('name')}"
        self._require("(")
        arguments: list[Node] = []
        while not self._is_mark(")"):
            if arguments:
                self._require(",")
            arguments.append(self.expression())
        self._require(")")
        return FunctionCall(name, tuple(arguments))

    def _number(self) -> int:
        number = int(self._take("number"))
        if not LEAST_INT <= number <= MOST_INT:
            raise TemplateError(f"The number '{number}' does not fit into 64 bits")
        return number

    def _element(self, target: Node, safe: bool) -> Node:
        self._require("[?" if safe else "[")
        index = self.expression()
        self._require("]")
        return Element(target, index, safe)

    def _is_mark(self, *marks: str) -> bool:
        return self.next is not None and self.next.kind == "mark" and self.next.text in marks

    def _skip(self, mark: str) -> bool:
        if not self._is_mark(mark):
            return False
        self.next = next(self._tokens, None)
        return True

    def _require(self, mark: str) -> None:
        if not self._skip(mark):
            raise self.unexpected(_MARKS[mark])

    def _take(self, kind: str) -> str:
        if self.next is None or self.next.kind != kind:
            raise self.unexpected("Identifier")
        text = self.next.text
        self.next = next(self._tokens, None)
        return text


_MARKS = {
    "(": "LeftParenthesis",
    ")": "RightParenthesis",
    "[": "LeftSquareBracket",
    "[?": "LeftSquareBracket",
    "]": "RightSquareBracket",
    ",": "Comma",
}
