"""`up --limit`: how much a vault may have and do, in place of what Azure lets be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches

from controlplane.ports import Limits
from simulator.failures import WrongUse

NAMES = tuple(field.name.replace("_", "-") for field in fields(Limits))
"""As people write them; docs/control.md says what each is."""


def limits_of(words: Iterable[str]) -> Limits | None:
    """Of `NAME=COUNT`, 0 for no limit; None where there are no words. WrongUse for what is none."""
    asked: dict[str, object] = {}
    for word in words:
        name, _, count = word.partition("=")
        asked[name] = int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else count
    return limits_from(asked) if asked else None


def limits_from(asked: Mapping[str, object]) -> Limits:
    """By their names, with `-` or `_`; WrongUse for what is no limit or no number."""
    counts: dict[str, int] = {}
    for given, count in asked.items():
        name = given.replace("_", "-")
        if name not in NAMES:
            known = ", ".join(get_close_matches(name, NAMES, 1) or NAMES)
            raise WrongUse(f"there is no limit {given}; there is {known}")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise WrongUse(f"the limit {name} is a number, 0 for none; write 10, for instance")
        counts[name.replace("-", "_")] = count
    return Limits(**counts)
