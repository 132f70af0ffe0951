"""The storage gateway as its world has it: started when somebody's way first leads through it, watched, and ended.

Each party has an address of its own, so that the gateway knows whose request it sees. What becomes of a request the
world says (`judge`), and keeps what it was, without its signature. A gateway that ends or hangs is named, and started
again at the same addresses.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from controlplane.json_object import Json
from controlplane.ports import StorageUnavailable
from controlplane.writer_held import about_to_wait
from extension.contract.redaction import redact
from simulator.gateway.messages import Outcome, Request, Verdict

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from simulator.gateway.process import main; main()"
PATIENCE_SECONDS = 10.0
"""Real time for what takes a few milliseconds on an idle machine; a gateway that is silent for longer hangs."""
MOST_KEPT = 1000
"""Requests that are remembered, of all parties together."""
MOST_PARTIES = 1000
MOST_STARTS = 5
"""Within one world, after ends that nobody asked for: a gateway that ends again and again is not started any more."""
PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""What of the environment it gets; the rest may hold credentials."""


class Kept(NamedTuple):
    """A request that came through the gateway."""

    request: Request
    time: str
    """World time."""
    fault: int
    """Number of the fault that acted on it; 0: none."""
    outcome: Outcome | None
    """None: it is still under way, or the gateway ended meanwhile."""

    def to_json(self) -> Json:
        outcome = None if self.outcome is None else self.outcome.to_json()
        return {
            "time": self.time,
            "party": self.request.party,
            "operation": self.request.operation,
            "path": self.request.path,
            "fault": self.fault or None,
            "outcome": outcome,
        }


class StorageGateway:
    """Thread-safe. `storage` is the address of the storage; it is asked when the process starts."""

    def __init__(
        self,
        storage: Callable[[], str],
        judge: Callable[[Request], Verdict],
        now: Callable[[], str],
        on_ended: Callable[[str], None],
    ) -> None:
        """`now` is world time as text. `on_ended` is told why the process ended when nobody had ended it."""
        self._storage = storage
        self._judge = judge
        self._now = now
        self._on_ended = on_ended
        self._lock = threading.RLock()
        self._keeping = threading.Lock()
        """For what is kept, which is asked for while a start is waited for with the other one."""
        self._process: _Process | None = None
        self._ports: dict[str, int] = {}
        self._starts = 0
        self._closed = False
        self._kept: deque[tuple[int, int]] = deque()
        self._by_number: dict[tuple[int, int], Kept] = {}
        self.problem: str | None = None
        """Why it does not run, though somebody's way leads through it."""

    @property
    def pid(self) -> int | None:
        """None: it does not run."""
        process = self._process
        return process.pid if process is not None else None

    def address(self, party: str) -> str:
        """Where this party reaches the storage through the gateway. StorageUnavailable where it does not start."""
        about_to_wait("the storage gateway")
        with self._lock:
            if party not in self._ports and len(self._ports) >= MOST_PARTIES:
                raise StorageUnavailable(f"the storage gateway serves {MOST_PARTIES} parties, and no more")
            process = self._running()
            if party not in process.ports:
                self._ports[party] = process.listen(party, self._ports.get(party, 0))
            return f"http://127.0.0.1:{self._ports[party]}"

    def requests(self, party: str = "") -> Sequence[Kept]:
        """What came through it, of one party or of all, the oldest first."""
        self.settle()
        with self._keeping:
            kept = [self._by_number[number] for number in self._kept]
        return [each for each in kept if party in {"", each.request.party}]

    def settle(self) -> None:
        """Return when all that the gateway has said until now is known."""
        process = self._process
        if process is not None:
            process.ping()

    def check(self) -> None:
        """To be called every PATIENCE_SECONDS: a process that has not answered since the last time is ended, and so
        named and started again."""
        process = self._process
        if process is not None and not process.is_alive():
            process.kill("it did not answer any more")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            process.close()

    # ------------------------------------------------------------------------------------------------------ underneath

    def _running(self) -> _Process:
        if self._closed:
            raise StorageUnavailable("the world ends")
        if self._process is None:
            if self._starts > MOST_STARTS:
                raise StorageUnavailable(self.problem or "the storage gateway does not run")
            self._starts += 1
            generation = self._starts
            try:
                self._process = _Process(
                    self._storage(),
                    lambda number, request: self._asked((generation, number), request),
                    lambda number, outcome: self._done((generation, number), outcome),
                    self._ended,
                )
            except (OSError, StorageUnavailable) as problem:
                self.problem = f"the storage gateway cannot be started: {problem}"
                raise StorageUnavailable(self.problem) from None
            self.problem = None
        return self._process

    def _asked(self, number: tuple[int, int], request: Request) -> Verdict:
        verdict = self._judge(request)
        with self._keeping:
            if len(self._kept) >= MOST_KEPT:
                del self._by_number[self._kept.popleft()]
            self._kept.append(number)
            self._by_number[number] = Kept(request, self._now(), verdict.fault, None)
        return verdict

    def _done(self, number: tuple[int, int], outcome: Outcome) -> None:
        with self._keeping:
            if number in self._by_number:
                self._by_number[number] = self._by_number[number]._replace(outcome=outcome)

    def _ended(self, ended: _Process, reason: str) -> None:
        """In the thread that read its output. Those who use it find it again where it was."""
        with self._lock:
            if self._closed or self._process is not ended:
                return
            self._process = None
            self.problem = f"the storage gateway ended: {reason}"
        self._on_ended(reason)
        with self._lock, suppress(StorageUnavailable):
            for party in tuple(self._ports):
                self.address(party)


