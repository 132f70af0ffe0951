"""The guest agent's side of the wire protocol: asks for the goal state and what it names, uploads the status."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit
from xml.etree import ElementTree

ANSWER_SECONDS = 30.0
"""Real time. The server is on this machine; a status upload waits for the storage behind it."""
VERSION = "2012-11-30"
PLUGIN_HEADERS = {"x-ms-version": "2015-09-01"}


class WireError(Exception):
    """The wire server did not answer, refused, or said something that is not the protocol."""


@dataclass(frozen=True, slots=True)
class PluginOrder:
    """What the goal state wants of one handler."""

    name: str
    version: str
    state: str
    manifest_url: str
    sequence_number: int
    settings: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal state as far as an agent acts on it."""

    incarnation: int
    container_id: str
    instance: str
    extensions_url: str
    certificates_url: str
    config_name: str


@dataclass(frozen=True, slots=True)
class Extensions:
    plugins: tuple[PluginOrder, ...]
    status_url: str = field(repr=False)
    status_blob_type: str = "BlockBlob"


class WireClient:
    """Talks to the wire server at `address` (host:port, with a path prefix on a shared one)."""

    def __init__(self, address: str, token: str, agent_name: str) -> None:
        self.address = address
        self._base_url = f"http://{address}"
        self._headers = {"x-ms-agent-name": agent_name, "x-ms-version": VERSION}
        self._trust = {"Authorization": f"Bearer {token}"}

    def goal(self) -> Goal:
        root = self._xml(f"{self._base_url}/machine/?comp=goalstate")
        configuration = "Container/RoleInstanceList/RoleInstance/Configuration"
        return Goal(
            incarnation=int(_text(root, "Incarnation")),
            container_id=_text(root, "Container/ContainerId"),
            instance=_text(root, "Container/RoleInstanceList/RoleInstance/InstanceId"),
            extensions_url=_text(root, f"{configuration}/ExtensionsConfig"),
            certificates_url=root.findtext(f"{configuration}/Certificates") or "",
            config_name=root.findtext(f"{configuration}/ConfigName") or "",
        )

    def extensions(self, url: str) -> Extensions:
        root = self._xml(url, self._trust)
        settings = {
            (plugin.get("name", "").lower(), plugin.get("version", "")): plugin.find("RuntimeSettings")
            for plugin in root.iterfind("PluginSettings/Plugin")
        }
        orders = []
        for plugin in root.iterfind("Plugins/Plugin"):
            name, version = plugin.get("name", ""), plugin.get("version", "")
            runtime = settings.get((name.lower(), version))
            orders.append(
                PluginOrder(
                    name=name,
                    version=version,
                    state=plugin.get("state", "enabled"),
                    manifest_url=plugin.get("location", ""),
                    sequence_number=int(runtime.get("seqNo", "0")) if runtime is not None else 0,
                    settings=(runtime.text or "") if runtime is not None else "",
                )
            )
        upload = root.find("StatusUploadBlob")
        if upload is None:
            return Extensions(tuple(orders), "")
        return Extensions(tuple(orders), upload.text or "", upload.get("statusBlobType", "BlockBlob"))

    def certificates(self, url: str, headers: Mapping[str, str]) -> bytes:
        """The sealed package of the machine's certificates, for whoever holds the key of the one in the headers."""
        root = self._xml(url, {**self._trust, **headers})
        return base64.b64decode(_text(root, "Data"))

    def package_urls(self, manifest_url: str, version: str) -> list[str]:
        """The URLs of this version of a handler; empty when it is not listed."""
        root = self._xml(manifest_url)
        for plugin in root.iterfind("Plugins/Plugin"):
            if plugin.findtext("Version") == version:
                return [uri.text for uri in plugin.iterfind("Uris/Uri") if uri.text]
        return []

    def package(self, url: str) -> bytes:
        return self._get(url)

    def upload_status(self, goal: Goal, extensions: Extensions, content: bytes) -> None:
        """Through the host's plugin, which writes the blob for machines that reach no storage."""
        upload = {
            "requestUri": extensions.status_url,
            "headers": [{"headerName": "x-ms-blob-type", "headerValue": extensions.status_blob_type}],
            "content": base64.b64encode(content).decode(),
        }
        headers = {
            **PLUGIN_HEADERS,
            **self._trust,
            "Content-Type": "application/json",
            "x-ms-containerid": goal.container_id,
            "x-ms-host-config-name": goal.config_name,
        }
        self._request("PUT", f"{self._base_url}/status", headers, json.dumps(upload).encode())

    def _xml(self, url: str, headers: Mapping[str, str] | None = None) -> ElementTree.Element:
        try:
            return ElementTree.fromstring(self._get(url, headers))
        except ElementTree.ParseError:
            raise WireError(f"{_path(url)} is not XML") from None

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        return self._request("GET", url, {**self._headers, **(headers or {})})

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS)
        try:
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as problem:
            raise WireError(f"{method} {_path(url)}: {type(problem).__name__}") from None
        finally:
            connection.close()
        if answer.status != 200:
            raise WireError(f"{method} {_path(url)} returned status {answer.status}")
        return content


def _path(url: str) -> str:
    """The path of a URL, without its query, which may hold a secret."""
    return urlsplit(url).path


def _text(root: ElementTree.Element, path: str) -> str:
    text = root.findtext(path)
    if not text:
        raise WireError(f"the document has no {path}")
    return text
