"""What is said to Azurite's guard, and its answers."""

from __future__ import annotations

import io
from typing import IO, cast

from simulator.storage.guard_line import GuardLine


class Guard:
    """Answers each line at once, with what it was told to."""

    def __init__(self, *answers: str) -> None:
        self.lines: list[str] = []
        self._answers = list(answers)
        self.line = GuardLine(cast(IO[str], self), 0.01)

    def write(self, text: str) -> None:
        self.lines.append(text)

    def flush(self) -> None:
        if self._answers:
            assert self.line.heard(self._answers.pop(0))


def test_each_thing_has_its_answer() -> None:
    guard = Guard("accounts taken", "databases-saved", "databases-not-saved")
    assert (guard.line.hand_over("a:b"), guard.line.save(), guard.line.save()) == (True, True, False)
    assert guard.lines == ["a:b\n", "!save\n", "!save\n"]


def test_what_is_no_answer_is_left_to_others() -> None:
    assert not Guard().line.heard("Azurite Blob service successfully listens on http://127.0.0.1:1")


def test_a_guard_that_is_gone_or_silent_has_done_nothing() -> None:
    guard = Guard()
    assert not guard.line.save(), "nobody answers in time"
    guard.line.end()
    assert (guard.line.save(), guard.line.hand_over("a:b")) == (False, False)
    closed = io.StringIO()
    closed.close()
    assert not GuardLine(closed, 0.01).save()
