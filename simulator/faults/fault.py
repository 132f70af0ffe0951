"""What a fault is: its definition in the catalogue, and one setting of it with where, when and parameters.

A definition names a seam and the values with which that seam acts. It names no code of an error: what follows is the
product's own doing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from random import Random

from controlplane.domain.times import parse_instant
from controlplane.json_object import Json
from simulator.failures import WrongUse

Value = str | int | float | bool
Values = Mapping[str, Value]
LONGEST_TEXT = 4096
"""Characters of a parameter, as a body of an answer."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that whoever sets the fault may choose. `least` and `most` bound a number; `choices` a text."""

    default: Value
    what: str
    """In a few words, with the unit."""
    least: float = 0
    most: float = 2**32 - 1
    choices: tuple[str, ...] = ()
    read: Callable[[str], str] | None = None
    """What a text means; raises WrongUse for one that means nothing."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A row of the catalogue. `fixed` are the values that make it this fault, `parameters` those that may be chosen."""

    name: str
    seam: str
    what: str
    """One sentence: which fact of the world is another one while the fault is set."""
    fixed: Values = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    """Where it acts unless another place is named."""

    def values(self, given: Mapping[str, object]) -> dict[str, Value]:
        """The values with which the seam acts; WrongUse for a parameter that is unknown or out of bounds."""
        for key in given:
            if key not in self.parameters:
                raise WrongUse(unknown("parameter", key, self.parameters, self.name))
        chosen = {key: self._checked(key, given[key]) for key in given}
        return {**self.fixed, **{key: each.default for key, each in self.parameters.items()}, **chosen}

    def _checked(self, key: str, value: object) -> Value:
        parameter = self.parameters[key]
        if isinstance(value, str) and not isinstance(parameter.default, str):
            value = _from_text(value)
        if isinstance(parameter.default, bool):
            if not isinstance(value, bool):
                raise WrongUse(f"{key} of {self.name} is true or false, not {value}")
            return value
        if isinstance(parameter.default, int | float):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise WrongUse(f"{key} of {self.name} is a number, not {value}")
            if not parameter.least <= value <= parameter.most:
                raise WrongUse(
                    f"{key} of {self.name} is from {parameter.least:g} to {parameter.most:g}, and not {value}"
                )
            return value
        text = str(value)
        if parameter.read is not None:
            return parameter.read(text)
        if len(text) > LONGEST_TEXT or (parameter.choices and text not in parameter.choices):
            if parameter.choices:
                raise WrongUse(unknown("value", text, parameter.choices, f"{key} of {self.name}"))
            raise WrongUse(f"{key} of {self.name} has at most {LONGEST_TEXT} characters")
        return text


def _from_text(text: str) -> object:
    """A number or a truth value that somebody typed; anything else as it is."""
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def unknown(thing: str, name: str, known: Collection[str], of: str) -> str:
    """The sentence for a name that is not among the known ones, with the nearest of them."""
    if not known:
        return f"{of} takes no {thing}, so not {name}"
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}"
    return f"{of} has no {thing} {name}; {hint}"


# ---------------------------------------------------------------------------------------------------------------- where

PLACES = ("vm", "disk", "vault", "job", "operation", "party")
"""What a place can be named by: ARM ids or the names at their ends, kinds of jobs, operations, parties of the
storage. `*` stands for any characters."""


@dataclass(frozen=True, slots=True)
class Where:
    """The place at which a fault acts; an empty one is everywhere that its seam is."""

    named: Mapping[str, str] = field(default_factory=dict)

    def fits(self, facts: Mapping[str, str]) -> bool:
        """Whether what happens, described by these facts, happens there."""
        return all(_is_named(facts.get(key, ""), name) for key, name in self.named.items())

    def only(self, place: str) -> Where:
        """As far as it names this kind of place."""
        return Where({key: name for key, name in self.named.items() if key == place})

    @classmethod
    def parse(cls, given: Mapping[str, object], places: Collection[str], seam: str) -> Where:
        """WrongUse for a place that the seam does not know."""
        for key, name in given.items():
            if key not in PLACES:
                raise WrongUse(unknown("place", key, PLACES, "a fault"))
            if key not in places:
                known = f"it can be told by {', '.join(sorted(places))}" if places else "it is one for the whole world"
                raise WrongUse(f"the seam {seam} does not know {key}; {known}")
            if not isinstance(name, str) or not name:
                raise WrongUse(f"{key} names a place, and {name} is no name")
        return cls({key: str(name) for key, name in given.items()})