class _Process:
    """One run of the program. `ended` is called once when it is over and was not closed."""

    def __init__(
        self,
        storage: str,
        asked: Callable[[int, Request], Verdict],
        done: Callable[[int, Outcome], None],
        ended: Callable[[_Process, str], None],
    ) -> None:
        self._asked, self._done, self._on_ended = asked, done, ended
        self.ports: dict[str, int] = {}
        self._changed = threading.Condition()
        self._is_ready = self._is_over = self._closing = False
        self._pings = self._pongs = self._looked = 0
        self._problems: dict[str, str] = {}
        self._killed_because = ""
        self._last_words: deque[str] = deque(maxlen=5)
        self._writing = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, str(ROOT)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name.upper() in PASSED_ON},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, name="storage gateway", daemon=True)
        self._reader.start()
        self._send({"storage": storage})
        if not self._wait(lambda: self._is_ready):
            self.close()
            raise StorageUnavailable(self._said() or f"it did not answer within {PATIENCE_SECONDS:g} seconds")

    @property
    def pid(self) -> int:
        return self._process.pid

    def listen(self, party: str, port: int) -> int:
        """The port at which the party finds it: the wanted one if that is free."""
        self._send({"listen": party, "port": port})
        if not self._wait(lambda: party in self.ports or party in self._problems) or party in self._problems:
            raise StorageUnavailable(
                f"the storage gateway has no port for {party}: {self._problems.pop(party, 'no answer')}"
            )
        return self.ports[party]

    def ping(self) -> bool:
        """Whether it answers; all that it said before is known then."""
        if threading.current_thread() is self._reader:
            return True
        with self._changed:
            self._pings += 1
            number = self._pings
        self._send({"ping": number})
        return self._wait(lambda: self._pongs >= number) or self._is_over

    def is_alive(self) -> bool:
        """Whether it has answered the question that this asked the last time; asks another one, and does not wait."""
        with self._changed:
            has_answered = self._pongs >= self._looked
            if has_answered:
                self._pings += 1
                self._looked = self._pings
        if has_answered:
            self._send({"ping": self._looked})
        return has_answered

    def kill(self, because: str) -> None:
        self._killed_because = because
        self._process.kill()

    def close(self) -> None:
        about_to_wait("the end of the storage gateway")
        self._closing = True
        assert self._process.stdin is not None
        with suppress(OSError), self._writing:
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if threading.current_thread() is not self._reader:
            self._reader.join()

    # ------------------------------------------------------------------------------------------------------ underneath

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError), self._writing:  # of its end the reader tells
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _wait(self, condition: Callable[[], bool]) -> bool:
        about_to_wait("an answer of the storage gateway")
        with self._changed:
            self._changed.wait_for(lambda: condition() or self._is_over, PATIENCE_SECONDS)
            return condition()

    def _read(self) -> None:
        """Follow what it says to the end."""
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                if line.startswith(b"{"):
                    self._take(json.loads(line))
                elif line.strip():
                    self._last_words.append(redact(line.decode(errors="replace").strip()))
        finally:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)  # it has ended, or is to: nobody hears it any more
            self._process.kill()
            self._process.wait()
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
        if not self._closing and self._is_ready:
            self._on_ended(self, self._killed_because or self._said() or self._code())

    def _take(self, told: Mapping[str, Any]) -> None:
        if "asked" in told:
            verdict = self._asked(told["asked"], Request(**told["request"]))
            self._send({"verdict": told["asked"], "is": verdict.to_json()})
        elif "done" in told:
            self._done(told["done"], Outcome(**told["outcome"]))
        else:
            with self._changed:
                if "ready" in told:
                    self._is_ready = True
                elif "pong" in told:
                    self._pongs = told["pong"]
                elif "port" in told:
                    self.ports[told["listening"]] = told["port"]
                else:
                    self._problems[told["listening"]] = told["problem"]
                self._changed.notify_all()

    def _said(self) -> str:
        return self._last_words[-1] if self._last_words else ""

    def _code(self) -> str:
        code = self._process.returncode
        return f"it was killed by signal {-code}" if code < 0 else f"its exit code was {code}"
