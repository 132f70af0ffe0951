"""Finds the line and column of a piece of JSON in the text that it was read from."""

from __future__ import annotations

from controlplane.templates.failure import Path


class Source:
    """`text` is the request or template, relaxed JSON or proper; `top` is where the template stands in it."""

    def __init__(self, text: str, top: Path = ()) -> None:
        self._text = text
        self._top = top

    def place(self, path: Path) -> tuple[int, int] | None:
        """Line and column, both from 1, of what `path` leads to from the template's top, or of the nearest above."""
        return None
