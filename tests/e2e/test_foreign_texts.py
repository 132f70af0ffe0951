"""No secret reaches an event, whoever wrote the text that holds it: a storage, a foreign handler, a script."""

from __future__ import annotations

import base64
import http.client
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, quote, urlsplit

from controlplane.port_wrappers import FabricWrapper
from controlplane.ports import Fabric
from simulator.client import Client
from simulator.packages import HANDLER_FOLDER
from simulator.parties import Wrappers
from simulator.scenario import Scenario
from simulator.world import Config, build

HIDDEN = "REDACTED"
PUBLISHER, TYPE = "Contoso.Handlers", "Talkative"
SIGNATURE = base64.b64encode(bytes(range(32))).decode()
ACCOUNT_KEY = base64.b64encode(bytes(range(64, 128))).decode()
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"RS256"}', b'{"aud":"https://x.invalid"}', bytes(96))
)
TEXTS = (
    f"PUT https://a.invalid/vhds/os.vhd?sv=2018-03-28&sr=b&sig={quote(SIGNATURE, safe='')} failed",
    f"next=https%3A%2F%2Fa.invalid%2Fvhds%3Fsr%3Db%26sig%3D{quote(quote(SIGNATURE, safe=''), safe='')}",
    f"AccountName=a;AccountKey={ACCOUNT_KEY};EndpointSuffix=x.invalid",
    f"Authorization: Bearer {TOKEN}",
)
"""What somebody careless writes into a log, a status, an answer."""
SECRETS = tuple({SIGNATURE, quote(SIGNATURE, safe=""), quote(quote(SIGNATURE, safe=""), safe=""), ACCOUNT_KEY, TOKEN})


class Storage(ThreadingHTTPServer):
    """The way to the storage, which refuses snapshots in the words in which Azurite refuses a signature."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Way)
        self.to = ""
        self.refused: list[str] = []
        """The signatures that it quoted."""


class _Way(BaseHTTPRequestHandler):
    server: Storage
    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qs(urlsplit(self.path).query)
        if query.get("comp") == ["snapshot"]:
            self.server.refused += query["sig"]
            self._answer(403, _refusal(self.path, query["sig"][0]), {"x-ms-error-code": "AuthenticationFailed"})
            return
        inner = http.client.HTTPConnection(self.server.to, timeout=60)
        inner.request(self.command, self.path, body, {**self.headers, "Host": self.server.to})
        answer = inner.getresponse()
        content = answer.read()
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}
        }
        self._answer(answer.status, content, kept)
        inner.close()

    do_GET = do_PUT = do_HEAD = do_DELETE = pass_on

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _refusal(path: str, signature: str) -> bytes:
    said = (
        f"Signature did not match. String to sign used was rw\n{path}",
        f"Signature found in the HTTP request: '{signature}'",
        *TEXTS,
    )
    detail = "\n".join(said).replace("&", "&amp;")
    text = f"<Error><Code>AuthenticationFailed</Code><Message>{detail}</Message></Error>"
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


@contextmanager
def storage() -> Iterator[Storage]:
    made = Storage()
    thread = Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()


class ByTheWay(FabricWrapper):
    """Gives every machine that way."""

    def __init__(self, inner: Fabric, address: str) -> None:
        super().__init__(inner)
        self._address = address

    def storage_address(self, vm: str) -> str | None:
        return self._address


def talkative(folder: Path) -> Path:
    """A handler of somebody else, which puts secrets wherever it may write."""
    text = " | ".join(TEXTS)
    message = {"lang": "en-US", "message": text}
    part = {"name": text, "status": "error", "code": text, "formattedMessage": message}
    status = {
        "name": text,
        "operation": text,
        "status": "error",
        "code": text,
        "formattedMessage": message,
        "substatus": [part],
    }
    script = "\n".join(
        (
            "#!/bin/sh",
            f"cat <<'END'\n{text}\nEND",
            f"cat <<'END' >&2\n{text}\nEND",
            "cat status.json > Status/0.status",
            'test "$1" != disable',
        )
    )
    commands = {f"{verb}Command": f"run.sh {verb}" for verb in ("install", "enable", "disable", "update", "uninstall")}
    manifest = [{"name": f"{PUBLISHER}.{TYPE}", "version": "1.0.0.0", "handlerManifest": commands}]
    package = folder / "talkative.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("HandlerManifest.json", json.dumps(manifest))
        archive.writestr("run.sh", script + "\n")
        archive.writestr(
            "status.json", json.dumps([{"version": 1.0, "timestampUTC": "2026-11-22T00:00:00Z", "status": status}])
        )
    return package


def test_no_text_of_others_brings_a_secret_into_an_event(tmp_path: Path) -> None:
    with storage() as way:
        wrappers = Wrappers(fabric=lambda fabric: ByTheWay(fabric, f"http://127.0.0.1:{way.server_port}"))
        config = Config(tmp_path / "world", packages=(HANDLER_FOLDER, talkative(tmp_path)))
        with build(config, wrappers) as world, Client(world.endpoints) as client:
            way.to = world.endpoints["blob"].removeprefix("http://")
            scenario = Scenario(client)
            machine = scenario.create_machine(data_disk_gib=(1,))
            body = {
                "location": "westus",
                "properties": {"publisher": PUBLISHER, "type": TYPE, "typeHandlerVersion": "1.0"},
            }
            client.arm("PUT", f"{machine.id}/extensions/talkative", body)
            client.wait_for(
                f"{machine.id}/extensions/talkative", lambda shown: shown["properties"]["provisioningState"] == "Failed"
            )
            item = scenario.protect(machine)
            job = scenario.start_backup(item)
            client.wait_for(
                f"{scenario.vault_id}/backupJobs/{job}", lambda shown: shown["properties"]["status"] == "Failed"
            )
            told = client.sim("GET", "/events", limit="10000")["events"]
            shown = [client.get(f"{machine.id}/instanceView"), client.get(f"{scenario.vault_id}/backupJobs/{job}")]
    assert way.refused, "nobody asked this way for a snapshot"
    hidden = {*SECRETS, *way.refused, *(quote(each, safe="") for each in way.refused)}
    texts = {event["id"]: json.dumps(event) for event in told}
    assert [told for told in texts.values() if any(secret in told for secret in hidden)] == []
    names = {event["name"] for event in told if HIDDEN in texts[event["id"]]}
    assert "snapshot.reported" in names, "what the storage said has come as far as the events"
    assert "handler.status" in {
        event["name"] for event in told if event["data"].get("handler") == f"{PUBLISHER}.{TYPE}"
    }
    said = json.dumps(shown)
    assert HIDDEN in said
    assert not any(secret in said for secret in hidden)
    kept = [path for path in (tmp_path / "world").rglob("*") if path.is_file() and path.suffix in {".log", ".db"}]
    assert kept
    found = [path.name for path in kept if any(secret.encode() in path.read_bytes() for secret in hidden)]
    assert found == []
