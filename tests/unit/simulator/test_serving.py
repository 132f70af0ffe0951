"""Serving an application: its port, its end, and a port that is taken."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time

import pytest

from simulator.serving import AddressTaken, Message, Receive, Send, Serving


async def hello(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})


async def endless(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
        await asyncio.Event().wait()


def get(serving: Serving) -> bytes:
    connection = http.client.HTTPConnection(serving.host, serving.port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_it_answers_at_once_and_no_more_after_its_end() -> None:
    serving = Serving(hello)
    assert serving.url == f"http://127.0.0.1:{serving.port}"
    assert get(serving) == b"hello"
    serving.close()
    with pytest.raises(ConnectionRefusedError):
        get(serving)


def test_two_get_ports_of_their_own() -> None:
    first, second = Serving(hello), Serving(hello)
    try:
        assert first.port != second.port
        assert get(first) == get(second) == b"hello"
    finally:
        first.close()
        second.close()


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressTaken, match=f"127.0.0.1 port {port}"):
            Serving(hello, port=port)


def test_an_open_stream_does_not_hold_the_end() -> None:
    serving = Serving(endless)
    connection = http.client.HTTPConnection(serving.host, serving.port, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.fp.readline() != b""
    before = time.monotonic()
    serving.close()
    assert time.monotonic() - before < 6
    connection.close()


def test_it_can_be_closed_twice() -> None:
    serving = Serving(hello)
    serving.close()
    serving.close()
