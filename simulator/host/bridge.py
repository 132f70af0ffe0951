"""The bridge by which a handler reaches its simulated guest: session, facts, volumes, time, freeze, thaw.

Freeze and thaw lie inside the freeze window, so nothing here parses twice, logs, or waits for anything but the guest.
The guest's verbs block, so each runs in a thread while the server goes on.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Executor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs

from controlplane.writer_held import about_to_wait
from extension.contract.bridge import PREFIX, Facts, FreezeReport, FreezeRequest, ThawReport, Volume, to_json
from simulator.guest.machine import NotRunning
from simulator.guest.vss.snapshot_set import NoSuchSession, NotFrozen
from simulator.guest.workload.quiescence import NotAtRest

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Result = TypeVar("Result")

DEEPEST = 100
"""Levels of a JSON body."""


class BridgedGuest(Protocol):
    """What of a guest can be reached from inside. Raises NoSuchSession, NotFrozen and NotRunning."""

    def open_session(self, task_id: str) -> str: ...

    def close_session(self, session: str) -> None: ...

    def facts(self) -> Facts: ...

    def volumes(self) -> tuple[Volume, ...]: ...

    def now(self) -> datetime: ...

    def clock_ahead(self) -> timedelta: ...

    def freeze(self, request: FreezeRequest) -> FreezeReport: ...

    def thaw(self, session: str) -> ThawReport: ...

    def tell_workload(self, name: str, act: str, seconds: float) -> bool:
        """freeze, thaw, or status, by a script; whether the workload is at rest then. Raises NotAtRest."""


class BridgedMachine(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def token(self) -> str:
        """The secret that programs of this machine present."""

    @property
    def guest(self) -> BridgedGuest | None:
        """None while the machine is off."""

    def sign_of_life(self) -> None:
        """A program of this machine was heard."""


class BridgeError(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Bridge:
    """The bridge of every machine of one server. A freeze may block for long, so `freezes` does nothing else.

    It has `freezes_at_once` threads; a freeze that none of them takes within `patience_seconds` is refused with 503."""

    def __init__(self, threads: Executor, freezes: Executor, freezes_at_once: int, patience_seconds: float) -> None:
        self._threads = threads
        self._freezes = freezes
        self._free = asyncio.Semaphore(freezes_at_once)
        self._freezes_at_once = freezes_at_once
        self._patience_seconds = patience_seconds
        self._changed = threading.Condition()
        self._lines: dict[str, set[_Line]] = {}

    async def serve(self, machine: BridgedMachine, scope: Message, path: str, receive: Receive, send: Send) -> None:
        """Answer one request; `path` begins with the bridge's prefix."""
        try:
            guest = _admitted(machine, scope)
            verb = (scope["method"], path.removeprefix(PREFIX))
            machine.sign_of_life()
            if verb == ("GET", "/session"):
                await self._session(machine.key, guest, _task_id(scope), receive, send)
                return
            act = _VERBS.get(verb)
            if act is None:
                raise BridgeError(404, f"the bridge has no {verb[0]} {verb[1]}")
            body = await read_body(receive) if verb[0] == "POST" else b""
            does = self._frozen(guest, body) if act is _freeze else self._call(self._threads, act, guest, body)
            await _answer(send, 200, await does)
        except BridgeError as problem:
            await _answer(send, problem.status, {"error": str(problem)})

    async def _frozen(self, guest: BridgedGuest, body: bytes) -> Any:
        if self._free.locked():
            try:
                await asyncio.wait_for(self._free.acquire(), self._patience_seconds)
            except TimeoutError:
                sentence = f"{self._freezes_at_once} machines are freezing, and no more can at once; try again later"
                raise BridgeError(503, sentence) from None
        else:
            await self._free.acquire()
        try:
            return await self._call(self._freezes, _freeze, guest, body)
        finally:
            self._free.release()

    def end_sessions(self, key: str | None = None) -> None:
        """The guest has ended (None: every guest): close its requesters' connections. Call from any thread."""
        with self._changed:
            for owner, lines in self._lines.items():
                if key in (None, owner):
                    for line in lines:
                        line.end()

    def wait_until_ended(self, timeout_seconds: float) -> bool:
        """Whether no session is open any more."""
        about_to_wait("the ends of sessions")
        with self._changed:
            return self._changed.wait_for(lambda: not self._lines, timeout_seconds)

    async def _session(self, key: str, guest: BridgedGuest, task_id: str, receive: Receive, send: Send) -> None:
        """Answer one line of JSON, then keep the connection open until either side ends."""
        line = _Line()
        # Known before the guest is asked: a guest that ends right after it answered ends this line too.
        with self._changed:
            self._lines.setdefault(key, set()).add(line)
        try:
            session = await self._call(self._threads, guest.open_session, task_id)
            try:
                await send(_start(200))
                await send(_part(_encode({"session": session}) + b"\n", more=True))
                if await line.ended_before(receive):
                    await send(_part(b"", more=False))
            finally:
                with suppress(BridgeError):  # the guest may be gone, and its sessions with it
                    await self._call(self._threads, guest.close_session, session)
        finally:
            self._forget(key, line)

    def _forget(self, key: str, line: _Line) -> None:
        with self._changed:
            self._lines[key].discard(line)
            if not self._lines[key]:
                del self._lines[key]
            self._changed.notify_all()

    async def _call(self, threads: Executor, verb: Callable[..., Result], *arguments: object) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, verb, *arguments)
        except NoSuchSession as problem:
            raise BridgeError(404, str(problem)) from None
        except (NotFrozen, NotRunning, NotAtRest) as problem:
            raise BridgeError(409, str(problem)) from None


