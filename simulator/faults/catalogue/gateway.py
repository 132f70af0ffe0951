"""Faults of the way to the storage, at which the storage gateway stands while one of them is set."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.gateway import GuestRequestSeam, PartyRequestSeam
from simulator.faults.seams.storage import ANSWERS

SNAPSHOT = "PUT snapshot"
LONGEST_DELAY_MILLISECONDS = 120_000


def _does(name: str, seam: str, does: str, what: str, where: Mapping[str, str], **parameters: Parameter) -> Definition:
    return Definition(name, seam, what, {"does": does}, parameters, where)


def _answers(name: str, seam: str, code: str, what: str, **where: str) -> Definition:
    chosen = Parameter(code, "code that the storage answers", choices=tuple(ANSWERS))
    return _does(name, seam, "answer", what, where, answer=chosen)


def _delay(milliseconds: int) -> Parameter:
    return Parameter(milliseconds, "real milliseconds before a request is passed on", most=LONGEST_DELAY_MILLISECONDS)


def _pace(bytes_per_second: int) -> Parameter:
    return Parameter(bytes_per_second, "bytes per real second, in each direction", least=1)


_GUEST = GuestRequestSeam.NAME
_PARTY = PartyRequestSeam.NAME

FAULTS = (
    _answers(
        "guest-snapshot-throttled",
        _GUEST,
        "ServerBusy",
        "The storage is too busy for the snapshots that a handler asks for.",
        operation=SNAPSHOT,
    ),
    _answers(
        "guest-snapshot-times-out",
        _GUEST,
        "OperationTimedOut",
        "The storage does not carry out in time the snapshots that a handler asks for.",
        operation=SNAPSHOT,
    ),
    _answers(
        "guest-snapshot-refused",
        _GUEST,
        "AuthenticationFailed",
        "The storage does not accept the signatures by which a handler asks for snapshots.",
        operation=SNAPSHOT,
    ),
    _answers(
        "guest-snapshot-rate",
        _GUEST,
        "SnapshotOperationRateExceeded",
        "A disk of a running machine was snapshotted a moment ago.",
        operation=SNAPSHOT,
    ),
    _answers(
        "guest-snapshot-limit",
        _GUEST,
        "SnapshotCountExceeded",
        "A disk of a running machine has as many snapshots as it may have.",
        operation=SNAPSHOT,
    ),
    _answers(
        "guest-disk-snapshot-throttled",
        _GUEST,
        "ServerBusy",
        "The storage of the data disks is too busy for their snapshots, and that of the OS disk is not.",
        operation=SNAPSHOT,
        disk="*-data*",
    ),
    _answers(
        "guest-report-refused",
        _GUEST,
        "AuthenticationFailed",
        "The storage does not accept the signatures by which a handler reports.",
        operation="PUT blob",
    ),
    _does(
        "guest-snapshot-slow",
        _GUEST,
        "delay",
        "The requests of a handler for snapshots take a second to reach the storage.",
        {"operation": SNAPSHOT},
        milliseconds=_delay(1000),
    ),
    _does(
        "guest-snapshot-unanswered",
        _GUEST,
        "delay",
        "The requests of a handler for snapshots take longer than VSS holds its volumes.",
        {"operation": SNAPSHOT},
        milliseconds=_delay(15_000),
    ),
    _does(
        "guest-storage-bandwidth",
        _GUEST,
        "slow",
        "The connections of a handler to the storage are slow.",
        {},
        bytes_per_second=_pace(8192),
    ),
    _does(
        "guest-connection-cut",
        _GUEST,
        "cut request",
        "The connections by which a handler asks for snapshots end without an answer.",
        {"operation": SNAPSHOT},
    ),
    _does(
        "guest-answer-cut",
        _GUEST,
        "cut answer",
        "The storage takes the snapshots that a handler asks for, and its answers are cut off.",
        {"operation": SNAPSHOT},
        after_bytes=Parameter(20, "bytes of an answer that arrive"),
    ),
    _does(
        "service-storage-latency",
        _PARTY,
        "delay",
        "The requests of the service take their time to reach the storage.",
        {"party": "service"},
        milliseconds=_delay(20),
    ),
    _does(
        "vault-storage-bandwidth",
        _PARTY,
        "slow",
        "The connections of the vaults to their storage are slow.",
        {"party": "vault"},
        bytes_per_second=_pace(4 * 1024 * 1024),
    ),
    _does(
        "vault-connection-cut",
        _PARTY,
        "cut request",
        "The connections by which the vaults write end without an answer.",
        {"party": "vault", "operation": "PUT *"},
    ),
    _does(
        "vault-answer-cut",
        _PARTY,
        "cut answer",
        "What the vaults read from their storage is cut off.",
        {"party": "vault", "operation": "GET *"},
        after_bytes=Parameter(200, "bytes of an answer that arrive"),
    ),
    _answers(
        "vault-storage-busy",
        _PARTY,
        "ServerBusy",
        "Every write of the vaults is answered that their storage is busy.",
        party="vault",
        operation="PUT *",
    ),
    _answers(
        "service-storage-times-out",
        _PARTY,
        "OperationTimedOut",
        "The storage answers no read of the service in time.",
        party="service",
        operation="GET *",
    ),
    _does(
        "status-upload-cut",
        _PARTY,
        "cut request",
        "The connections by which the wire server writes the reports of agents end without an answer.",
        {"party": "wireserver"},
    ),
)
