"""What every measurement says in the same way: the machine, its ratios against their aims, and a JSON file."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from controlplane.json_object import Json

SCHEMA_VERSION = 1
RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Aim:
    """One number that is to stay on one side of another."""

    name: str
    value: float
    limit: float
    side: Literal["at least", "at most"]
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.side == "at least" else self.value <= self.limit

    def to_json(self) -> Json:
        return {**asdict(self), "met": self.met}

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.name}: {self.value:.2f}{unit} ({self.side} {self.limit:g}: {'met' if self.met else 'MISSED'})"


def machine() -> Json:
    """What a reader needs to compare numbers; nothing that names this machine."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "python": platform.python_version(),
    }


def finish(name: str, aims: list[Aim], numbers: Json, folder: Path = RESULTS) -> int:
    """Say it, write it, and return the exit code: 1 when an aim was missed."""
    for aim in aims:
        say(str(aim))
    result = {
        "schema_version": SCHEMA_VERSION,
        "bench": name,
        "machine": machine(),
        "aims": [aim.to_json() for aim in aims],
        "numbers": numbers,
    }
    _write(folder / f"{name}.json", result)
    _so_far(name, folder).unlink(missing_ok=True)
    return 0 if all(aim.met for aim in aims) else 1


def keep(name: str, numbers: Json, folder: Path = RESULTS) -> None:
    """Write what a measurement of an hour has found so far, beside the result that it will come to."""
    _write(_so_far(name, folder), {"schema_version": SCHEMA_VERSION, "bench": name, "so_far": numbers})


def _so_far(name: str, folder: Path) -> Path:
    return folder / f"{name}.json.part"


def _write(file: Path, content: Json) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _memory_gib() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)
    except (AttributeError, ValueError):
        return None
