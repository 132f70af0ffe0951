"""Makes a tree of an expression: literals, calls of functions, members and elements of what they return."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.templates.failure import TemplateError
from controlplane.templates.lexer import Token, tokens

DEEPEST = 100
"""Levels of the tree; a deeper one is refused rather than followed."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """`target.name`"""

    target: Node
    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """`target[index]`"""

    target: Node
    index: Node


Node = Literal | Call | Member | Element


def parse(expression: str) -> Node:
    """The tree of an expression without the brackets around it."""
    reader = _Reader(expression)
    tree = reader.expression()
    if reader.next is not None:
        raise reader.unexpected()
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
        while self._is_mark(".", "["):
            self._deeper()
            node = Member(node, self._take("name")) if self._skip(".") else self._element(node)
        self._depth = around
        return node

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TemplateError(f"An expression is nested more than {DEEPEST} levels deep")

    def unexpected(self) -> TemplateError:
        found = "its end" if self.next is None else f"'{self.next.text}'"
        return TemplateError(f"The expression '{self._expression}' is not valid: {found} was not expected")

    def _primary(self) -> Node:
        if self.next is None or self.next.kind == "mark":
            raise self.unexpected()
        if self.next.kind == "text":
            return Literal(self._take("text"))
        if self.next.kind == "number":
            return Literal(int(self._take("number")))
        name = self._take("name")
        self._require("(")
        arguments: list[Node] = []
        while not self._is_mark(")"):
            if arguments:
                self._require(",")
            arguments.append(self.expression())
        self._require(")")
        return Call(name, tuple(arguments))

    def _element(self, target: Node) -> Node:
        self._require("[")
        index = self.expression()
        self._require("]")
        return Element(target, index)

    def _is_mark(self, *marks: str) -> bool:
        return self.next is not None and self.next.kind == "mark" and self.next.text in marks

    def _skip(self, mark: str) -> bool:
        if not self._is_mark(mark):
            return False
        self.next = next(self._tokens, None)
        return True

    def _require(self, mark: str) -> None:
        if not self._skip(mark):
            raise self.unexpected()

    def _take(self, kind: str) -> str:
        if self.next is None or self.next.kind != kind:
            raise self.unexpected()
        text = self.next.text
        self.next = next(self._tokens, None)
        return text
