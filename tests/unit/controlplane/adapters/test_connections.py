"""Kept connections against a server that closes them when it should not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from controlplane.adapters.connections import Connections
from controlplane.ports import StorageUnavailable

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndata"


class Script:
    """A server that gives each connection, in turn, a list of answers to its requests, and then closes it."""

    def __init__(self, *connections: list[bytes]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._thread = Thread(target=self._serve, args=(connections,))
        self._thread.start()

    def _serve(self, connections: tuple[list[bytes], ...]) -> None:
        for answers in connections:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as incoming:
                for answer in answers:
                    self.requests.append(incoming.readline())
                    while incoming.readline().strip():
                        pass
                    connection.sendall(answer)
                # Closed while the other side believes that it may go on.

    def close(self) -> None:
        self._thread.join()
        self.listener.close()


@pytest.fixture
def connections() -> Iterator[Connections]:
    connections = Connections()
    yield connections
    connections.close()


def get(connections: Connections, server: Script) -> bytes:
    with connections.exchange("GET", server.origin, "/", {}) as response:
        return response.read()


def test_a_connection_is_used_again(connections: Connections) -> None:
    server = Script([ANSWER, ANSWER, ANSWER])
    assert [get(connections, server) for _ in range(3)] == [b"data"] * 3
    server.close()


def test_a_connection_that_was_closed_meanwhile_is_replaced(connections: Connections) -> None:
    server = Script([ANSWER], [ANSWER])
    assert [get(connections, server) for _ in range(2)] == [b"data"] * 2
    assert len(server.requests) == 2
    server.close()


def test_a_new_connection_that_breaks_is_not_tried_again(connections: Connections) -> None:
    server = Script([b""])
    with pytest.raises(StorageUnavailable):
        get(connections, server)
    assert len(server.requests) == 1
    server.close()


def test_an_answer_that_breaks_off_is_an_error(connections: Connections) -> None:
    server = Script([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata"], [ANSWER])
    with pytest.raises(StorageUnavailable):
        get(connections, server)
    assert get(connections, server) == b"data"
    server.close()


def test_nobody_there_is_an_error(connections: Connections) -> None:
    with pytest.raises(StorageUnavailable), connections.exchange("GET", "http://127.0.0.1:9", "/", {}):
        pass
