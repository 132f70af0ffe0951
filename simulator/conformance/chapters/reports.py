"""Chapters: N.status and the status blob."""

from __future__ import annotations

import json
import re

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import LINUX, WINDOWS, Chapter, unless
from simulator.conformance.views import (
    IN_PROGRESS,
    blob_text,
    code,
    consistency,
    entries,
    exchanges,
    first_status_file,
    freezes,
    is_successful,
    report,
    report_document,
    status_at,
    status_file,
    status_texts,
    task,
    told_code,
)

AGENT = "guest agent: published source and behaviour"
LINUX_HANDLER = "published Linux handler: source and behaviour"
CONTRACT = "docs/contract.md"
GUIDE = "docs/handler-guide.md"
LARGEST_STATUS_BYTES = 128 * 1024
STATUSES = ("transitioning", "error", "success", "warning")

STATUS_FILE = Chapter("status file", "backup", AGENT)
STATUS_BLOB = Chapter("status blob", "backup", LINUX_HANDLER)

# ---------------------------------------------------------------------------------------------------------- status file


@STATUS_FILE.must("STF-01", "N.status is there when enable returns")
def _(recording: Recording) -> str | None:
    status_at(recording, "enable 1 returned")
    return None


@STATUS_FILE.must(
    "STF-02", "N.status is then in progress: status success or transitioning, and code 4", needs=("STF-01",)
)
def _(recording: Recording) -> str | None:
    status = first_status_file(recording)["status"]
    told = (status["status"], told_code(status))
    return unless(told[0] in ("success", "transitioning") and told[1] == IN_PROGRESS, f"it is {told[0]} and {told[1]}")


@STATUS_FILE.must("STF-03", "N.status is a list of one object with a status at the end of the task")
def _(recording: Recording) -> str | None:
    document = json.loads(status_texts(recording)[-1].text)
    return unless(isinstance(document, list) and isinstance(document[0]["status"], dict), "it is not")


@STATUS_FILE.must("STF-04", "N.status: its status is success, error, warning or transitioning", needs=("STF-03",))
def _(recording: Recording) -> str | None:
    told = status_file(recording)["status"]["status"]
    return unless(told in STATUSES, f"it is {told}")


@STATUS_FILE.must("STF-05", "N.status: its operation is Enable", needs=("STF-03",))
def _(recording: Recording) -> str | None:
    told = status_file(recording)["status"]["operation"]
    return unless(told == "Enable", f"it is {told}")


@STATUS_FILE.must(
    "STF-06",
    "N.status: its code is that of the status blob",
    needs=("STF-03", "STB-01"),
    also_fails=("STF-10", "STF-14"),
)
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(
        told == code(recording),
        f"it is {told} instead of {code(recording)}",
    )


@STATUS_FILE.must(
    "STF-07", "N.status: its formattedMessage is null, or has a language and a message", needs=("STF-03",)
)
def _(recording: Recording) -> str | None:
    message = status_file(recording)["status"].get("formattedMessage")
    return unless(message is None or (message["lang"] and isinstance(message["message"], str)), "it has not")


@STATUS_FILE.must("STF-08", "N.status: its timestampUTC is a time as 2026-11-22T19:13:40Z", needs=("STF-03",))
def _(recording: Recording) -> str | None:
    told = str(status_file(recording)["timestampUTC"])
    return unless(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told), f"it is {told}")


@STATUS_FILE.must(
    "STF-09", "N.status is replaced, never written over: an agent reads it at any time", needs=("STF-01",)
)
def _(recording: Recording) -> str | None:
    first = status_at(recording, "enable 1 returned")
    last = status_texts(recording)[-1]
    return unless(first.text == last.text or first.identity != last.identity, "it is the same file with another text")


@STATUS_FILE.must(
    "STF-10", "the name of its first substatus is the whole text of the status blob", needs=("STF-03", "STB-01")
)
def _(recording: Recording) -> str | None:
    inner = json.loads(status_file(recording)["status"]["substatus"][0]["name"])
    return unless(inner == [report_document(recording)], "it is another text")


@STATUS_FILE.must("STF-11", "each substatus has a status that agents know", needs=("STF-03",))
def _(recording: Recording) -> str | None:
    told = [each.get("status") for each in status_file(recording)["status"].get("substatus") or ()]
    return unless(all(each in STATUSES for each in told), f"one has {told}")


@STATUS_FILE.must("STF-12", "N.status: it has no more than 128 KiB, beyond which agents cut it")
def _(recording: Recording) -> str | None:
    return unless(len(status_texts(recording)[-1].text.encode()) <= LARGEST_STATUS_BYTES, "it is larger")


