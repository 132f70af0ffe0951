"""A guest and its host as far as a handler can see them: the published bridge, and the host's snapshot service.

As on a real machine, a freeze ends by itself after ten seconds, and when the requester is gone.
"""

from __future__ import annotations

import json
import secrets
import select
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from simulator.conformance.stage.observer import Answered, Asked, Observer, Party

HOLD_SECONDS = 10.0
"""For how long VSS holds writes (VSS documentation, "Overview of processing a backup under VSS")."""
LONGEST_SESSION_SECONDS = 120
MACHINE = "1c521628-4f51-43b9-8f63-81201a62f1bb"
SYSTEMS: dict[str, dict[str, Any]] = {
    "windows": {
        "computer_name": "sql01",
        "os_name": "Windows Server 2022 Datacenter",
        "os_version": "10.0.20348",
        "vss_available": True,
        "services": {"VSS": "Running", "COMSysApp": "Running", "MSDTC": "Running"},
        "has_vss": True,
    },
    "linux": {
        "computer_name": "web01",
        "os_name": "Ubuntu",
        "os_version": "22.04",
        "vss_available": False,
        "services": {},
        "has_vss": False,
    },
}
WRITER = {"name": "SqlServerWriter", "writer_id": "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", "instance_id": MACHINE}
WRITER_TIMED_OUT = 0x800423F2
"""VSS_E_WRITERERROR_TIMEOUT."""
FLUSH_TIMED_OUT = 0x80042313
"""VSS_E_FLUSH_WRITES_TIMEOUT."""


