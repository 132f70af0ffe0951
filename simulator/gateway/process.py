"""The gateway's process: listens for each party whose way it is, and asks its world about each request.

It reads lines of JSON from its standard input and writes such lines to its standard output. Nothing secret is in its
arguments or its environment. When the input ends, so does the process: the world has ended, however that happened.
Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from simulator.gateway.messages import Outcome, Request, Verdict
from simulator.gateway.relay import HEAD_BYTES, Connection, Upstream

MOST_CONNECTIONS = 512
"""Of all parties together; one more is ended at once."""
BACKLOG = 128
VERDICT_SECONDS = 30.0
"""Real time after which a request of which the world says nothing is cut."""


class Gateway:
    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self._upstream = upstream
        self._loop = loop
        self._asked: dict[int, asyncio.Future[Verdict]] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    # ------------------------------------------------------------------------------------------------- what it is told

    def take(self, line: bytes) -> None:
        """A line from the world."""
        told: dict[str, Any] = json.loads(line)
        if "verdict" in told:
            waiting = self._asked.pop(told["verdict"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(Verdict.parse(told["is"]))
        elif "listen" in told:
            self._start(self._listen(told["listen"], told["port"]))
        elif "ping" in told:
            say({"pong": told["ping"]})

    async def _listen(self, party: str, port: int) -> None:
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._tasks) >= MOST_CONNECTIONS:
                writer.transport.abort()
                return
            self._start(Connection(party, (reader, writer), self._upstream, self._ask).serve())

        try:
            try:
                server = await self._server(serve, port)
            except OSError:  # somebody else has taken the port that it had before
                server = await self._server(serve, 0)
        except OSError as problem:
            say({"listening": party, "problem": problem.strerror or type(problem).__name__})
            return
        self._servers.append(server)
        say({"listening": party, "port": server.sockets[0].getsockname()[1]})

    async def _server(self, serve: Any, port: int) -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", port, limit=HEAD_BYTES, backlog=BACKLOG)

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -------------------------------------------------------------------------------------------------- what it asks

    async def _ask(self, request: Request) -> tuple[Verdict, Any]:
        self._last += 1
        number = self._last
        answer: asyncio.Future[Verdict] = self._loop.create_future()
        self._asked[number] = answer
        say({"asked": number, "request": request.to_json()})

        def tell(outcome: Outcome) -> None:
            say({"done": number, "outcome": outcome.to_json()})

        try:
            return await asyncio.wait_for(answer, VERDICT_SECONDS), tell
        except TimeoutError:
            self._asked.pop(number, None)
            tell(Outcome("broken"))
            raise


def say(message: dict[str, Any]) -> None:
    """A line to the world."""
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def upstream_of(url: str) -> Upstream:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return Upstream(parts.hostname or "", parts.port or (443 if secure else 80), secure, parts.netloc)


async def _run(upstream: Upstream) -> None:
    loop = asyncio.get_running_loop()
    gateway = Gateway(upstream, loop)

    def read() -> None:
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(gateway.take, line)
        os._exit(0)  # the world has ended

    threading.Thread(target=read, name="world", daemon=True).start()
    say({"ready": True})
    await asyncio.Event().wait()


def main() -> None:
    with suppress(ValueError):  # a Ctrl-C in the terminal is the world's to act upon
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    socket.setdefaulttimeout(None)
    first = sys.stdin.buffer.readline()
    if first:
        asyncio.run(_run(upstream_of(json.loads(first)["storage"])))


if __name__ == "__main__":
    main()
