"""Any resource of ARM, as ARM shows it, with the addresses in it as links."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import Client, api_version
from simulator.dashboard.commands import of_az
from simulator.failures import Failure

PATH = re.compile(r"/subscriptions/[\w-]+(?:/[^/?#\s]+)*", re.IGNORECASE)
GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
IN_JSON = re.compile(r'"(/subscriptions/[^"\\]+)"')
MOST_BYTES = 400_000
"""Of one answer; a longer one is cut off."""


class NoSuchPath(Failure):
    """What was named is no address of ARM."""


def resource(client: Client, asked: str) -> Json:
    """`{"path", "parts", "inside", "is_cut", "commands"}`: the answer in pieces, of which ids have the address of their
    view. Nothing asked for: the resource groups."""
    path = asked or f"{client.subscription}/resourceGroups"
    if not PATH.fullmatch(path) or "/../" in f"{path}/":
        raise NoSuchPath("name a resource by its ARM id, which begins with /subscriptions/")
    text = json.dumps(client.get(path), indent=2, ensure_ascii=False)
    return {
        "path": path,
        "parts": _parts(text[:MOST_BYTES]),
        "inside": address(f"{path}/resources") if GROUP.fullmatch(path) else "",
        "is_cut": len(text) > MOST_BYTES,
        "commands": of_az("rest", "--method", "get", "--url", f"{path}?api-version={api_version(path)}"),
    }


def asked_for(query: Mapping[str, str]) -> str:
    return query.get("id", "").strip().rstrip("/")


def address(path: str) -> str:
    return f"resources?id={quote(path, safe='/')}"


def _parts(text: str) -> list[Json]:
    """The text in its order: `{"text", "address"}`, the address empty for what is no id."""
    parts, last = [], 0
    for found in IN_JSON.finditer(text):
        parts.append({"text": text[last : found.start(1)], "address": ""})
        parts.append({"text": found[1], "address": address(found[1])})
        last = found.end(1)
    return [*parts, {"text": text[last:], "address": ""}]