class Guest(Party):
    """`before`: verb -> called before it is answered. `freeze_fails`: no freeze succeeds. `host`: verb of the host's
    service -> what it answers; without an entry there is no such service. `refusals`: verb of the bridge -> status that
    it is refused with."""

    def __init__(self, observer: Observer, profile: str) -> None:
        self.profile = profile
        self.token = secrets.token_urlsafe(24)
        self.facts = {**SYSTEMS[profile], "agent_version": "2.7.41491.1172", "machine_id": MACHINE, "registry": {}}
        self.before: dict[str, Callable[[], None]] = {}
        self.freeze_fails = False
        self.lets_go = False
        """The guest lets go by itself before the thaw."""
        self.hold_seconds = HOLD_SECONDS
        self.writers_fail = False
        """A freeze with writers fails by them; one of the volumes alone succeeds."""
        self.host: dict[str, Callable[[Asked], tuple[int, str]]] = {}
        self.refusals: dict[str, int] = {}
        self._sessions = 0
        self._open: set[str] = set()
        self._let_go_by_itself: set[str] = set()
        self._frozen: str | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        super().__init__(observer)
        self.address = f"127.0.0.1:{self.port}/vm/{self.facts['computer_name']}"

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def answer(self, asked: Asked) -> Answered:
        path = asked.path.partition("/vm/")[2].partition("/")[2]
        party, _, verb = path.partition("/")
        if party == "metadata":
            verb = verb.rpartition("/")[2]
            self.before.get(verb, lambda: None)()
            status, text = self.host[verb](asked) if verb in self.host else (404, "")
            return Answered(status, text.encode(), party="host", what=verb)
        answered = self._bridge(verb, asked)
        answered.party, answered.what = "guest", verb
        answered.headers.setdefault("Content-Type", "application/json")
        return answered

    def _bridge(self, verb: str, asked: Asked) -> Answered:
        if asked.header("authorization") != f"Bearer {self.token}":
            return _json(401, {"error": "the bridge accepts only the token of this machine"})
        self.before.get(verb, lambda: None)()
        if verb in self.refusals:
            return _json(self.refusals[verb], {"error": "the guest cannot do that now"})
        if (asked.method, verb) == ("GET", "session"):
            return self._open_session()
        if asked.method == "GET" and verb in ("facts", "volumes", "now"):
            return _json(200, self._told(verb))
        if asked.method != "POST" or verb not in ("freeze", "thaw"):
            return _json(404, {"error": f"the bridge has no {asked.method} /{verb}"})
        try:
            body = json.loads(asked.body)
            session = str(body["session"])
        except (ValueError, KeyError, TypeError):
            return _json(400, {"error": f"{verb} needs session"})
        return self._freeze(session, body) if verb == "freeze" else self._thaw(session)

    def _told(self, verb: str) -> Any:
        if verb == "facts":
            return self.facts
        if verb == "now":
            return {"now": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
        system, data = ("C:\\", "F:\\") if self.profile == "windows" else ("/", "/mnt/data")
        kind = "NTFS" if self.profile == "windows" else "ext4"
        sizes = {"file_system": kind, "size_bytes": 1 << 37, "used_bytes": 1 << 33}
        return {"volumes": [{"name": system, "lun": -1, **sizes}, {"name": data, "lun": 0, **sizes}]}

    # -------------------------------------------------------------------------------------------------- freeze and thaw

    def _freeze(self, session: str, body: Any) -> Answered:
        writers = self.profile == "windows" and body.get("writers", True) is not False
        if self.freeze_fails or (self.writers_fail and writers):
            failed = [{**WRITER, "state": 9, "last_error": WRITER_TIMED_OUT}] if writers else []
            report = {"frozen": False, "hresult": FLUSH_TIMED_OUT, "message": "writes could not be flushed"}
            if self.writers_fail:
                report |= {"hresult": WRITER_TIMED_OUT, "message": "a writer failed"}
            return _json(200, {**report, "writers": failed, "frozen_at": ""})
        with self._lock:
            if session not in self._open:
                return _json(404, {"error": "there is no such session"})
            if self._frozen is not None:
                return _json(409, {"error": "this machine is frozen already"})
            self._frozen = session
            self.observer.happened("frozen", "with writers" if writers else "without writers")
            seconds = min(float(body.get("timeout_seconds", self.hold_seconds)), self.hold_seconds)
            self._timer = threading.Timer(seconds, self._let_go, (session, "let go", "the freeze lasted too long"))
            self._timer.daemon = True
            self._timer.start()
        told = [{**WRITER, "state": 5, "last_error": 0}] if writers else []
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return _json(200, {"frozen": True, "hresult": 0, "message": "", "writers": told, "frozen_at": now})

    def _thaw(self, session: str) -> Answered:
        if self.lets_go:
            self._let_go(session, "let go", "by the scene")
        if not self._let_go(session, "thawed", ""):
            if session not in self._let_go_by_itself:
                return _json(409, {"error": "this session has frozen nothing"})
            report = {"consistent": False, "held_milliseconds": 10000.0, "hresult": 0x80042314, "message": "let go"}
            return _json(200, {**report, "writers": []})
        told = [{**WRITER, "state": 1, "last_error": 0}] if self.profile == "windows" else []
        report = {"consistent": True, "held_milliseconds": 1.0, "hresult": 0, "message": "", "writers": told}
        return _json(200, report)

    def _let_go(self, session: str, what: str, detail: str) -> bool:
        with self._lock:
            if self._frozen != session:
                return False
            self._frozen = None
            if what == "let go":
                self._let_go_by_itself.add(session)
            if self._timer is not None:
                self._timer.cancel()
            self.observer.happened(what, detail)
            return True

    # ------------------------------------------------------------------------------------------------------ the session

    def _open_session(self) -> Answered:
        with self._lock:
            self._sessions += 1
            session = f"session-{self._sessions}"
            self._open.add(session)
        return Answered(
            200, json.dumps({"session": session}).encode(), afterwards=lambda line: self._hold(line, session)
        )

    def _hold(self, handler: BaseHTTPRequestHandler, session: str) -> None:
        """One line, then the connection stays open until the other end is gone."""
        line = json.dumps({"session": session}).encode() + b"\n"
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        handler.close_connection = True
        self.observer.happened("session opened", session)
        select.select([handler.connection], [], [], LONGEST_SESSION_SECONDS)
        with self._lock:
            self._open.discard(session)
        self._let_go(session, "released", "the requester was gone")
        self.observer.happened("session closed", session)


def _json(status: int, value: Any) -> Answered:
    return Answered(status, json.dumps(value, separators=(",", ":")).encode())
