"""Chapter: snapshots that the host takes, because the service says so or because the storage does not answer."""

from __future__ import annotations

import json
from typing import Any

from simulator.conformance.recording import Exchange, Recording
from simulator.conformance.requirement import Chapter, unless
from simulator.conformance.views import (
    SUCCESSES,
    claims_success,
    code,
    entries,
    exchanges,
    freezes,
    is_successful,
    leaks,
    report,
    status_file,
    task,
    told_code,
)

LINUX_HANDLER = "published Linux handler: source and behaviour"

HOST = Chapter("snapshots by the host", "host", LINUX_HANDLER)
NUMBERS = {0, -1}
"""Of the data disk and of the system disk of a scene."""


def _orders(recording: Recording) -> list[Exchange]:
    return exchanges(recording, "host", "dosnapshot")


def _order(recording: Recording) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(_orders(recording)[0].body)
    return order


def _by_signature(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


def _thawed(recording: Recording) -> str | None:
    held = [how for _, _, how in freezes(recording) if how != "thawed"]
    return unless(not held, f"the freeze was {(held and held[0]) or 'still there'}")


@HOST.should("HST-01", "the host is ordered to take the snapshots when it alone may")
def _(recording: Recording) -> str | None:
    return unless(_orders(recording), "it is not")


@HOST.must("HST-02", "no snapshot is taken by a signature when the host alone may")
def _(recording: Recording) -> str | None:
    return _by_signature(recording)


@HOST.should("HST-03", "the order names disks by their numbers, and the system disk as -1", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    told = _order(recording)["diskIds"]
    return unless(set(map(int, told)) == NUMBERS and len(told) == len(NUMBERS), f"it names {told}")


@HOST.should("HST-04", "the order has the snapshotTaskToken of the task", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    token = recording.secrets["the token of the host's snapshots"]
    return unless(_order(recording)["snapshotTaskToken"] == token, "it has another one")


@HOST.should("HST-05", "the order has the taskId of the task", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    told = _order(recording)["taskId"]
    return unless(told == task(recording).task_id, f"it is {told}")


@HOST.should("HST-06", "the order has the metadata of the task as snapshotMetadata", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    told = {each["Key"]: each["Value"] for each in _order(recording)["snapshotMetadata"]}
    missing = [key for key, value in task(recording).metadata if told.get(key) != value]
    return unless(not missing, f"it has no {', '.join(missing)}")


@HOST.should("HST-07", "the order comes while the guest is frozen", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    at = _orders(recording)[0].at
    return unless(any(begin <= at <= end for begin, end, _ in freezes(recording)), "it does not")


@HOST.should("HST-08", "the host is asked by presnapshot before the guest is frozen")
def _(recording: Recording) -> str | None:
    asked = exchanges(recording, "host", "presnapshot")
    return unless(asked and asked[0].at < freezes(recording)[0][0], "it is not")


@HOST.should("HST-09", "there is one order for all disks", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    return unless(len(_orders(recording)) == 1, f"there are {len(_orders(recording))}")


@HOST.should("HST-10", "the status blob names each snapshot that the host tells of", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    told = {each["snapshotUri"] for each in json.loads(_orders(recording)[0].answer)["snapshotInfo"]}
    named = {each["snapshotUri"] for each in entries(recording)}
    return unless(told == named, "it names others")


@HOST.should("HST-11", "snapshots by the host are reported as a success", needs=("HST-01",))
def _(recording: Recording) -> str | None:
    return unless(claims_success(recording), f"its code is {code(recording)}")


@HOST.must("HST-12", "a host that alone may, and is not there, is an error with code 76", scene="no-host")
def _(recording: Recording) -> str | None:
    told = (report(recording)["status"], code(recording))
    return unless(told == ("error", 76), f"it is {told[0]} with {told[1]}")


@HOST.must("HST-13", "no snapshot is taken by a signature in place of a host that alone may", scene="no-host")
def _(recording: Recording) -> str | None:
    return _by_signature(recording)


@HOST.should("HST-14", "the guest is not frozen for a host that is not there", scene="no-host")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it is")


@HOST.must("HST-15", "a disk that the host could not snapshot makes the task an error", scene="host-fails")
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@HOST.must("HST-16", "a disk that the host could not snapshot: the handler thaws the guest itself", scene="host-fails")
def _(recording: Recording) -> str | None:
    return _thawed(recording)


@HOST.should("HST-17", "a disk that the host could not snapshot has an entry that says so", scene="host-fails")
def _(recording: Recording) -> str | None:
    failed = [each for each in entries(recording) if not is_successful(each)]
    return unless(len(failed) == 1, f"there are {len(failed)}")


@HOST.must("HST-18", "a host that is gone when it is asked is an error with code 76 or 556", scene="host-gone")
def _(recording: Recording) -> str | None:
    told = (report(recording)["status"], code(recording))
    return unless(told in (("error", 76), ("error", 556)), f"it is {told[0]} with {told[1]}")


@HOST.must("HST-19", "a host that is gone when it is asked: the handler thaws the guest itself", scene="host-gone")
def _(recording: Recording) -> str | None:
    return _thawed(recording)


@HOST.must("HST-20", "a host that is gone when it is asked: N.status tells no success", scene="host-gone")
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told not in SUCCESSES, f"its code is {told}")


@HOST.should("HST-21", "the host is ordered when the storage answers for no disk, and it may then", scene="host-second")
def _(recording: Recording) -> str | None:
    return unless(_orders(recording), "it is not")


@HOST.should(
    "HST-22", "snapshots by the host as the second choice are a success", scene="host-second", needs=("HST-21",)
)
def _(recording: Recording) -> str | None:
    return unless(claims_success(recording), f"its code is {code(recording)}")


@HOST.must("HST-23", "the token of the host's snapshots is told to nobody but the host", source="docs/handler-guide.md")
def _(recording: Recording) -> str | None:
    places = {each.path: each.text for each in recording.files if not each.path.startswith("settings/")}
    places |= {each.name: each.text for each in recording.blobs}
    places |= {
        f"the output of {each.verb} ({at})": each.stdout + each.stderr for at, each in enumerate(recording.commands)
    }
    return leaks(recording, places)


CHAPTERS = (HOST,)
