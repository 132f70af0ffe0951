"""The parameters of a template: what it defines, what it is given, and what may be shown of either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.evaluation.loops import field
from controlplane.templates.evaluation.section import Section, expressions
from controlplane.templates.evaluation.types import Type
from controlplane.templates.evaluation.walking import evaluated
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.failure import AT, NotSimulated, TemplateError, telling
from controlplane.templates.language.limits import check_count
from controlplane.templates.language.values import Value, find_key
from controlplane.templates.secrets import hide, texts_in


def given_values(values: Any) -> Json:
    """The values of a request, `{name: {"value": ...}}`, or those in a whole parameter file."""
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise TemplateError("The parameters of a deployment must be an object")
    if "$schema" in values and isinstance(values.get("parameters"), dict):
        return dict(values["parameters"])
    return values


class Parameters:
    """`context` is then one that knows them: their defaults may refer to other parameters."""

    def __init__(self, definitions: Json, types: Json, values: Json, context: Context) -> None:
        check_count("parameters", len(definitions))
        self.context = replace(context, parameters=self.value)
        self._definitions: dict[str, tuple[str, Json, Type]] = {}
        for name, rules in definitions.items():
            with telling("", ("parameters", name)):
                self._definitions[name.lower()] = (name, rules, Type.read(rules, types, f"the parameter '{name}'"))
        self._refuse_unknown(values)
        self._given: dict[str, Value] = {}
        for name, value in values.items():
            self._take(name.lower(), value)
        names = [name for name, _, _ in self._definitions.values()]
        self._section = Section("parameter", names, self._mentions, self._make)

    def value(self, name: str) -> Value:
        return self._section.value(name)

    def resolve(self) -> None:
        """Every parameter must have a value."""
        for name, _, _ in self._definitions.values():
            self.value(name)

    def shown(self) -> Json:
        """As the deployment shows them: of those with a secret in them only the type."""
        return {
            name: {"type": type.shown} | ({} if type.holds_secret else {"value": self.value(name)})
            for name, _, type in self._definitions.values()
        }

    @contextmanager
    def hiding_secrets(self) -> Iterator[None]:
        """Errors in here tell no text of a secure parameter, even where a template takes one for a name."""
        try:
            yield
        except TemplateError as error:
            error.reason = hide(error.reason, self.secrets())
            raise

    def secrets(self) -> tuple[str, ...]:
        """The texts of those values that are not shown, as far as they are known yet."""
        secure = [name for name, _, type in self._definitions.values() if type.holds_secret]
        return texts_in(self._section.known(name) for name in secure)

    def _refuse_unknown(self, values: Json) -> None:
        unknown = [name for name in values if name.lower() not in self._definitions]
        if unknown:
            supported = ", ".join(name for name, _, _ in self._definitions.values())
            raise TemplateError(
                f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid; they are not "
                "present in the original template and can therefore not be provided at deployment time. The only "
                f"supported parameters for this template are '{supported}'. Please see "
                "https://aka.ms/arm-pass-parameter-values for usage details"
            )

    def _take(self, key: str, given: Any) -> None:
        name, rules, type = self._definitions[key]
        with telling("", ("parameters", name)):
            if isinstance(given, dict) and find_key(given, "reference"):
                raise NotSimulated("a template parameter from a key vault")
            if not isinstance(given, dict) or find_key(given, "value") is None:
                raise _not_provided(name)
            value = field(given, "value")
            if value is None and not type.is_nullable:
                if find_key(rules, "defaultValue"):
                    return
                raise _not_provided(name)
            self.context.meter.measure(value)
            type.check(value, name)
            self._given[key] = value

    def _mentions(self, key: str) -> Iterable[str]:
        name, rules, _ = self._definitions[key]
        if key in self._given:
            return []
        with telling(f"The template parameter '{name}'", ("parameters", name)):
            defaults = expressions(field(rules, "defaultValue"), Position.PARAMETER, self.context.functions)
            return [mentioned for each in defaults for mentioned in each.parameters]

    def _make(self, key: str) -> Value:
        name, rules, type = self._definitions[key]
        if key in self._given:
            return self._given[key]
        if find_key(rules, "defaultValue") is None:
            if type.is_nullable:
                return None
            with telling("", ("parameters", name)):
                raise _not_provided(name)
        context = self.context.at(Position.PARAMETER)
        with telling(f"The template parameter '{name}'", ("parameters", name)):
            value = evaluated(field(rules, "defaultValue"), context)
            context.meter.measure(value)
        with telling("", ("parameters", name)):
            type.check(value, name)
        return value


def _not_provided(name: str) -> TemplateError:
    return TemplateError(
        f"The value for the template parameter '{name}'{AT} is not provided. Please see "
        "https://aka.ms/arm-create-parameter-file for usage details"
    )
