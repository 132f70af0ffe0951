"""How large a template may be: the limits that the service documents, and those that protect this process.

The documented ones: learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits. The
depths, and what one template may spend on its evaluation, are ours: the service has such limits and names no figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

from controlplane.templates.language.failure import TemplateError

MOST = {"parameters": 256, "variables": 512, "resources": 800, "outputs": 64}
"""Entries in a section; of resources with those that copy loops make."""
MOST_COPIES = 800
LONGEST_EXPRESSION = 24_576
LARGEST_TEMPLATE = 4 * 1024 * 1024
"""Characters of a template as compact JSON, also of any single value that an expression yields."""
LARGEST_RESOURCE = 1024 * 1024

DEEPEST = 100
"""Levels of objects and arrays in a template or value, and of calls in an expression."""
MOST_ELEMENTS = 100_000
"""In an array that one function makes."""

_WORK = 32_000_000
_PER_CALL = 40
_PER_LAP = 240
_PER_NODE = 8


class Meter:
    """What one template has spent of the work it may cause, in about characters moved; a call costs some too."""

    def __init__(self) -> None:
        self._left = _WORK
        self.drawn = 0
        """How many values `newGuid()` has made."""

    def spend(self, units: int) -> None:
        self._left -= units
        if self._left < 0:
            raise TemplateError("The evaluation of the template takes more work than is allowed")

    def call(self, arguments: Iterator[Sized]) -> None:
        """One call of a function with these texts, arrays and objects."""
        size = sum(map(len, arguments))
        check_size(size)
        self.spend(_PER_CALL + size // 4)

    def lap(self) -> None:
        """One time through a lambda or a loop."""
        self.spend(_PER_LAP)

    def measure(self, value: Any) -> int:
        """Spend what it takes to walk through a value; TemplateError when it is too deep or too large."""
        size, level = 0, [value]
        for _ in range(DEEPEST + 1):
            deeper: list[Any] = []
            for each in level:
                if isinstance(each, str):
                    size += len(each)
                elif isinstance(each, dict):
                    size += sum(map(len, each)) + _PER_NODE
                    deeper.extend(each.values())
                else:
                    size += _PER_NODE
                    if isinstance(each, list):
                        deeper.extend(each)
                if len(deeper) > LARGEST_TEMPLATE // _PER_NODE:
                    check_size(LARGEST_TEMPLATE + 1)
            check_size(size)
            if not deeper:
                self.spend(size)
                return size
            level = deeper
        raise TemplateError(f"A value is nested more than {DEEPEST} levels deep")


def check_size(size: int) -> None:
    """Refuse what would be larger than a template may be, before it is made."""
    if size > LARGEST_TEMPLATE:
        raise TemplateError(f"A value is larger than the limit of {LARGEST_TEMPLATE} characters")


def check_count(section: str, count: int) -> None:
    if count > MOST[section]:
        raise TemplateError(
            f"The number of template {section} limit exceeded. Limit: '{MOST[section]}' and actual: '{count}'. Please "
            f"see https://aka.ms/arm-template/#{section} for usage details"
        )


def check_template_size(size: int) -> None:
    """`size`: characters of the template as compact JSON, as it came or with its loops unrolled."""
    if size > LARGEST_TEMPLATE:
        raise TemplateError(
            f"The size of the template limit is exceeded. Limit: '{LARGEST_TEMPLATE}' and actual: '{size}' characters"
        )
