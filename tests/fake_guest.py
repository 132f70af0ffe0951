"""A simulated guest of a few lines: the bridge and the host's presnapshot call, with a script for what they answer."""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

from extension.contract.bridge import Facts, FreezeReport, ThawReport, Volume, WriterReport, to_json

TOKEN = "token-of-this-guest"
FACTS = Facts(
    computer_name="sql01",
    os_name="Windows Server 2022 Datacenter",
    os_version="10.0.20348",
    agent_version="2.7.41491.1172",
    machine_id="1c521628-4f51-43b9-8f63-81201a62f1bb",
    vss_available=True,
    services={"VSS": "Running", "COMSysApp": "Running", "MSDTC": "Running"},
)
VOLUMES = (Volume("C:\\", -1, "NTFS", 1 << 37, 20 << 30), Volume("F:\\", 0, "NTFS", 1 << 34, 5 << 30))


def writer(name: str, last_error: int = 0) -> WriterReport:
    return WriterReport(name, "id", "instance", 9 if last_error else 5, last_error)


class FakeGuest:
    """Answers at `address`. Every freeze takes the next answer of `freezes`, then again the last one."""

    def __init__(self) -> None:
        self.facts = FACTS
        self.volumes = VOLUMES
        self.freezes = [FreezeReport(True, writers=(writer("SqlServerWriter"), writer("System Writer")))]
        self.thaw = ThawReport(True, 0.0, writers=(writer("SqlServerWriter"), writer("System Writer")))
        self.presnapshot: tuple[int, bytes] = (200, b"")
        self.dosnapshot: Callable[[Any], tuple[int, bytes]] = lambda order: (500, b"no such service")
        """What the host answers to an order of snapshots."""
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.ahead = timedelta(0)
        """Of the right time, as its clock is said to be."""
        self.refuse: dict[str, tuple[int, str]] = {}
        """Verb -> status and sentence instead of its answer."""
        self.nonsense = ""
        """A verb that is answered with something else."""
        self.on: dict[str, Callable[[], object]] = {}
        """Verb -> what happens before it is answered."""
        self.calls: list[tuple[str, Any, float]] = []
        """Verb, body or query, and time, of everything asked."""
        self.thaws = 0
        self.frozen = False
        self.frozen_at = 0.0
        self.session_ended = threading.Event()
        self.ended_while_frozen = False
        self._end_sessions = threading.Event()
        self._asked = 0
        guest = self

        self._sessions = 0

        class Handler(_Handler):
            owner = guest

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}/vm/sql01"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.end_sessions()
        self._server.shutdown()
        self._server.server_close()

    def end_sessions(self) -> None:
        """What a handler sees when its guest ends."""
        self._end_sessions.set()

    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.calls]

    # ----------------------------------------------------------------------------------------------------- the answers

    def answer(self, verb: str, body: Any) -> tuple[int, Any]:
        self.calls.append((verb, body, monotonic()))
        self.on.get(verb, lambda: None)()
        if verb in self.refuse:
            status, sentence = self.refuse[verb]
            return status, {"error": sentence}
        if verb == self.nonsense:
            self.frozen, self.frozen_at = verb == "freeze", monotonic()
            return 200, {"what": "?"}
        if verb == "facts":
            return 200, to_json(self.facts)
        if verb == "volumes":
            return 200, {"volumes": [to_json(volume) for volume in self.volumes]}
        if verb == "now":
            now = self.clock().isoformat().replace("+00:00", "Z")
            return 200, {"now": now, "ahead_seconds": self.ahead.total_seconds()}
        return self._freeze() if verb == "freeze" else self._thaw()

    def _freeze(self) -> tuple[int, Any]:
        report = self.freezes[min(self._asked, len(self.freezes) - 1)]
        self._asked += 1
        self.frozen, self.frozen_at = report.frozen, monotonic()
        return 200, to_json(report)

    def _thaw(self) -> tuple[int, Any]:
        self.thaws += 1
        if not self.frozen:
            return 409, {"error": "this session has frozen nothing"}
        self.frozen = False
        return 200, to_json(self.thaw._replace(held_milliseconds=(monotonic() - self.frozen_at) * 1000))

    def hold_session(self, handler: _Handler) -> None:
        """One line, then silence until one of the two ends is gone. A session whose end is seen late, when the next one
        has begun, says nothing of what that has frozen."""
        self._sessions += 1
        own = self._sessions
        line = b'{"session":"session-1"}\n'
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        while not self._end_sessions.is_set():
            if select.select([handler.connection], [], [], 0.005)[0]:
                break
        else:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True
        if own == self._sessions:
            self.ended_while_frozen = self.frozen
            self.frozen = False
        self.session_ended.set()


class _Handler(BaseHTTPRequestHandler):
    owner: FakeGuest
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if path == "/vm/sql01/metadata/recsvc/snapshot/presnapshot":
            self.owner.calls.append(("presnapshot", json.loads(body), monotonic()))
            self._send(*self.owner.presnapshot)
            return
        if path == "/vm/sql01/metadata/recsvc/snapshot/dosnapshot":
            order = json.loads(body)
            self.owner.calls.append(("dosnapshot", order, monotonic()))
            self._send(*self.owner.dosnapshot(order))
            return
        verb = path.removeprefix("/vm/sql01/bridge/")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, b'{"error": "the bridge accepts only the token of this machine"}')
        elif verb == "session" and "session" not in self.owner.refuse:
            self.owner.calls.append(("session", query, monotonic()))
            self.owner.hold_session(self)
        else:
            status, values = self.owner.answer(verb, json.loads(body) if body else query)
            self._send(status, json.dumps(values).encode())

    do_GET = do_POST = serve

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
