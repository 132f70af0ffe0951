"""The wire server at 168.63.129.16: goal states, packages, status upload, host snapshots, and the bridge.

It speaks the guest agent's protocol, so that a real agent can take the place of the simulated one. The wire server and
the host's plugin, which listen on two ports in Azure, share no path and so share this server. Machines are told apart
by the path prefix `/vm/<key>`; `application(machine)` is the same without a prefix, for one machine in a network
namespace of its own. On the shared address nothing else keeps machines apart, so there the private key of a machine,
the configuration of its extensions and its status are only for a program that knows the machine's token.

This is plain ASGI: freeze and thaw pass through here, and a framework's layers would be in the freeze window.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from controlplane.json_object import Json
from controlplane.ports import Blob, Blobs, PortError
from controlplane.writer_held import about_to_wait
from extension.contract.bridge import PREFIX as BRIDGE_PREFIX
from extension.contract.redaction import redact_json
from simulator.clock.real_time import RealTime
from simulator.host import goalstate
from simulator.host.bridge import Bridge, BridgedMachine, Message, Receive, Send, bears_token, json_object, read_body
from simulator.host.certificates import CIPHERS, SealingFailed, TenantCertificate, seal_for_transport
from simulator.host.goalstate import GoalState
from simulator.host.packages import PackageRepository
from simulator.host.snapshot_service import HostedDisks, HostSnapshotService

THREADS = 8
"""Requests that are served at once over all machines, of those that wait for the disk or the storage."""
FREEZES = 16
"""Freezes under way at once over all machines. One may wait for its writers for a minute, so freezes have threads of
their own, and a thaw never waits behind one; a freeze that waits for a thread holds nothing yet."""
FREEZE_PATIENCE_SECONDS = 30.0
"""Real time that a freeze waits while so many others are under way. After it the handler is told that the guest refused
the freeze, and why: half of what it would wait at most, and what its report says tells more than a time-out."""
VM_PREFIX = "/vm/"
PACKAGES = "/packages/"
MANIFEST = "/manifest.xml"
JSON = "application/json"
CLOSE_SECONDS = 5.0


class WiredMachine(BridgedMachine, Protocol):
    """What the wire server must know of a machine."""

    @property
    def vm(self) -> str:
        """Its ARM id."""

    @property
    def goal_state(self) -> GoalState: ...

    @property
    def certificate(self) -> TenantCertificate: ...

    @property
    def status_blob(self) -> Blob | None:
        """What the status URL of the goal state means; None: it has none."""

    @property
    def disk_blobs(self) -> Mapping[int, Blob]:
        """Of the machine as it runs, by LUN, -1 for the OS disk; empty while it is off."""

    def report(self, status: Json) -> None:
        """The agent's aggregate status came in."""

    def tell(self, fact: Fact) -> None:
        """Something happened at the wire that is an event of this machine."""


Application = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WireAnswer:
    status: int = 200
    body: bytes = b""
    type: str = "text/plain; charset=utf-8"


