"""Keys of a request's body that are kept and shown without effect: what the published SDKs can send and nothing reads.

The SDKs' keys stand beside this file as a table, which `docs.generator.read_bodies` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from controlplane.arm.edge.request_body import ANYTHING, ELEMENT, RequestBody, Tree, find, keys
from controlplane.domain import errors
from controlplane.json_object import Json

FILE = Path(__file__).with_name("sdk_bodies.json")
IDENTITIES = ("lun", "name", "id")
"""The keys by which an element of a list is recognised: the first of them that it has."""


@cache
def table() -> dict[str, Json]:
    """Operation, as refusals name it -> the `keys` of its body in the SDKs, and the `model` that they come from."""
    keys_by_operation: dict[str, Json] = json.loads(FILE.read_text(encoding="utf-8"))
    return keys_by_operation


@cache
def offered(operation: str, model: type[RequestBody]) -> Tree:
    """What an operation may keep: the SDK's keys but for those that the model's class does otherwise with."""
    tree = deepcopy(table()[operation]["keys"]) if operation in table() else {}
    for path in (*model.refused, *model.unseen, *model.decided):
        _remove(tree, path.split("."))
    return tree


def with_kept(operation: str, model: type[RequestBody], request: Json, body: Json) -> Json:
    """A resource as an operation made it, with what its request says beyond the keys that the model reads."""
    return _overlaid(body, request, offered(operation, model), keys(model), "")


def _overlaid(body: Json, request: Json, tree: Tree, read: Tree, path: str) -> Json:
    assert isinstance(tree, dict), "an object is laid over an object"
    result = dict(body)
    for key, below in tree.items():
        value, reader = find(request, key), find(read, key) if isinstance(read, dict) else None
        if value is None:
            continue
        here = f"{path}.{key}".lstrip(".")
        laid: Any = None
        if reader is None:
            laid = _joined(result.get(key), _cleaned(value, below, here))
        elif isinstance(below, dict) and isinstance(reader, dict) and isinstance(value, dict):
            laid = _overlaid(result.get(key) or {}, value, below, reader, here)
        elif isinstance(below, list) and isinstance(reader, list) and isinstance(value, list):
            laid = _overlaid_list(result.get(key), value, below[0], reader[0], here)
        if not _is_empty(laid):
            result[key] = laid
    return result


def _joined(own: Any, kept: Any) -> Any:
    """An object of which the service shows some keys gets those that are kept as well."""
    if not isinstance(own, dict) or not isinstance(kept, dict):
        return kept
    return own | {key: _joined(own.get(key), value) for key, value in kept.items()}


def _overlaid_list(elements: Any, request: list[Any], tree: Tree, read: Tree, path: str) -> Any:
    """The elements that the operation shows, each with what the request says of it. Others were not accepted."""
    if not isinstance(elements, list) or not isinstance(tree, dict) or not isinstance(read, dict):
        return elements
    requested = {_identity(each, index): each for index, each in enumerate(request) if isinstance(each, dict)}
    return [
        _overlaid(each, requested[_identity(each, index)], tree, read, path)
        if _identity(each, index) in requested
        else each
        for index, each in enumerate(elements)
    ]


def _identity(element: Json, index: int) -> tuple[str, str]:
    named = ((key, find(element, key)) for key in IDENTITIES)
    return next(((key, str(value).lower()) for key, value in named if value is not None), ("", str(index)))


def _cleaned(value: Any, tree: Tree, path: str) -> Any:
    """A value that is kept as it came, without nulls, without what is empty, and without keys that no SDK knows."""
    if isinstance(tree, dict) and "*" in tree:
        tree = dict.fromkeys(_mapping(value, path), tree["*"])
    if isinstance(tree, dict):
        mapping = _mapping(value, path)
        cleaned = {key: _cleaned(find(mapping, key), below, f"{path}.{key}") for key, below in tree.items()}
        return {key: each for key, each in cleaned.items() if not _is_empty(each)}
    if value is None or tree == ANYTHING:
        return value
    if isinstance(tree, str):
        return _as_kind(value, tree, path)
    if not isinstance(value, list):
        raise errors.invalid_content(f"a list is expected. Path '{path}'")
    return [_cleaned(each, tree[0], f"{path}[{index}]") for index, each in enumerate(value)]


def _mapping(value: Any, path: str) -> Json:
    if value is not None and not isinstance(value, dict):
        raise errors.invalid_content(f"an object is expected. Path '{path}'")
    return value or {}


def _as_kind(value: Any, kind: str, path: str) -> Any:
    """Numbers and truth values may come as texts, and texts as numbers, as ARM takes them."""
    if kind == "boolean" and str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    if kind in {"integer", "number"} and not isinstance(value, bool | dict | list):
        try:
            return int(value) if kind == "integer" else float(value)
        except (TypeError, ValueError, OverflowError):
            raise errors.invalid_content(f"{kind} is expected. Path '{path}'") from None
    if kind in {"text", "time"} and not isinstance(value, bool | dict | list):
        return str(value)
    raise errors.invalid_content(f"{kind} is expected. Path '{path}'")


def _is_empty(value: Any) -> bool:
    """ARM shows neither empty objects nor, of a text that may be left out, an empty one."""
    return value is None or value in ("", {})


def _remove(tree: Tree, path: list[str]) -> None:
    step, *rest = path
    if step == ELEMENT:
        if isinstance(tree, list):
            _remove(tree[0], rest)
        return
    if not isinstance(tree, dict) or step not in tree:
        return
    if rest:
        _remove(tree[step], rest)
    else:
        del tree[step]


# --------------------------------------------------------------------------------------------------------- for the page


def kept_paths(operation: str, model: type[RequestBody]) -> list[str]:
    """What an operation keeps without effect; an object that is kept as a whole by its own path alone."""
    return list(_unread(offered(operation, model), keys(model), ""))


def offered_of(operation: str, paths: Iterable[str]) -> list[str]:
    """Those of the paths that the SDK can send with an operation."""
    return [path for path in paths if _is_in(table()[operation]["keys"], path.split("."))]


def _is_in(tree: Tree, path: list[str]) -> bool:
    if not path:
        return True
    step, *rest = path
    if isinstance(tree, list):
        return step == ELEMENT and _is_in(tree[0], rest)
    return isinstance(tree, dict) and step in tree and _is_in(tree[step], rest)


def unknown_paths(operation: str, model: type[RequestBody]) -> list[str]:
    """What the model reads and the SDK cannot send, by this spelling."""
    tree = deepcopy(keys(model))
    for path in model.also_read:
        _remove(tree, path.split("."))
    return list(_unread(tree, table()[operation]["keys"], ""))


def _unread(tree: Tree, read: Tree, path: str) -> Iterator[str]:
    if isinstance(tree, list) and isinstance(read, list):
        yield from _unread(tree[0], read[0], f"{path}.{ELEMENT}")
    elif isinstance(tree, dict) and isinstance(read, dict) and "*" not in read:
        for key, below in tree.items():
            here = f"{path}.{key}".lstrip(".")
            if key not in read:
                yield here
            else:
                yield from _unread(below, read[key], here)
