"""What another handler, or the same one on another day, may do otherwise: changes of a recording that break nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from tests.unit.simulator.conformance.changes import Change, Data

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def everywhere(change: Callable[[str], str]) -> Change:
    """In the text of the whole recording."""

    def act(data: Data) -> None:
        data.update(json.loads(change(json.dumps(data))))

    return act


def _in_reports(change: Callable[[Data], object]) -> Change:
    """In the object `status` of each report: in status files, in status blobs, and in what was written to these."""

    def changed(text: str) -> str:
        try:
            document = json.loads(text.strip(" \0\r\n"))
            status = document[0]["status"]
        except (ValueError, LookupError, TypeError):
            return text
        change(status)
        for inner in status.get("substatus") or ():
            inner["name"] = changed(inner["name"])
        # As the published handlers write it: slashes of a date are escaped.
        return re.sub(r'"/Date\((.*?)\)/"', r'"\\/Date(\1)\\/"', json.dumps(document))

    def act(data: Data) -> None:
        for each in data["files"]:
            if each["path"].startswith("status/"):
                each["text"] = changed(each["text"])
        for each in data["blobs"]:
            if each["name"].startswith("status"):
                each["text"] = changed(each["text"])
        for each in data["exchanges"]:
            if each["what"].startswith("write status"):
                each["body"] = changed(each["body"])

    return act


def _message(party: str, what: str, method: str, at: float) -> Data:
    head = {"at": at, "done_at": at, "party": party, "what": what, "method": method, "path": "/x", "query": ""}
    return head | {"headers": [], "body": "", "status": 200, "answer": ""}


def _times(rate: float, later: float) -> Change:
    """A slower or faster machine, and a scene that began earlier."""

    def act(data: Data) -> None:
        for name in ("commands", "exchanges", "happenings", "files"):
            for each in data[name]:
                for key in ("at", "done_at"):
                    if key in each:
                        each[key] = each[key] * rate + later
                if "seconds" in each:
                    each["seconds"] *= rate

    return act


# ---------------------------------------------------------------------------------------------------------------- names


def _other_tasks(data: Data) -> None:
    ids = {task["task_id"]: f"0000000{place}-9c1b-4f8e-8f2e-0242ac12_7" for place, task in enumerate(data["tasks"])}

    def renamed(text: str) -> str:
        for old, new in ids.items():
            text = text.replace(old, new)
        return text

    everywhere(renamed)(data)


def _other_account(text: str) -> str:
    return re.sub(r"http://127\.0\.0\.1:\d+/conformance/vhds/", "http://127.0.0.1:10000/contoso/disks/", text)


def _other_stamps(text: str) -> str:
    """Each time stamp of a snapshot is another one; the same everywhere."""
    stamps = sorted(set(STAMP.findall(text)))
    new = {stamp: f"2031-01-01T00:00:00.{place:07}Z" for place, stamp in enumerate(stamps)}
    return STAMP.sub(lambda found: new[found[0]], text)


# ------------------------------------------------------------------------------------------------------------- messages


def _header_case(data: Data) -> None:
    for place, each in enumerate(data["exchanges"]):
        each["headers"] = [[key.upper() if place % 2 else key.lower(), value] for key, value in each["headers"]]


def _header_order(data: Data) -> None:
    for each in data["exchanges"]:
        each["headers"] = [*reversed(each["headers"]), ["User-Agent", "another"], ["x-ms-client-request-id", "1"]]


def _snapshots_in_another_order(data: Data) -> None:
    """Independent requests: whichever disk is asked for first. Each keeps its answer."""
    places = [at for at, each in enumerate(data["exchanges"]) if each["what"].startswith("snapshot ")]
    times = [(data["exchanges"][at]["at"], data["exchanges"][at]["done_at"]) for at in places]
    turned = [data["exchanges"][at] for at in reversed(places)]
    for at, (begin, end), each in zip(places, times, turned, strict=True):
        data["exchanges"][at] = each | {"at": begin, "done_at": end}


def _comp_first(data: Data) -> None:
    for each in data["exchanges"]:
        if each["query"].endswith("&comp=snapshot"):
            each["query"] = f"comp=snapshot&{each['query'].removesuffix('&comp=snapshot')}"


def _another_success(data: Data) -> None:
    for each in data["exchanges"]:
        if each["what"].startswith("snapshot ") and each["status"] == 201:
            each["status"] = 200


def _asks_before_the_freeze(data: Data) -> None:
    """Reads that disturb nobody, where the first session of a task is opened."""
    opened = [each["at"] for each in data["exchanges"] if each["what"] == "session"][:1]
    for at in opened:
        for party, what in (
            ("guest", "volumes"),
            ("guest", "now"),
            ("storage", "read status1"),
            ("storage", "read disk0"),
        ):
            data["exchanges"].append(_message(party, what, "HEAD" if party == "storage" else "GET", at))
    data["exchanges"].sort(key=lambda each: each["at"])


def _writes_a_report_twice(data: Data) -> None:
    """The last write of a status blob comes again, as a client repeats one whose answer got lost."""
    writes = [each for each in data["exchanges"] if each["what"] == "write status1"]
    thawed = [each["at"] for each in data["happenings"] if each["what"] == "thawed"]
    if writes and thawed and writes[-1]["at"] > thawed[0]:
        data["exchanges"].insert(data["exchanges"].index(writes[-1]), dict(writes[-1]))


# ------------------------------------------------------------------------------------------------------- files, package


def _more_logs(data: Data) -> None:
    text = "2026-11-30 12:00:00 a line more\n"
    moments = dict.fromkeys(each["moment"] for each in data["files"] if each["path"].startswith("log/"))
    for moment in moments:
        data["files"].append({"at": 1.0, "moment": moment, "path": "log/1.0/more.log", "text": text, "identity": 4})
    for each in data["blobs"]:
        if each["name"].startswith("log") and each["text"].strip(" \0") and each["kind"] == "BlockBlob":
            each["text"] += text


def _words_on_streams(data: Data) -> None:
    for each in data["commands"]:
        each["stdout"] += f"{each['verb']} of version 7\n"


def _more_in_the_manifest(data: Data) -> None:
    document = json.loads(data["manifest"])
    document[0] |= {"label": "a handler", "version": "7.1"}
    document[0]["handlerManifest"] |= {"rebootAfterInstall": "false", "reportHeartbeat": "False"}
    document[0]["handlerManifest"] |= {"continueOnUpdateFailure": True, "resourceLimits": {"services": []}}
    data["manifest"] = json.dumps(document, indent=4)
    data["package_files"].append("docs/readme.txt")


def _more_processes(data: Data) -> None:
    data["happenings"].append({"at": 1e6, "what": "process", "detail": "/usr/bin/handler --work"})


# -------------------------------------------------------------------------------------------------------------- reports


def _keys_that_nobody_knows(status: Data) -> None:
    status |= {"somethingNew": {"a": [1, None]}, "isPreview": False}
    for each in status.get("snapshotInfo") or ():
        each["somethingNew"] = "x"


def _sorted_keys(status: Data) -> None:
    items = sorted(status.items(), reverse=True)
    status.clear()
    status.update(items)


def _flags_as_texts(status: Data) -> None:
    for each in status.get("snapshotInfo") or ():
        each["isSuccessful"] = str(each["isSuccessful"]).lower()


def _empty_instead_of_null(status: Data) -> None:
    for each in status.get("snapshotInfo") or ():
        each["errorMessage"] = each["errorMessage"] or ""


def _other_sentences(status: Data) -> None:
    """People read them; nobody judges their words, but for the language."""
    message = status.get("formattedMessage") or {"lang": ""}
    if message["lang"] != "en-US":
        return
    try:
        inner = json.loads(message["message"])
    except ValueError:
        message["message"] = "Done, one way or the other."
        return
    message["message"] = json.dumps(inner | {"messageStr": "Done, one way or the other."})


def _more_telemetry(status: Data) -> None:
    if status.get("telemetryData"):
        status["telemetryData"] += [{"Key": "kernel", "Value": "6.8"}]


def _transitioning(data: Data) -> None:
    """N.status of a task that goes on may say so in this way as well."""
    for each in data["files"]:
        if each["path"].startswith("status/") and each["moment"].endswith("returned"):
            document = json.loads(each["text"])
            if document[0]["status"]["code"] in ("4", 4):
                document[0]["status"]["status"] = "transitioning"
                each["text"] = json.dumps(document)


def _numbers_as_numbers(data: Data) -> None:
    """The code of N.status as a number; that of the status blob has to be a text."""
    for each in data["files"]:
        if each["path"].startswith("status/"):
            try:
                document = json.loads(each["text"])
                document[0]["status"]["code"] = int(document[0]["status"]["code"])
            except (ValueError, LookupError, TypeError):
                continue
            each["text"] = json.dumps(document)


def _date_with_offset(text: str) -> str:
    return re.sub(r"/Date\((\d+)\)", r"/Date(\1+0000)", text)


VARIATIONS: Mapping[str, Change] = {
    "a scene that began an hour ago": _times(1.0, 3600.0),
    "a machine that is five times as slow": _times(5.0, 0.0),
    "a machine that is ten times as fast": _times(0.1, 0.0),
    "other taskIds": _other_tasks,
    "another storage account": everywhere(_other_account),
    "other time stamps": everywhere(_other_stamps),
    "header names in another case": _header_case,
    "headers in another order, and more of them": _header_order,
    "disks asked for in another order": _snapshots_in_another_order,
    "comp=snapshot before the signature": _comp_first,
    "a snapshot answered with 200": _another_success,
    "more questions before the freeze": _asks_before_the_freeze,
    "a report that is written twice": _writes_a_report_twice,
    "more logs": _more_logs,
    "words on the streams": _words_on_streams,
    "more in the manifest": _more_in_the_manifest,
    "more processes": _more_processes,
    "keys that nobody knows": _in_reports(_keys_that_nobody_knows),
    "keys in another order": _in_reports(_sorted_keys),
    "flags as texts": _in_reports(_flags_as_texts),
    "empty texts instead of null": _in_reports(_empty_instead_of_null),
    "other sentences": _in_reports(_other_sentences),
    "more telemetry": _in_reports(_more_telemetry),
    "transitioning instead of success": _transitioning,
    "codes as numbers": _numbers_as_numbers,
    "a date with its offset": everywhere(_date_with_offset),
}
