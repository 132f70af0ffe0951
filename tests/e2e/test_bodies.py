"""A body of 400 MiB, sent without a token to every kind of path of every listener: refused in its own form, unkept."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from controlplane.arm.sign_in.aad import SUBSCRIPTION_ID, TENANT_ID
from tests.e2e.running import Up, listeners, up

BODY_MIB = 400
MEBIBYTE = bytes(1024 * 1024)
MOST_GROWTH_BYTES = 32 * 1024 * 1024
EARLY = {b"401", b"404", b"405"}
"""What an application answers that looks at no body: who asks has no token, or there is no such path."""
PATHS = {
    "arm": f"PUT /subscriptions/{SUBSCRIPTION_ID}/resourceGroups/x?api-version=2024-11-01",
    "sign-in": f"POST /{TENANT_ID}/oauth2/v2.0/token",
    "device page": "POST /devicelogin",
    "control": "POST /_sim/workload",
    "control, no such path": "POST /_sim/x",
    "item recovery": "POST /itemrecovery/x/disks",
    "no such path": "POST /x/y",
    "wire server": "PUT /vm/x/status",
    "bridge": "POST /vm/x/bridge/freeze",
    "wire server, no such path": "POST /x",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("bodies") / "world") as world:
        yield world


@pytest.mark.slow
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
@pytest.mark.parametrize("kind", PATHS)
def test_a_huge_body_is_refused_and_not_kept(world: Up, kind: str, chunked: bool) -> None:
    service = psutil.Process(world.process.pid)
    places = listeners(world)
    of_machines = kind.startswith(("wire", "bridge"))
    for port, secure in [(places.wire, False)] if of_machines else [(places.arm, False), (places.secure, True)]:
        before = service.memory_info().rss
        answer = told(port, PATHS[kind], chunked, Path(world.client.endpoints["ca_file"]) if secure else None)
        assert answer.count(b"HTTP/1.1 ") == 1, answer
        if chunked and not answer.startswith(b"HTTP/1.1 413 "):
            assert answer[9:12] in EARLY  # nobody waited for the body
        else:
            _check_form(answer, of_machines)
        assert service.memory_info().rss - before < MOST_GROWTH_BYTES


def _check_form(answer: bytes, of_machines: bool) -> None:
    assert answer.startswith(b"HTTP/1.1 413 "), answer
    body = answer.partition(b"\r\n\r\n")[2]
    if of_machines:
        assert body.startswith(b"The request content size exceeds")
    else:
        assert json.loads(body)["error"]["code"] == "RequestContentTooLarge"


def told(port: int, line: str, chunked: bool, ca_file: Path | None) -> bytes:
    """The answer to such a body, all of which is sent before anything is read."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {BODY_MIB * len(MEBIBYTE)}"
    piece = b"100000\r\n" + MEBIBYTE + b"\r\n" if chunked else MEBIBYTE
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        if ca_file is not None:
            trust = ssl.create_default_context(cafile=str(ca_file))
            connection = trust.wrap_socket(connection, server_hostname="127.0.0.1")
        with connection:
            connection.sendall(f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n\r\n".encode())
            for _ in range(BODY_MIB):
                connection.sendall(piece)
            return connection.recv(65_536)
