"""What passes the storage gateway, what it does to a request, what it keeps, and that it ends with its world."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from simulator.gateway.gateway import StorageGateway
from simulator.gateway.messages import ANSWER, PASS, REQUEST, Answered, Request, Verdict

ROOT = Path(__file__).parents[4]
SECRET = "sig=top%2Fsecret"
TARGET = f"/disks/vhds/a%20b.vhd?comp=snapshot&{SECRET}"
LARGE = 3 * 1024 * 1024
LIMIT_SECONDS = 30


class Storage(BaseHTTPRequestHandler):
    """Answers what it was asked, and how long the body was."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        told = json.dumps({"target": self.path, "received": len(self.rfile.read(size)), "host": self.headers["Host"]})
        content = told.encode() if "large" not in self.path else b"x" * LARGE
        self.send_response(201)
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (content, b""):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        else:
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    do_PUT = do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was cut is what a test wants."""


@pytest.fixture
def storage() -> Iterator[ThreadingHTTPServer]:
    with Server(("127.0.0.1", 0), Storage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Setting:
    """A gateway whose verdict a test says."""

    def __init__(self, storage: ThreadingHTTPServer) -> None:
        self.port = storage.server_address[1]
        self.verdict = PASS
        self.ends: list[str] = []
        self.ended = threading.Event()
        self.gateway = StorageGateway(
            lambda: f"http://127.0.0.1:{self.port}", lambda request: self.verdict, lambda: "now", self._on_ended
        )

    def _on_ended(self, reason: str) -> None:
        self.ends.append(reason)
        self.ended.set()

    @contextmanager
    def client(self, party: str = "guest one") -> Iterator[HTTPConnection]:
        connection = HTTPConnection(self.gateway.address(party).removeprefix("http://"), timeout=LIMIT_SECONDS)
        yield connection
        connection.close()

    def ask(self, method: str = "PUT", target: str = TARGET, body: bytes = b"") -> tuple[int, bytes]:
        with self.client() as connection:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def setting(storage: ThreadingHTTPServer) -> Iterator[Setting]:
    made = Setting(storage)
    yield made
    made.gateway.close()


def test_a_request_passes_as_it_is_and_is_kept_without_its_signature(setting: Setting) -> None:
    status, content = setting.ask(body=b"b" * LARGE)
    told = json.loads(content)
    assert (status, told["target"], told["received"]) == (201, TARGET, LARGE)
    assert told["host"] == f"127.0.0.1:{setting.port}", "a storage may look at it"
    (kept,) = setting.gateway.requests("guest one")
    assert (kept.request.operation, kept.request.path) == ("PUT snapshot", "/disks/vhds/a b.vhd")
    assert kept.outcome is not None
    assert (kept.outcome.end, kept.outcome.status, kept.outcome.received_bytes) == ("answered", 201, LARGE)
    assert "secret" not in json.dumps(kept.to_json())
    assert setting.gateway.requests("guest two") == []


@pytest.mark.parametrize("target", ["/a/large", "/a/large-chunked", "/a/chunked"])
def test_bodies_of_any_kind_come_back_whole_over_one_connection(setting: Setting, target: str) -> None:
    with setting.client() as connection:
        for method in ("GET", "HEAD", "GET") if "chunked" not in target else ("GET", "GET"):
            connection.request(method, target)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 201
            if method == "GET":
                assert len(content) == LARGE if "large" in target else json.loads(content)["target"] == target


def test_each_party_has_an_address_of_its_own_and_keeps_it(setting: Setting) -> None:
    addresses = {party: setting.gateway.address(party) for party in ("guest one", "guest two", "vault")}
    assert len(set(addresses.values())) == 3
    assert {party: setting.gateway.address(party) for party in addresses} == addresses


def test_it_answers_in_the_place_of_the_storage(setting: Setting) -> None:
    busy = Answered(503, "Service Unavailable", {"x-ms-error-code": "ServerBusy"}, "<Error/>")
    setting.verdict = Verdict(answer=busy)
    with setting.client() as connection:
        for body in (b"", b"b" * LARGE, b""):
            connection.request("PUT", TARGET, body)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["x-ms-error-code"], answer.read()) == (503, "ServerBusy", b"<Error/>")
    ends = [kept.outcome.end if kept.outcome else None for kept in setting.gateway.requests()]
    assert ends == ["refused"] * 3


def test_it_cuts_before_a_request_is_passed_on_or_within_its_answer(setting: Setting) -> None:
    setting.verdict = Verdict(cut=REQUEST)
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        setting.ask()
    setting.verdict = Verdict(cut=ANSWER, after_bytes=100_000)
    with pytest.raises((HTTPException, ConnectionError)):
        setting.ask("GET", "/a/large")
    outcomes = [kept.outcome for kept in setting.gateway.requests() if kept.outcome]
    assert [(each.end, each.status, each.sent_bytes) for each in outcomes] == [("cut", 0, 0), ("cut", 201, 100_000)]


def test_what_is_no_http_is_ended_and_the_rest_goes_on(setting: Setting) -> None:
    port = int(setting.gateway.address("guest one").rpartition(":")[2])
    for said in (b"hello\r\n\r\n", b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", b"G" * 100_000, b"PUT /a HTTP/1.1\r\n"):
        with socket.create_connection(("127.0.0.1", port), LIMIT_SECONDS) as connection:
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1000) == b""
    assert setting.ask()[0] == 201


def test_a_storage_that_is_gone_ends_the_connection(storage: ThreadingHTTPServer) -> None:
    setting = Setting(storage)
    setting.ask()
    storage.shutdown()
    storage.server_close()
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        setting.ask()
    last = setting.gateway.requests()[-1].outcome
    assert last is not None
    assert last.end == "no storage"
    setting.gateway.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_one_that_is_killed_is_named_and_started_again_at_the_same_addresses(setting: Setting) -> None:
    address, first = setting.gateway.address("guest one"), setting.gateway.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert setting.ended.wait(LIMIT_SECONDS)
    assert setting.ends == ["it was killed by signal 9"]
    assert setting.gateway.address("guest one") == address
    assert setting.gateway.pid != first
    assert setting.ask()[0] == 201


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_one_that_hangs_is_ended_and_named(setting: Setting) -> None:
    setting.gateway.address("guest one")
    assert setting.gateway.pid is not None
    os.kill(setting.gateway.pid, signal.SIGSTOP)
    for _ in range(2):
        setting.gateway.check()
    assert setting.ended.wait(LIMIT_SECONDS)
    assert setting.ends == ["it did not answer any more"]
    assert setting.ask()[0] == 201


def test_it_holds_nothing_secret_and_ends_when_it_is_closed(setting: Setting) -> None:
    setting.ask()
    assert setting.gateway.pid is not None
    process = psutil.Process(setting.gateway.pid)
    assert set(process.environ()) <= {"SYSTEMROOT", "LD_LIBRARY_PATH", "LC_CTYPE"}
    assert all("secret" not in word for word in process.cmdline())
    setting.gateway.close()
    assert not process.is_running()


WORLD = """
import sys, time
from simulator.gateway.gateway import StorageGateway
from simulator.gateway.messages import PASS
gateway = StorageGateway(lambda: "http://127.0.0.1:9", lambda request: PASS, lambda: "now", lambda reason: None)
gateway.address("guest one")
print(gateway.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_it_ends_with_a_world_that_is_killed() -> None:
    world = subprocess.Popen([sys.executable, "-c", WORLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert world.stdout is not None
    gateway = psutil.Process(int(world.stdout.readline()))
    world.kill()
    world.communicate()
    gateway.wait(LIMIT_SECONDS)


def test_a_request_is_told_by_its_operation_and_no_query() -> None:
    made: Callable[[str], Request] = lambda target: Request.of_target("vault", "GET", target)  # noqa: E731
    assert made(f"/a/b/c?{SECRET}").operation == "GET blob"
    assert made(f"/a/b?restype=container&comp=list&{SECRET}") == Request("vault", "GET", "/a/b", "list")
    assert made("/a/b/c").account == "a"
