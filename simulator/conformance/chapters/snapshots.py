"""Chapters: the snapshots, and the freeze around them."""

from __future__ import annotations

import itertools

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import WINDOWS, Chapter, unless
from simulator.conformance.views import (
    claims_success,
    code,
    consistency,
    entries,
    exchanges,
    freezes,
    report,
    taken,
    task,
)

LINUX_HANDLER = "published Linux handler: source and behaviour"
GUIDE = "docs/handler-guide.md"
BRIDGE = "docs/guest-bridge.md"
VSS = "VSS: documented limits"

SNAPSHOTS = Chapter("snapshots", "backup", LINUX_HANDLER)
FREEZE = Chapter("freeze and thaw", "backup", BRIDGE)


def _names(recording: Recording, place: int | None = 0) -> list[str]:
    return [each.what.split(" ")[1] for each in taken(recording, place)]


# ------------------------------------------------------------------------------------------------------------ snapshots


@SNAPSHOTS.must(
    "SNP-01", "a snapshot of each disk is taken", also_fails=("STB-12", "STB-13", "STB-14", "STB-15", "STB-16")
)
def _(recording: Recording) -> str | None:
    missing = sorted(set(task(recording).disks) - set(_names(recording)))
    return unless(not missing, f"there is none of {', '.join(missing)}")


@SNAPSHOTS.must("SNP-02", "no disk is asked for twice")
def _(recording: Recording) -> str | None:
    names = [each.what for each in exchanges(recording, "storage", "snapshot")]
    return unless(len(names) == len(set(names)), f"there are {', '.join(sorted(names))}")


@SNAPSHOTS.must("SNP-03", "each snapshot is taken while the guest is frozen", source=BRIDGE, needs=("FRZ-01",))
def _(recording: Recording) -> str | None:
    spans = freezes(recording)
    out = [
        each.what
        for each in taken(recording)
        if not any(begin <= each.at and each.at <= end for begin, end, _ in spans)
    ]
    return unless(not out, f"{', '.join(out)} is not")


@SNAPSHOTS.must("SNP-04", "each snapshot has the metadata of the task as x-ms-meta headers")
def _(recording: Recording) -> str | None:
    for each in taken(recording):
        for key, value in task(recording).metadata:
            if each.header(f"x-ms-meta-{key}") != value:
                return f"{each.what} has no {key}"
    return None


@SNAPSHOTS.must("SNP-05", "no snapshot has metadata that the task does not name")
def _(recording: Recording) -> str | None:
    known = {f"x-ms-meta-{key.lower()}" for key, _ in task(recording).metadata}
    for each in taken(recording):
        for key, _ in each.headers:
            if key.lower().startswith("x-ms-meta-") and key.lower() not in known:
                return f"{each.what} has {key}"
    return None


@SNAPSHOTS.must("SNP-06", "the address is sent as it was given, with comp=snapshot behind it")
def _(recording: Recording) -> str | None:
    given = dict(zip(task(recording).disks, task(recording).queries, strict=True))
    for each in taken(recording):
        query = given[each.what.split(" ")[1]]
        if each.query not in (f"{query}&comp=snapshot", f"comp=snapshot&{query}"):
            return f"that of {each.what} is another one"
    return None


@SNAPSHOTS.must("SNP-07", "a snapshot is asked for by PUT without a body")
def _(recording: Recording) -> str | None:
    bad = [each.what for each in taken(recording) if each.method != "PUT" or each.body]
    return unless(not bad, f"{', '.join(bad)} is not")


@SNAPSHOTS.must("SNP-08", "nothing is written to a disk")
def _(recording: Recording) -> str | None:
    done = [each.what for each in recording.exchanges if each.what.split(" ")[0] in ("write", "pages", "resize")]
    bad = [what for what in done if what.split(" ")[1] in task(recording).disks]
    return unless(not bad, f"there is {', '.join(bad)}")


@SNAPSHOTS.must("SNP-09", "snapshots of eight disks are all taken in one freeze", scene="many-disks")
def _(recording: Recording) -> str | None:
    begin, end, _ = freezes(recording)[0]
    inside = {each.what for each in taken(recording) if begin <= each.at <= end}
    return unless(len(inside) == len(task(recording).disks), f"{len(inside)} of them are")


@SNAPSHOTS.must("SNP-10", "entries of eight disks stand in the order of the task", scene="many-disks")
def _(recording: Recording) -> str | None:
    told = [entry["blobUri"] for entry in entries(recording)]
    return unless(told == list(task(recording).uris), "they do not")


@SNAPSHOTS.should("SNP-11", "more than four disks are asked for at once, not one after the other", scene="many-disks")
def _(recording: Recording) -> str | None:
    asked = exchanges(recording, "storage", "snapshot")
    pairs = itertools.pairwise(asked)
    return unless(any(b.at < a.done_at and a.at < b.done_at for a, b in pairs), "each waits for the one before")


@SNAPSHOTS.must("SNP-12", "eight disks need one freeze and no more", scene="many-disks")
def _(recording: Recording) -> str | None:
    return unless(len(freezes(recording)) == 1, f"there are {len(freezes(recording))}")


