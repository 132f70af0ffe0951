"""The databases over which the suites of the store's ports run."""

from __future__ import annotations

from pathlib import Path

import pytest

DATABASES = ("file", "memory", "postgresql")


def address(which: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """The address of an empty database."""
    if which == "postgresql":
        return str(request.getfixturevalue("postgresql").new_database())
    return {"file": f"sqlite:///{folder}/state.db", "memory": ":memory:"}[which]
