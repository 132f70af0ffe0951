"""Chapters: sequence numbers and repeated tasks, the age of a task, and a handler that is killed."""

from __future__ import annotations

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Chapter, unless
from simulator.conformance.views import (
    IN_PROGRESS,
    claims_success,
    code,
    commands,
    exchanges,
    freezes,
    report,
    status_at,
    status_file,
    taken,
    task,
    told_code,
)

LINUX_HANDLER = "published Linux handler: source and behaviour"
GUIDE = "docs/handler-guide.md"
CONTRACT = "docs/contract.md"

SEQUENCE = Chapter("sequence numbers and tasks", "same-number", LINUX_HANDLER)
AGE = Chapter("age of a task", "late", LINUX_HANDLER)
KILLED = Chapter("killed", "killed-in-freeze", LINUX_HANDLER)


def _all_disks(recording: Recording, enable: int = 0, place: int = 0) -> str | None:
    missing = set(task(recording, place).disks) - {each.what.split(" ")[1] for each in taken(recording, enable)}
    return unless(not missing, f"there is no snapshot of {', '.join(sorted(missing))}")


# ------------------------------------------------------------------------------------------------------------- sequence


@SEQUENCE.must("SEQ-01", "enable with the number of a task that has ended takes no snapshot", also_fails=("CST-03",))
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot", 1), "it takes them again")


@SEQUENCE.must(
    "SEQ-02", "enable with the number of a task that has ended does not freeze the guest", also_fails=("CST-03",)
)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "guest", "freeze", 1), "it freezes again")


@SEQUENCE.must("SEQ-03", "enable with the number of a task that has ended ends with exit code 0")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "enable")[1].exit_code == 0, "it does not")


@SEQUENCE.must("SEQ-04", "enable with the number of a task that has ended leaves N.status as it is")
def _(recording: Recording) -> str | None:
    texts = [each.text for each in recording.files if each.path == "status/1.status" and "ended" in each.moment]
    return unless(texts[0] == texts[-1], "it is another text")


@SEQUENCE.must("SEQ-05", "enable with the number of a task that has ended writes to no blob", also_fails=("CST-03",))
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "write", 1), "it writes to the storage")


@SEQUENCE.must(
    "SEQ-06",
    "a new number with the taskId of the last task takes no snapshot",
    scene="same-task",
    also_fails=("SEQ-07", "SEQ-08", "SEQ-09"),
)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot", 1), "it takes them again")


@SEQUENCE.must("SEQ-07", "a new number with the taskId of the last task does not freeze the guest", scene="same-task")
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "guest", "freeze", 1), "it freezes again")


@SEQUENCE.must(
    "SEQ-08",
    "a taskId that comes again leaves the new status blob empty: the first one has the report",
    scene="same-task",
)
def _(recording: Recording) -> str | None:
    written = [each for each in exchanges(recording, "storage", "write", 1) if "status" in each.what]
    return unless(not written, "it writes a report")


@SEQUENCE.should("SEQ-09", "a taskId that comes again leaves the new log blob empty", scene="same-task")
def _(recording: Recording) -> str | None:
    return unless(
        not [each for each in exchanges(recording, "storage", "write", 1) if "log" in each.what], "it writes one"
    )


@SEQUENCE.must("SEQ-10", "enable with a taskId that comes again ends with exit code 0", scene="same-task")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "enable")[1].exit_code == 0, "it does not")


@SEQUENCE.must(
    "SEQ-11", "a task with a lower number than the last is carried out: numbers need not grow", scene="lower-number"
)
def _(recording: Recording) -> str | None:
    return _all_disks(recording, 1, 1)


@SEQUENCE.must("SEQ-12", "N.status of the lower number tells its end", scene="lower-number", needs=("SEQ-11",))
def _(recording: Recording) -> str | None:
    return unless(told_code(status_file(recording, 3)["status"]) != IN_PROGRESS, "it says that it goes on")


@SEQUENCE.must("SEQ-13", "the report of the lower number bears its own taskId", scene="lower-number", needs=("SEQ-11",))
def _(recording: Recording) -> str | None:
    return unless(report(recording, 1)["taskId"] == task(recording, 1).task_id, "it is another one")


@SEQUENCE.should(
    "SEQ-14", "the status file of the task before is put aside, so that no agent reads it again", scene="lower-number"
)
def _(recording: Recording) -> str | None:
    left = [each for each in recording.files if (each.moment, each.path) == ("task 3 ended", "status/5.status")]
    return unless(not left, "5.status is still there")


