"""Expected failures of the command: one sentence with the remedy, and an exit code."""

from __future__ import annotations

from dataclasses import dataclass

BAD, USAGE, LACKS = 1, 2, 3


class Failure(Exception):
    """An expected failure that the user can correct. The text is one sentence with the cause and the remedy."""

    exit_code = LACKS


class WrongUse(Failure):
    """An argument, or a file that it names, is invalid."""

    exit_code = USAGE


class WorldEnded(Failure):
    """A running world cannot go on."""

    exit_code = BAD


@dataclass(frozen=True)
class Explained:
    sentence: str
    exit_code: int


def explain(error: Exception) -> Explained | None:
    """The sentence for the user; None for a bug, which keeps its traceback."""
    from controlplane.ports import PortError
    from simulator.client import RequestFailed, StillRunning, Unreachable

    if isinstance(error, Failure):
        return Explained(str(error), error.exit_code)
    if isinstance(error, RequestFailed | StillRunning | Unreachable | PortError):
        return Explained(str(error), BAD)
    if isinstance(error, OSError) and error.filename is not None:
        return Explained(f"{error.filename}: {error.strerror}", LACKS)
    return None
