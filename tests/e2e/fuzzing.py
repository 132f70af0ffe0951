"""Hostile requests of one seed for every listener: well-formed with hostile values, and bytes that are hardly HTTP.

All are sent through sockets of their own, as bytes, since a library would mend them.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from urllib.parse import quote

from fastapi.openapi.utils import get_openapi

from controlplane.arm.app import all_routes
from controlplane.arm.edge.openapi import SCHEMAS, document
from controlplane.json_object import Json
from simulator.control import api as control

ANSWER_SECONDS = 120.0
CUT_SECONDS = 0.05
"""Until a client leaves that has not sent all."""
MOST_READ_BYTES = 32_768
TEXTS = (
    "",
    ".",
    "..",
    "a;b",
    "\N{PILE OF POO}",
    "\x00",
    "\r\nX-Injected: 1",
    "'\"<>&",
    "http://[",
    "http://[::1",
    "//",
    "a" * 300,
    "../../etc/passwd",
    "${7*7}",
    "{{x}}",
    "[concat('x')]",
    "[parameters('x')]",
    "%s%n",
    "%00",
    "%ff%fe",
    "\u202e",
    "\ud800",
    "-1",
    "1e999",
    "NaN",
    "9" * 400,
    "true",
    "null",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "10.0.0.0/99",
    "/subscriptions/x",
    "x",
    "\uff0f",
    "a/b",
    "a\\b",
    "-",
    "_",
    " ",
    "\t",
)
"""Texts that have been too much for a program somewhere."""
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**63,
    -(2**63),
    10**400,
    1e308,
    [],
    {},
    [[]],
    [None],
    {"": None},
    "[]",
    *TEXTS,
)
METHODS = ("GET", "GET", "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "get", "PURGE")
HEADERS = (
    "Accept",
    "Content-Type",
    "Expect",
    "If-Match",
    "If-None-Match",
    "Range",
    "x-ms-client-request-id",
    "CommandName",
    "x-ms-correlation-request-id",
    "Accept-Language",
    "Last-Event-ID",
    "x-ms-artifact-location",
    "x-ms-cipher-name",
    "x-ms-guest-agent-public-x509-cert",
    "Cookie",
    "X-Forwarded-Host",
    "Upgrade",
    "Connection",
    "Transfer-Encoding",
)
BODIES: tuple[bytes, ...] = (
    b"",
    b"{}",
    b"[]",
    b'"x"',
    b"\xff\xfe\x00",
    b'{"a": "\\ud800"}',
    b'{"a": 1e999}',
    b'{"a": ' * 2_000,
    b"[" * 50_000,
    b'{"a": ' + b"9" * 5_000 + b"}",
    b"<xml/>",
    b"a=1&b=2",
    b"a=1&" * 60,
    b"%",
    b'{"a": NaN}',
    b"{" + b'"k": 1,' * 500 + b'"l": 1}',
)


@dataclass(frozen=True)
class Target:
    """One listener, and what may be asked of it. `paths` are templates; a name in braces is replaced by one of `names`,
    or by a hostile text."""

    name: str
    host: str
    port: int
    paths: Sequence[tuple[str, str]]
    """Method and template; hostile methods come besides."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tokens: Sequence[str] = ()
    """Values of the header by which a caller is known, good ones among them."""
    tokens_in: str = "Authorization"
    queries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What its paths take besides the usual keys, with good values."""
    trust: ssl.SSLContext | None = None
    bodies: Mapping[str, Json] = field(default_factory=dict)
    """Method and template -> the schema of its body."""
    forms: bool = False
    is_proxy: bool = False


@dataclass
class Figures:
    """What the requests to one listener came to."""

    requests: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """Class of status, 501 by itself, and `closed` for a connection that ended without an answer."""
    wrong: list[str] = field(default_factory=list)

    def to_json(self) -> Json:
        return {"requests": self.requests, "answers": dict(sorted(self.answers.items()))}


def fuzz(target: Target, requests: int, seed: int, is_named: Callable[[str, bytes], bool]) -> Figures:
    """Send so many. `is_named(request line, answer)`: an answer of class 5 that is the right one."""
    chance, figures = Random(f"{seed} {target.name}"), Figures()
    for _ in range(requests):
        sent = _mangled(chance, _request(chance, target)) if chance.random() < 0.35 else _request(chance, target)
        answer = _ask(target, sent)
        status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "closed"
        figures.requests += 1
        figures.answers[status if status in ("501", "closed") else f"{status[0]}xx"] += 1
        line = sent.partition(b"\r\n")[0].decode("latin-1")
        if status.startswith("5") and not is_named(line, answer):
            figures.wrong.append(f"{sent[:1_500]!r} -> {answer[:600]!r}")
    return figures


# -------------------------------------------------------------------------------------------------------- the requests


def _request(chance: Random, target: Target) -> bytes:
    method, template = chance.choice(target.paths)
    path = _filled(chance, template, target.names)
    if chance.random() < 0.7:
        path += _query(chance, template, target)
    body = _body(chance, target, method, template)
    if chance.random() < 0.1:
        method = chance.choice(METHODS)
    host = target.host if chance.random() < 0.9 else _in_header(chance.choice(TEXTS))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    if target.tokens and chance.random() < 0.9:
        lines.append(f"{target.tokens_in}: {chance.choice(target.tokens)}")
    lines += [f"{chance.choice(HEADERS)}: {_in_header(chance.choice(TEXTS))}" for _ in range(chance.randrange(3))]
    if chance.random() < 0.85:
        lines.append(f"Content-Type: application/{'x-www-form-urlencoded' if target.forms else 'json'}")
    head = "\r\n".join(lines).encode("utf-8", "replace")
    if chance.random() < 0.2:
        return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _filled(chance: Random, template: str, names: Mapping[str, Sequence[str]]) -> str:
    parts = []
    for segment in template.split("/"):
        if not segment.startswith("{"):
            parts.append(segment if chance.random() < 0.995 else _in_path(chance.choice(TEXTS)))
        elif chance.random() < 0.93 and names.get(segment[1:-1]):
            parts.append(quote(chance.choice(names[segment[1:-1]]), safe=";"))
        else:
            parts.append(_in_path(chance.choice(TEXTS)))
    return "/".join(parts)


def _query(chance: Random, template: str, target: Target) -> str:
    pairs = [("api-version", "2026-05-01")] if template.startswith("/subscriptions") else []
    keys = (
        "$filter",
        "$expand",
        "$skipToken",
        "$top",
        "since",
        "limit",
        "id",
        "vm",
        "comp",
        "type",
        "task_id",
        "x",
        "api-version",
    )
    pairs += [(chance.choice(keys), str(chance.choice(TEXTS))) for _ in range(chance.randrange(3))]
    for key, values in target.queries.items():
        if chance.random() < 0.4:
            pairs.append((key, chance.choice(values if chance.random() < 0.7 else TEXTS)))
    joiner = "&" if "?" in template else "?"
    return joiner + "&".join(f"{quote(key)}={_in_path(value)}" for key, value in pairs)


def _body(chance: Random, target: Target, method: str, template: str) -> bytes:
    if method in ("GET", "HEAD") and chance.random() < 0.95:
        return b""
    if chance.random() < 0.25:
        return chance.choice(BODIES)
    if target.forms:
        keys = (
            "grant_type",
            "client_id",
            "client_secret",
            "scope",
            "resource",
            "username",
            "password",
            "user_code",
            "code",
        )
        known = [value for values in target.names.values() for value in values]
        return "&".join(
            f"{key}={_in_path(chance.choice([*TEXTS, *known]))}" for key in keys if chance.random() < 0.7
        ).encode()
    schema = target.bodies.get(f"{method} {template}", {"type": "object"})
    return json.dumps(_drawn(chance, schema, 0)).encode()


def _drawn(chance: Random, schema: Json, depth: int) -> Any:
    """A value of this schema, or a hostile one in its place."""
    if "$ref" in schema:
        schema = COMPONENTS[schema["$ref"].removeprefix(SCHEMAS)]
    if chance.random() < 0.12 or depth > 8:
        return chance.choice(VALUES)
    if "anyOf" in schema:
        return _drawn(chance, chance.choice(schema["anyOf"]), depth)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties") or {chance.choice(TEXTS): {}, chance.choice(SPECIMENS): {}}
        return {key: _drawn(chance, each, depth + 1) for key, each in properties.items() if chance.random() < 0.7}
    if kind == "array":
        return [_drawn(chance, schema.get("items", {}), depth + 1) for _ in range(chance.randrange(3))]
    if kind == "integer" or kind == "number":
        return chance.choice((0, 1, 4, 32, -1, 1023, 10**6))
    if kind == "boolean":
        return chance.random() < 0.5
    return chance.choice((*SPECIMENS, chance.choice(TEXTS)))


def _in_path(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="%")


def _in_header(text: str) -> str:
    return text.encode("utf-8", "replace").decode("latin-1").replace("\r\n", " ")


def _mangled(chance: Random, request: bytes) -> bytes:
    """What is no request any more, or hardly."""
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(request) + 1)
        request = chance.choice(_MANGLES)(chance, request, at)
    return request


_MANGLES: tuple[Callable[[Random, bytes, int], bytes], ...] = (
    lambda chance, request, at: request[:at],
    lambda chance, request, at: request[:at] + chance.randbytes(chance.randrange(1, 20)) + request[at:],
    lambda chance, request, at: request[:at] + request[at + chance.randrange(20) :],
    lambda chance, request, at: request.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\n\r\n", b"\r\n "))),
    lambda chance, request, at: request.replace(
        b"HTTP/1.1", chance.choice((b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b"")), 1
    ),
    lambda chance, request, at: request.replace(
        b"/", chance.choice((b"http://[/", b"http://x:99999/", b"*", b"//", b"?#")), 1
    ),
    lambda chance, request, at: request.replace(b"\r\n", b"\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 1),
    lambda chance, request, at: request.replace(b"\r\n", b"\r\nContent-Length: -1\r\n", 1),
    lambda chance, request, at: request.replace(b"\r\n", b"\r\nTransfer-Encoding: chunked, gzip\r\n", 1),
    lambda chance, request, at: request.replace(b"\r\n", b"\r\n" + b"X-Long: " + b"x" * 70_000 + b"\r\n", 1),
    lambda chance, request, at: request.replace(b"\r\n", b"\r\n" + b"X: 1\r\n" * 12_000, 1),
    lambda chance, request, at: request.replace(b"\r\n", b"\r\nHost: other\r\n", 1),
    lambda chance, request, at: request + request,
    lambda chance, request, at: chance.randbytes(chance.randrange(1, 400)),
    lambda chance, request, at: b"\x16\x03\x01" + request,
    lambda chance, request, at: (
        b"CONNECT " + chance.choice((b"a:1", b"[", b"management.azure.com:443", b"x" * 999)) + b"\r\n\r\n"
    ),
)


# --------------------------------------------------------------------------------------------------------- the sending


def _ask(target: Target, request: bytes) -> bytes:
    """The beginning of the answer; empty where there is none."""
    with socket.create_connection((target.host, target.port), timeout=ANSWER_SECONDS) as plain:
        try:
            if target.trust is None:
                return _exchanged(plain, request)
            with target.trust.wrap_socket(plain, server_hostname=target.host) as secure:
                return _exchanged(secure, request)
        except (ConnectionError, ssl.SSLError):
            return b""


def _exchanged(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    is_cut = _is_cut(request)
    connection.settimeout(CUT_SECONDS if is_cut else ANSWER_SECONDS)
    answer = bytearray()
    try:
        while not _is_whole(answer) and (data := connection.recv(65_536)):
            answer += data
    except TimeoutError:
        assert is_cut, f"no answer within {ANSWER_SECONDS} s: {request[:1_000]!r}"
    return bytes(answer)


def _is_whole(answer: bytearray) -> bool:
    """Whether enough is there: the head, and the body where its length is told and it is no file."""
    head, end, body = bytes(answer[:MOST_READ_BYTES]).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end) and (length is None or len(body) >= min(int(length[1]), MOST_READ_BYTES // 2))


def _is_cut(request: bytes) -> bool:
    """Whether a server may wait for more of it; in doubt it may."""
    head, end, body = request.partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    lengths = [line for line in lines if line.startswith(b"content-length: ")]
    if not end or head.count(b"\r\n") != head.count(b"\n") or len(lengths) != 1:
        return True
    digits = lengths[0].partition(b": ")[2]
    return not digits.isdigit() or len(digits) > 9 or int(digits) != len(body) or b"CONNECT" in head


# ------------------------------------------------------------------------------------------------- what the service has


DOCUMENT = document(all_routes())
COMPONENTS: Json = DOCUMENT["components"]["schemas"]
SPECIMENS = (
    "westus",
    "Empty",
    "Standard_LRS",
    "Standard",
    "x1",
    "10.0.0.0/24",
    "Dynamic",
    "2026-05-01T00:00:00Z",
    "Incremental",
    "AzureIaasVM",
    "IaasVMRestoreRequest",
    "RestoreDisks",
    "Microsoft.Compute/virtualMachines",
    "id",
    "properties",
)
"""Texts that lead on, where hostile ones end at once."""


def sim_paths(left_out: Collection[str]) -> tuple[list[tuple[str, str]], dict[str, Json]]:
    """The operations of the control API, and the schemas of their bodies but for those of paths that are `left_out`."""
    unused = cast(Any, None)
    app = control.build(control.Controls("", unused, unused, unused, unused, unused, unused, unused, unused))
    described = get_openapi(title="control", version="1", routes=app.routes)
    paths, bodies = list[tuple[str, str]](), dict[str, Json]()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            paths.append((method.upper(), f"/_sim{path}"))
            content = operation.get("requestBody", {}).get("content", {})
            if path not in left_out and "application/json" in content:
                name = content["application/json"]["schema"]["$ref"].removeprefix(SCHEMAS)
                bodies[f"{method.upper()} /_sim{path}"] = described["components"]["schemas"][name]
    return paths, bodies


def arm_paths() -> tuple[list[tuple[str, str]], dict[str, Json]]:
    """Every operation, and the schemas of their bodies."""
    paths: list[tuple[str, str]] = []
    bodies: dict[str, Json] = {}
    for route in all_routes():
        paths.append((route.method, route.path))
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        if content := operation.get("requestBody", {}).get("content"):
            bodies[f"{route.method} {route.path}"] = content["application/json"]["schema"]
    return paths, bodies
