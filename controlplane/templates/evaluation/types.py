"""Types of parameters and outputs and their constraints, in the forms that Bicep writes, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.evaluation.loops import field
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.values import among, as_text, find_key, kind

SHOWN: Mapping[str, str] = {
    "string": "String",
    "securestring": "SecureString",
    "int": "Int",
    "bool": "Bool",
    "object": "Object",
    "secureobject": "SecureObject",
    "array": "Array",
}
"""Type in lower case -> how the service writes it."""

_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "string": ("String, Uri", ("String",)),
    "securestring": ("String, Uri", ("String",)),
    "int": ("Integer", ("Integer",)),
    "bool": ("Boolean", ("Boolean",)),
    "object": ("Object", ("Object",)),
    "secureobject": ("Object", ("Object",)),
    "array": ("Array", ("Array",)),
}
_MOST_REFERENCES = 20
_DEFINITIONS = "#/definitions/"


@dataclass(frozen=True, slots=True)
class Type:
    """One type: its name in lower case and its rules, those of the definitions that it refers to below its own."""

    name: str
    rules: Json
    definitions: Json

    @classmethod
    def read(cls, rules: Any, definitions: Json, subject: str) -> Type:
        merged: Json = {}
        for _ in range(_MOST_REFERENCES):
            if not isinstance(rules, dict):
                raise TemplateError(f"The definition of {subject} must be an object")
            merged = {**rules, **{key: value for key, value in merged.items() if key != "$ref"}}
            reference = rules.get("$ref")
            if reference is None:
                break
            rules = _definition(reference, definitions, subject)
        else:
            raise TemplateError(f"The type of {subject} refers to itself")
        name = str(merged.get("type", "")).lower()
        if name not in SHOWN:
            raise TemplateError(
                f"The type '{merged.get('type', '')}' of {subject} is not valid. Please see "
                "https://aka.ms/arm-syntax-parameters for usage details"
            )
        return cls(name, merged, definitions)

    @property
    def shown(self) -> str:
        return SHOWN[self.name]

    @property
    def is_secure(self) -> bool:
        return self.name.startswith("secure")

    @property
    def holds_secret(self) -> bool:
        """Whether it is secure, or something in it is."""
        seen: set[str] = set()
        left: list[Any] = [self.rules]
        while left:
            rules = left.pop()
            if not isinstance(rules, dict):
                continue
            if str(rules.get("type", "")).lower().startswith("secure"):
                return True
            reference = str(rules.get("$ref", ""))
            if reference not in seen:
                seen.add(reference)
                left.append(self.definitions.get(reference.removeprefix(_DEFINITIONS)))
            left += _inner_rules(rules)
        return False

    @property
    def is_nullable(self) -> bool:
        return self.rules.get("nullable") is True

    def expects_instead_of(self, value: Any) -> str | None:
        """The kind of value that it takes, as the service puts it, where this one is of another; or None."""
        expected, kinds = _KINDS[self.name]
        return None if (value is None and self.is_nullable) or kind(value) in kinds else expected

    def check(self, value: Any, name: str) -> None:
        """TemplateError for a value that it cannot have. Of a secure one the value is never told."""
        self._check(value, name, self.is_secure, 0)

    def _check(self, value: Any, name: str, secure: bool, depth: int) -> None:
        expected = self.expects_instead_of(value)
        if expected:
            why = f"Expected a value of type '{expected}', but received a value of type '{kind(value)}'"
            raise _refused(name, why, _SEE_FILE)
        if value is None:
            return
        allowed = field(self.rules, "allowedValues")
        if isinstance(allowed, list) and not self._is_allowed(value, allowed):
            raise _refused(name, _not_allowed(value, allowed, secure))
        if isinstance(value, str | list):
            self._limits(name, len(value), "Length of the value", "minLength", "maxLength")
        elif isinstance(value, int):
            self._limits(name, value, "The value", "minValue", "maxValue")
        if isinstance(value, list):
            self._elements(value, name, secure, depth)
        elif isinstance(value, dict):
            self._members(value, name, secure, depth)

    def _is_allowed(self, value: Any, allowed: list[Any]) -> bool:
        """Of an array every element may be among them."""
        if among(value, allowed):
            return True
        return isinstance(value, list) and all(among(each, allowed) for each in value)

    def _limits(self, name: str, measure: int, what: str, least_name: str, most_name: str) -> None:
        least, most = field(self.rules, least_name), field(self.rules, most_name)
        if isinstance(least, int) and measure < least:
            raise _refused(name, f"{what} should be greater than or equal to '{least}'")
        if isinstance(most, int) and measure > most:
            raise _refused(name, f"{what} should be less than or equal to '{most}'")

    def _elements(self, value: list[Any], name: str, secure: bool, depth: int) -> None:
        prefix = self.rules.get("prefixItems")
        first = prefix if isinstance(prefix, list) else []
        rest = self.rules.get("items")
        if rest is False and len(value) > len(first):
            raise _refused(name, f"It should have at most '{len(first)}' elements")
        for index, each in enumerate(value):
            rules = first[index] if index < len(first) else rest
            if isinstance(rules, dict):
                self._inner(rules, each, f"{name}[{index}]", secure, depth)

    def _members(self, value: Json, name: str, secure: bool, depth: int) -> None:
        chosen = self._variant(value, name)
        declared = chosen.get("properties")
        properties = declared if isinstance(declared, dict) else {}
        for each, rules in properties.items():
            key = find_key(value, each)
            inner = Type.read(rules, self.definitions, f"the parameter '{name}.{each}'")
            if key is not None:
                inner._check(value[key], f"{name}.{each}", secure or inner.is_secure, _deeper(depth))
            elif not inner.is_nullable:
                raise _refused(name, f"The value is missing the required property '{each}'")
        more = chosen.get("additionalProperties")
        for key in value:
            if find_key(properties, key) is None:
                if more is False:
                    raise _refused(name, f"The property '{key}' is not expected")
                if isinstance(more, dict):
                    self._inner(more, value[key], f"{name}.{key}", secure, depth)

    def _variant(self, value: Json, name: str) -> Json:
        """The rules for an object whose type one of its members tells."""
        chooser = self.rules.get("discriminator")
        if not isinstance(chooser, dict):
            return self.rules
        member = str(chooser.get("propertyName", ""))
        mapping = chooser.get("mapping")
        key = find_key(value, member)
        rules = mapping.get(value[key]) if isinstance(mapping, dict) and key and isinstance(value[key], str) else None
        if rules is None:
            raise _refused(name, f"The property '{member}' does not tell which type of object it is")
        chosen = Type.read(rules, self.definitions, f"the parameter '{name}'").rules
        properties = {**(chosen.get("properties") or {}), member: {"type": "string"}}
        return {**chosen, "properties": properties}

    def _inner(self, rules: Json, value: Any, name: str, secure: bool, depth: int) -> None:
        inner = Type.read(rules, self.definitions, f"the parameter '{name}'")
        inner._check(value, name, secure or inner.is_secure, _deeper(depth))


_SEE_FILE = "Please see https://aka.ms/arm-create-parameter-file for usage details"
_SEE_SYNTAX = "Please see https://aka.ms/arm-syntax-parameters for usage details"


def _inner_rules(rules: Json) -> list[Any]:
    """Of all that a value of this type may have in it."""
    chooser = rules.get("discriminator")
    named = [rules.get("properties"), chooser.get("mapping") if isinstance(chooser, dict) else None]
    inner = [each for group in named if isinstance(group, dict) for each in group.values()]
    first = rules.get("prefixItems")
    return [*inner, *(first if isinstance(first, list) else []), rules.get("items"), rules.get("additionalProperties")]


def _definition(reference: Any, definitions: Json, subject: str) -> Any:
    name = str(reference).removeprefix(_DEFINITIONS)
    if not str(reference).startswith(_DEFINITIONS) or name not in definitions:
        raise TemplateError(f"The type definition '{reference}', which {subject} refers to, is not found")
    return definitions[name]


def _refused(name: str, why: str, see: str = _SEE_SYNTAX) -> TemplateError:
    return TemplateError(f"The provided value for the template parameter '{name}' is not valid. {why}. {see}")


def _not_allowed(value: Any, allowed: list[Any], secure: bool) -> str:
    if secure:
        return "The value is not part of the allowed value(s)"
    allowed_texts = ",".join(map(as_text, allowed))
    return f"The value '{as_text(value)}' is not part of the allowed value(s): '{allowed_texts}'"


def _deeper(depth: int) -> int:
    if depth >= 100:
        raise TemplateError("The type of a parameter is nested more than 100 levels deep")
    return depth + 1
