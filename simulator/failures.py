"""Expected failures of the command: one sentence with the remedy, and an exit code."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass

BAD, USAGE, LACKS = 1, 2, 3
FREE_SPACE = "free some space there, and start again"
REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: FREE_SPACE,
    errno.EDQUOT: FREE_SPACE,
    errno.EACCES: "let this user read and write it",
    errno.EPERM: "let this user read and write it",
    errno.EROFS: "name a folder that can be written to",
}
"""What helps against an error of the file system, by its number."""


def is_of_full_disk(error: BaseException) -> bool:
    """Whether something could not be written for want of room, which passes once there is some."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


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
        remedy = REMEDIES.get(error.errno or 0, "move it away, or restore it from a copy")
        return Explained(f"{error.filename}: {error.strerror}; {remedy}", LACKS)
    return None
