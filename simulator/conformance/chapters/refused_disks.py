"""Chapters: a disk that fails, and what the storage refuses."""

from __future__ import annotations

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Chapter, unless
from simulator.conformance.views import (
    code,
    consistency,
    entries,
    exchanges,
    freezes,
    is_successful,
    report,
    status_file,
    taken,
    task,
    told_code,
)

LINUX_HANDLER = "published Linux handler: source and behaviour"

PARTIAL = Chapter("a disk fails", "one-refused", LINUX_HANDLER)
REFUSED = Chapter("the storage refuses", "expired", LINUX_HANDLER)


def _names(recording: Recording, place: int | None = 0) -> list[str]:
    return [each.what.split(" ")[1] for each in taken(recording, place)]


# --------------------------------------------------------------------------------------------------------- a disk fails


@PARTIAL.must(
    "PAR-01",
    "a disk fails: the status blob tells the end, with an entry for each disk",
    also_fails=("PAR-13", "LOG-05"),
)
def _(recording: Recording) -> str | None:
    return unless(len(entries(recording)) == 3, f"it has {len(entries(recording))}")


@PARTIAL.must("PAR-02", "a disk fails: the code is 76", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 76, f"it is {code(recording)}")


@PARTIAL.must("PAR-03", "a disk fails: the status is error", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@PARTIAL.must("PAR-04", "a disk fails: the handler thaws the guest itself")
def _(recording: Recording) -> str | None:
    how = freezes(recording)[0][2]
    return unless(how == "thawed", f"the freeze was {how or 'still there'}")


@PARTIAL.must("PAR-05", "a disk fails: the other disks are snapshotted all the same", also_fails=("PAR-08",))
def _(recording: Recording) -> str | None:
    return unless(set(_names(recording)) == {"disk0", "disk2"}, f"these are: {', '.join(sorted(_names(recording)))}")


@PARTIAL.must("PAR-06", "a disk fails: the entry in the place of the disk says that it failed", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    return unless(not is_successful(entries(recording)[1]), "it claims success")


@PARTIAL.must("PAR-07", "a disk fails: this entry names no snapshot", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    return unless(entries(recording)[1].get("snapshotUri") is None, "it names one")


@PARTIAL.must("PAR-08", "a disk fails: the other entries name their snapshots", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    told = [entries(recording)[place]["snapshotUri"] or "" for place in (0, 2)]
    met = all(
        uri.startswith(f"{task(recording).uris[place]}?snapshot=") for uri, place in zip(told, (0, 2), strict=True)
    )
    return unless(met, "they do not")


@PARTIAL.should("PAR-09", "a disk fails: vmHealthInfo has the finer code 761", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    told = report(recording)["vmHealthInfo"]["vmHealthStatusCode"]
    return unless(told == 761, f"it has {told}")


@PARTIAL.should("PAR-10", "a disk fails: vmHealthInfo has the state 256", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    told = report(recording)["vmHealthInfo"]["vmHealthState"]
    return unless(told == 256, f"it has {told}")


@PARTIAL.should("PAR-11", "a disk fails: errorMessage of the entry tells what the storage said", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    told = str(entries(recording)[1].get("errorMessage"))
    return unless("AuthorizationFailure" in told, f"it tells {told[:80]}")


@PARTIAL.must("PAR-12", "a disk fails: snapshots that were taken are not deleted", source="docs/contract.md")
def _(recording: Recording) -> str | None:
    return unless(not [each for each in recording.exchanges if each.method == "DELETE"], "a DELETE is sent")


@PARTIAL.must("PAR-13", "a disk fails: N.status has code 76, too")
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told == 76, f"it has {told}")


@PARTIAL.should("PAR-14", "a disk fails: the disk is not asked for again: each try lengthens the freeze")
def _(recording: Recording) -> str | None:
    asked = [each for each in exchanges(recording, "storage", "snapshot") if each.what == "snapshot disk1"]
    return unless(len(asked) == 1, f"{len(asked)} times")


@PARTIAL.should(
    "PAR-15", "a disk fails: N.status is a success nevertheless, as the service expects it of a machine of today's kind"
)
def _(recording: Recording) -> str | None:
    told = status_file(recording)["status"]["status"]
    return unless(told == "success", f"it is {told}")


@PARTIAL.should("PAR-16", "a disk fails: the report names no consistency", needs=("PAR-01",))
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 0, f"it names {told}")


# -------------------------------------------------------------------------------------------------- the storage refuses

REFUSALS = (
    ("expired", "a signature that has expired", 76, 1),
    ("read-only", "a signature that allows to read only", 76, 4),
    ("missing-disk", "a disk that does not exist", 76, 7),
    ("all-refused", "a refusal of every disk", 76, 10),
    ("rate", "snapshots that come too quickly", 173, 13),
    ("count", "too many snapshots of a disk", 85, 16),
    ("server-error", "the answer 500", 76, 19),
    ("hang-up", "a connection that ends without an answer", 76, 22),
)


def _of_refusal(scene: str, what: str, expected: int, number: int) -> None:
    @REFUSED.must(f"REF-{number:02}", f"{what} is an error with code {expected}", scene=scene)
    def _(recording: Recording) -> str | None:
        told = (report(recording)["status"], code(recording))
        return unless(told == ("error", expected), f"it is {told[0]} with {told[1]}")

    @REFUSED.must(f"REF-{number + 1:02}", f"{what}: N.status has code {expected}, too", scene=scene)
    def _(recording: Recording) -> str | None:
        told = told_code(status_file(recording)["status"])
        return unless(told == expected, f"it has {told}")

    @REFUSED.must(f"REF-{number + 2:02}", f"{what}: the handler thaws the guest itself", scene=scene)
    def _(recording: Recording) -> str | None:
        held = [how for _, _, how in freezes(recording) if how != "thawed"]
        return unless(not held, f"the freeze was {(held and held[0]) or 'still there'}")


for _refusal in REFUSALS:
    _of_refusal(*_refusal)


CHAPTERS = (PARTIAL, REFUSED)
