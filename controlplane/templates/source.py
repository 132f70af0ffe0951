"""Finds the line and column of a piece of JSON in the text that it was read from."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.templates.language.failure import Path
from controlplane.templates.relaxed_json import positions


class Source:
    """`text` is the request or template, relaxed JSON or proper; `top` is where the template stands in it."""

    def __init__(self, text: str, top: Path = ()) -> None:
        self._text = text
        self._top = top

    def place(self, path: Path) -> tuple[int, int] | None:
        """Line and column, both from 1, of what `path` leads to from the template's top, or of the nearest above.

        The text is only read when something is wrong with it, so it is read anew each time."""
        sought = (*self._top, *path)
        best: tuple[int, int] | None = None
        for at, position in _walk(positions(self._text)):
            if len(at) <= len(sought) and sought[: len(at)] == at and (best is None or len(at) > best[0]):
                best = (len(at), position)
        if best is None:
            return None
        before = self._text[: best[1]]
        return before.count("\n") + 1, best[1] - before.rfind("\n")


def _walk(tokens: Iterator[tuple[str, int]]) -> Iterator[tuple[Path, int]]:
    """The path and position of every value, from the tokens of the text. What is no JSON gives some paths fewer."""
    path: list[str | int] = []
    closers: list[str] = []
    expects_key = False
    for token, position in tokens:
        if expects_key and token not in ("}", ",", ":"):
            path[-1] = token.strip('"')
        elif token in ("{", "["):
            yield tuple(path), position
            closers.append("}" if token == "{" else "]")
            path.append("" if token == "{" else 0)
        elif token in ("}", "]"):
            if not closers or closers.pop() != token:
                return
            path.pop()
        elif token == ",":
            if path and isinstance(path[-1], int):
                path[-1] += 1
        elif token != ":":
            yield tuple(path), position
        expects_key = token == "{" or (token == "," and bool(closers) and closers[-1] == "}")
