"""Seams of the way to the storage: what becomes of a request between whoever sends it and the storage.

The storage gateway stands there while a fault of these is set. What it answers in the storage's place is what Azure
Storage sends, headers and body included; that of a proxy is a proxy's.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from uuid import NAMESPACE_OID, uuid5

from simulator.faults.fault import Setting
from simulator.faults.seam import Seam
from simulator.faults.seams.storage import ANSWERS
from simulator.gateway.messages import ANSWER, PASS, REQUEST, Answered, Request, Verdict

API_VERSION = "2021-12-02"
"""As the storage's answers have it here."""
REASONS = {
    403: "Forbidden",
    404: "Not Found",
    407: "Proxy Authentication Required",
    409: "Conflict",
    412: "Precondition Failed",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}
GUEST = "guest "
"""How the parties begin that are machines."""


class _WaySeam(Seam):
    def judge(self, request: Request, now: datetime) -> Verdict:
        """What becomes of a request."""
        if not self.board.has(self.NAME):
            return PASS
        # A handler asks within a freeze, in which nobody is to wait for a store without need.
        setting = self.board.match(self.NAME, self._facts(request), at_once=False)
        return PASS if setting is None else verdict_of(setting, now)

    def _facts(self, request: Request) -> dict[str, str]:
        disk = request.path.strip("/").removesuffix(".vhd")
        return {"operation": request.operation, "disk": disk}


class GuestRequestSeam(_WaySeam):
    """A handler in a machine sends a request to the storage, by an address that it was given."""

    NAME = "guest-storage-request"
    WHAT = "A handler in a machine sends a request to the storage, by the address and signature that it was given."
    PLACES = frozenset({"vm", "disk", "operation"})

    def _facts(self, request: Request) -> dict[str, str]:
        return {"vm": request.party.removeprefix(GUEST), **super()._facts(request)}


class PartyRequestSeam(_WaySeam):
    """A party of the service sends a request to the storage."""

    NAME = "storage-connection"
    WHAT = "Service, vault or wire server use a connection to the storage."
    PLACES = frozenset({"party", "disk", "operation"})

    def _facts(self, request: Request) -> dict[str, str]:
        return {"party": request.party, **super()._facts(request)}


def verdict_of(setting: Setting, now: datetime) -> Verdict:
    """What a fault of these does to the request on which it acts; `now` is shown in an error's body."""
    number, does = setting.number, setting.text("does")
    if does == "delay":
        return Verdict(delay_seconds=setting.whole("milliseconds") / 1000, fault=number)
    if does == "slow":
        return Verdict(bytes_per_second=setting.whole("bytes_per_second"), fault=number)
    if does == "cut request":
        return Verdict(cut=REQUEST, fault=number)
    if does == "cut answer":
        return Verdict(cut=ANSWER, after_bytes=setting.whole("after_bytes"), fault=number)
    id = str(uuid5(NAMESPACE_OID, f"{number} {setting.hits}"))
    return Verdict(answer=storage_answer(setting.text("answer"), id, now), fault=number)


def storage_answer(code: str, id: str, now: datetime) -> Answered:
    """An error as Azure Storage sends it: "Status and error codes" of its REST API."""
    status, message, _ = ANSWERS[code]
    headers = {
        "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
        "Content-Type": "application/xml",
        "x-ms-request-id": id,
        "x-ms-version": API_VERSION,
        "x-ms-error-code": code,
        "Date": format_datetime(now, usegmt=True),
    }
    text = f"{message}\nRequestId:{id}\nTime:{now:%Y-%m-%dT%H:%M:%S.%f}0Z"
    body = f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    return Answered(status, REASONS[status], headers, body)


def proxy_answer(name: str) -> Answered:
    """A proxy that wants to know who asks."""
    headers = {"Proxy-Authenticate": f'Basic realm="{name}"', "Content-Type": "text/html; charset=utf-8"}
    body = f"<html><head><title>407</title></head><body>{name}: Proxy Authentication Required</body></html>\r\n"
    return Answered(407, REASONS[407], headers, body)
