"""How long a teller waits: for a key before each act, and for the audience to read what was said."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from controlplane.json_object import Json
from simulator.command import texts


@dataclass(frozen=True)
class Pauses:
    """`slow`: how many times the time that one needs to read a sentence; 0: none. `key` waits for a key before each
    act, `pause` for so many seconds."""

    slow: float = 0.0
    step: bool = False
    key: Callable[[], None] = lambda: wait_for_key()
    pause: Callable[[float], None] = time.sleep

    def before_act(self) -> None:
        if self.step:
            self.key()

    def after(self, text: str, language: str) -> None:
        """Whoever listens has read this."""
        if self.slow:
            from simulator.stories.sentences import reading_seconds

            self.pause(self.slow * reading_seconds(text, language))


def paced(say: Callable[[str, Json], None], pauses: Pauses, language: str) -> Callable[[str, Json], None]:
    """What the demo says of its steps, each an act of its own."""

    def told(step: str, values: Json) -> None:
        pauses.before_act()
        say(step, values)
        pauses.after(texts.step(step, language, values), language)

    return told


def wait_for_key() -> None:
    """One key of the terminal; without one a line of stdin, and nothing once that has ended."""
    if not sys.stdin.isatty() or os.name == "nt":
        sys.stdin.readline()
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)  # Ctrl-C still interrupts
        os.read(terminal, 1)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
