"""The proxy that stands for Azure's addresses: whom it answers for, what it carries, and whom it refuses."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from simulator.bounds import Bounds
from simulator.command.proxy import AZURE, Names, Proxy, Upstream, upstreams
from simulator.serving import Message, Receive, Send, Serving
from simulator.state.authority import Authority, server_hosts

HUGE = b"x" * 3_000_000


async def mirror(scope: Message, receive: Receive, send: Send) -> None:
    """Answers with what it was asked: scheme, host, and the length of the body."""
    if scope["type"] != "http":
        return
    length = 0
    while (message := await receive())["type"] == "http.request":
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    host = dict(scope["headers"])[b"host"].decode()
    body = HUGE if scope["path"] == "/huge" else f"{scope['scheme']} {host} {length}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


class World:
    """Two servers in the place of a world, the proxy, and a client that trusts their authority alone."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        self.service = Serving(mirror, certificate=authority.certificate_file("server", server_hosts("127.0.0.1")))
        self.storage = Serving(mirror)
        self.ca_file = str(authority.ca_file)
        endpoints = {"arm": self.service.url, "blob": self.storage.url, "ca_file": self.ca_file}
        self.refused: list[str] = []
        self.upstream = upstreams(endpoints)
        self.proxy = Proxy(self.upstream, authority.certificate_file("azure", AZURE.certified), self.refused.append)
        self.trust = ssl.create_default_context(cafile=str(authority.ca_file))
        self.client = httpx.Client(proxy=self.proxy.url, verify=self.trust, trust_env=False)

    def close(self) -> None:
        self.client.close()
        self.proxy.close()
        self.storage.close()
        self.service.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("ca"))
    yield world
    world.close()


@contextmanager
def spoken(world: World, request: bytes) -> Iterator[bytes]:
    """What the proxy answers to raw bytes, until it ends the connection."""
    address = httpx.URL(world.proxy.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(request)
        yield b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("host", AZURE.arm)
def test_the_service_answers_for_azures_own_addresses_and_sees_them(world: World, host: str) -> None:
    assert world.client.get(f"https://{host}/x").text == f"https {host} 0"


def test_the_storage_answers_for_every_account(world: World) -> None:
    url = "https://sql01disks.blob.core.windows.net/vhds/a.vhd?sig=x"
    assert world.client.put(url, content=HUGE).text == f"http sql01disks.blob.core.windows.net {len(HUGE)}"
    assert world.client.get("https://other.blob.core.windows.net/huge").content == HUGE


def test_it_stands_for_the_names_that_it_is_told_and_no_others(world: World) -> None:
    endpoints = {"arm": world.service.url, "blob": world.storage.url, "ca_file": world.ca_file}
    upstream = upstreams(endpoints, Names((), "blob.core.world.invalid"))
    found = upstream("sql01disks.blob.core.world.invalid", 443)
    assert found
    assert world.storage.url.endswith(f":{found.port}")
    assert upstream("sql01disks.blob.core.windows.net", 443) is None
    assert upstream("management.azure.com", 443) is None


@pytest.mark.parametrize(
    "target",
    [
        "example.org:443",
        "graph.microsoft.com:443",
        "management.azure.com.invalid:443",
        "xmanagement.azure.com:443",
        "management.azure.com:80",
        "a.b.blob.core.windows.net:443",
        ".blob.core.windows.net:443",
        "sql01disks.queue.core.windows.net:443",
        "[::1]:443",
        "169.254.169.254:80",
    ],
)
def test_nothing_else_is_reached(world: World, target: str) -> None:
    world.refused.clear()
    with spoken(world, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()) as answer:
        assert answer.startswith(b"HTTP/1.1 403 ")
    assert world.refused == [target]


def test_a_request_without_tls_is_refused_and_no_secret_is_told(world: World) -> None:
    world.refused.clear()
    with spoken(world, b"GET http://user:password@management.azure.com/a?sig=secret HTTP/1.1\r\n\r\n") as answer:
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"secret" not in answer
        assert b"password" not in answer
    assert world.refused == ["management.azure.com"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("GET http://[ HTTP/1.1", "["),
        ("GET http://[?sig=secret HTTP/1.1", "["),
        ("CONNECT http://[:443 HTTP/1.1", "[:443"),
        ("CONNECT management.azure.com:" + "4" * 5_000 + " HTTP/1.1", "management.azure.com:" + "4" * 5_000),
        ("GET", ""),
    ],
)
def test_a_target_that_is_no_address_is_refused_too(
    world: World, caplog: pytest.LogCaptureFixture, line: str, named: str
) -> None:
    world.refused.clear()
    with spoken(world, f"{line}\r\n\r\n".encode()) as answer:
        assert answer.startswith(b"HTTP/1.1 403 ")
    assert world.refused == [named]
    assert caplog.records == []