# -------------------------------------------------------------------------------------------------------------- freezes


@FREEZE.must("FRZ-01", "the guest is frozen")
def _(recording: Recording) -> str | None:
    return unless(freezes(recording), "it is not")


@FREEZE.must(
    "FRZ-02",
    "the handler thaws the guest itself",
    needs=("FRZ-01",),
    also_fails=("FRZ-03", "FRZ-06", "FRZ-07", "FRZ-19", "LOG-02", "PAR-04", "REF-12", "STB-26"),
)
def _(recording: Recording) -> str | None:
    how = freezes(recording)[0][2]
    return unless(how == "thawed", f"the freeze was {how or 'still there'}")


@FREEZE.must("FRZ-03", "a thaw is asked for once")
def _(recording: Recording) -> str | None:
    asked = exchanges(recording, "guest", "thaw")
    return unless(len(asked) == 1, f"{len(asked)} times")


@FREEZE.must("FRZ-04", "the writers of Windows take part", profiles=(WINDOWS,), needs=("FRZ-01",))
def _(recording: Recording) -> str | None:
    how = next(each.detail for each in recording.happenings if each.what == "frozen")
    return unless(how == "with writers", "the volumes alone are frozen")


@FREEZE.must("FRZ-05", "the session is opened with the taskId")
def _(recording: Recording) -> str | None:
    asked = exchanges(recording, "guest", "session")[0]
    return unless(f"task_id={task(recording).task_id}" in asked.query, f"with {asked.query}")


@FREEZE.must(
    "FRZ-06", "nothing is reported while the guest is frozen: a write to its disks would wait for the thaw", source=VSS
)
def _(recording: Recording) -> str | None:
    spans = freezes(recording)
    written = list(exchanges(recording, "storage", "write"))
    inside = [each.what for each in written if any(begin <= each.at < end for begin, end, _ in spans)]
    return unless(not inside, f"there is {', '.join(inside)}")


@FREEZE.must("FRZ-07", "the session stays open until the guest is thawed", needs=("FRZ-01",))
def _(recording: Recording) -> str | None:
    closed = next(each.at for each in recording.happenings if each.what == "session closed")
    return unless(freezes(recording)[0][2] == "thawed" and closed >= freezes(recording)[0][1], "it ended before")


@FREEZE.must(
    "FRZ-08",
    "a disk that does not answer does not keep the guest frozen for longer than ten seconds",
    scene="slow-disk",
    source=VSS,
)
def _(recording: Recording) -> str | None:
    how = freezes(recording)[0][2]
    return unless(how == "thawed", f"the freeze was {how or 'still there'}")


@FREEZE.must("FRZ-09", "a disk that does not answer is no success", scene="slow-disk", source=LINUX_HANDLER)
def _(recording: Recording) -> str | None:
    return unless(not claims_success(recording), "the report claims one")


@FREEZE.must("FRZ-10", "a task whose freeze failed takes no snapshot", scene="freeze-refused", source=LINUX_HANDLER)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "it does")


@FREEZE.must("FRZ-11", "a task whose freeze failed is an error", scene="freeze-refused", source=LINUX_HANDLER)
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@FREEZE.must(
    "FRZ-12",
    "a freeze that failed is told with code 121, 122, 123 or 2",
    scene="freeze-refused",
    source=LINUX_HANDLER,
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) in (2, 121, 122, 123), f"it is {code(recording)}")


@FREEZE.must("FRZ-13", "a guest that let go before the thaw makes the task an error", scene="let-go")
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@FREEZE.must("FRZ-14", "a guest that let go before the thaw leaves no consistency to report", scene="let-go")
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 0, f"it names {told}")


@FREEZE.should(
    "FRZ-15",
    "where the service allows it, a freeze that failed leads to a crash-consistent snapshot",
    scene="crash-allowed",
    source=LINUX_HANDLER,
)
def _(recording: Recording) -> str | None:
    return unless(_names(recording) == list(task(recording).disks), "there is none")


@FREEZE.should(
    "FRZ-16",
    "a crash-consistent snapshot is reported with the consistency 3",
    scene="crash-allowed",
    source=LINUX_HANDLER,
    needs=("FRZ-15",),
)
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 3, f"it names {told}")


@FREEZE.should(
    "FRZ-17",
    "a crash-consistent snapshot is reported with code 1",
    scene="crash-allowed",
    source=LINUX_HANDLER,
    needs=("FRZ-15",),
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 1, f"it has {code(recording)}")


@FREEZE.should(
    "FRZ-18", "a machine whose VSS is disabled is not asked for a freeze", scene="no-vss", profiles=(WINDOWS,)
)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "guest", "freeze"), "it is")


@FREEZE.must("FRZ-19", "eight disks, and the handler thaws itself", scene="many-disks")
def _(recording: Recording) -> str | None:
    how = freezes(recording)[0][2]
    return unless(how == "thawed", f"the freeze was {how or 'still there'}")


@FREEZE.should("FRZ-20", "a machine whose VSS is disabled leads to an error", scene="no-vss", profiles=(WINDOWS,))
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


CHAPTERS = (SNAPSHOTS, FREEZE)
