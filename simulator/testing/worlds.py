"""The worlds of this process's tests, as a client of the process in which they run."""

from __future__ import annotations

import json
import os
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

from controlplane.json_object import Json
from simulator.failures import Failure
from simulator.testing.launcher import command

ANSWER_SECONDS = 180.0
"""Real time; the first world of a machine installs Azurite before it starts."""
END_SECONDS = 60.0
NOT_PASSED_ON = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COV_CORE_SOURCE", "PYTHONSTARTUP")
"""Variables that would have the worlds traced, or run code of others."""
MODULE = "simulator.testing.worlds_process"


class WorldsEnded(Failure):
    """The process of the worlds has ended, and its worlds with it."""


class WorldRefused(Exception):
    """A world could not be opened; the sentence says why. It is what the failure in the other process said."""


@dataclass(frozen=True)
class OpenedWorld:
    endpoints: Json
    seed: int
    """What its chance is drawn from."""


class Worlds:
    """Opens and closes worlds. `folder` is for what their process keeps; it starts with the first world."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._answers: SimpleQueue[str | None] = SimpleQueue()
        self._said: deque[str] = deque(maxlen=20)
        self._threads: list[Thread] = []

    def open(
        self,
        state: Path,
        *,
        seed: int,
        options: Mapping[str, Any],
        handlers: Sequence[tuple[Path, str, str]] = (),
        apart: bool = False,
        fork_of: Path | None = None,
    ) -> OpenedWorld:
        """A new world in the folder `state`. `options` are those of the mark `backup_world`. `apart`: its blobs lie in
        its folder, too. `handlers` are zips that it publishes besides our own, each with name and version. `fork_of`:
        the state folder of a saved world, with whose bytes and seed it begins; its blobs lie in its folder then.

        Raises WorldRefused with the reason, WorldsEnded where the process is gone.
        """
        asked = {"state": str(state), "seed": seed, "options": dict(options), "apart": apart}
        paths = {
            "handlers": [[str(file), *named] for file, *named in handlers],
            "fork_of": str(fork_of) if fork_of else None,
        }
        answer = self._done({"verb": "open", **asked, **paths})
        return OpenedWorld(answer["endpoints"], answer["seed"])

    def save(self, state: Path, target: Path) -> None:
        """A world as it is, at its next moment of rest, into a new folder. WorldRefused, WorldsEnded."""
        self._done({"verb": "save", "state": str(state), "target": str(target)})

    def close(self, state: Path, *, keep: bool) -> None:
        """End a world. Not kept, its folder goes, soon after this returns; kept, it is complete when this returns."""
        self._ask({"verb": "close", "state": str(state), "keep": keep})

    def end(self) -> None:
        """Close all worlds and the process."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()

    def _done(self, request: Json) -> Json:
        answer = self._ask(request)
        if "problem" in answer:
            raise WorldRefused(str(answer["problem"]))
        return answer

    def _ask(self, request: Json) -> Json:
        process = self._running()
        assert process.stdin
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=ANSWER_SECONDS)
        except (OSError, Empty):
            line = None
        if line is None:
            self._process = None
            process.kill()
            process.wait()
            raise WorldsEnded(
                f"the process of the tests' worlds has ended: {' / '.join(self._said) or 'it said nothing'}"
            )
        answer: Json = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._answers = SimpleQueue()
            self._process = process = _spawn(self._folder)
            self._threads = [
                Thread(target=_read, args=(process.stdout, self._answers.put), name="worlds", daemon=True),
                Thread(target=_follow, args=(process.stderr, self._said), name="worlds-errors", daemon=True),
            ]
            for thread in self._threads:
                thread.start()
        return self._process


def _spawn(folder: Path) -> subprocess.Popen[str]:
    """In a session of its own: Ctrl-C is for the tests, whose end is the process's end."""
    return subprocess.Popen(
        command(MODULE, str(folder)),
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def _read(output: IO[str] | None, put: Any) -> None:
    assert output
    with output:
        for line in output:
            put(line)
    put(None)


def _follow(output: IO[str] | None, said: deque[str]) -> None:
    """A full pipe would stop the worlds."""
    from extension.contract.redaction import redact

    assert output
    with output:
        for line in output:
            if line.strip():
                said.append(redact(line.strip()))
