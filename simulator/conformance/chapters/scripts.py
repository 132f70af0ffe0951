"""Chapter: the scripts that the owner of a Linux machine has put around its snapshots."""

from __future__ import annotations

from simulator.conformance.recording import FileSeen, Recording
from simulator.conformance.requirement import LINUX, Chapter, unless
from simulator.conformance.views import code, consistency, exchanges, freezes, leaks, report, taken, task

LINUX_HANDLER = "published Linux handler: source and behaviour"
OWNER = "README of MicrosoftAzureBackup/VMSnapshotPluginConfig"

SCRIPTS = Chapter("scripts of the owner", "scripts", LINUX_HANDLER)
ONLY_LINUX = (LINUX,)
PRE, POST = "owner/pre.sh.ran", "owner/post.sh.ran"
"""What the scripts write when they run: a line with their parameters each time."""
ENDED = "task 1 ended"


def _seen(recording: Recording, path: str, moment: str | None = None) -> list[FileSeen]:
    return [each for each in recording.files if each.path == path and moment in (None, each.moment)]


def _lines(recording: Recording, path: str) -> list[str]:
    """What a script has written in all."""
    return _seen(recording, path, ENDED)[-1].text.splitlines()


def _all_disks(recording: Recording) -> str | None:
    missing = set(task(recording).disks) - {each.what.split(" ")[1] for each in taken(recording)}
    return unless(not missing, f"there is no snapshot of {', '.join(sorted(missing))}")


def _file_system_consistent(recording: Recording) -> str | None:
    told = (code(recording), consistency(report(recording)))
    return unless(told == (1, 1), f"it is {told[0]} with {told[1]}")


def _health(recording: Recording, expected: int) -> str | None:
    told = report(recording)["vmHealthInfo"]["vmHealthStatusCode"]
    return unless(told == expected, f"it has {told}")


@SCRIPTS.should(
    "SCR-01", "the pre-script runs before the freeze", profiles=ONLY_LINUX, source=OWNER, also_fails=("SCR-03",)
)
def _(recording: Recording) -> str | None:
    return unless(_seen(recording, PRE, "a freeze is asked for"), "it does not")


@SCRIPTS.should("SCR-02", "the post-script runs after the thaw", profiles=ONLY_LINUX, source=OWNER)
def _(recording: Recording) -> str | None:
    early = _seen(recording, POST, "the thaw is asked for") or _seen(recording, POST, "a freeze is asked for")
    return unless(not early and _seen(recording, POST, ENDED), "it does not")


@SCRIPTS.should("SCR-03", "each script runs once", profiles=ONLY_LINUX, needs=("SCR-02",))
def _(recording: Recording) -> str | None:
    counts = (len(_lines(recording, PRE)), len(_lines(recording, POST)))
    return unless(counts == (1, 1), f"it is {counts[0]} and {counts[1]}")


@SCRIPTS.should("SCR-04", "scripts get the parameters of the settings", profiles=ONLY_LINUX, source=OWNER)
def _(recording: Recording) -> str | None:
    told = _seen(recording, PRE)[-1].text.splitlines()[0]
    return unless(told == "full sql01", f"it is {told}")


@SCRIPTS.should("SCR-05", "scripts that succeed make the snapshot application-consistent: code 0", profiles=ONLY_LINUX)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 0, f"it is {code(recording)}")


@SCRIPTS.should(
    "SCR-06", "scripts that succeed make the snapshot application-consistent: consistency 2", profiles=ONLY_LINUX
)
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 2, f"it is {told}")


@SCRIPTS.must(
    "SCR-07", "no secret is in the environment of a script", profiles=ONLY_LINUX, source="docs/handler-guide.md"
)
def _(recording: Recording) -> str | None:
    places = {each.path: each.text for each in recording.files if each.path.endswith(".environment")}
    return leaks(recording, places)


@SCRIPTS.should(
    "SCR-08", "a pre-script that fails forbids the snapshot: code 300", scene="script-forbids", profiles=ONLY_LINUX
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 300, f"it is {code(recording)}")


@SCRIPTS.should(
    "SCR-09", "a pre-script that fails forbids the snapshot: none is taken", scene="script-forbids", profiles=ONLY_LINUX
)
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


@SCRIPTS.should(
    "SCR-10",
    "a pre-script that fails forbids the snapshot: the guest is not frozen",
    scene="script-forbids",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it is")


@SCRIPTS.should(
    "SCR-11",
    "a pre-script that fails is followed by the post-script: what it began is to be ended",
    scene="script-forbids",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return unless(_seen(recording, POST, ENDED), "it is not")


@SCRIPTS.should(
    "SCR-12",
    "a pre-script that fails, and the owner wants a backup all the same: there is one",
    scene="pre-script-fails",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@SCRIPTS.must(
    "SCR-13",
    "a pre-script that fails leaves the snapshot file-system-consistent, whatever the owner wants",
    scene="pre-script-fails",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return _file_system_consistent(recording)


@SCRIPTS.should(
    "SCR-14", "a pre-script that fails shows in vmHealthInfo as 300", scene="pre-script-fails", profiles=ONLY_LINUX
)
def _(recording: Recording) -> str | None:
    return _health(recording, 300)


@SCRIPTS.must(
    "SCR-15",
    "a post-script that fails leaves the snapshot file-system-consistent",
    scene="post-script-fails",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return _file_system_consistent(recording)


@SCRIPTS.should(
    "SCR-16", "a post-script that fails shows in vmHealthInfo as 301", scene="post-script-fails", profiles=ONLY_LINUX
)
def _(recording: Recording) -> str | None:
    return _health(recording, 301)


@SCRIPTS.must(
    "SCR-17",
    "a pre-script that does not end keeps no task from its end",
    scene="script-hangs",
    profiles=ONLY_LINUX,
    source=OWNER,
)
def _(recording: Recording) -> str | None:
    return _file_system_consistent(recording)


@SCRIPTS.should(
    "SCR-18", "a pre-script that does not end shows in vmHealthInfo as 308", scene="script-hangs", profiles=ONLY_LINUX
)
def _(recording: Recording) -> str | None:
    return _health(recording, 308)


@SCRIPTS.must(
    "SCR-19",
    "a script that others than its owner may change is not run: it would have the rights of root",
    scene="open-scripts",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return unless(not _seen(recording, PRE) and not _seen(recording, POST), "one is")


@SCRIPTS.should(
    "SCR-20",
    "a script that is not run leaves the snapshot file-system-consistent",
    scene="open-scripts",
    profiles=ONLY_LINUX,
)
def _(recording: Recording) -> str | None:
    return _file_system_consistent(recording)


CHAPTERS = (SCRIPTS,)
