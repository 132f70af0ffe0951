"""What Azure has, whether or not this service has it: the types of a few namespaces and their verbs.

The table beside this file is read off the published SDKs by `docs.generator.read_azure`. Of other namespaces nothing is
known here, so whatever is asked of them counts as something that Azure has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("azure_operations.json")
_NAME = "*"


@cache
def _table() -> Mapping[str, Mapping[tuple[str, ...], frozenset[str]]]:
    stored: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        namespace: {tuple(path.split("/")): frozenset(verbs.split()) for path, verbs in paths.items()}
        for namespace, paths in stored.items()
    }


def has_operation(method: str, segments: Sequence[str]) -> bool:
    """Whether the table has this verb at a path."""
    namespace, below = _below(segments)
    return method in _table().get(namespace, {}).get(below, frozenset())


def lacks_type(segments: Sequence[str]) -> bool:
    """Whether the table knows the namespace of a path, and nothing of what the path names in it."""
    namespace, below = _below(segments)
    paths = _table().get(namespace)
    return paths is not None and not any(path[: len(below)] == below for path in paths)


def _below(segments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The last namespace of a path, and what comes behind it, names as `*`."""
    lowered = [segment.lower() for segment in segments]
    places = [index for index in range(0, len(lowered) - 1, 2) if lowered[index] == "providers"]
    if not places:
        return "", ()
    rest = lowered[places[-1] + 2 :]
    return lowered[places[-1] + 1], tuple(_NAME if index % 2 else word for index, word in enumerate(rest))
