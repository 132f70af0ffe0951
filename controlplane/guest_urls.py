"""Addresses of blobs as a virtual machine is given them: here, and nowhere else, are they made."""

from __future__ import annotations

from datetime import datetime

from controlplane.ports import Blob, Blobs


def guest_sas(blobs: Blobs, address: str | None, blob: Blob, permissions: str, expires: datetime) -> str:
    """A SAS for a machine that reaches the storage at `address` (`Fabric.storage_address`), its scheme, host and port.

    The path stays as the storage has it: the signature covers it.
    """
    url = blobs.sas(blob, permissions, expires)
    if address is None:
        return url
    path = url.index("/", url.index("://") + len("://"))
    return address.rstrip("/") + url[path:]
