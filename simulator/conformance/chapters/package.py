"""Chapters: the manifest, and the commands of the life of a handler."""

from __future__ import annotations

import json
import re
from typing import Any

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Chapter, unless
from simulator.conformance.views import commands, exchanges, failed_commands, taken, task

VERBS = ("install", "enable", "disable", "update", "uninstall")
AGENT = "guest agent: published source and behaviour"
GUIDE = "docs/handler-guide.md"

MANIFEST = Chapter("manifest", "package", AGENT)
LIFE = Chapter("lifecycle", "backup", AGENT)


def _entry(recording: Recording) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(recording.manifest)[0]
    return entry


def _commands(recording: Recording) -> dict[str, str]:
    return {verb: _entry(recording)["handlerManifest"][f"{verb}Command"] for verb in VERBS}


def _flag(value: object) -> object:
    """Agents take the words, too."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


@MANIFEST.must("MAN-01", "HandlerManifest.json at the root of the package is a list of one object")
def _(recording: Recording) -> str | None:
    document = json.loads(recording.manifest)
    return unless(isinstance(document, list) and len(document) == 1 and isinstance(document[0], dict), "it is not")


@MANIFEST.must(
    "MAN-02", "the manifest names a command to install, enable, disable, update and uninstall", needs=("MAN-01",)
)
def _(recording: Recording) -> str | None:
    missing = [verb for verb in VERBS if not str(_entry(recording)["handlerManifest"].get(f"{verb}Command") or "")]
    return unless(not missing, f"none to {', '.join(missing)}")


@MANIFEST.must("MAN-03", "each command starts a program that is in the package", needs=("MAN-02", "MAN-04"))
def _(recording: Recording) -> str | None:
    programs = {command.replace("\\", "/").split()[0].removeprefix("./") for command in _commands(recording).values()}
    missing = sorted(programs - set(recording.package_files))
    return unless(not missing, f"{', '.join(missing)} is not in it")


@MANIFEST.must("MAN-04", "each command is a path inside the package", needs=("MAN-02",))
def _(recording: Recording) -> str | None:
    paths = [command.replace("\\", "/").split()[0] for command in _commands(recording).values()]
    bad = [path for path in paths if path.startswith("/") or ":" in path or ".." in path.split("/")]
    return unless(not bad, f"{bad and bad[0]} is not")


@MANIFEST.must("MAN-05", "rebootAfterInstall is false: a backup does not restart its machine", needs=("MAN-01",))
def _(recording: Recording) -> str | None:
    return unless(_flag(_entry(recording)["handlerManifest"].get("rebootAfterInstall", False)) is False, "it is not")


@MANIFEST.must("MAN-06", "reportHeartbeat is false, or a flag for a handler that keeps a heartbeat", needs=("MAN-01",))
def _(recording: Recording) -> str | None:
    value = _flag(_entry(recording)["handlerManifest"].get("reportHeartbeat", False))
    return unless(isinstance(value, bool), f"it is {value}")


@MANIFEST.must("MAN-07", "updateMode, where there is one, is one that agents know", needs=("MAN-01",))
def _(recording: Recording) -> str | None:
    mode = _entry(recording)["handlerManifest"].get("updateMode", "UpdateWithInstall")
    return unless(mode in ("UpdateWithInstall", "UpdateWithoutInstall"), f"it is {mode}")


@MANIFEST.must("MAN-08", "version is a number or numbers with dots", needs=("MAN-01",))
def _(recording: Recording) -> str | None:
    version = str(_entry(recording)["version"])
    return unless(re.fullmatch(r"\d+(\.\d+){0,3}", version), f"it is {version}")


@MANIFEST.should("MAN-09", "name is a publisher and a type with a dot between them", needs=("MAN-01",))
def _(recording: Recording) -> str | None:
    name = str(_entry(recording)["name"])
    return unless(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", name), f"it is {name}")


@MANIFEST.should("MAN-10", "no two files of the package differ in case only, since Windows has one file for both")
def _(recording: Recording) -> str | None:
    names = [name.lower() for name in recording.package_files]
    twice = sorted({name for name in names if names.count(name) > 1})
    return unless(not twice, f"{', '.join(twice)} is there twice")


# ------------------------------------------------------------------------------------------------------------ lifecycle


@LIFE.must("LIF-01", "install ends with exit code 0", scene="install")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "install")[0].exit_code == 0, "it does not")


@LIFE.must("LIF-02", "install can be run again", scene="install")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "install")[1].exit_code == 0, "the second time it does not end with 0")


@LIFE.must("LIF-03", "install asks neither the guest nor the storage", scene="install")
def _(recording: Recording) -> str | None:
    return unless(not recording.exchanges, f"it sends {recording.exchanges and recording.exchanges[0].what}")


@LIFE.must("LIF-04", "install writes no status file: no task has begun", scene="install")
def _(recording: Recording) -> str | None:
    written = [each.path for each in recording.files if each.path.startswith("status/")]
    return unless(not written, f"it writes {', '.join(written)}")


@LIFE.must("LIF-05", "install leaves no process behind", scene="install")
def _(recording: Recording) -> str | None:
    return unless(not recording.left_running, "one is there")


@LIFE.must("LIF-06", "enable ends with exit code 0")
def _(recording: Recording) -> str | None:
    return failed_commands(recording, "enable")


@LIFE.must("LIF-07", "enable returns and lets something else do the work", source=GUIDE, needs=("FRZ-01",))
def _(recording: Recording) -> str | None:
    enable = commands(recording, "enable")[0]
    first = next(each.at for each in recording.happenings if each.what == "frozen")
    return unless(enable.at + enable.seconds <= first, "the guest was frozen before it returned")


@LIFE.must("LIF-08", "what enable started ends by itself when the task has ended", source=GUIDE)
def _(recording: Recording) -> str | None:
    ended = [each for each in recording.happenings if each.what == "did not end"]
    return unless(not ended and not recording.left_running, "it was still there a minute later")


@LIFE.must("LIF-09", "enable ends with 0 although the task fails", scene="one-refused")
def _(recording: Recording) -> str | None:
    return failed_commands(recording, "enable")


@LIFE.must("LIF-10", "enable ends with 0 although the settings cannot be opened", scene="foreign-certificate")
def _(recording: Recording) -> str | None:
    return failed_commands(recording, "enable")


@LIFE.must("LIF-11", "enable ends with 0 although the settings file is damaged", scene="damaged-settings")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "enable")[0].exit_code == 0, "it does not")


@LIFE.must("LIF-12", "enable ends with 0 although there is no settings file", scene="damaged-settings")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "enable")[1].exit_code == 0, "it does not")


@LIFE.must("LIF-13", "disable ends with exit code 0", scene="leave")
def _(recording: Recording) -> str | None:
    return failed_commands(recording, "disable")


@LIFE.must("LIF-14", "a task after disable is carried out", scene="leave")
def _(recording: Recording) -> str | None:
    return unless(len(taken(recording, 1)) == len(task(recording, 1).disks), "no snapshot of each disk is taken")


@LIFE.must("LIF-15", "uninstall ends with exit code 0", scene="leave")
def _(recording: Recording) -> str | None:
    return failed_commands(recording, "uninstall")


@LIFE.must("LIF-16", "uninstall leaves no process behind", scene="leave")
def _(recording: Recording) -> str | None:
    return unless(not recording.left_running, "one is there")


@LIFE.must("LIF-17", "nothing is deleted in the storage: snapshots are the service's", scene="leave")
def _(recording: Recording) -> str | None:
    return unless(not [each for each in recording.exchanges if each.method == "DELETE"], "a DELETE is sent")


@LIFE.must("LIF-18", "uninstall leaves the log folder: who looks for a fault looks there", scene="leave")
def _(recording: Recording) -> str | None:
    left = [each for each in recording.files if each.moment == "uninstalled" and each.path.startswith("log/")]
    had = [each for each in recording.files if each.path.startswith("log/")]
    return unless(left or not had, "no log is left")


@LIFE.must("LIF-19", "disable and uninstall ask neither the guest nor the storage", scene="leave")
def _(recording: Recording) -> str | None:
    quiet = [(each.at, each.at + each.seconds) for each in recording.commands if each.verb in ("disable", "uninstall")]
    asked = [each.what for each in recording.exchanges if any(begin <= each.at <= end for begin, end in quiet)]
    return unless(not asked, f"it sends {asked and asked[0]}")


# --------------------------------------------------------------------------------------------------------------- update


UPDATE = Chapter("update", "update", AGENT)


@UPDATE.must("UPD-01", "update ends with exit code 0")
def _(recording: Recording) -> str | None:
    return failed_commands(recording, "update")


@UPDATE.must("UPD-02", "install after an update ends with exit code 0")
def _(recording: Recording) -> str | None:
    return unless(commands(recording, "install")[-1].exit_code == 0, "it does not")


@UPDATE.must("UPD-03", "enable with the number that the old version carried out takes no snapshot")
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot", 1), "it takes them again")


@UPDATE.must("UPD-04", "enable with that number does not freeze the guest")
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "guest", "freeze", 1), "it freezes again")


@UPDATE.must("UPD-05", "enable with that number leaves N.status as the old version wrote it")
def _(recording: Recording) -> str | None:
    texts = [each.text for each in recording.files if each.path == "status/1.status"]
    before = next(
        each.text for each in recording.files if (each.moment, each.path) == ("task 1 ended", "status/1.status")
    )
    return unless(texts[-1] == before, "it is another text")


@UPDATE.must("UPD-06", "the new version carries out the next task")
def _(recording: Recording) -> str | None:
    return unless(len(taken(recording, 2)) == len(task(recording, 1).disks), "no snapshot of each disk is taken")


CHAPTERS = (MANIFEST, LIFE, UPDATE)
