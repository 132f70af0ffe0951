"""Keeps the texts of secure parameters out of errors and exported templates.

Where a template takes a secret for a name, an error would say it: `reference('a')[parameters('password')]`. So all
that is told of a deployment goes through here. What a template makes of a secret, say its base64, is not known again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from controlplane.json_object import Json
from controlplane.templates.evaluation.types import Type
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.values import Value, find_key

LEAST = 3
"""Secrets of a character or two hide nothing, and would make an error unreadable."""
_INSTEAD = "***"
_SIGNATURE = re.compile(r"([?&]sig=)[^&'\"\s]+")


def texts_in(values: Iterable[Value]) -> tuple[str, ...]:
    """Every text and number in these values, the longest first: it may contain another. Values are not deep."""
    texts = {text for value in values for text in _texts(value)}
    return tuple(sorted((text for text in texts if len(text) >= LEAST), key=lambda text: (-len(text), text)))


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def hide(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, _INSTEAD)
    return text


def hide_in_error(error: Json, secrets: Iterable[str]) -> Json:
    """An error as ARM shows it, with its details. Codes and targets are no free text."""
    told = dict(error)
    if isinstance(told.get("message"), str):
        told["message"] = hide(told["message"], secrets)
    if isinstance(told.get("details"), list):
        told["details"] = [hide_in_error(each, secrets) for each in told["details"]]
    return told


def without_defaults(template: Value) -> Value:
    """The template as it may be shown, nested ones too: without the values that it has for secure parameters, and
    without the signatures of addresses that it links to."""
    if isinstance(template, str):
        return _SIGNATURE.sub(rf"\1{_INSTEAD}", template)
    if isinstance(template, list):
        return [without_defaults(each) for each in template]
    if not isinstance(template, dict):
        return template
    cleaned = {key: without_defaults(each) for key, each in template.items()}
    parameters = find_key(cleaned, "parameters")
    if parameters is not None and isinstance(cleaned[parameters], dict):
        types = template.get(find_key(template, "definitions") or "")
        declared = types if isinstance(types, dict) else {}
        cleaned[parameters] = {name: _without_default(each, declared) for name, each in cleaned[parameters].items()}
    return cleaned


def _without_default(rules: Value, types: Json) -> Value:
    default = find_key(rules, "defaultValue") if isinstance(rules, dict) else None
    if default is None or not _may_be_secret(rules, types):
        return rules
    return {key: value for key, value in rules.items() if key != default}


def _may_be_secret(rules: Json, types: Json) -> bool:
    try:
        return Type.read(rules, types, "").holds_secret
    except TemplateError:
        return True
