"""What every listener refuses by itself, seen from sockets: size, form, slowness, and one connection too many."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from queue import SimpleQueue
from threading import Semaphore

import httpx
import pytest

from simulator.bounds import Bounds, within_descriptors
from simulator.serving import Message, Receive, Send, Serving

BOUNDS = Bounds(
    head_bytes=2_000,
    body_bytes=100_000,
    all_bodies_bytes=150_000,
    head_seconds=1.0,
    body_seconds=0.3,
    send_seconds=0.3,
    idle_seconds=1,
    connections=20,
)
HUGE = bytes(8 * 1024 * 1024)
"""More than what the kernel takes for a client that does not read."""


LONG = b"x" * len(HUGE)


class Mirror:
    """Answers with the length of a body; /huge with much, /unread without reading, /wait never."""

    def __init__(self) -> None:
        self.requests = 0
        self.begun = Semaphore(0)
        self.ended = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.requests += 1
        self.begun.release()
        try:
            length = 0
            while scope["path"] != "/unread":
                message = await receive()
                length += len(message.get("body", b""))
                if message["type"] == "http.disconnect":
                    return
                if not message["more_body"]:
                    break
            if scope["path"] == "/wait":
                await receive()
            body = HUGE if scope["path"] == "/huge" else str(length).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
        finally:
            self.ended += 1


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


@pytest.fixture
def serving(mirror: Mirror) -> Iterator[Serving]:
    serving = Serving(mirror, bounds=BOUNDS)
    yield serving
    serving.close()


@contextmanager
def connected(serving: Serving) -> Iterator[socket.socket]:
    with socket.create_connection((serving.host, serving.port), timeout=30) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """What still comes, until the server ends the connection."""
    received = bytearray()
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionResetError:
        pass
    return bytes(received)


def told(serving: Serving, *parts: bytes) -> bytes:
    with connected(serving) as connection:
        for part in parts:
            connection.sendall(part)
        return rest(connection)


def refused(serving: Serving, *parts: bytes) -> bytes:
    """The same from a client that has said all: a server waits for the others before it ends their connections."""
    with connected(serving) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        return rest(connection)


def get(serving: Serving, path: str = "/") -> bytes:
    return told(serving, f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())


def posting(*headers: str, path: str = "/") -> bytes:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: here", "Connection: close", *headers, "", "")).encode()


def chunk(size: int) -> bytes:
    return f"{size:x}\r\n".encode() + bytes(size) + b"\r\n"


def test_a_body_up_to_the_limit_is_taken(serving: Serving) -> None:
    assert told(serving, posting("Content-Length: 100000"), bytes(100_000)).endswith(b"100000\r\n0\r\n\r\n")
    chunked = posting("Transfer-Encoding: chunked")
    assert told(serving, chunked, chunk(60_000), chunk(40_000), b"0\r\n\r\n").endswith(b"100000\r\n0\r\n\r\n")


@pytest.mark.parametrize("length", ["100001", "400000000", "9" * 400, "0" * 100 + "100001"])
def test_a_body_that_says_how_large_it_is_is_refused_before_anybody_sees_it(
    serving: Serving, mirror: Mirror, length: str
) -> None:
    answer = refused(serving, posting(f"Content-Length: {length}"), HUGE)
    assert answer.startswith(b"HTTP/1.1 413 ") or (len(length) > 300 and answer.startswith(b"HTTP/1.1 400 "))
    assert mirror.requests == 0
    assert get(serving).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_does_not_say_so_is_refused_when_it_is_too_large(serving: Serving, mirror: Mirror) -> None:
    answer = told(serving, posting("Transfer-Encoding: chunked"), *[chunk(50_000)] * 100)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert get(serving).startswith(b"HTTP/1.1 200 ")
    assert mirror.ended == mirror.requests, "whoever waited for the rest of it was told"


def test_a_body_that_nobody_reads_is_refused_too(serving: Serving) -> None:
    assert refused(serving, posting("Content-Length: 400000000", path="/unread"), HUGE).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_still_sent_after_its_answer_gets_no_second_one(serving: Serving) -> None:
    begun = posting("Transfer-Encoding: chunked", path="/unread").replace(b"Connection: close\r\n", b"")
    answer = told(serving, begun, *[chunk(50_000)] * 100)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_trailers_and_sizes_of_chunks_do_not_count_for_nothing(serving: Serving) -> None:
    begun = posting("Transfer-Encoding: chunked") + chunk(1)
    answer = told(serving, begun, b"0\r\n", b"x: " + LONG)
    assert answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")) or answer == b""
    answer = told(serving, begun, *[b"1;" + b"x" * 1_000 + b"\r\n0\r\n"] * 2_000)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 3_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"x" * 3_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n" + b"X: 1\r\n" * 1_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: " + LONG,
        b"GET /" + LONG,
    ],
)
def test_a_head_that_is_too_large_is_refused_before_anybody_sees_it(
    serving: Serving, mirror: Mirror, head: bytes
) -> None:
    assert told(serving, head).startswith(b"HTTP/1.1 431 ")
    assert mirror.requests == 0


@pytest.mark.parametrize(
    "host", ["[", "[::1", "a b", 'x"', "x'y", "a/b", "user@here", "a:b", "a:1:2", "<x>", "x\\y", "here\r\nHost: here"]
)
def test_a_host_that_is_none_is_refused(serving: Serving, mirror: Mirror, host: str) -> None:
    assert refused(serving, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).startswith(b"HTTP/1.1 400 ")
    assert mirror.requests == 0


@pytest.mark.parametrize("host", ["here", "127.0.0.1:80", "[::1]:8080", "a_b.c-d", ""])
def test_a_host_that_is_one_is_taken(serving: Serving, host: str) -> None:
    answer = told(serving, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: here\r\n"])
def test_a_head_that_does_not_end_is_given_up(serving: Serving, mirror: Mirror, begun: bytes) -> None:
    assert told(serving, begun)[:13] in (b"", b"HTTP/1.1 408 ")
    assert mirror.requests == 0


def test_a_second_head_that_does_not_end_is_given_up_too(serving: Serving) -> None:
    with connected(serving) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /")
        assert b"HTTP/1.1 408 " in rest(connection)


def test_a_body_that_does_not_end_is_given_up_and_its_reader_told(serving: Serving, mirror: Mirror) -> None:
    assert told(serving, posting("Content-Length: 10"), b"12345").startswith(b"HTTP/1.1 408 ")
    assert get(serving).startswith(b"HTTP/1.1 200 ")
    assert mirror.ended == mirror.requests == 2


def test_a_client_that_waits_for_its_answer_may_wait(serving: Serving) -> None:
    with connected(serving) as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
        connection.settimeout(2 * BOUNDS.head_seconds)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_the_bodies_of_all_together_are_bounded(serving: Serving) -> None:
    begun = posting("Content-Length: 100000") + bytes(70_000)
    with ExitStack() as open_connections:
        clients = [open_connections.enter_context(connected(serving)) for _ in range(3)]
        for client in clients:
            client.sendall(begun)
        answers = [rest(client)[:13] for client in clients]
    assert b"HTTP/1.1 503 " in answers
    assert told(serving, begun, bytes(30_000)).startswith(b"HTTP/1.1 200 "), "what was held is free again"


def test_who_is_dropped_is_told(mirror: Mirror) -> None:
    told: SimpleQueue[tuple[str, int]] = SimpleQueue()
    serving = Serving(mirror, bounds=BOUNDS, on_dropped=lambda path, waiting_bytes: told.put((path, waiting_bytes)))
    try:
        with connected(serving) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.sendall(b"GET /huge?secret=1 HTTP/1.1\r\nHost: here\r\n\r\n")
            path, waiting_bytes = told.get(timeout=30)
            assert (path, waiting_bytes > 0) == ("/huge", True)
    finally:
        serving.close()


def test_connections_are_as_many_as_a_process_may_open() -> None:
    assert [within_descriptors(most, 3).connections for most in (None, 1_000_000, 1024, 400, 20)] == [
        512,
        512,
        256,
        48,
        16,
    ]


def test_a_client_that_does_not_read_is_dropped(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), ExitStack() as open_connections:
        clients = [open_connections.enter_context(connected(serving)) for _ in range(10)]
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.sendall(b"GET /huge HTTP/1.1\r\nHost: here\r\n\r\n")
        while sum("reads nothing" in record.message for record in caplog.records) < len(clients):
            assert get(serving).startswith(b"HTTP/1.1 200 ")
        assert all(len(rest(client)) < len(HUGE) for client in clients)


def test_a_client_that_reads_slowly_is_not_dropped(serving: Serving) -> None:
    assert get(serving, "/huge").endswith(b"\r\n0\r\n\r\n")


def test_a_connection_without_a_next_request_is_ended(serving: Serving) -> None:
    with connected(serving) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert rest(client).startswith(b"HTTP/1.1 200 ")


def test_a_client_gives_an_idle_connection_up_before_the_server_does() -> None:
    assert (httpx.Limits().keepalive_expiry or inf) < Bounds().idle_seconds


def test_idle_connections_give_way_to_new_ones(serving: Serving) -> None:
    bounds = Bounds(connections=5)
    many = Serving(Mirror(), bounds=bounds)
    try:
        with ExitStack() as open_connections:
            idle = [open_connections.enter_context(connected(many)) for _ in range(50)]
            assert get(many).startswith(b"HTTP/1.1 200 ")
            assert rest(idle[0]) == b""
    finally:
        many.close()


def test_when_all_are_at_work_the_newest_gives_way(mirror: Mirror) -> None:
    serving = Serving(mirror, bounds=Bounds(connections=3))
    try:
        with ExitStack() as open_connections:
            for _ in range(3):
                client = open_connections.enter_context(connected(serving))
                client.sendall(b"GET /wait HTTP/1.1\r\nHost: here\r\n\r\n")
                assert mirror.begun.acquire(timeout=30)
            assert get(serving) == b""
    finally:
        serving.close()


def test_what_is_no_http_gets_one_refusal(serving: Serving, mirror: Mirror) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100):
        assert told(serving, nonsense).count(b"HTTP/1.1 400 ") == 1
    assert (
        told(serving, posting("Content-Length: 5", "Transfer-Encoding: chunked"), b"0\r\n\r\n")[:13] == b"HTTP/1.1 400 "
    )
    assert mirror.requests == 0