@STATUS_FILE.should("STF-13", "nothing but N.status is left in its folder")
def _(recording: Recording) -> str | None:
    last = [each.path for each in recording.files if each.moment == "task 1 ended" and each.path.startswith("status/")]
    return unless(last == ["status/1.status"], f"there is {', '.join(last)}")


@STATUS_FILE.must(
    "STF-14",
    "N.status tells the end before the status blob does",
    source=GUIDE,
    needs=("STF-03", "STB-01"),
)
def _(recording: Recording) -> str | None:
    seen = [each for each in status_texts(recording) if each.moment == "the status blob is written"]
    told = told_code(json.loads(seen[-1].text)[0]["status"])
    return unless(told != IN_PROGRESS, "it still said that the task goes on")


@STATUS_FILE.should("STF-15", "N.status: its name is that of HandlerEnvironment.json", needs=("STF-03",))
def _(recording: Recording) -> str | None:
    told = status_file(recording)["status"]["name"]
    return unless(told == recording.handler, f"it is {told}")


@STATUS_FILE.must("STF-16", "N.status: its version is a text", needs=("STF-03",))
def _(recording: Recording) -> str | None:
    return unless(isinstance(status_file(recording)["version"], str), "it is not")


# ---------------------------------------------------------------------------------------------------------- status blob


@STATUS_BLOB.must("STB-01", "the status blob is a list of one object with a status at the end of the task")
def _(recording: Recording) -> str | None:
    return unless(isinstance(report(recording), dict), "it is not")


@STATUS_BLOB.should(
    "STB-02",
    r"status blob: its timestampUTC is a .NET date, \/Date(1795374820414)\/ with its slashes escaped",
    needs=("STB-01",),
)
def _(recording: Recording) -> str | None:
    found = re.search(r'"timestampUTC":\s*"\\/Date\(\d+([+-]\d{4})?\)\\/"', blob_text(recording, "status1"))
    return unless(found, "it is not")


