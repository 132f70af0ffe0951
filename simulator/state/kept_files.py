"""Reads the small files of a state folder, and says in one sentence which of them is damaged and what helps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from simulator.failures import WrongUse

FROM_A_COPY = "restore it from a copy, or name another folder"
"""What helps where a file holds what exists only once."""


class Damaged(WrongUse):
    """A file of the state folder is not what a world left there."""


def damaged(file: Path, remedy: str = FROM_A_COPY) -> Damaged:
    return Damaged(f"{file} is damaged; {remedy}")


def read_text(file: Path, remedy: str = FROM_A_COPY) -> str | None:
    """None where there is no such file. Raises Damaged for what is no text, or cannot be read at all."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise Damaged(f"{file} cannot be read ({problem.strerror}); {remedy}") from None
    except ValueError:
        raise damaged(file, remedy) from None


def read_texts(file: Path, remedy: str = FROM_A_COPY) -> Mapping[str, str] | None:
    """A JSON object whose values are texts, of at least one. None where there is no such file. Raises Damaged."""
    text = read_text(file, remedy)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        raise damaged(file, remedy) from None
    if not isinstance(value, dict) or not value or not all(isinstance(each, str) and each for each in value.values()):
        raise damaged(file, remedy)
    return value
