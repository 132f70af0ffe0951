"""Chapters: faults around a handler, each of which the catalogue of faults has, and what its commands cost."""

from __future__ import annotations

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import WINDOWS, Chapter, unless
from simulator.conformance.views import (
    IN_PROGRESS,
    claims_success,
    code,
    commands,
    consistency,
    exchanges,
    freezes,
    report,
    span,
    status_file,
    taken,
    task,
    told_code,
)

GUIDE = "docs/handler-guide.md"
ONLY_WINDOWS = (WINDOWS,)
MOST_PROCESSOR_SECONDS = 2.0
"""Far more than a start of any interpreter takes; less than what a machine notices."""


def _of_catalogue(fault: str) -> str:
    return f"docs/faults.md: {fault}"


FAULTS = Chapter("faults", "writers-fail", _of_catalogue("vss-writer-times-out"))
COST = Chapter("start-up cost", "backup", GUIDE)


def _all_disks(recording: Recording) -> str | None:
    missing = set(task(recording).disks) - {each.what.split(" ")[1] for each in taken(recording)}
    return unless(not missing, f"there is no snapshot of {', '.join(sorted(missing))}")


def _is_error(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@FAULTS.should(
    "FLT-01", "a writer that fails: the volumes alone are frozen, and snapshots taken", profiles=ONLY_WINDOWS
)
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@FAULTS.must("FLT-02", "a writer that fails: no report claims application consistency", profiles=ONLY_WINDOWS)
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told != 2 and code(recording) != 0, f"its code is {code(recording)}")


@FAULTS.must("FLT-03", "a writer that fails: the handler thaws the guest itself", profiles=ONLY_WINDOWS)
def _(recording: Recording) -> str | None:
    held = [how for _, _, how in freezes(recording) if how != "thawed"]
    return unless(not held, f"the freeze was {(held and held[0]) or 'still there'}")


def _of_service(scene: str, service: str, fault: str, number: int) -> None:
    source = _of_catalogue(fault)

    @FAULTS.should(
        f"FLT-{number:02}", f"{service} leads to an error", scene=scene, source=source, profiles=ONLY_WINDOWS
    )
    def _(recording: Recording) -> str | None:
        return _is_error(recording)

    @FAULTS.should(
        f"FLT-{number + 1:02}",
        f"{service}: the guest is not asked for a freeze",
        scene=scene,
        source=source,
        profiles=ONLY_WINDOWS,
    )
    def _(recording: Recording) -> str | None:
        return unless(not exchanges(recording, "guest", "freeze"), "it is")


for _service in (
    ("no-com", "a COM+ System Application that is disabled", "com-plus-service-disabled", 4),
    ("no-msdtc", "a Distributed Transaction Coordinator that is disabled", "msdtc-service-disabled", 6),
    ("old-dot-net", "a .NET Framework that is too old", "dot-net-too-old", 8),
):
    _of_service(*_service)


@FAULTS.must(
    "FLT-10",
    "a guest without a session: N.status tells of a failure",
    scene="no-session",
    source=_of_catalogue("handler-without-wire-server"),
)
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told not in (0, 1, IN_PROGRESS), f"its code is {told}")


@FAULTS.should(
    "FLT-11",
    "a guest without a session: the status blob tells of an error",
    scene="no-session",
    source=_of_catalogue("handler-without-wire-server"),
)
def _(recording: Recording) -> str | None:
    return _is_error(recording)


@FAULTS.must(
    "FLT-12",
    "a guest without a session: no snapshot is taken",
    scene="no-session",
    source=_of_catalogue("handler-without-wire-server"),
)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


@FAULTS.must(
    "FLT-13",
    "a thaw that the guest refuses makes the task an error",
    scene="thaw-fails",
    source=_of_catalogue("vss-writer-fails-thaw"),
)
def _(recording: Recording) -> str | None:
    return _is_error(recording)


@FAULTS.must(
    "FLT-14",
    "a thaw that the guest refuses leaves no consistency to report",
    scene="thaw-fails",
    source=_of_catalogue("vss-writer-fails-thaw"),
)
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 0, f"it names {told}")


@FAULTS.should(
    "FLT-15",
    "a task that is too old by the clock of the host ends with code 402",
    scene="host-ahead",
    source=_of_catalogue("host-clock-ahead"),
    also_fails=("FLT-16",),
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 402, f"the code is {code(recording)}")


