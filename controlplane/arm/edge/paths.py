"""ARM paths, taken apart: their segments, and how an operation is called by its path."""

from __future__ import annotations

from collections.abc import Sequence


def split(path: str) -> list[str]:
    """The segments of a path; doubled slashes and one at the end mean nothing."""
    return [segment for segment in path.split("/") if segment]


def operation_name(method: str, segments: Sequence[str]) -> str:
    """How a refusal names an operation: verb and full type, for instance `GET Microsoft.Network/virtualNetworks`."""
    namespace, keywords = "Microsoft.Resources", segments[::2]
    for index in range(0, len(segments) - 1, 2):
        if segments[index].lower() == "providers":
            namespace, keywords = segments[index + 1], segments[index + 2 :: 2]
    return f"{method} {'/'.join([namespace, *keywords])}"
