"""Starts commands of this project's own handler from an interpreter that waits, where the system can; all others cold.

A handler's command spends two thirds of its time on the start of an interpreter. `warm_interpreter.py` has started one
already and forks it. The command stays what it is: a process of its own with its own session, environment, folder,
output and exit code. Only packages whose command is our shell script are started so, since it alone says which Python
runs which folder, and only in the interpreter of the simulator. The first command, and any for which the interpreter is
not ready, start as ever.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from controlplane.writer_held import about_to_wait
from simulator.guest.agent.process import Command, CommandRunner, Output, RunningCommand, Streams, guest_environment

SCRIPT = b"""#!/bin/sh
# The command is the name of this file.
exec "${VMSNAPSHOT_PYTHON:-python3}" -I "${0%/*}/.." "${0##*/}"
"""
"""What the commands of our own packages are."""
INTERPRETER = Path(__file__).with_name("warm_interpreter.py")
READY = b"ready"
"""What the interpreter says once it waits for commands."""
ARGUMENT_BYTES, VARIABLE_BYTES = 8 * 1024, 32 * 1024
"""The room for what a command shows of itself in /proc."""
READ_AT_START = ("LANG", "LC_ALL", "LC_CTYPE")
"""Variables that an interpreter looks at when it starts, and never again."""
PATIENCE_SECONDS = 10.0
"""Real time for what takes a few milliseconds on an idle machine: that a process begins, or ends when it is killed."""
KILLED = -9
"""The code of a command of which nobody can say how it ended, since the interpreter was killed that watched it."""


class Program(NamedTuple):
    """A folder that Python runs as its main program."""

    folder: str
    arguments: list[str]
    """As /proc shows them of a cold start, the interpreter first."""


def can_fork() -> bool:
    """Whether this system has what it takes: processes that are forked, watched, and seen in /proc."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and os.path.exists("/proc/self/stat")


def program_of(arguments: list[str], environment: Mapping[str, str]) -> Program | None:
    """What our own script would have Python run; None for the command of anybody else, for another Python than this
    one, and for more than there is room for."""
    if len(arguments) != 2 or environment.get("VMSNAPSHOT_PYTHON") != sys.executable:
        return None
    script = arguments[1]
    with suppress(OSError):
        if Path(script).read_bytes() != SCRIPT:
            return None
        place, _, verb = script.rpartition("/")
        program = Program(f"{place}/..", [sys.executable, "-I", f"{place}/..", verb])
        variables = sum(len(os.fsencode(f"{name}={value}")) + 1 for name, value in environment.items())
        words = sum(len(os.fsencode(word)) + 1 for word in program.arguments)
        return program if variables <= VARIABLE_BYTES and words <= ARGUMENT_BYTES else None
    return None


