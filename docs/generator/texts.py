"""Finds the texts that stand in the code of a module: whole sentences, with their parts from variables put in.

`f"{place} cannot be used; {remedy}"` counts as one text for each text that the function gives to `remedy`. What only a
run knows becomes a blank in braces.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

TRANSPARENT = frozenset({"append", "frozenset", "join", "list", "set", "str", "tuple"})
"""Calls that only pass a text on."""

Names = Mapping[str, list[ast.expr]]


@dataclass(frozen=True)
class Text:
    """A text with its blanks in braces; `by` is the exception, call, constant or function that has it."""

    by: str
    text: str


@dataclass(frozen=True)
class Assignment:
    name: str
    value: ast.expr
    statement: ast.Assign

    @property
    def lineno(self) -> int:
        return self.statement.lineno


@dataclass
class Reader:
    """Reads one module. `texts()` gives what it found, each text once, in the order of the lines."""

    tree: ast.Module
    _nodes: list[ast.AST] = field(default_factory=list)
    """All of the module, from the outside."""
    _parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    _blocks: dict[ast.AST, int] = field(default_factory=dict)
    """A statement -> the list of statements that it stands in, by its id."""
    _assignments: dict[ast.AST, list[Assignment]] = field(default_factory=dict)
    """A function -> what it gives to names."""
    _constants: Names | None = None
    """What the module gives to names."""
    _in_larger: set[ast.expr] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._nodes.append(self.tree)
        for node in self._nodes:  # which grows
            for _, value in ast.iter_fields(node):
                if isinstance(value, ast.AST):
                    self._parents[value] = node
                    self._nodes.append(value)
                elif isinstance(value, list):
                    children = [child for child in value if isinstance(child, ast.AST)]
                    self._parents |= dict.fromkeys(children, node)
                    self._blocks |= dict.fromkeys(children, id(value))
                    self._nodes += children

    def readings(self, node: ast.expr) -> list[str]:
        """What an expression can read: a text for each choice that the code makes, or one blank."""
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return [str(node.value)]
        return self._parts(node, self._names_at(node))

    def texts(self) -> list[tuple[ast.expr, Text]]:
        """Each with the expression that it was read from."""
        roots = [node for node in self._nodes if isinstance(node, ast.expr) and self._is_root(node)]
        roots.sort(key=lambda node: (node.lineno, node.col_offset))
        read = [(node, self._alternatives(node, self._names_at(node))) for node in roots]
        return [
            (node, Text(self.by(node), " ".join(text.split())))
            for node, alternatives in read
            if node not in self._in_larger
            for text in dict.fromkeys(alternatives)
        ]

    def by(self, node: ast.expr) -> str:
        """Who shows a text: the exception or call that gets it, else the constant or function that has it."""
        for inner, outer in self._upwards(node):
            match outer:
                case ast.Call(func=function) if inner is not function and name_of(function) not in TRANSPARENT:
                    return self._class_around(outer) if name_of(function) == "__init__" else name_of(function)
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    function_around = self._function_around(node)
                    return name if function_around is None else self._user_of(name, function_around)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    return name
        return ""

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What the expression stands in, from the inside."""
        return (outer for _, outer in self._upwards(node))

    def _upwards(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        while node in self._parents:
            yield node, self._parents[node]
            node = self._parents[node]

    def _is_root(self, node: ast.expr) -> bool:
        return is_text(node) and not any(is_text(outer) for outer in self.around(node))

    def _class_around(self, node: ast.AST) -> str:
        return next((outer.name for outer in self.around(node) if isinstance(outer, ast.ClassDef)), "")

    def _function_around(self, node: ast.AST) -> ast.FunctionDef | None:
        return next((outer for _, outer in self._upwards(node) if isinstance(outer, ast.FunctionDef)), None)

    def _user_of(self, name: str, function: ast.FunctionDef) -> str:
        """The call in this function that gets the variable, else the function."""
        calls = [
            call
            for call in ast.walk(function)
            if isinstance(call, ast.Call)
            and any(isinstance(given, ast.Name) and given.id == name for given in _arguments(call))
        ]
        users = (user for user in map(name_of, (call.func for call in calls)) if user not in TRANSPARENT)
        return next(users, function.name)

    def _names_at(self, node: ast.expr) -> Names:
        """The texts that a name stands for here: those that the function has given it, and the module's constants."""
        if self._constants is None:
            self._constants = _values(_assignments(self.tree.body))
        function = self._function_around(node)
        if function is None:
            return self._constants
        if function not in self._assignments:
            self._assignments[function] = _assignments(ast.walk(function))
        earlier = [each for each in self._assignments[function] if each.lineno < node.lineno]
        return {**self._constants, **_values(self._in_force(earlier, node))}

    def _in_force(self, assignments: list[Assignment], node: ast.expr) -> list[Assignment]:
        """Without those that a later one replaces whatever way the code took."""
        blocks_around = {self._blocks.get(outer) for outer in self.around(node)}
        last = {each.name: each.lineno for each in assignments if self._blocks[each.statement] in blocks_around}
        return [each for each in assignments if each.lineno >= last.get(each.name, 0)]

    def _alternatives(self, node: ast.expr, names: Names) -> list[str]:
        """What the expression can read, as far as it is text; nothing for another expression."""
        match node:
            case ast.Constant(value=str() as value):
                return [value]
            case ast.JoinedStr(values=parts):
                return self._products(parts, names)
            case ast.FormattedValue(value=value):
                return self._alternatives(value, names) or [f"{{{blank(value)}}}"]
            case ast.BinOp(left=left, right=right) if is_text(node):
                return self._products([left, right], names)
            case ast.IfExp(body=first, orelse=second) | ast.BoolOp(op=ast.Or(), values=[first, second]):
                if not (self._alternatives(first, names) or self._alternatives(second, names)):
                    return []
                return [*self._parts(first, names), *self._parts(second, names)]
            case ast.Name(id=name) if name in names:
                self._in_larger.update(names[name])
                return [text for value in names[name] for text in self._parts(value, {})]
        return []

    def _products(self, parts: list[ast.expr], names: Names) -> list[str]:
        return ["".join(choice) for choice in product(*(self._parts(part, names) for part in parts))]

    def _parts(self, node: ast.expr, names: Names) -> list[str]:
        """What a part of a text can read: a blank, where it is no text itself."""
        return self._alternatives(node, names) or [f"{{{blank(node)}}}"]


def calls(tree: ast.Module, name: str) -> list[tuple[str, ...]]:
    """The arguments of every call of `name`, by position and then by keyword; a call once for each of its readings."""
    reader = Reader(tree)
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node.func) == name]
    named.sort(key=lambda call: call.lineno)
    return [reading for call in named for reading in product(*map(reader.readings, _arguments(call)))]


