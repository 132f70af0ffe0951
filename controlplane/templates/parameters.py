"""The parameters of a template: what it defines, what it is given, and what may be shown of either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.templates.failure import NotSimulated, TemplateError

Json = dict[str, Any]

TYPES: Mapping[str, tuple[str, type]] = {
    "string": ("String", str),
    "securestring": ("SecureString", str),
    "int": ("Int", int),
    "bool": ("Bool", bool),
    "object": ("Object", dict),
    "secureobject": ("SecureObject", dict),
    "array": ("Array", list),
}
"""Type in lower case -> how the service writes it, and what its values are."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One parameter. `default` is not yet evaluated."""

    name: str
    type: str
    rules: Json

    @classmethod
    def parse(cls, name: str, definition: Any) -> Definition:
        kind = str(definition.get("type", "")).lower() if isinstance(definition, dict) else ""
        if kind not in TYPES:
            raise TemplateError(f"The template parameter '{name}' has no type, or one that is not known")
        return cls(name, kind, definition)

    @property
    def is_secure(self) -> bool:
        return self.type.startswith("secure")

    @property
    def has_default(self) -> bool:
        return "defaultValue" in self.rules

    def check(self, value: Any) -> None:
        """TemplateError for a value that this parameter cannot have. The value is never told: it may be a secret."""
        shown, expected = TYPES[self.type]
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
            raise TemplateError(
                f"Template parameter JToken type is not valid. Expected '{shown}' for the parameter '{self.name}'"
            )
        allowed = self.rules.get("allowedValues")
        if isinstance(allowed, list) and value not in allowed:
            raise TemplateError(
                f"The provided value for the template parameter '{self.name}' is not valid. It is not part of the "
                "allowed values"
            )
        if isinstance(value, str | list):
            self._check_limits(len(value), "minLength", "maxLength")
        elif isinstance(value, int):
            self._check_limits(value, "minValue", "maxValue")

    def _check_limits(self, measure: int, least_name: str, most_name: str) -> None:
        least, most = self.rules.get(least_name), self.rules.get(most_name)
        if (isinstance(least, int) and measure < least) or (isinstance(most, int) and measure > most):
            raise TemplateError(
                f"The provided value for the template parameter '{self.name}' is not valid. It is not within "
                f"{least_name} and {most_name}"
            )


class Parameters:
    """`evaluate` evaluates a default value, which may refer to other parameters."""

    def __init__(self, definitions: Any, given: Any, evaluate: Callable[[Any], Any]) -> None:
        self._definitions = {
            name.lower(): Definition.parse(name, each) for name, each in _section("parameters", definitions).items()
        }
        self._values: Json = {}
        self._evaluate = evaluate
        self._under_way: set[str] = set()
        for name, each in _section("parameters", given).items():
            self._give(name, each)

    def resolve(self) -> None:
        """Every parameter must have a value."""
        for definition in self._definitions.values():
            self.value(definition.name)

    def value(self, name: str) -> Any:
        definition = self._definitions.get(name.lower())
        if definition is None:
            raise TemplateError(f"The template parameter '{name}' is not found")
        if name.lower() not in self._values:
            self._values[name.lower()] = self._default(definition)
        return self._values[name.lower()]

    def shown(self) -> Json:
        """As the deployment shows them: of secure ones only that they are there."""
        return {
            definition.name: {"type": TYPES[definition.type][0]}
            | ({} if definition.is_secure else {"value": self.value(definition.name)})
            for definition in self._definitions.values()
        }

    def _give(self, name: str, given: Any) -> None:
        definition = self._definitions.get(name.lower())
        if definition is None:
            known = ", ".join(each.name for each in self._definitions.values())
            raise TemplateError(
                f"The following parameters were supplied, but do not correspond to any parameters defined in the "
                f"template: '{name}'. The parameters defined in the template are: '{known}'"
            )
        if isinstance(given, dict) and "reference" in given:
            raise NotSimulated("a template parameter from a key vault")
        if not isinstance(given, dict) or "value" not in given:
            raise TemplateError(f"The value for the template parameter '{name}' is not provided")
        if given["value"] is None and definition.has_default:
            return
        definition.check(given["value"])
        self._values[name.lower()] = given["value"]

    def _default(self, definition: Definition) -> Any:
        if not definition.has_default:
            raise TemplateError(
                f"The value for the template parameter '{definition.name}' is not provided. Please see "
                "https://aka.ms/arm-create-parameter-file for usage details"
            )
        if definition.name in self._under_way:
            raise TemplateError(f"The template parameter '{definition.name}' refers to itself")
        self._under_way.add(definition.name)
        value = self._evaluate(definition.rules["defaultValue"])
        self._under_way.discard(definition.name)
        definition.check(value)
        return value


def _section(name: str, section: Any) -> Json:
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise TemplateError(f"The section '{name}' must be an object")
    return section
