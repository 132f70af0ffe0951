"""What is said to Azurite's guard, a line for each thing, and the line by which it answers; one thing at a time."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Lock
from typing import IO

from controlplane.writer_held import about_to_wait

ACCOUNTS_TAKEN = "accounts taken"
SAVE = "!save"
"""No list of accounts begins so."""
SAVED, NOT_SAVED = "databases-saved", "databases-not-saved"


class GuardLine:
    """`to` is the guard's standard input. Whoever reads its output calls `heard` for each line, `end` at its end."""

    def __init__(self, to: IO[str], answer_seconds: float) -> None:
        self._to = to
        self._answer_seconds = answer_seconds
        self._turn = Lock()
        self._answers: SimpleQueue[str] = SimpleQueue()

    def hand_over(self, accounts: str) -> bool:
        """Whether this list of accounts counts now."""
        return self._ask(accounts) == ACCOUNTS_TAKEN

    def save(self) -> bool:
        """Whether all that Azurite knows is in its databases now."""
        about_to_wait("a save of Azurite's databases")
        return self._ask(SAVE) == SAVED

    def heard(self, line: str) -> bool:
        """Whether this line of the output is an answer."""
        is_answer = line in {ACCOUNTS_TAKEN, SAVED, NOT_SAVED}
        if is_answer:
            self._answers.put(line)
        return is_answer

    def end(self) -> None:
        """There will be no more answers."""
        self._answers.put("")

    def _ask(self, line: str) -> str:
        with self._turn:
            try:
                self._to.write(f"{line}\n")
                self._to.flush()
                answer = self._answers.get(timeout=self._answer_seconds)
            except (OSError, ValueError, Empty):
                return ""
            if not answer:
                self.end()  # for whoever asks next
            return answer
