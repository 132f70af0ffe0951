"""What a machine's programs send from their namespace reaches the world as the shared addresses want it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from simulator.netns.relay import Relay, to_storage, to_wire

STATUS = "/service/agent-status/web01.status"


@pytest.mark.parametrize("path", ["/?comp=versions", "/machine?comp=goalstate", "/vm/other/status", "/vm/web012"])
def test_a_request_to_the_wire_server_gets_prefix_and_token(path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: 168.63.129.16\r\nauthorization: Bearer mine\r\nConnection: keep-alive\r\n\r\n"
    sent = to_wire(head.encode(), "/vm/web01", "secret")
    assert sent is not None
    assert sent.decode() == (
        f"GET /vm/web01{path} HTTP/1.1\r\nHost: 168.63.129.16\r\nAuthorization: Bearer secret\r\n"
        "Connection: close\r\n\r\n"
    )


def test_an_address_from_a_goal_state_has_the_prefix_already() -> None:
    sent = to_wire(b"GET /vm/web01/packages/A.B/manifest.xml HTTP/1.1\r\n\r\n", "/vm/web01", "secret")
    assert sent is not None
    assert sent.startswith(b"GET /vm/web01/packages/A.B/manifest.xml HTTP/1.1\r\n")


@pytest.mark.parametrize("head", [b"\r\n\r\n", b"GET\r\n\r\n", b"GET http://x/ HTTP/1.1\r\n\r\n"])
def test_what_is_no_request_is_refused(head: bytes) -> None:
    assert to_wire(head, "/vm/web01", "secret") is None


@pytest.mark.parametrize(
    ("first", "passes"),
    [
        (f"PUT {STATUS}?sig=x HTTP/1.1", False),
        (f"PUT {STATUS} HTTP/1.1", False),
        (f"GET {STATUS}?sig=x HTTP/1.1", True),
        ("PUT /disks/vhds/web01.vhd?comp=snapshot HTTP/1.1", True),
        ("PUT", True),
    ],
)
def test_the_agents_own_status_goes_by_the_host(first: str, passes: bool) -> None:
    head = f"{first}\r\nHost: x\r\n\r\n".encode()
    assert to_storage(head, STATUS) == (head if passes else None)


async def answered(changed: Callable[[bytes], bytes | None], sent: bytes) -> tuple[bytes, bytes]:
    """What the other side got and what came back, over a relay; the other side answers and closes."""
    got: list[bytes] = []

    async def there(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(4))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nback")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(there, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    relay = await asyncio.start_server(Relay("127.0.0.1", port, changed).serve, "127.0.0.1", 0, limit=64 * 1024)
    async with server, relay:
        reader, writer = await asyncio.open_connection(*relay.sockets[0].getsockname())
        writer.write(sent)
        answer = await reader.read()
        writer.close()
    return b"".join(got), answer


def test_a_body_and_its_answer_pass() -> None:
    got, answer = asyncio.run(answered(lambda head: head.upper(), b"PUT /x HTTP/1.1\r\n\r\nbody"))
    assert (got, answer[-4:]) == (b"PUT /X HTTP/1.1\r\n\r\nbody", b"back")


def test_what_is_refused_reaches_nobody() -> None:
    got, answer = asyncio.run(answered(lambda head: None, b"PUT /x HTTP/1.1\r\n\r\nbody"))
    assert (got, answer[:12]) == (b"", b"HTTP/1.1 403")


def test_an_endless_head_is_refused() -> None:
    got, answer = asyncio.run(answered(lambda head: head, b"GET /" + b"x" * 70_000))
    assert (got, answer[:12]) == (b"", b"HTTP/1.1 400")
