"""A proxy on loopback that serves Azure's addresses from a world and refuses all other addresses.

A program that is told to use it believes to reach management.azure.com: the proxy ends the TLS connection with a
certificate of the world's authority, and hands what it carries, unchanged, to the world's own server.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.bounds import Bounds, bounds_of_process
from simulator.command.client_environment import is_real_azure
from simulator.failures import Failure

HTTPS_PORT = 443
PORT_DIGITS = 5
COPY_BYTES = 64 * 1024
START_SECONDS = 10.0


@dataclass(frozen=True)
class Names:
    """The host names that a proxy answers for: those of ARM and signing in, and what follows an account's name."""

    arm: tuple[str, ...]
    blob_domain: str

    @property
    def certified(self) -> tuple[str, ...]:
        """What the proxy's certificate must be valid for."""
        return (*self.arm, f"*.{self.blob_domain}")


AZURE = Names(("management.azure.com", "login.microsoftonline.com"), "blob.core.windows.net")


@dataclass(frozen=True)
class Upstream:
    """A server that answers for a host. `trust` is there where it speaks TLS."""

    host: str
    port: int
    trust: ssl.SSLContext | None = None


def upstreams(endpoints: Mapping[str, Any], names: Names = AZURE) -> Callable[[str, int], Upstream | None]:
    """The server of a world that answers for a host and port; None for an address that is not simulated."""
    arm, blob = urlsplit(endpoints["arm"]), urlsplit(endpoints.get("blob") or "")
    service = Upstream(
        arm.hostname or "", arm.port or HTTPS_PORT, ssl.create_default_context(cafile=endpoints["ca_file"])
    )
    # An endpoint with {account} in its host name is a foreign storage, which no one address stands for.
    own_storage = blob.scheme == "http" and "{" not in blob.netloc and not is_real_azure(endpoints["blob"])
    storage = Upstream(blob.hostname or "", blob.port or 80) if own_storage else None

    def upstream(host: str, port: int) -> Upstream | None:
        account, _, domain = host.lower().partition(".")
        if port != HTTPS_PORT:
            return None
        if host.lower() in names.arm:
            return service
        return storage if account and domain == names.blob_domain else None

    return upstream


ENDS_OF_A_CONNECTION = (
    OSError,
    ssl.SSLError,
    TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    asyncio.CancelledError,  # at the proxy's own end; Python 3.11 would report it with a traceback
)


class _Connection(asyncio.StreamReaderProtocol):
    """A client's connection, which is closed when the client ends its side.

    The library's own stays open until it knows that it speaks TLS. A client that ends its side in the last words of
    the handshake comes before that, and asyncio warns that it cannot stay open.
    """

    def eof_received(self) -> bool:
        super().eof_received()
        return False


class Proxy:
    """The running proxy; ready once constructed."""

    def __init__(
        self,
        upstream: Callable[[str, int], Upstream | None],
        certificate: Path,
        on_refusal: Callable[[str], None] = lambda target: None,
        bounds: Bounds | None = None,
    ) -> None:
        self._bounds = bounds or bounds_of_process(listeners=1, descriptors_per_connection=2)
        self._connections = 0
        self._upstream = upstream
        self._on_refusal = on_refusal
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise Failure("the proxy did not start in time; try again when this machine is less busy")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def close(self) -> None:
        """End, and end every connection."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        # Its end cancels what it still serves: the runner cancels every task that is left.
        server = await self._loop.create_server(self._connection, "127.0.0.1", 0)
        self._port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    def _connection(self) -> _Connection:
        return _Connection(asyncio.StreamReader(limit=self._bounds.head_bytes), self._handle)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections > self._bounds.connections:
                await _refuse(writer, "503 Service Unavailable", "too many connections are open; try again later")
            else:
                with suppress(*ENDS_OF_A_CONNECTION):
                    await self._connect(reader, writer)
        finally:
            self._connections -= 1
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self._bounds.head_seconds)
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = rest.partition(" ")[0]
        upstream = self._upstream(*_address(target)) if method == "CONNECT" else None
        if upstream is None:
            self._on_refusal(_named(target))
            said = f"{_named(target)} is not simulated, and only simulated services can be reached."
            await _refuse(writer, "403 Forbidden", said)
            return
        opening = asyncio.open_connection(upstream.host, upstream.port, ssl=upstream.trust)
        theirs = await asyncio.wait_for(opening, self._bounds.head_seconds)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._context, ssl_handshake_timeout=self._bounds.head_seconds)
            await _join((reader, writer), theirs, self._bounds.send_seconds)
        finally:
            theirs[1].close()


async def _join(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    send_seconds: float,
) -> None:
    """Copy both ways until either side ends, or takes nothing for so long."""
    pairs = ((one[0], other[1]), (other[0], one[1]))
    ways = {asyncio.create_task(_copy(*pair, send_seconds)) for pair in pairs}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, send_seconds: float) -> None:
    while data := await source.read(COPY_BYTES):
        target.write(data)
        await asyncio.wait_for(target.drain(), send_seconds)


async def _refuse(writer: asyncio.StreamWriter, status: str, sentence: str) -> None:
    said = f"backupsim: {sentence}\n".encode()
    head = (f"HTTP/1.1 {status}", "Content-Type: text/plain", f"Content-Length: {len(said)}", "Connection: close")
    writer.write("\r\n".join((*head, "", "")).encode() + said)
    await writer.drain()


def _address(target: str) -> tuple[str, int]:
    host, _, port = target.rpartition(":")
    return host, int(port) if port.isdecimal() and len(port) <= PORT_DIGITS else 0


def _named(target: str) -> str:
    """Host and port alone: the path and query may hold a secret."""
    # By hand: there is no text that a parser of URLs must not refuse.
    _, slashes, rest = target.partition("//")
    return re.split("[/?#]", rest if slashes else target, maxsplit=1)[0].rpartition("@")[2]