@STATUS_BLOB.must("STB-03", "status blob: its status is success when all went well", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(report(recording)["status"] == "success", f"it is {report(recording)['status']}")


@STATUS_BLOB.must("STB-04", "status blob: its code is a text", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(isinstance(report(recording)["code"], str), "it is a number")


@STATUS_BLOB.must(
    "STB-05",
    "status blob: its code is 0 for an application-consistent snapshot",
    profiles=(WINDOWS,),
    needs=("STB-01",),
    also_fails=("STF-06",),
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 0, f"it is {code(recording)}")


@STATUS_BLOB.must(
    "STB-06",
    "status blob: its code is 1 for a file-system-consistent snapshot",
    profiles=(LINUX,),
    needs=("STB-01",),
    also_fails=("STF-06",),
)
def _(recording: Recording) -> str | None:
    return unless(code(recording) == 1, f"it is {code(recording)}")


@STATUS_BLOB.must("STB-07", "status blob: its taskId is that of the task", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    told = report(recording)["taskId"]
    return unless(told == task(recording).task_id, f"it is {told}")


@STATUS_BLOB.must("STB-08", "status blob: its formattedMessage has a language", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    lang = str(report(recording)["formattedMessage"]["lang"])
    return unless(re.fullmatch(r"[a-z]{2,3}-[A-Z]{2}", lang), f"it is {lang}")


@STATUS_BLOB.must("STB-09", "status blob: its message is JSON with a text messageStr", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    inner = json.loads(report(recording)["formattedMessage"]["message"])
    return unless(isinstance(inner["messageStr"], str), "it has none")


@STATUS_BLOB.must(
    "STB-10",
    "status blob: its snapshotConsistency is 2 for an application-consistent snapshot",
    profiles=(WINDOWS,),
    needs=("STB-09",),
)
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 2, f"it is {told}")


@STATUS_BLOB.must(
    "STB-11",
    "status blob: its snapshotConsistency is 1 for a file-system-consistent snapshot",
    profiles=(LINUX,),
    needs=("STB-09",),
)
def _(recording: Recording) -> str | None:
    told = consistency(report(recording))
    return unless(told == 1, f"it is {told}")


@STATUS_BLOB.must("STB-12", "status blob: its snapshotInfo has an entry for each disk", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(len(entries(recording)) == len(task(recording).disks), f"it has {len(entries(recording))}")


@STATUS_BLOB.must("STB-13", "each entry says that it is successful", needs=("STB-12",))
def _(recording: Recording) -> str | None:
    return unless(all(is_successful(entry) for entry in entries(recording)), "one does not")


@STATUS_BLOB.must(
    "STB-14", "each snapshotUri is the address of its disk with the time stamp that the storage gave", needs=("STB-12",)
)
def _(recording: Recording) -> str | None:
    stamps = {each.name: each.snapshots for each in recording.blobs}
    for entry, name, uri in zip(entries(recording), task(recording).disks, task(recording).uris, strict=True):
        expected = {f"{uri}?snapshot={stamp}" for stamp in stamps[name]}
        if entry["snapshotUri"] not in expected:
            return f"that of {name} is {entry['snapshotUri']}"
    return None


@STATUS_BLOB.must("STB-15", "each blobUri is the address of its disk", needs=("STB-12",))
def _(recording: Recording) -> str | None:
    told = [entry["blobUri"] for entry in entries(recording)]
    return unless(told == list(task(recording).uris), f"they are {told}")


@STATUS_BLOB.should("STB-16", "a successful entry has no errorMessage", needs=("STB-12",))
def _(recording: Recording) -> str | None:
    return unless(not any(entry.get("errorMessage") for entry in entries(recording)), "one has")


@STATUS_BLOB.should("STB-17", "status blob: its telemetryData is a list of texts Key and Value", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    pairs = report(recording)["telemetryData"]
    return unless(all(isinstance(pair["Key"], str) and isinstance(pair["Value"], str) for pair in pairs), "it is not")


@STATUS_BLOB.should(
    "STB-18", "status blob: its vmHealthInfo has a state of 0, 128 or 256 and a code", needs=("STB-01",)
)
def _(recording: Recording) -> str | None:
    health = report(recording)["vmHealthInfo"]
    met = health["vmHealthState"] in (0, 128, 256) and isinstance(health["vmHealthStatusCode"], int)
    return unless(met, f"it is {health}")


@STATUS_BLOB.should(
    "STB-19", "status blob: its storageDetails tell partitions and used bytes as numbers", needs=("STB-01",)
)
def _(recording: Recording) -> str | None:
    told = report(recording)["storageDetails"]
    numbers = (told["partitionCount"], told["totalUsedSizeInBytes"])
    return unless(all(type(number) is int and number >= 0 for number in numbers), f"they are {told}")


@STATUS_BLOB.should("STB-20", "status blob: it tells commandStartTimeUTCTicks as they were received", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    told = report(recording)["commandStartTimeUTCTicks"]
    return unless(told == task(recording).ticks, f"it tells {told}")


@STATUS_BLOB.should("STB-21", "status blob: its uniqueMachineId is a text", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(isinstance(report(recording)["uniqueMachineId"], str), "it is not")


@STATUS_BLOB.must("STB-22", "status blob: its operation is Enable", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(report(recording)["operation"] == "Enable", f"it is {report(recording)['operation']}")


@STATUS_BLOB.must("STB-23", "status blob: its substatus is a list", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(isinstance(report(recording)["substatus"], list), "it is not")


@STATUS_BLOB.should("STB-24", "status blob: it is one line", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(len(blob_text(recording, "status1").strip(" \0\r\n").splitlines()) == 1, "it has several")


@STATUS_BLOB.should(
    "STB-25", "status blob: it says in progress, success and code 4, before the freeze", needs=("FRZ-01",)
)
def _(recording: Recording) -> str | None:
    frozen = freezes(recording)[0][0]
    before = [
        each for each in exchanges(recording, "storage", "write") if each.what == "write status1" and each.at < frozen
    ]
    told = [told_code(json.loads(each.body)[0]["status"]) for each in before]
    return unless(told and told[-1] == IN_PROGRESS, "it says nothing before")


@STATUS_BLOB.must("STB-26", "status blob: it says nothing of an end before the thaw", needs=("FRZ-01",))
def _(recording: Recording) -> str | None:
    thawed = freezes(recording)[-1][1]
    early = [
        each for each in exchanges(recording, "storage", "write") if each.what == "write status1" and each.at < thawed
    ]
    told = [told_code(json.loads(each.body)[0]["status"]) for each in early]
    return unless(all(each == IN_PROGRESS for each in told), f"it says {told}")


@STATUS_BLOB.should("STB-27", "status blob: its name is that of HandlerEnvironment.json", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(report(recording)["name"] == recording.handler, f"it is {report(recording)['name']}")


@STATUS_BLOB.must("STB-28", "status blob: its version is a text", needs=("STB-01",))
def _(recording: Recording) -> str | None:
    return unless(isinstance(report_document(recording)["version"], str), "it is not")


CHAPTERS = (STATUS_FILE, STATUS_BLOB)