def test_there_is_an_end_to_connections_heads_and_patience(world: World, tmp_path: Path) -> None:
    certificate = Authority(tmp_path).certificate_file("azure", AZURE.certified)
    proxy = Proxy(world.upstream, certificate, bounds=Bounds(connections=2, head_bytes=1_000, head_seconds=0.3))
    address = httpx.URL(proxy.url)

    def connect() -> socket.socket:
        return socket.create_connection((address.host, address.port or 0), timeout=10)

    def told(connection: socket.socket) -> bytes:
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionResetError:
            return b""

    try:
        with connect() as first, connect() as second, connect() as third:
            assert told(third).startswith(b"HTTP/1.1 503 ")
            second.sendall(b"CONNECT " + b"a" * 3_000)
            assert told(first) == told(second) == b""
        with connect() as fourth:
            fourth.sendall(b"GET x HTTP/1.1\r\n\r\n")
            assert told(fourth).startswith(b"HTTP/1.1 403 ")
    finally:
        proxy.close()


def test_nonsense_ends_the_connection_and_nothing_more(world: World) -> None:
    for nonsense in (b"\x16\x03\x01" + b"\xff" * 200 + b"\r\n\r\n", b"A" * 100_000):
        try:
            with spoken(world, nonsense) as answer:
                assert answer == b"" or answer.startswith(b"HTTP/1.1 403 ")
        except ConnectionResetError:
            continue
    assert world.client.get("https://management.azure.com/x").status_code == 200


def test_a_client_that_trusts_others_learns_that_this_is_not_azure(world: World) -> None:
    stranger = httpx.Client(proxy=world.proxy.url, trust_env=False)
    with stranger, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        stranger.get("https://management.azure.com/x")


def test_a_service_that_is_gone_is_a_failed_connection(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    proxy = Proxy(lambda *target: Upstream("127.0.0.1", port), authority.certificate_file("azure", AZURE.certified))
    client = httpx.Client(proxy=proxy.url, verify=ssl.create_default_context(), trust_env=False)
    with client, pytest.raises(httpx.TransportError):
        client.get("https://management.azure.com/x")
    proxy.close()


def test_a_foreign_storage_is_not_stood_for(world: World, tmp_path: Path) -> None:
    ca_file = str(Authority(tmp_path).ca_file)
    for blob in ("https://{account}.blob.core.windows.net", "http://{account}.blobs.invalid", "https://blobs.invalid"):
        assert (
            upstreams({"arm": world.service.url, "blob": blob, "ca_file": ca_file})("a.blob.core.windows.net", 443)
            is None
        )


def test_its_end_ends_what_it_carries_and_says_nothing(
    tmp_path: Path, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = Proxy(world.upstream, Authority(tmp_path).certificate_file("azure", AZURE.certified))
    address = httpx.URL(proxy.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        proxy.close()
        assert connection.recv(100) == b""
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_a_client_may_end_its_side_in_the_last_words_of_the_handshake(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    address = httpx.URL(world.proxy.url)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = world.trust.wrap_bio(incoming, outgoing, server_hostname=AZURE.arm[0])
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(f"CONNECT {AZURE.arm[0]}:443 HTTP/1.1\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        while True:
            with suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                break
            connection.sendall(outgoing.read())
            incoming.write(connection.recv(65536))
        with suppress(ssl.SSLWantReadError):
            tls.unwrap()
        connection.sendall(outgoing.read())
        while connection.recv(65536):
            pass
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
