"""Chapter: secrets. A signature of the service, or the token of the machine, is told to nobody."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Chapter
from simulator.conformance.views import leaks

SECRETS = Chapter("secrets", "backup", "docs/handler-guide.md")


def _files(recording: Recording, start: str, *, but: str = "\0") -> dict[str, str]:
    found = {}
    for place, each in enumerate(recording.files):
        if each.path.startswith(start) and not each.path.startswith(but):
            found[each.path if each.path not in found else f"{each.path} ({place})"] = each.text
    return found


def _blobs(recording: Recording, kind: str) -> dict[str, str]:
    """What was ever written to the status or log blobs."""
    names = {getattr(task, kind) for task in recording.tasks}
    found = {each.name: each.text for each in recording.blobs if each.name in names}
    for place, each in enumerate(recording.exchanges):
        if each.party == "storage" and each.what.split(" ")[-1] in names:
            found[f"{each.what} ({place})"] = each.body
    return found


def _streams(recording: Recording) -> dict[str, str]:
    runs = enumerate(recording.commands)
    return {f"the output of {each.verb} ({place})": each.stdout + each.stderr for place, each in runs}


def _everything(recording: Recording) -> Mapping[str, str]:
    """But for the settings, whose public part may have an address: the agent wrote it there."""
    blobs = _blobs(recording, "status_blob") | _blobs(recording, "log_blob")
    return _files(recording, "", but="settings/") | blobs | _streams(recording)


@SECRETS.must("SEC-01", "no secret stands in a log file")
def _(recording: Recording) -> str | None:
    return leaks(recording, _files(recording, "log/", but="log/Events"))


@SECRETS.must("SEC-02", "no secret stands in the log blob")
def _(recording: Recording) -> str | None:
    return leaks(recording, _blobs(recording, "log_blob"))


@SECRETS.must("SEC-03", "no secret stands in N.status")
def _(recording: Recording) -> str | None:
    return leaks(recording, _files(recording, "status/"))


@SECRETS.must("SEC-04", "no secret stands in the status blob")
def _(recording: Recording) -> str | None:
    return leaks(recording, _blobs(recording, "status_blob"))


@SECRETS.must("SEC-05", "no secret stands in an event for the agent's telemetry")
def _(recording: Recording) -> str | None:
    return leaks(recording, _files(recording, "log/Events"))


@SECRETS.must("SEC-06", "no secret stands in the output of a command")
def _(recording: Recording) -> str | None:
    return leaks(recording, _streams(recording))


@SECRETS.must("SEC-07", "protected settings are nowhere written in plain beside the sealed ones")
def _(recording: Recording) -> str | None:
    return leaks(recording, _files(recording, "settings/"))


@SECRETS.must("SEC-08", "no file that the handler keeps in its package has a secret")
def _(recording: Recording) -> str | None:
    return leaks(recording, _files(recording, "package/"))


@SECRETS.must("SEC-09", "no secret is an argument of a process: everybody on the machine can read those")
def _(recording: Recording) -> str | None:
    lines = enumerate(each.detail for each in recording.happenings if each.what == "process")
    return leaks(recording, {f"the arguments of a process ({place})": line for place, line in lines})


def _of_scene(number: int, scene: str, when: str) -> None:
    @SECRETS.must(f"SEC-{number}", f"no secret is told anywhere {when}", scene=scene)
    def _(recording: Recording) -> str | None:
        return leaks(recording, dict(_everything(recording)))


for _number, _scene, _when in (
    (10, "one-refused", "when a disk is refused"),
    (11, "hang-up", "when a connection ends"),
    (12, "status-blob-fails", "when the status blob cannot be written"),
    (13, "killed-in-freeze", "when the handler is killed in the freeze"),
    (14, "foreign-certificate", "when the settings cannot be opened"),
    (15, "no-status-blob", "when the status blob does not exist"),
):
    _of_scene(_number, _scene, _when)


CHAPTERS = (SECRETS,)
