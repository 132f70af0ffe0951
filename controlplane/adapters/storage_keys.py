"""Keys of storage accounts: who holds them, and the two kinds of signature made with them."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol
from urllib.parse import quote

from controlplane.ports import BlobNotFound, StorageRefused

SAS_VERSION = "2018-03-28"
"""The newest version whose blob signature also opens the blob's snapshots, on Azure and on Azurite alike."""

_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


class Accounts(Protocol):
    """The storage accounts of an endpoint."""

    def key(self, name: str) -> str:
        """The account's key, base64. Raises BlobNotFound."""

    def add(self, name: str) -> None:
        """Make the account usable; an existing one stays as it is. Raises StorageRefused."""


class FixedAccounts:
    """The accounts of an endpoint that somebody else runs: these and no others."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = dict(keys)

    @classmethod
    def parse(cls, text: str) -> FixedAccounts:
        """From `name:key` entries with semicolons or line ends between them, as in AZURITE_ACCOUNTS."""
        keys: dict[str, str] = {}
        for number, entry in enumerate(filter(None, map(str.strip, text.replace(";", "\n").splitlines())), 1):
            name, *given = entry.split(":")
            if not name or not given or not _is_key(given[0]):
                raise ValueError(f"account {number} of the list is not of the form name:key with a base64 key")
            keys[name] = given[0]
        return cls(keys)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def key(self, name: str) -> str:
        if name not in self._keys:
            raise BlobNotFound(f"the list of storage accounts has no {name!r}")
        return self._keys[name]

    def add(self, name: str) -> None:
        if name not in self._keys:
            raise StorageRefused(
                f"this storage endpoint has no account {name!r} and cannot be given one from here: "
                "create it there and add it with its key to the list of accounts"
            )


def _is_key(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) > 0
    except ValueError:
        return False


def shared_key(
    account: str, key: str, verb: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> str:
    """The Authorization header of a request; `path` is as sent (escaped), `headers` are all of the request's."""
    given = {name.lower(): value.strip() for name, value in headers.items()}
    if given.get("content-length") == "0":
        given["content-length"] = ""
    lines = [verb, *(given.get(name, "") for name in _SIGNED_HEADERS)]
    lines += [f"{name}:{given[name]}" for name in sorted(given) if name.startswith("x-ms-")]
    lines.append(f"/{account}{path}")
    lines += [f"{name.lower()}:{query[name]}" for name in sorted(query)]
    return f"SharedKey {account}:{_signature(key, lines)}"


def blob_sas(
    account: str, key: str, container: str, name: str, permissions: str, expires: datetime, snapshot: str | None = None
) -> str:
    """The query of a service SAS for one blob, with the snapshot it is to be read at."""
    until = expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [permissions, "", until, f"/blob/{account}/{container}/{name}", "", "", "", SAS_VERSION, *[""] * 5]
    values = {"snapshot": snapshot} if snapshot else {}
    values |= {"sv": SAS_VERSION, "sr": "b", "sp": permissions, "se": until, "sig": _signature(key, lines)}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


def _signature(key: str, lines: list[str]) -> str:
    return b64encode(hmac.digest(b64decode(key), "\n".join(lines).encode(), sha256)).decode()
