"""Reads a told story from YAML. A mistake is one sentence with its line; nothing is done before all of it is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from simulator.failures import WrongUse
from simulator.stories.language import NAMED_POINTS, VERBS, Kind, Parameter, Verb

LANGUAGES = ("en", "zh-cn")
LONGEST_TEXT = 64 * 1024
DEEPEST = 50
BLANK = re.compile(r"{(\w+)}")
Texts = Mapping[str, str]
"""A sentence by its language."""


@dataclass(frozen=True, slots=True)
class Step:
    verb: str
    arguments: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Act:
    say: Texts
    """What is told before it, with blanks for values of earlier steps."""
    steps: tuple[Step, ...]
    then: Texts | None
    """What is told after it."""


@dataclass(frozen=True, slots=True)
class Story:
    name: str
    title: Texts
    acts: tuple[Act, ...]


class StoryMistake(WrongUse):
    """A story is no story; says in which line and why."""


def read(text: str, name: str) -> Story:
    """The story of a YAML text. StoryMistake says what is wrong with it."""
    import yaml  # imported here: whoever tells no story does without

    if len(text) > LONGEST_TEXT:
        raise StoryMistake(f"{name}: a story has at most {LONGEST_TEXT} characters")
    if _depth(text) > DEEPEST:
        raise StoryMistake(f"{name}: brackets are nested more than {DEEPEST} deep")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise StoryMistake(f"{name}: a story has no anchors and aliases; write it out")
        root = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise StoryMistake(f"{name} line {line}: this is no YAML") from None
    return _Reader(name).story(root)


def _depth(text: str) -> int:
    """How deep brackets are nested, those in texts counted too: the time of reading YAML grows with its square."""
    deepest = depth = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._known: set[str] = set()
        """Values that the steps so far give to sentences."""
        self._machines: set[str] = set()
        self._points = set(NAMED_POINTS)

    def story(self, root: Any) -> Story:
        keys = self._keys(root, "a story", ("title", "acts"), ("title", "acts"))
        title = self._texts(keys["title"], blanks=False)
        acts = tuple(self._act(node) for node in self._nodes(keys["acts"], "acts"))
        if not acts:
            self._refuse(keys["acts"], "a story has at least one act")
        return Story(self._name, title, acts)

    def _act(self, node: Any) -> Act:
        keys = self._keys(node, "an act", ("say", "do", "then"), ("say", "do"))
        say = self._texts(keys["say"])
        steps = tuple(self._step(each) for each in self._nodes(keys["do"], "do"))
        return Act(say, steps, self._texts(keys["then"]) if "then" in keys else None)

    def _step(self, node: Any) -> Step:
        if node.id != "mapping" or len(node.value) != 1:
            self._refuse(node, "a step is one verb with what it takes, as in: advance: 30d")
        (name, value) = node.value[0]
        verb = VERBS.get(name.value)
        if verb is None:
            near = get_close_matches(str(name.value), VERBS, 1)
            help_ = f"did you mean {near[0]}" if near else "docs/stories.md lists the verbs"
            self._refuse(name, f"there is no verb {name.value}; {help_}")
            raise AssertionError
        arguments = self._arguments(verb, value)
        self._check_names(verb, arguments, node)
        self._known |= set(verb.gives)
        return Step(verb.name, arguments, node.start_mark.line + 1)

    def _arguments(self, verb: Verb, node: Any) -> dict[str, Any]:
        known = {parameter.name: parameter for parameter in verb.parameters}
        if node.id != "mapping":
            first = verb.parameters[0]
            given = {first.name: node}
        else:
            given = self._keys(node, verb.name, tuple(known), ())
        missing = [each.name for each in verb.parameters if each.required and each.name not in given]
        if missing:
            self._refuse(node, f"{verb.name} needs {missing[0]}")
        return {name: self._value(verb, known[name], each) for name, each in given.items()}

    def _value(self, verb: Verb, parameter: Parameter, node: Any) -> Any:
        value = _plain(node)
        right = {
            Kind.TEXT: isinstance(value, str | int) and not isinstance(value, bool),
            Kind.NUMBER: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
            Kind.NUMBERS: isinstance(value, list) and all(type(each) is int and each > 0 for each in value),
            Kind.FLAG: isinstance(value, bool),
            Kind.MAPPING: isinstance(value, dict),
        }[parameter.kind]
        if not right:
            self._refuse(node, f"{parameter.name} of {verb.name} is {parameter.kind}")
        if parameter.kind is Kind.TEXT:
            value = str(value)
        if parameter.one_of and value not in parameter.one_of:
            self._refuse(node, f"{parameter.name} of {verb.name} is one of {', '.join(parameter.one_of)}")
        return value

    def _check_names(self, verb: Verb, arguments: Mapping[str, Any], node: Any) -> None:
        """Machines and recovery points are made before they are named."""
        machine = arguments.get("machine")
        if verb.name == "machine":
            self._machines.add(str(machine))
        elif machine is not None and machine not in self._machines:
            self._refuse(node, f"no step before has made a machine {machine}")
        point = arguments.get("point")
        if point is not None and point not in self._points:
            self._refuse(node, f"no backup before was called {point}; name one, or one of {', '.join(NAMED_POINTS)}")
        if verb.name == "back up" and "as" in arguments:
            self._points.add(arguments["as"])
        if verb.name == "restore machine":
            self._machines.add(str(arguments["as"]))

    def _texts(self, node: Any, *, blanks: bool = True) -> Texts:
        keys = self._keys(node, "a sentence", LANGUAGES, LANGUAGES)
        texts = {language: str(_plain(keys[language])).strip() for language in LANGUAGES}
        for language, text in texts.items():
            named = set(BLANK.findall(text))
            if not text or "{" in BLANK.sub("", text) or "}" in BLANK.sub("", text):
                self._refuse(keys[language], "a sentence has words, and braces only around the name of a value")
            unknown = sorted(named - self._known) if blanks else sorted(named)
            if unknown:
                self._refuse(keys[language], f"no step before gives a value {unknown[0]}")
        if len({frozenset(BLANK.findall(text)) for text in texts.values()}) > 1:
            self._refuse(node, "both languages show the same values")
        return texts

    def _keys(self, node: Any, what: str, known: Sequence[str], needed: Sequence[str]) -> dict[str, Any]:
        if node is None or node.id != "mapping":
            self._refuse(node, f"{what} has the keys {', '.join(known)}")
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.value not in known:
                self._refuse(key, f"{what} has no key {key.value}; it has {', '.join(known)}")
            if key.value in found:
                self._refuse(key, f"the key {key.value} is there twice")
            found[key.value] = value
        missing = [name for name in needed if name not in found]
        if missing:
            self._refuse(node, f"{what} needs {missing[0]}")
        return found

    def _nodes(self, node: Any, what: str) -> Iterator[Any]:
        if node.id != "sequence":
            self._refuse(node, f"{what} is a list")
        yield from node.value

    def _refuse(self, node: Any, why: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        raise StoryMistake(f"{self._name} line {line}: {why}")


def _plain(node: Any) -> Any:
    """The value of a node: texts, whole numbers, flags, lists and keys with values; anything else as it is written."""
    if node.id == "mapping":
        return {str(key.value): _plain(value) for key, value in node.value}
    if node.id == "sequence":
        return [_plain(each) for each in node.value]
    kind = node.tag.rpartition(":")[2]
    if kind == "bool":
        return node.value.lower() in {"true", "yes", "on"}
    if kind == "int" and re.fullmatch(r"-?\d{1,18}", node.value):
        return int(node.value)
    return str(node.value)