# ------------------------------------------------------------------------------------------------------------------ age


@AGE.must(
    "AGE-01",
    "a task that began more than 140 minutes ago ends with code 402",
    also_fails=("AGE-02", "AGE-03", "AGE-04", "AGE-09", "FLT-15"),
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 402, f"the code is {code(recording)}")


@AGE.must("AGE-02", "the report of a task that is too old is an error")
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@AGE.must("AGE-03", "no snapshot is taken for a task that is too old")
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


@AGE.must("AGE-04", "N.status of a task that is too old tells code 402, too")
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told == 402, f"the code is {told}")


@AGE.must("AGE-05", "a task that began 138 minutes ago is carried out", scene="in-time")
def _(recording: Recording) -> str | None:
    return _all_disks(recording, 0, 0)


@AGE.must("AGE-06", "a task that begins in five minutes is carried out: clocks differ", scene="in-time")
def _(recording: Recording) -> str | None:
    return _all_disks(recording, 1, 1)


@AGE.must(
    "AGE-07", "ticks with an exponent lead to a report, whichever", scene="exponent", source="schema of the extension"
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) != IN_PROGRESS, "it says that it goes on")


@AGE.should(
    "AGE-08", "the report tells ticks with an exponent as they were received", scene="exponent", needs=("AGE-07",)
)
def _(recording: Recording) -> str | None:
    told = report(recording)["commandStartTimeUTCTicks"]
    return unless(told == task(recording).ticks, f"it tells {told}")


@AGE.should("AGE-09", "the guest is not frozen for a task that is too old")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it is")


# --------------------------------------------------------------------------------------------------------------- killed

MOMENTS = (
    ("killed-before-freeze", "as it asks for a freeze", 1),
    ("killed-in-freeze", "in the freeze", 6),
    ("killed-at-thaw", "as it asks for the thaw", 11),
)


def _of_moment(scene: str, when: str, number: int) -> None:
    @KILLED.must(
        f"KIL-{number:02}", f"killed {when}, it does not take the snapshots again with the same number", scene=scene
    )
    def _(recording: Recording) -> str | None:
        return unless(not exchanges(recording, "storage", "snapshot", 1), "it takes them again")

    @KILLED.must(f"KIL-{number + 1:02}", f"killed {when}, it carries out the next task", scene=scene)
    def _(recording: Recording) -> str | None:
        return _all_disks(recording, 2, 1)

    @KILLED.must(f"KIL-{number + 2:02}", f"killed {when}, it has reported no success", scene=scene, source=CONTRACT)
    def _(recording: Recording) -> str | None:
        try:
            claimed = claims_success(recording)
        except (LookupError, ValueError, TypeError):
            return None  # a blob that was not written claims nothing
        return unless(not claimed, "the status blob tells of one")

    @KILLED.must(f"KIL-{number + 3:02}", f"killed {when}, it ends with exit code 0 when enable runs again", scene=scene)
    def _(recording: Recording) -> str | None:
        return unless(commands(recording, "enable")[1].exit_code == 0, "it does not")

    @KILLED.must(
        f"KIL-{number + 4:02}",
        f"killed {when}, the next task ends with a report of success",
        scene=scene,
        needs=(f"KIL-{number + 1:02}",),
    )
    def _(recording: Recording) -> str | None:
        return unless(claims_success(recording, 1), f"its code is {code(recording, 1)}")


for _scene, _when, _number in MOMENTS:
    _of_moment(_scene, _when, _number)


@KILLED.must(
    "KIL-16", "killed in the freeze, the guest is let go at once: its line ends with it", source="docs/guest-bridge.md"
)
def _(recording: Recording) -> str | None:
    how = freezes(recording)[0][2]
    return unless(how == "released", f"the freeze was {how or 'still there'}")


@KILLED.must("KIL-17", "killed in the freeze, N.status does not tell of success", source=CONTRACT)
def _(recording: Recording) -> str | None:
    told = told_code(_first_status(recording))
    return unless(told not in (0, 1), f"the code is {told}")


def _first_status(recording: Recording) -> dict[str, object]:
    import json

    status: dict[str, object] = json.loads(status_at(recording, "task 1 ended").text)[0]["status"]
    return status


CHAPTERS = (SEQUENCE, AGE, KILLED)
