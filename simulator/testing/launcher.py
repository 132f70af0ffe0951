"""Starts a module of ours in a process of its own, whatever folder it runs in and whatever else Python would find."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def command(module: str, *arguments: str) -> list[str]:
    """Nothing is put into the environment, which the module would pass on to programs that it starts."""
    run = f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    program = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); {run}"
    return [sys.executable, "-P", "-c", program, *arguments]
