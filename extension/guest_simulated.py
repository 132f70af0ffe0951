"""Guest provider that asks a simulated guest over loopback HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from extension.contract import bridge
from extension.contract.bridge import Facts, FreezeReport, FreezeRequest, ThawReport, Volume
from extension.guest import GuestError, GuestGone, GuestTime
from extension.http import Answer, Exchange, Url, call

ANSWER_SECONDS = 10.0
"""Time-out of verbs that answer from memory."""
THAW_SECONDS = 30.0
"""Writers may take their time at a thaw; the published Linux handler waits as long for its freeze program."""


class SimulatedGuest:
    """A guest behind a wire server's `address` ("host:port/prefix").

    The open session is a life line in both directions. Here it means: when the guest ends, so does this process, at
    once, except while it may have frozen something; then it still tries to thaw, and that finds out.
    """

    WATCHER = "guest's life line"
    """Name of the thread that waits for the guest's end."""

    def __init__(self, address: str, token: str, end_process: Callable[[], object]) -> None:
        self._url = Url(f"http://{address.rstrip('/')}{bridge.PREFIX}")
        self._headers = [("Authorization", f"Bearer {token}")]
        self._end_process = end_process
        self._session = ""
        self._line: Exchange | None = None
        self._may_be_frozen = False
        self._gone = False

    def open(self, task_id: str) -> None:
        from urllib.parse import quote

        line = Exchange(self._url, "GET", f"{self._url.target}/session?task_id={quote(task_id)}", self._headers)
        line.deadline = monotonic() + ANSWER_SECONDS
        try:
            line.open()
            line.send()
            status, headers, pieces = line.stream()
            if status != 200:
                _values("session", Answer(status, headers, b"".join(pieces)))
            self._session = _session_in(pieces)
        except (OSError, ValueError) as problem:
            line.close()
            raise GuestError(f"no session with the guest: {problem}") from None
        line.deadline = None
        self._line = line
        threading.Thread(target=self._watch, args=(line, pieces), name=self.WATCHER, daemon=True).start()

    def facts(self) -> Facts:
        return Facts(**self._call("GET", "facts"))

    def volumes(self) -> tuple[Volume, ...]:
        return tuple(Volume(**volume) for volume in self._call("GET", "volumes")["volumes"])

    def time(self) -> GuestTime:
        told = self._call("GET", "now")
        return GuestTime(datetime.fromisoformat(told["now"]), timedelta(seconds=told.get("ahead_seconds", 0)))

    def freeze(self, timeout_seconds: float, writers: bool) -> FreezeReport:
        request = bridge.to_json(FreezeRequest(self._session, timeout_seconds, writers))
        self._may_be_frozen = True
        return bridge.freeze_report(self._call("POST", "freeze", request, timeout_seconds + ANSWER_SECONDS))

    def thaw(self) -> ThawReport | None:
        try:
            answer = self._exchange("POST", "thaw", {"session": self._session}, THAW_SECONDS)
        finally:
            self._may_be_frozen = False
            if self._gone:
                raise GuestGone("the guest ended before it could be thawed")
        return None if answer.status == 409 else bridge.thaw_report(_values("thaw", answer))

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.hang_up()  # and the watcher, who sits in a read of it, closes it

    # ------------------------------------------------------------------------------------------------------ underneath

    def _watch(self, line: Exchange, pieces: Iterator[bytes]) -> None:
        with suppress(OSError):  # a broken connection means the same as a closed one
            for _ in pieces:
                pass
        line.close()
        if self._line is None:
            return
        # In this order, and the reverse in thaw(): one of the two threads is sure to see what the other did.
        self._gone = True
        if not self._may_be_frozen:
            self._end_process()

    def _call(self, method: str, verb: str, body: Any = None, timeout_seconds: float = ANSWER_SECONDS) -> Any:
        return _values(verb, self._exchange(method, verb, body, timeout_seconds))

    def _exchange(self, method: str, verb: str, body: Any, timeout_seconds: float) -> Answer:
        headers, data = self._headers, b""
        if body is not None:
            headers, data = [*headers, ("Content-Type", "application/json")], json.dumps(body).encode()
        try:
            target = f"{self._url.target}/{verb}"
            return call(self._url, method, target, headers, data, timeout_seconds=timeout_seconds)
        except OSError as problem:
            raise GuestError(f"the guest did not answer {verb}: {problem}") from None


def _session_in(pieces: Iterator[bytes]) -> str:
    line = b""
    while b"\n" not in line:
        line += next(pieces, b"\n")
    return str(_mapping("session", line)["session"])


def _values(verb: str, answer: Answer) -> dict[str, Any]:
    values = _mapping(verb, answer.body)
    if answer.status != 200:
        raise GuestError(f"the guest refused {verb}: {values.get('error') or answer.status}")
    return values


def _mapping(verb: str, body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise GuestError(f"the guest's answer to {verb} is not a JSON object")
    return values
