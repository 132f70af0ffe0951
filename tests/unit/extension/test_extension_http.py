"""The handler's own HTTP: what it sends byte for byte, what it makes of answers in every shape, and of none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from extension.http import Answer, ConnectionEnded, Exchange, NotHttp, Url, call


@contextmanager
def server(serve: Callable[[socket.socket], None], connections: int = 1) -> Iterator[str]:
    """A server that does with each connection what `serve` does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        for _ in range(connections):
            connection, _ = listener.accept()
            with connection:
                serve(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(5)
        listener.close()


def answering(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Wait for a request, answer in these pieces, close."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        for piece in pieces:
            connection.sendall(piece)

    return serve


def get(url: str) -> Answer:
    return call(Url(url), "GET", timeout_seconds=5)


# ----------------------------------------------------------------------------------------------------------------- URLs


def test_a_url_is_taken_apart_and_never_re_encoded() -> None:
    url = Url("HTTPS://disks.blob.local:10000/vhds/a%20b.vhd?sv=1&sig=a%2Fb%3D")

    assert (url.scheme, url.host, url.port, url.authority) == (
        "https",
        "disks.blob.local",
        10000,
        "disks.blob.local:10000",
    )
    assert url.with_query("comp=snapshot") == "/vhds/a%20b.vhd?sv=1&sig=a%2Fb%3D&comp=snapshot"
    assert Url("http://storage/a/b").with_query("comp=page") == "/a/b?comp=page"
    assert "sig" not in url.plain + repr(url)


def test_the_usual_port_is_not_part_of_the_host_header() -> None:
    assert Url("http://storage:80/a").authority == "storage"
    assert Url("https://storage/a").port == 443
    assert Url("https://storage:80/a").authority == "storage:80"
    assert (Url("http://[::1]:10000/a").host, Url("http://[::1]:10000/a").port) == ("::1", 10000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "storage/a",
        "ftp://storage/a",
        "http:///a",
        "http://storage:x/a",
        "http://h/a b",
        "http://h/\r\nx",
        "http://ä/a",
    ],
)
def test_anything_else_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match="not the URL"):
        Url(text)


# ------------------------------------------------------------------------------------------------------------- requests


def test_a_request_is_what_a_storage_service_was_seen_to_get() -> None:
    received = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    with server(serve) as base:
        url = Url(f"{base}/a/b?sig=x")
        call(url, "PUT", url.with_query("comp=snapshot"), [("x-ms-meta-TaskId", "1")], timeout_seconds=5)

    assert received == [
        b"PUT /a/b?sig=x&comp=snapshot HTTP/1.1\r\n"
        b"Host: " + url.authority.encode() + b"\r\n"
        b"Accept-Encoding: identity\r\nContent-Length: 0\r\nx-ms-meta-TaskId: 1\r\n\r\n"
    ]


def test_a_header_can_not_smuggle_another_one() -> None:
    with pytest.raises(ValueError, match="line break"):
        Exchange(Url("http://storage/a"), "PUT", "/a", [("x-ms-meta-a", "1\r\nx-ms-meta-b: 2")])


# -------------------------------------------------------------------------------------------------------------- answers

SHAPES = {
    "with a length": [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"],
    "byte by byte": [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"],
    "in chunks": [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n",
        b"3\r\nllo\r\n0\r\n\r\n",
    ],
    "until the end": [b"HTTP/1.0 200 OK\r\n\r\nhel", b"lo"],
    "after a hundred": [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
}


@pytest.mark.parametrize("pieces", SHAPES.values(), ids=SHAPES)
def test_an_answer_is_read_in_every_shape(pieces: list[bytes]) -> None:
    with server(answering(*pieces)) as base:
        answer = get(f"{base}/a")

    assert (answer.status, answer.body) == (200, b"hello")


def test_header_names_come_in_lower_case_and_an_answer_may_have_no_body() -> None:
    with server(answering(b"HTTP/1.1 204 No Content\r\nX-Ms-Snapshot:  stamp \r\n\r\n")) as base:
        answer = get(f"{base}/a")

    assert (answer.status, answer.headers["x-ms-snapshot"], answer.body) == (204, "stamp", b"")


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], NotHttp),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"], NotHttp),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"], ConnectionEnded),
        ([b"HTTP/1.1 2"], ConnectionEnded),
    ],
)
def test_half_an_answer_is_an_error(pieces: list[bytes], error: type[OSError]) -> None:
    with server(answering(*pieces)) as base, pytest.raises(error) as problem:
        get(f"{base}/a?sig=secret")

    assert "secret" not in str(problem.value)
    assert not getattr(problem.value, "unanswered", False)


def test_a_connection_that_ends_without_an_answer_is_known_as_such() -> None:
    with server(answering()) as base, pytest.raises(ConnectionEnded) as problem:
        get(f"{base}/a")

    assert problem.value.unanswered


def test_a_refused_connection_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        get(f"http://127.0.0.1:{port}/a")


def test_the_time_out_is_for_the_whole_exchange() -> None:
    trickling = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + bytes(99999):
            if trickling.wait(0.01):
                return
            connection.sendall(bytes([byte]))

    started = monotonic()
    with server(serve) as base:
        with pytest.raises(TimeoutError):
            call(Url(f"{base}/a"), "GET", timeout_seconds=0.2)
        trickling.set()

    assert monotonic() - started < 3


def test_what_has_arrived_is_taken_even_when_it_is_too_late_to_wait() -> None:
    answered = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        answered.set()

    with server(serve) as base:
        exchange = Exchange(Url(f"{base}/a"), "PUT", "/a")
        exchange.deadline = monotonic() + 5
        exchange.open()
        exchange.send()
        assert answered.wait(5)
        exchange.deadline = monotonic() - 1
        exchange.wait()
        assert exchange.finish().status == 201


def test_hanging_up_ends_the_wait_of_another_thread() -> None:
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nfirst")
        connection.recv(1)

    def read(pieces: Iterator[bytes]) -> None:
        list(pieces)
        ended.set()

    with server(serve) as base:
        exchange = Exchange(Url(f"{base}/a"), "GET", "/a")
        exchange.open()
        exchange.send()
        _, _, pieces = exchange.stream()
        assert next(pieces) == b"first"
        exchange.deadline = None
        threading.Thread(target=read, args=(pieces,), daemon=True).start()
        exchange.hang_up()
        assert ended.wait(5)
    exchange.close()
