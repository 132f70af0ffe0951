"""What a request's body is read as: a model of the keys that an operation uses, and what it does about others.

Nothing that a client sends may be dropped. A key that the published SDKs can send (`sdk_bodies.json`) is read by the
model; or the model's class names it among those that are refused, never shown, or decided by the service; or it is kept
and shown, without effect (`kept_keys`). A key that no SDK knows is passed over.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from controlplane.json_object import Json

Tree = dict[str, Any] | list[Any] | str
"""The keys of a body: an object of them, a list of one element, `{"*": value}` where any key may stand, or a leaf: the
kind of its value, of which `anything` may be an object or a list as well."""
ANYTHING = "anything"
ELEMENT = "[]"
"""Stands in a path for each element of a list."""


class RequestBody(BaseModel):
    """A body or a part of one. Keys match without case, as in ARM; null means absent, and so does an empty text where
    a text need not be there. A path of the class variables is that of a key from the top of the body, with dots; it
    covers all below it."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, defer_build=True)

    refused: ClassVar[Mapping[str, str]] = {}
    """Path -> what is requested there and not simulated: a 501 names it."""
    unseen: ClassVar[tuple[str, ...]] = ()
    """Paths that are accepted, have no effect and are never shown: passwords, and what else Azure does not show."""
    decided: ClassVar[tuple[str, ...]] = ()
    """Paths that clients send back as they were shown them. The service decides these itself, in Azure too."""
    also_read: ClassVar[tuple[str, ...]] = ()
    """Paths that the model reads and the SDKs of the table cannot send: of older api-versions, or of another operation
    with the same model."""

    @model_validator(mode="before")
    @classmethod
    def _match_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        spelling = {(each.alias or name).lower(): each.alias or name for name, each in cls.model_fields.items()}
        given = {spelling.get(str(key).lower(), key): item for key, item in value.items() if item is not None}
        return {key: item for key, item in given.items() if item != "" or key not in _optional_texts(cls)}


@cache
def _optional_texts(model: type[RequestBody]) -> frozenset[str]:
    """The keys of texts that need not be there. Clients in Go write a choice that they do not make as an empty one."""
    fields = {each.alias or name: each for name, each in model.model_fields.items()}
    return frozenset(
        key for key, each in fields.items() if not each.is_required() and each.annotation in (str, str | None)
    )


@cache
def keys(model: type[BaseModel]) -> dict[str, Tree]:
    """The keys that a model reads, as they are documented."""
    return {field.alias or name: _tree(field.annotation) for name, field in model.model_fields.items()}


def _tree(annotation: Any) -> Tree:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _tree(next(each for each in arguments if each is not type(None)))
    if origin is list:
        return [_tree(arguments[0])]
    if origin is dict:
        return ANYTHING
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return keys(annotation)
    return ANYTHING if annotation is Any else "value"


def find(body: Json, key: str) -> Any:
    """The value under a key, matched without regard to case; None where there is none."""
    if key in body:
        return body[key]
    return next((value for name, value in body.items() if name.lower() == key.lower()), None)


def is_named(body: Any, path: list[str]) -> bool:
    """Whether a body says something at a path. What is empty or false says nothing, nor does an object of such."""
    if not path:
        if isinstance(body, dict):
            return any(is_named(value, []) for value in body.values())
        return body not in (None, False, "", [])
    step, *rest = path
    if step == ELEMENT:
        return isinstance(body, list) and any(is_named(each, rest) for each in body)
    return isinstance(body, dict) and is_named(find(body, step), rest)