def is_text(node: ast.AST) -> bool:
    """Whether an expression is a text, or is put together from one."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            return is_text(left) or is_text(right)
        case ast.IfExp(body=first, orelse=second) | ast.BoolOp(op=ast.Or(), values=[first, second]):
            return is_text(first) or is_text(second)
    return False


def blank(value: ast.expr) -> str:
    """The name of what is filled in: the last name of the expression."""
    names = re.findall(r"[a-z_]+", re.sub(r"'[^']*'|\([^()]*\)", "", ast.unparse(value)).lower())
    return names[-1].strip("_") if names else "value"


def name_of(function: ast.expr) -> str:
    return ast.unparse(function).rpartition(".")[2]


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(word.value for word in call.keywords)]


def _assignments(nodes: Iterable[ast.AST]) -> list[Assignment]:
    """Those to a plain name, in the order of the lines."""
    assignments = []
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                assignments.append(Assignment(name, value, node))
    return sorted(assignments, key=lambda each: each.lineno)


def _values(assignments: Iterable[Assignment]) -> dict[str, list[ast.expr]]:
    """Everything that a name is given, for the names that are given a text."""
    values: dict[str, list[ast.expr]] = {}
    for each in assignments:
        values.setdefault(each.name, []).append(each.value)
    return {name: given for name, given in values.items() if any(map(is_text, given))}