@FAULTS.should(
    "FLT-16",
    "a task that is too old by the clock of the host takes no snapshot",
    scene="host-ahead",
    source=_of_catalogue("host-clock-ahead"),
)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


@FAULTS.must(
    "FLT-17", "a busy storage is an error with code 76", scene="busy", source=_of_catalogue("guest-snapshot-throttled")
)
def _(recording: Recording) -> str | None:
    told = (report(recording)["status"], code(recording))
    return unless(told == ("error", 76), f"it is {told[0]} with {told[1]}")


@FAULTS.must(
    "FLT-18",
    "a busy storage: the handler thaws the guest itself",
    scene="busy",
    source=_of_catalogue("guest-snapshot-throttled"),
)
def _(recording: Recording) -> str | None:
    how = freezes(recording)[0][2]
    return unless(how == "thawed", f"the freeze was {how or 'still there'}")


@FAULTS.must(
    "FLT-19",
    "a log blob that cannot be written: the status blob tells how the task ended",
    scene="log-blob-fails",
    source=_of_catalogue("guest-report-refused"),
)
def _(recording: Recording) -> str | None:
    return unless(claims_success(recording), f"its code is {code(recording)}")


@FAULTS.must(
    "FLT-20",
    "a log folder that cannot be written: the task is carried out",
    scene="log-folder-full",
    source=_of_catalogue("guest-disk-full"),
)
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@FAULTS.must(
    "FLT-21",
    "a log folder that cannot be written: the status blob tells how the task ended",
    scene="log-folder-full",
    source=_of_catalogue("guest-disk-full"),
)
def _(recording: Recording) -> str | None:
    return unless(claims_success(recording), f"its code is {code(recording)}")


@FAULTS.must(
    "FLT-22",
    "settings that are delivered twice: each disk is asked for once",
    scene="delivered-twice",
    source=_of_catalogue("settings-delivered-twice"),
)
def _(recording: Recording) -> str | None:
    names = sorted(each.what.split(" ")[1] for each in exchanges(recording, "storage", "snapshot"))
    return unless(names == sorted(task(recording).disks), f"these are: {', '.join(names)}")


@FAULTS.must(
    "FLT-23",
    "settings that are delivered twice: the guest is frozen once",
    scene="delivered-twice",
    source=_of_catalogue("settings-delivered-twice"),
)
def _(recording: Recording) -> str | None:
    asked = exchanges(recording, "guest", "freeze")
    return unless(len(asked) == 1, f"{len(asked)} times")


@FAULTS.must(
    "FLT-24",
    "settings that are delivered twice: N.status tells how the task ended",
    scene="delivered-twice",
    source=_of_catalogue("settings-delivered-twice"),
)
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told in (0, 1), f"its code is {told}")


# -------------------------------------------------------------------------------------------------------- start-up cost


@COST.should("CST-01", "install takes no more than two seconds of processor time", scene="install")
def _(recording: Recording) -> str | None:
    return _cheap(recording, "install")


@COST.should("CST-02", "enable takes no more than two seconds of processor time until it returns")
def _(recording: Recording) -> str | None:
    return _cheap(recording, "enable")


def _cheap(recording: Recording, verb: str) -> str | None:
    most = max(each.processor_seconds for each in commands(recording, verb))
    return unless(most <= MOST_PROCESSOR_SECONDS, f"it takes {most} seconds")


@COST.should(
    "CST-03",
    "enable with the number of a task that has ended does no more than to read from the guest",
    scene="same-number",
)
def _(recording: Recording) -> str | None:
    begin, end = span(recording, 1)
    reads = [("guest", verb) for verb in ("facts", "now", "volumes")]
    asked = [each for each in recording.exchanges if begin <= each.at < end]
    more = [each.what for each in asked if (each.party, each.what) not in reads]
    return unless(not more, f"it sends {more and more[0]}")


@COST.should("CST-04", "the guest is asked for its facts once, since each question delays the freeze")
def _(recording: Recording) -> str | None:
    asked = exchanges(recording, "guest", "facts")
    return unless(len(asked) <= 1, f"{len(asked)} times")


CHAPTERS = (FAULTS, COST)
