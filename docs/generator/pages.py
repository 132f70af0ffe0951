"""Which pages are generated, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generator import (
    command,
    conformance,
    contract,
    coverage,
    errors,
    events,
    faults,
    messages,
    state_machines,
    vss,
)

FOLDER = Path(__file__).parents[1]

PAGES: Mapping[str, Callable[[], str]] = {
    "state-machines.md": state_machines.text,
    "conformance.md": conformance.text,
    "contract.md": contract.text,
    "coverage.md": coverage.text,
    "errors.md": errors.text,
    "events.md": events.text,
    "faults.md": faults.text,
    "messages.md": messages.text,
    "command.md": command.text,
    "vss-laboratory.md": vss.text,
}