class Refusal(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class WireCall:
    """One request of a program in a machine."""

    machine: WiredMachine
    base_url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    trusted: bool
    """Made over the machine's own network, or with its token."""
    body: bytes = b""


Route = Callable[["WireServer", WireCall], WireAnswer]


class WireServer:
    """`app` is the ASGI application for all machines. `address` (host:port) is set by whoever serves it."""

    def __init__(
        self,
        real_time: RealTime,
        blobs: Blobs,
        packages: PackageRepository,
        freeze_patience_seconds: float = FREEZE_PATIENCE_SECONDS,
        snapshot_service: HostSnapshotService | None = None,
    ) -> None:
        self.snapshot_service = snapshot_service or HostSnapshotService()
        self.address = ""
        self.real_time = real_time
        self.blobs = blobs
        self.packages = packages
        self._machines: dict[str, WiredMachine] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wire")
        self._freezes = ThreadPoolExecutor(FREEZES, thread_name_prefix="freeze")
        self._bridge = Bridge(self._threads, self._freezes, FREEZES, freeze_patience_seconds)

    def attach(self, machine: WiredMachine) -> None:
        self._machines[machine.key] = machine

    def detach(self, key: str) -> None:
        """The machine is not reached any more, and what is open to it ends."""
        self._machines.pop(key, None)
        self.end_sessions(key)

    def end_sessions(self, key: str) -> None:
        """End the bridge sessions of a machine that goes off, so that its requesters know."""
        self._bridge.end_sessions(key)

    def address_of(self, key: str) -> str:
        """What programs in this machine find in AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS."""
        return f"{self.address}{VM_PREFIX}{key}"

    def close(self) -> None:
        """End all sessions and know no machine any more. Whoever serves the application stops that afterwards."""
        self._machines.clear()
        self._bridge.end_sessions()
        self._bridge.wait_until_ended(CLOSE_SECONDS)
        about_to_wait("freezes")
        self._freezes.shutdown(wait=True)
        self._threads.shutdown(wait=True)

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        """All machines, each below its prefix."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        key, slash, rest = path.removeprefix(VM_PREFIX).partition("/")
        machine = self._machines.get(key) if path.startswith(VM_PREFIX) else None
        if machine is None:
            await _send(send, _text(404, "no such machine"))
        else:
            await self._serve(machine, f"{VM_PREFIX}{key}", slash + rest, scope, receive, send)

    def application(self, machine: WiredMachine) -> Application:
        """One machine, without a prefix: for a network in which it is alone."""

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._serve(machine, "", scope["path"], scope, receive, send)

        return app

    async def _serve(
        self, machine: WiredMachine, prefix: str, path: str, scope: Message, receive: Receive, send: Send
    ) -> None:
        if path.startswith(BRIDGE_PREFIX + "/"):
            await self._bridge.serve(machine, scope, path, receive, send)
            return
        call = await _read_call(machine, prefix, path, scope, receive)
        route, blocks = _route(scope["method"], call)
        try:
            if blocks:
                answer = await asyncio.get_running_loop().run_in_executor(
                    self._threads, copy_context().run, route, self, call
                )
            else:
                answer = route(self, call)
        except Refusal as refusal:
            answer = _text(refusal.status, str(refusal))
        await _send(send, answer)


# ------------------------------------------------------------------------------------------------------ the wire server


def _versions(server: WireServer, call: WireCall) -> WireAnswer:
    return _xml(goalstate.versions_xml())


def _goal_state(server: WireServer, call: WireCall) -> WireAnswer:
    return _xml(goalstate.goal_state_xml(call.machine.goal_state, call.base_url))


def _extensions_config(server: WireServer, call: WireCall) -> WireAnswer:
    """What the machine's handlers shall do, and a SAS that grants writing its status."""
    _require_trust(call)
    return _xml(goalstate.extensions_config_xml(call.machine.goal_state, call.base_url))


def _hosting_environment(server: WireServer, call: WireCall) -> WireAnswer:
    return _xml(goalstate.hosting_environment_xml(call.machine.goal_state))


def _shared_config(server: WireServer, call: WireCall) -> WireAnswer:
    return _xml(goalstate.shared_config_xml(call.machine.goal_state))


def _certificates(server: WireServer, call: WireCall) -> WireAnswer:
    _require_trust(call)
    transport = call.headers.get("x-ms-guest-agent-public-x509-cert", "")
    cipher = call.headers.get("x-ms-cipher-name", CIPHERS[0])
    try:
        sealed = seal_for_transport(call.machine.certificate.pfx(), transport, cipher)
    except SealingFailed as problem:
        raise Refusal(400, str(problem)) from None
    # In lines, since the real agent makes a mail of it, and openssl reads no mail with endless ones.
    return _xml(goalstate.certificates_xml(base64.encodebytes(sealed).decode()))


def _manifest(server: WireServer, call: WireCall) -> WireAnswer:
    name = call.path.split("/")[2]
    versions = server.packages.versions(name)
    if not versions:
        raise Refusal(404, f"no version of {name} is published")
    return _xml(goalstate.manifest_xml(name, versions, call.base_url))


def _package(server: WireServer, call: WireCall) -> WireAnswer:
    name, _, file = call.path.removeprefix(PACKAGES).partition("/")
    package = server.packages.get(name, file.removesuffix(".zip"))
    if package is None:
        raise Refusal(404, "no such package is published")
    return WireAnswer(200, package.content, "application/zip")


def _accepted(server: WireServer, call: WireCall) -> WireAnswer:
    """Telemetry and health reports: taken, and of no use here."""
    return WireAnswer()


# ---------------------------------------------------------------------------------------------------- the host's plugin


def _plugin_versions(server: WireServer, call: WireCall) -> WireAnswer:
    return WireAnswer(200, b'["2015-09-01"]', JSON)


def _artifact(server: WireServer, call: WireCall) -> WireAnswer:
    """A package fetched through the host, for machines that reach nothing else."""
    try:
        path = unquote(urlsplit(call.headers.get("x-ms-artifact-location", "")).path)
    except ValueError:  # a host in brackets that is none
        path = ""
    start = path.find(PACKAGES)
    if start < 0:
        raise Refusal(404, "the host fetches only packages that are published here")
    there = replace(call, path=path[start:])
    return (_manifest if there.path.endswith(MANIFEST) else _package)(server, there)


def _status(server: WireServer, call: WireCall) -> WireAnswer:
    """The agent's aggregate status: put where the goal state says, then given to the host."""
    _require_trust(call)
    upload = _json_object(call.body)
    url = call.machine.goal_state.status_url
    # The host writes with its own key, so it must not be talked into writing any other blob. The SAS does not matter:
    # an agent may have it from an earlier goal state.
    if url and str(upload.get("requestUri")).partition("?")[0] != url.partition("?")[0]:
        raise Refusal(403, "requestUri is not the status blob of this machine")
    try:
        content = base64.b64decode(upload.get("content", ""), validate=True)
    except (TypeError, binascii.Error):
        raise Refusal(400, "content is not base64") from None
    # Any agent may have written it, with what any handler said in it.
    status = redact_json(_json_object(content))
    blob = call.machine.status_blob
    if blob is not None:
        try:
            server.blobs.put(blob, json.dumps(status).encode())
        except PortError as problem:
            call.machine.tell(events.StatusUploadFailed(str(problem)))
            raise Refusal(502, "the status blob could not be written") from None
    call.machine.report(status)
    return WireAnswer()


# ------------------------------------------------------------------------------------------------ host snapshot service


def _presnapshot(server: WireServer, call: WireCall) -> WireAnswer:
    status, body = server.snapshot_service.presnapshot(call.machine.vm, server.real_time.now())
    return _text(status, body) if isinstance(body, str) else _json(body, status)


def _dosnapshot(server: WireServer, call: WireCall) -> WireAnswer:
    machine = HostedDisks(call.machine.goal_state, call.machine.disk_blobs)
    order = _json_object(call.body)
    status, body, fact = server.snapshot_service.dosnapshot(call.machine.vm, order, machine, server.blobs)
    call.machine.tell(fact)
    return _text(status, body) if isinstance(body, str) else _json(body, status)


# --------------------------------------------------------------------------------------------------------------- routes


def _not_here(server: WireServer, call: WireCall) -> WireAnswer:
    return _text(404, "not here")


_ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/?comp=versions"): _versions,
    ("GET", "/machine?comp=goalstate"): _goal_state,
    ("GET", "/machine/*?comp=config&type=extensionsConfig"): _extensions_config,
    ("GET", "/machine/*?comp=config&type=hostingEnvironmentConfig"): _hosting_environment,
    ("GET", "/machine/*?comp=config&type=sharedConfig"): _shared_config,
    ("GET", "/machine/*?comp=certificates"): _certificates,
    ("POST", "/machine?comp=telemetrydata"): _accepted,
    ("POST", "/machine?comp=health"): _accepted,
    ("POST", "/machine?comp=roleProperties"): _accepted,
    ("POST", "/HealthService"): _accepted,
    ("GET", "/packages/*/manifest.xml"): _manifest,
    ("GET", "/packages/*"): _package,
    ("GET", "/versions"): _plugin_versions,
    ("GET", "/health"): _accepted,
    ("PUT", "/status"): _status,
    ("GET", "/extensionArtifact"): _artifact,
    # Fast track (/vmSettings) and the host's snapshot polling are answered like any path that a host does not know.
    ("POST", "/metadata/recsvc/snapshot/presnapshot"): _presnapshot,
    ("POST", "/metadata/recsvc/snapshot/dosnapshot"): _dosnapshot,
}
_BLOCKING = {_certificates, _status, _presnapshot, _dosnapshot}
"""Routes that wait for the storage or the store, or do long arithmetic."""


