"""Golden files of the contract: bytes that the wire carried in this shape, and bytes that we promise to write."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def read(name: str) -> bytes:
    """A file in a shape that others write."""
    return (FOLDER / "read" / name).read_bytes()


def check(name: str, text: str) -> None:
    """`text` is what the file says. UPDATE_GOLDEN=1 in the environment makes the file say it: then look at the diff."""
    path = FOLDER / "written" / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")