class _Line:
    """The open end of one session's answer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()

    def end(self) -> None:
        with suppress(RuntimeError):  # a loop that is closed has no line left
            self._loop.call_soon_threadsafe(self._ended.set)

    async def ended_before(self, receive: Receive) -> bool:
        """Wait until either side ends: True for the guest's side, False for the requester's."""
        ended = asyncio.ensure_future(self._ended.wait())
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((ended, gone), return_when=asyncio.FIRST_COMPLETED)
            return not gone.done()
        finally:
            ended.cancel()
            gone.cancel()


# ------------------------------------------------------------------------------------------------------------ the verbs


def _facts(guest: BridgedGuest, body: bytes) -> Any:
    return to_json(guest.facts())


def _volumes(guest: BridgedGuest, body: bytes) -> Any:
    return {"volumes": [to_json(volume) for volume in guest.volumes()]}


def _now(guest: BridgedGuest, body: bytes) -> Any:
    now = guest.now().astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {"now": now, "ahead_seconds": guest.clock_ahead().total_seconds()}


def _freeze(guest: BridgedGuest, body: bytes) -> Any:
    message = _decode(body)
    try:
        request = FreezeRequest(
            session=message["session"],
            timeout_seconds=float(message["timeout_seconds"]),
            writers=message.get("writers", True) is not False,
        )
    except (KeyError, TypeError, ValueError):
        raise BridgeError(400, "freeze needs session and timeout_seconds") from None
    return to_json(guest.freeze(request))


def _thaw(guest: BridgedGuest, body: bytes) -> Any:
    session = _decode(body).get("session")
    if not isinstance(session, str):
        raise BridgeError(400, "thaw needs session")
    return to_json(guest.thaw(session))


def _workload(guest: BridgedGuest, body: bytes) -> Any:
    message = _decode(body)
    try:
        name, act, seconds = str(message["workload"]), str(message["act"]), float(message.get("seconds", 0))
    except (KeyError, TypeError, ValueError):
        raise BridgeError(400, "workload needs workload, act and seconds") from None
    return {"at_rest": guest.tell_workload(name, act, seconds)}


_VERBS: Mapping[tuple[str, str], Callable[[BridgedGuest, bytes], Any]] = {
    ("GET", "/facts"): _facts,
    ("GET", "/volumes"): _volumes,
    ("GET", "/now"): _now,
    ("POST", "/freeze"): _freeze,
    ("POST", "/thaw"): _thaw,
    ("POST", "/workload"): _workload,
}


# ------------------------------------------------------------------------------------------------------------ the wire


def bears_token(machine: BridgedMachine, scope: Message) -> bool:
    """Whether the request was made by a program of this machine."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return hmac.compare_digest(value, b"Bearer " + machine.token.encode())
    return False


async def read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _admitted(machine: BridgedMachine, scope: Message) -> BridgedGuest:
    if not bears_token(machine, scope):
        raise BridgeError(401, "the bridge accepts only the token of this machine")
    if machine.guest is None:
        raise BridgeError(409, "this machine is not running")
    return machine.guest


def _task_id(scope: Message) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("task_id", [""])[0]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, result: Any) -> None:
    body = _encode(result)
    await send(_start(status, (b"content-length", str(len(body)).encode())))
    await send(_part(body, more=False))


def _start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    json_type = (b"content-type", b"application/json")
    return {"type": "http.response.start", "status": status, "headers": [json_type, *headers]}


def _part(body: bytes, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _decode(body: bytes) -> dict[str, Any]:
    message = json_object(body)
    if message is None:
        raise BridgeError(400, "the body is not a JSON object")
    return message


def json_object(data: bytes) -> dict[str, Any] | None:
    """The object that a body is. None for anything else, and for one that is deeper than any program here writes it:
    whoever goes through it later does so by recursion."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not _is_deeper(value, DEEPEST) else None


def _is_deeper(value: dict[str, Any], levels: int) -> bool:
    nested: list[Any] = [value]
    for _ in range(levels):
        inner = [each for outer in nested for each in (outer.values() if isinstance(outer, dict) else outer)]
        nested = [each for each in inner if isinstance(each, dict | list)]
    return bool(nested)