def _route(method: str, call: WireCall) -> tuple[Route, bool]:
    route = _ROUTES.get((method, _pattern(call.path, call.query)), _not_here)
    return route, route in _BLOCKING


def _pattern(path: str, query: Mapping[str, str]) -> str:
    """The path as the table has it: what names a machine or a package becomes a star, and `comp` and `type` count."""
    top, *below = path.strip("/").split("/")
    if top == "machine":
        query_text = "&".join(f"{key}={query[key]}" for key in ("comp", "type") if key in query)
        return f"/machine{'/*' if below else ''}?{query_text}"
    if top == "packages":
        return "/packages/*/manifest.xml" if path.endswith(MANIFEST) else "/packages/*"
    return "/?comp=versions" if not top and query.get("comp") == "versions" else path


# ------------------------------------------------------------------------------------------------------------- the wire


async def _read_call(machine: WiredMachine, prefix: str, path: str, scope: Message, receive: Receive) -> WireCall:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return WireCall(
        machine=machine,
        base_url=f"http://{headers.get('host', '')}{prefix}",
        path=path,
        query={key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()},
        headers=headers,
        trusted=not prefix or bears_token(machine, scope),
        body=b"" if scope["method"] == "GET" else await read_body(receive),
    )


def _require_trust(call: WireCall) -> None:
    if not call.trusted:
        raise Refusal(401, "several machines share this address, so the request needs the token of its machine")


def _json_object(data: bytes) -> Json:
    value = json_object(data)
    if value is None:
        raise Refusal(400, "not a JSON object")
    return value


def _xml(body: bytes) -> WireAnswer:
    return WireAnswer(200, body, "text/xml; charset=utf-8")


def _json(value: Json, status: int = 200) -> WireAnswer:
    return WireAnswer(status, json.dumps(value).encode(), JSON)


def _text(status: int, sentence: str) -> WireAnswer:
    return WireAnswer(status, sentence.encode())


async def _send(send: Send, answer: WireAnswer) -> None:
    headers = [(b"content-type", answer.type.encode()), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
