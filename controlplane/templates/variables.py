"""The variables of a template, each evaluated when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controlplane.templates.failure import NotSimulated, TemplateError


class Variables:
    def __init__(self, definitions: Any, evaluate: Callable[[Any], Any]) -> None:
        if not isinstance(definitions or {}, dict):
            raise TemplateError("The section 'variables' must be an object")
        self._definitions = {name.lower(): value for name, value in (definitions or {}).items()}
        if "copy" in self._definitions:
            raise NotSimulated("copy loops in a template")
        self._values: dict[str, Any] = {}
        self._evaluate = evaluate
        self._under_way: set[str] = set()

    def value(self, name: str) -> Any:
        key = name.lower()
        if key not in self._definitions:
            raise TemplateError(f"The template variable '{name}' is not found")
        if key in self._under_way:
            raise TemplateError(f"The template variable '{name}' refers to itself")
        if key not in self._values:
            self._under_way.add(key)
            self._values[key] = self._evaluate(self._definitions[key])
            self._under_way.discard(key)
        return self._values[key]