def _is_named(fact: str, name: str) -> bool:
    fact, name = fact.lower(), name.lower()
    return any(each == name or fnmatchcase(each, name) for each in (fact, fact.rpartition("/")[2]))


# ----------------------------------------------------------------------------------------------------------------- when


@dataclass(frozen=True, slots=True)
class When:
    """At which of the attempts that come to its place a fault acts. Attempts count from 1 since it was set."""

    first: int = 1
    last: int | None = None
    after: datetime | None = None
    """World time from which on it acts."""
    before: datetime | None = None
    """World time at which it ends."""
    probability: float = 1.0

    def acts(self, attempt: int, chance: Random) -> bool:
        if attempt < self.first or (self.last is not None and attempt > self.last):
            return False
        return self.probability >= 1 or chance.random() < self.probability

    def is_at(self, now: datetime) -> bool:
        return (self.after is None or now >= self.after) and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        return self.before is not None and now >= self.before

    @property
    def counts(self) -> bool:
        """Whether it depends on attempts: what is a state, and no answer, has none."""
        return self.first != 1 or self.last is not None or self.probability < 1

    def to_json(self) -> Json:
        told: Json = {"first": self.first, "last": self.last, "probability": self.probability}
        return told | {
            key: at.isoformat() if at else None for key, at in (("after", self.after), ("before", self.before))
        }

    @classmethod
    def parse(cls, given: Mapping[str, object], now: datetime) -> When:
        """`nth`, or `first` and `last`; `after` and `before`, or `for_seconds` of world time; `probability`."""
        keys = ("nth", "first", "last", "after", "before", "for_seconds", "probability")
        for key in given:
            if key not in keys:
                raise WrongUse(unknown("key", key, keys, "the time of a fault"))
        nth = _count(given, "nth")
        first, last = _count(given, "first") or 1, _count(given, "last")
        if nth is not None:
            if "first" in given or "last" in given:
                raise WrongUse("nth names one attempt; first and last name several, and do not go with it")
            first = last = nth
        if last is not None and last < first:
            raise WrongUse(f"the last attempt, {last}, is before the first, {first}")
        after, before = _instant(given, "after"), _instant(given, "before")
        seconds = _number(given, "for_seconds")
        if seconds is not None:
            before = (after or now) + timedelta(seconds=seconds)
        if before is not None and before <= (after or now):
            raise WrongUse(f"the fault would end at {before.isoformat()}, before it begins")
        probability = _number(given, "probability")
        if probability is not None and not 0 < probability <= 1:
            raise WrongUse(f"a probability is above 0 and at most 1, and not {probability:g}")
        return cls(first, last, after, before, 1.0 if probability is None else probability)


def _count(given: Mapping[str, object], key: str) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise WrongUse(f"{key} counts attempts from 1 on, and {value} is no such number")
    return value


def _number(given: Mapping[str, object], key: str) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise WrongUse(f"{key} is a number above 0, and not {value}")
    return float(value)


def _instant(given: Mapping[str, object], key: str) -> datetime | None:
    value = given.get(key)
    if value is None:
        return None
    try:
        return parse_instant(str(value))
    except ValueError:
        raise WrongUse(f"{key} is an instant like 2027-01-01T09:00:00Z, and not {value}") from None


# -------------------------------------------------------------------------------------------------------------- setting


@dataclass(frozen=True, slots=True)
class Setting:
    """A fault that is set. `number` is its own among all of a world, and never used again."""

    number: int
    definition: Definition
    where: Where
    when: When
    values: Values
    """Those of the definition and the chosen ones."""
    given: Values
    """The chosen ones alone."""
    set_at: datetime
    event: int
    """Of its being set."""
    from_file: bool = False
    """The file of a start asks for it: the next start with a file replaces it."""
    attempts: int = 0
    hits: int = 0

    def text(self, key: str) -> str:
        return str(self.values[key])

    def whole(self, key: str) -> int:
        return int(self.values[key])

    def to_json(self) -> Json:
        return {
            "number": self.number,
            "fault": self.definition.name,
            "seam": self.definition.seam,
            "where": dict(self.where.named),
            "when": self.when.to_json(),
            "parameters": dict(self.given),
            "set_at": self.set_at.isoformat(),
            "event": self.event,
            "from_file": self.from_file,
            "attempts": self.attempts,
            "hits": self.hits,
        }
