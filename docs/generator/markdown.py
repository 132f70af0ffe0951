"""Values as Markdown: pages, tables, blocks, and Mermaid diagrams of state machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import dedent, fill

NOTICE = "*Written from the code by `python -m docs.generator`. Change the code and run that; a test compares.*"

LINE_CHARACTERS = 120

Edge = tuple[str, str, str]
"""State, what happens, next state."""


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTICE, *map(_filled, parts)]) + "\n"


def section(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *map(_filled, parts)])


def _filled(part: str) -> str:
    """Prose in lines; what has lines of its own keeps them."""
    if "\n" in part:
        return part
    return fill(part, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)


def paragraph(text: str) -> str:
    """Text of a docstring, its line ends taken out."""
    return " ".join(text.split())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    assert all(len(line) == len(head) for line in lines), f"a row of {head} is too long or too short"
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[object]) -> str:
    return ", ".join(code(text) for text in texts)


def block(text: str, language: str = "") -> str:
    return f"```{language}\n{dedent(text).strip()}\n```"


def diagram(first: str, edges: Iterable[Edge]) -> str:
    """A state machine; edges that join the same two states share one arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, event, following in edges:
        arrows.setdefault((state, following), []).append(event)
    lasting = {state for state, _ in arrows}
    ends = sorted({following for _, following in arrows} - lasting)
    lines = [
        "stateDiagram-v2",
        f"    [*] --> {first}",
        *(f"    {state} --> {following} : {', '.join(events)}" for (state, following), events in arrows.items()),
        *(f"    {state} --> [*]" for state in ends),
    ]
    return block("\n".join(lines), "mermaid")


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
