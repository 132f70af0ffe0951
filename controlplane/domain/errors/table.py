"""The table of errors as a whole, for the page of errors and for tests."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass

from controlplane.domain import errors
from controlplane.domain.errors.kind import ErrorKind


@dataclass(frozen=True)
class Area:
    """A module of the table: its sentence, and its kinds by the name of their constant."""

    title: str
    kinds: Mapping[str, ErrorKind]


def areas() -> list[Area]:
    """Every module that has kinds, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(errors.__path__))
    modules = [importlib.import_module(f"{errors.__name__}.{name}") for name in names]
    every_area = [
        Area(module.__doc__ or "", {name: kind for name, kind in vars(module).items() if isinstance(kind, ErrorKind)})
        for module in modules
    ]
    return [area for area in every_area if area.kinds]


def kinds() -> dict[str, ErrorKind]:
    """The kinds of all areas."""
    return {name: kind for area in areas() for name, kind in area.kinds.items()}
