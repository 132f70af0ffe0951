"""Chapters: the environment of a handler, its settings, and the language of what it says."""

from __future__ import annotations

import json
import re

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Chapter, unless
from simulator.conformance.views import (
    IN_PROGRESS,
    blob_text,
    code,
    exchanges,
    freezes,
    report,
    status_file,
    taken,
    task,
    told_code,
)

SCHEMA = "schema of the extension"
LINUX_HANDLER = "published Linux handler: source and behaviour"
AGENT = "guest agent: published source and behaviour"

ENVIRONMENT = Chapter("environment", "environment", AGENT)
SETTINGS = Chapter("settings", "split-settings", LINUX_HANDLER)
LANGUAGE = Chapter("language", "locale", "docs/contract.md")
CJK = re.compile("[\u4e00-\u9fff]")


def _all_disks(recording: Recording, enable: int = 0, place: int = 0) -> str | None:
    missing = set(task(recording, place).disks) - {each.what.split(" ")[1] for each in taken(recording, enable)}
    return unless(not missing, f"there is no snapshot of {', '.join(sorted(missing))}")


def _message(recording: Recording, place: int = 0) -> str:
    return str(json.loads(report(recording, place)["formattedMessage"]["message"])["messageStr"])


# ---------------------------------------------------------------------------------------------------------- environment


@ENVIRONMENT.must("ENV-01", "HandlerEnvironment.json may be an object, with its version as a text")
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@ENVIRONMENT.must("ENV-02", "a folder may have a space and an umlaut in its name", scene="odd-folder")
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@ENVIRONMENT.should("ENV-03", "without ConfigSequenceNumber the newest settings file is the one", scene="no-number")
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@ENVIRONMENT.should(
    "ENV-04",
    "without ConfigSequenceNumber N.status is that of the newest settings",
    scene="no-number",
    needs=("ENV-03",),
)
def _(recording: Recording) -> str | None:
    return unless(told_code(status_file(recording, 7)["status"]) != IN_PROGRESS, "7.status says that it goes on")


@ENVIRONMENT.should("ENV-05", "logs are written into the log folder", scene="backup")
def _(recording: Recording) -> str | None:
    logs = [each for each in recording.files if each.path.startswith("log/") and not each.path.startswith("log/Events")]
    return unless([each for each in logs if each.text.strip()], "there is none")


# ------------------------------------------------------------------------------------------------------------- settings


@SETTINGS.must("SET-01", "settings sealed with AES-256 are opened", scene="ciphers")
def _(recording: Recording) -> str | None:
    return _all_disks(recording, 0, 0)


@SETTINGS.must("SET-02", "settings sealed for a second certificate of the machine are opened", scene="ciphers")
def _(recording: Recording) -> str | None:
    return _all_disks(recording, 1, 1)


@SETTINGS.must("SET-03", "the disks of the protected objectStr are found beside a public objectStr with other keys")
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@SETTINGS.must("SET-04", "metadata of the public objectStr come with each snapshot", needs=("SET-03",))
def _(recording: Recording) -> str | None:
    key, value = task(recording).metadata[0]
    bad = [each.what for each in taken(recording) if each.header(f"x-ms-meta-{key}") != value]
    return unless(not bad, f"{', '.join(bad)} has none")


@SETTINGS.must("SET-05", "an address of the status blob in the public settings is used")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).status_blob).strip(), "the blob is empty")


@SETTINGS.must("SET-06", "an address of the log blob in the public settings is used")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).log_blob).strip(), "the blob is empty")


@SETTINGS.must("SET-07", "an empty public objectStr counts as none", scene="empty-addresses")
def _(recording: Recording) -> str | None:
    return _all_disks(recording)


@SETTINGS.must("SET-08", "an empty public address of the status blob counts as none", scene="empty-addresses")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).status_blob).strip(), "the blob is empty")


@SETTINGS.must("SET-09", "an empty public address of the log blob counts as none", scene="empty-addresses")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).log_blob).strip(), "the blob is empty")


@SETTINGS.must("SET-10", "a command that nobody knows ends with code 11", scene="unknown-command")
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 11, f"the code is {code(recording)}")


@SETTINGS.must("SET-11", "a command that nobody knows takes no snapshot", scene="unknown-command")
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


@SETTINGS.must("SET-12", "a command that nobody knows does not freeze the guest", scene="unknown-command")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it does")