class WarmStart:
    """Runs commands, and the interpreter from which they are forked. From any thread.

    `close` ends the interpreter and no command: whoever started one ends it."""

    def __init__(self, cold: CommandRunner = Command) -> None:
        """`cold` starts what is not started here."""
        self._cold = cold
        self._lock = threading.Lock()
        self._interpreter: Interpreter | None = None
        self._closed = False

    def run_command(self, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
        """A CommandRunner."""

        def start_cold() -> RunningCommand:
            return self._cold(arguments, folder, environment)

        program = program_of(arguments, environment)
        interpreter = self._ready() if program is not None else None
        if program is not None and interpreter is not None and interpreter.suits(environment):
            with suppress(OSError):  # it has just ended
                return WarmCommand(interpreter, program, folder, environment, start_cold)
        return start_cold()

    def prepare(self) -> bool:
        """Start the interpreter and wait for it; whether the next command of ours will be forked."""
        about_to_wait("the start of an interpreter")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (interpreter := self._ready()) and time.monotonic() < deadline and self._interpreter:
            self._interpreter.wait()
        return interpreter is not None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            interpreter, self._interpreter = self._interpreter, None
        if interpreter is not None:
            interpreter.close()

    def _ready(self) -> Interpreter | None:
        """The interpreter, once it waits for commands. Where there is none, or none any more, one is started."""
        with self._lock:
            if self._closed:
                return None
            if self._interpreter is not None and self._interpreter.has_ended():
                self._interpreter.close()
                self._interpreter = None
            if self._interpreter is None:
                self._interpreter = Interpreter()
            return self._interpreter if self._interpreter.is_ready() else None


class Interpreter:
    """The process that forks, and what it has said of the commands that it forked. From any thread."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._environment = guest_environment(os.environ)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(INTERPRETER), str(theirs.fileno()), "." * ARGUMENT_BYTES],
                cwd="/",
                env={**self._environment, "ROOM": "." * VARIABLE_BYTES},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._lock = threading.Lock()
        self._is_ready = False
        self._is_lost = False
        self._last = 0
        self._began: dict[int, int] = {}
        """The process id of each command that has begun, by its number."""
        self._ended: dict[int, int] = {}
        """The exit code of each that has ended."""

    @property
    def process_id(self) -> int:
        return self._process.pid

    def suits(self, environment: Mapping[str, str]) -> bool:
        """Whether an interpreter in this environment would have started as this one has."""
        return all(environment.get(name) == self._environment.get(name) for name in READ_AT_START)

    def is_ready(self) -> bool:
        self._hear()
        return self._is_ready and not self._is_lost

    def has_ended(self) -> bool:
        self._hear()
        return self._is_lost

    def fork(self, order: Mapping[str, object], outputs: Sequence[int]) -> int:
        """Have it fork a command, whose two streams go to these descriptors; the command's number. OSError where it has
        ended."""
        with self._lock:
            self._last += 1
            content = json.dumps({"number": self._last, **order}).encode()
            socket.send_fds(self._control, [content], outputs)
            return self._last

    def process_of(self, number: int) -> int | None:
        """The process id of a command, once it has begun."""
        self._hear()
        return self._began.get(number)

    def code_of(self, number: int) -> int | None:
        """The exit code of a command, once it has ended."""
        self._hear()
        return self._ended.get(number)

    def wait(self) -> None:
        """Until it has said something more, or a moment has passed: another thread may have heard it."""
        if not self._is_lost:
            select.select([self._control], [], [], 0.01)

    def forget(self, number: int) -> None:
        self._began.pop(number, None)
        self._ended.pop(number, None)

    def close(self) -> None:
        """End it. Commands that it has forked go on."""
        with self._lock:
            self._is_lost = True
            self._control.close()
        about_to_wait("the end of a process")
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hear(self) -> None:
        with self._lock:
            while not self._is_lost:
                try:
                    said = self._control.recv(128, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return
                except OSError:
                    said = b""
                if not said:
                    self._is_lost = True
                elif said == READY:
                    self._is_ready = True
                else:
                    number, process, *code = map(int, said.split())
                    self._began[number] = process
                    self._ended.update({number: code[0]} if code else {})


class WarmCommand:
    """A command that is forked. It leads a process group of its own, which is what kill() ends."""

    def __init__(
        self,
        interpreter: Interpreter,
        program: Program,
        folder: Path,
        environment: Mapping[str, str],
        start_cold: Callable[[], RunningCommand],
    ) -> None:
        """Raises OSError where the interpreter has ended. `start_cold` is called should it end before the fork."""
        self._interpreter = interpreter
        self._start_cold = start_cold
        self._instead: RunningCommand | None = None
        self._code: int | None = None
        self._streams = Streams()
        order = {
            "folder": program.folder,
            "arguments": program.arguments,
            "working_folder": str(folder),
            "environment": dict(environment),
        }
        try:
            self._number = interpreter.fork(order, [self._streams.stdout.fileno(), self._streams.stderr.fileno()])
        except OSError:
            self._streams.close()
            raise

    @property
    def process_id(self) -> int:
        """Waits until it has begun."""
        about_to_wait("the start of a process")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (process := self._interpreter.process_of(self._number)) is None:
            if self._interpreter.has_ended() or time.monotonic() > deadline:
                raise ProcessLookupError("the command has not begun")
            self._interpreter.wait()
        return process

    def poll(self) -> int | None:
        """The exit code once it has ended."""
        if self._instead is not None:
            return self._instead.poll()
        if self._code is None:
            has_ended = self._interpreter.has_ended()  # asked first: what it said at its end is heard by then
            self._code = self._interpreter.code_of(self._number)
            if self._code is None and has_ended:
                return self._left_alone()
        return self._code

    def kill(self) -> None:
        """End it and everything in its group."""
        if self._instead is not None:
            self._instead.kill()
        elif self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process_id, signal.SIGKILL)
            about_to_wait("the end of a process")
            deadline = time.monotonic() + PATIENCE_SECONDS
            while self.poll() is None and time.monotonic() < deadline:
                self._interpreter.wait()

    def written_bytes(self) -> int:
        if self._instead is not None:
            return self._instead.written_bytes()
        return self._streams.written_bytes()

    def output(self) -> Output:
        """Can be asked for once."""
        self._interpreter.forget(self._number)
        if self._instead is not None:
            self._streams.close()
            return self._instead.output()
        return self._streams.output()

    def _left_alone(self) -> int | None:
        """The interpreter was killed. What it had not begun starts anew, what it had begun cannot be told from a
        command that was killed."""
        process = self._interpreter.process_of(self._number)
        if process is None:
            self._instead = self._start_cold()
            return self._instead.poll()
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        self._code = KILLED
        return self._code
