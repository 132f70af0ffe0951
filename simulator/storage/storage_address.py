"""Keeps a world with its blobs across restarts: their address may change, their storage may not."""

from __future__ import annotations

import json
from collections.abc import Sequence

from controlplane.ports import Document, Store
from simulator.failures import WrongUse

NAMING_BLOBS = (
    "microsoft.storage/storageaccounts",
    "microsoft.compute/virtualmachines",
    "microsoft.compute/disks",
    "microsoft.recoveryservices/vaults/backupjobs",
)
"""Kinds of documents that show addresses of blobs. In Azure those never change; here the port may."""


def settle(store: Store, url: str, foreign: bool) -> None:
    """The world's blobs answer at `url`; documents that name a former address name this one from now on.

    Raises WrongUse where they can't be there, since somebody else keeps them (`foreign`: not our own Azurite).
    """
    with store.transaction():
        settled = store.get("world", "storage")
        documents = [document for kind in NAMING_BLOBS for document in store.find(kind)]
        if settled is not None and documents:
            check_keeper(store, foreign)
            _rename(store, documents, settled.json()["url"], url)
        store.put("world", "storage", {"url": url, "foreign": foreign})


def is_settled(store: Store, url: str | None) -> bool:
    """Whether no document would be changed if the blobs answered at `url` (None: nobody knows yet where)."""
    document = store.get("world", "storage")
    if document is not None and document.json()["url"] == url and not document.json()["foreign"]:
        return True
    return not any(store.find(kind, limit=1) for kind in NAMING_BLOBS)


def check_keeper(store: Store, foreign: bool) -> None:
    """Raises WrongUse where the world keeps its blobs in its own Azurite and shall use another, or the reverse."""
    settled = store.get("world", "storage")
    if settled is None or not any(store.find(kind, limit=1) for kind in NAMING_BLOBS):
        return
    former, was_foreign = settled.json()["url"], settled.json()["foreign"]
    if was_foreign and not foreign:
        raise WrongUse(f"this world keeps its blobs at {former}; start it with --blob-endpoint and --blob-accounts")
    if foreign and not was_foreign:
        raise WrongUse(
            "this world keeps its blobs in its own Azurite; omit --blob-endpoint, or name another state folder"
        )


def _rename(store: Store, documents: Sequence[Document], former: str, url: str) -> None:
    if former == url:
        return
    for document in documents:
        shown, private = document.body.decode(), json.dumps(document.private)
        if f"{former}/" in shown + private:
            body, kept = (json.loads(text.replace(f"{former}/", f"{url}/")) for text in (shown, private))
            store.put(document.kind, document.id, body, parent=document.parent, private=kept)