@SETTINGS.must("SET-13", "the command install ends with success and code 1", scene="install-command")
def _(recording: Recording) -> str | None:
    told = (report(recording)["status"], code(recording))
    return unless(told == ("success", 1), f"it ends with {told[0]} and {told[1]}")


@SETTINGS.must("SET-14", "the command install takes no snapshot", scene="install-command")
def _(recording: Recording) -> str | None:
    return unless(not exchanges(recording, "storage", "snapshot"), "one is asked for")


@SETTINGS.must("SET-15", "the command install does not freeze the guest", scene="install-command")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it does")


@SETTINGS.must("SET-16", "a task without disks is an error with code 76", scene="no-disks")
def _(recording: Recording) -> str | None:
    told = (report(recording)["status"], code(recording))
    return unless(told == ("error", 76), f"it ends with {told[0]} and {told[1]}")


@SETTINGS.should("SET-17", "a task without disks does not freeze the guest", scene="no-disks")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it does")


@SETTINGS.must(
    "SET-18", "settings that cannot be opened are told in N.status with code 16 or 76", scene="foreign-certificate"
)
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told in (16, 76), f"the code is {told}")


@SETTINGS.should(
    "SET-19",
    "settings that cannot be opened are told in a status blob that the public part names",
    scene="foreign-certificate",
)
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "error", f"it is {report(recording)['status']}")


@SETTINGS.must("SET-20", "the guest is not frozen for settings that cannot be opened", scene="foreign-certificate")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "it is")


@SETTINGS.should("SET-21", "a damaged settings file is told in N.status as a failure", scene="damaged-settings")
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording, 1)["status"])
    return unless(told not in (0, 1, IN_PROGRESS), f"the code is {told}")


@SETTINGS.should("SET-22", "a missing settings file is told in N.status as a failure", scene="damaged-settings")
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording, 2)["status"])
    return unless(told not in (0, 1, IN_PROGRESS), f"the code is {told}")


@SETTINGS.must("SET-23", "damaged settings do not freeze the guest", scene="damaged-settings")
def _(recording: Recording) -> str | None:
    return unless(not freezes(recording), "they do")


@SETTINGS.should(
    "SET-24", "the protected settings are taken out of N.settings when they have been read", scene="backup"
)
def _(recording: Recording) -> str | None:
    last = [each.text for each in recording.files if each.path == "settings/1.settings"][-1]
    handler = json.loads(last)["runtimeSettings"][0]["handlerSettings"]
    return unless(not handler.get("protectedSettings"), "they are still there")


@SETTINGS.must("SET-25", "N.settings keeps its public settings", scene="backup")
def _(recording: Recording) -> str | None:
    last = [each.text for each in recording.files if each.path == "settings/1.settings"][-1]
    public = json.loads(last)["runtimeSettings"][0]["handlerSettings"]["publicSettings"]
    return unless(public["taskId"] == task(recording).task_id, "they are others")


# ------------------------------------------------------------------------------------------------------------- language


@LANGUAGE.must("LNG-01", "a report for zh-cn names its language as zh-CN or en-US")
def _(recording: Recording) -> str | None:
    lang = report(recording)["formattedMessage"]["lang"]
    return unless(lang in ("zh-CN", "en-US"), f"it names {lang}")


@LANGUAGE.must("LNG-02", "the message of a report is in the language that it names", needs=("LNG-01",))
def _(recording: Recording) -> str | None:
    is_chinese = report(recording)["formattedMessage"]["lang"] == "zh-CN"
    return unless(bool(CJK.search(_message(recording))) == is_chinese, "it is in another one")


@LANGUAGE.must("LNG-03", "a locale that nobody knows leads to a report in en-US")
def _(recording: Recording) -> str | None:
    lang = report(recording, 1)["formattedMessage"]["lang"]
    return unless(lang == "en-US", f"it names {lang}")


@LANGUAGE.must("LNG-04", "a locale that nobody knows does not stop the task")
def _(recording: Recording) -> str | None:
    return _all_disks(recording, 1, 1)


@LANGUAGE.must("LNG-05", "the language changes no code")
def _(recording: Recording) -> str | None:
    return unless(code(recording, 0) in (0, 1), f"the code is {code(recording, 0)}")


CHAPTERS = (ENVIRONMENT, SETTINGS, LANGUAGE)
