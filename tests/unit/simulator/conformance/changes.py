"""For each requirement one change of a good recording that breaks it: what a handler would do that is wrong in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Data = dict[str, Any]
"""A recording as JSON."""
Change = Callable[[Data], None]
A_MOMENT = 0.000001


# --------------------------------------------------------------------------------------------------------- the messages


def manifest(change: Callable[[Any], Any]) -> Change:
    def act(data: Data) -> None:
        data["manifest"] = json.dumps(change(json.loads(data["manifest"])))

    return act


def in_manifest(key: str, value: Any) -> Change:
    def change(document: Any) -> Any:
        place = document[0] if key in ("name", "version") else document[0]["handlerManifest"]
        place[key] = value
        return document

    return manifest(change)


def exits(verb: str, place: int = 0) -> Change:
    def act(data: Data) -> None:
        [each for each in data["commands"] if each["verb"] == verb][place]["exit_code"] = 9

    return act


def enable_time(data: Data, place: int) -> float:
    return float([each for each in data["commands"] if each["verb"] == "enable"][place]["at"])


def happened_at(data: Data, what: str) -> float:
    return float(next(each["at"] for each in data["happenings"] if each["what"] == what))


def asks(
    party: str, what: str, enable: int | None = None, *, method: str = "PUT", at: float = 0.0, body: str = ""
) -> Change:
    """A message that should not be there; at a time, or right after an enable began."""

    def act(data: Data) -> None:
        time = at if enable is None else enable_time(data, enable) + A_MOMENT
        message = {
            "at": time,
            "done_at": time,
            "party": party,
            "what": what,
            "method": method,
            "path": "/x",
            "query": "",
        }
        data["exchanges"].append(message | {"headers": [], "body": body, "status": 201, "answer": ""})
        data["exchanges"].sort(key=lambda each: each["at"])

    return act


def snapshot_again(enable: int | None = None) -> Change:
    return asks("storage", "snapshot disk0", enable)


def freezes_again(enable: int) -> Change:
    return asks("guest", "freeze", enable, method="POST")


def lacks(what: str, enable: int | None = None, *, last: bool = False) -> Change:
    """A message is missing."""

    def act(data: Data) -> None:
        begin = 0.0 if enable is None else enable_time(data, enable)
        found = [each for each in data["exchanges"] if each["what"] == what and each["at"] >= begin]
        data["exchanges"].remove(found[-1 if last else 0])

    return act


def exchange(what: str, change: Callable[[Data], None], place: int = 0) -> Change:
    def act(data: Data) -> None:
        change([each for each in data["exchanges"] if each["what"] == what][place])

    return act


def twice(what: str) -> Change:
    def act(data: Data) -> None:
        data["exchanges"].append(dict(next(each for each in data["exchanges"] if each["what"] == what)))

    return act


# ------------------------------------------------------------------------------------------------------------ the guest


def frozen(data: Data) -> None:
    """A freeze that should not be there."""
    data["happenings"] += [{"at": 1e6, "what": "frozen", "detail": ""}, {"at": 1e6 + 1, "what": "thawed", "detail": ""}]


def happening(word: str, /, **values: Any) -> Change:
    def act(data: Data) -> None:
        next(each for each in data["happenings"] if each["what"] == word).update(values)

    return act


def let_go(data: Data) -> None:
    happening("thawed", what="let go")(data)


def never_frozen(data: Data) -> None:
    data["happenings"] = [each for each in data["happenings"] if each["what"] != "frozen"]


# ---------------------------------------------------------------------------------------------------------- the reports


def status(change: Callable[[Data], None], number: int = 1, moment: str | None = None) -> Change:
    """In the object `status` of N.status, the last one or that of a moment."""
    return document(lambda outer: change(outer["status"]), number, moment)


def document(change: Callable[[Data], None], number: int = 1, moment: str | None = None) -> Change:
    def act(data: Data) -> None:
        found = [each for each in data["files"] if each["path"] == f"status/{number}.status"]
        chosen = [each for each in found if moment in (None, each["moment"])]
        file = chosen[0 if moment == "task 1 ended" else -1]
        outer = json.loads(file["text"])
        change(outer[0])
        file["text"] = json.dumps(outer)

    return act


def report(change: Callable[[Data], None], place: int = 0) -> Change:
    """In the object `status` of the status blob, and of its copy in N.status."""
    return outer_report(lambda outer: change(outer["status"]), place)


def outer_report(change: Callable[[Data], None], place: int = 0) -> Change:
    def act(data: Data) -> None:
        number = data["tasks"][place]["number"]
        blob = next(each for each in data["blobs"] if each["name"] == f"status{number}")
        outer = json.loads(blob["text"].strip(" \0"))
        change(outer[0])
        blob["text"] = json.dumps(outer).replace("/Date(", "\\/Date(").replace(')/"', ')\\/"')
        files = [each for each in data["files"] if each["path"] == f"status/{number}.status"]
        copy = json.loads(files[-1]["text"])
        copy[0]["status"]["substatus"][0]["name"] = blob["text"]
        files[-1]["text"] = json.dumps(copy)

    return act


def sets(**values: Any) -> Callable[[Data], None]:
    return lambda status: status.update(values)


def entry(place: int, **values: Any) -> Callable[[Data], None]:
    return lambda status: status["snapshotInfo"][place].update(values)


def says(**values: Any) -> Callable[[Data], None]:
    """In the message inside the formatted message."""

    def change(status: Data) -> None:
        inner = json.loads(status["formattedMessage"]["message"])
        status["formattedMessage"]["message"] = json.dumps(inner | values)

    return change


def language(value: str) -> Callable[[Data], None]:
    return lambda status: status["formattedMessage"].update(lang=value)


def health(**values: Any) -> Callable[[Data], None]:
    return lambda status: status["vmHealthInfo"].update(values)


def blob(name: str, change: Callable[[str], str]) -> Change:
    def act(data: Data) -> None:
        found = next(each for each in data["blobs"] if each["name"] == name)
        found["text"] = change(found["text"])

    return act


def empty(name: str) -> Change:
    return blob(name, lambda text: "")


# ------------------------------------------------------------------------------------------------------------ the files


def file_there(path: str, moment: str = "task 1 ended", text: str = "") -> Change:
    return lambda data: data["files"].append({"at": 1e6, "moment": moment, "path": path, "text": text, "identity": 1})


def file_gone(start: str, moment: str | None = None, but: str = "\0") -> Change:
    def act(data: Data) -> None:
        data["files"] = [
            each
            for each in data["files"]
            if not (each["path"].startswith(start) and moment in (None, each["moment"])) or each["path"].startswith(but)
        ]

    return act


def last_file(path: str, change: Callable[[Data], None], word: str = "") -> Change:
    def act(data: Data) -> None:
        change([each for each in data["files"] if each["path"].startswith(path) and word in each["moment"]][-1])

    return act


def settings(change: Callable[[Data], None]) -> Change:
    def act(file: Data) -> None:
        outer = json.loads(file["text"])
        change(outer["runtimeSettings"][0]["handlerSettings"])
        file["text"] = json.dumps(outer)

    return last_file("settings/1.settings", act)


def left_running(data: Data) -> None:
    data["left_running"] = ["handler worker"]


def secret(data: Data) -> str:
    return str(next(iter(data["secrets"].values())))


def tells_secret(data: Data) -> None:
    data["commands"][-1]["stderr"] += secret(data)


def with_secret(change: Callable[[str], Change]) -> Change:
    return lambda data: change(secret(data))(data)


# ------------------------------------------------------------------------------------------------------- special ones


def _same_identity(data: Data) -> None:
    files = [each for each in data["files"] if each["path"] == "status/1.status"]
    first = next(each for each in files if each["moment"] == "enable 1 returned")
    files[-1]["identity"] = first["identity"]


def _one_by_one(data: Data) -> None:
    for each in data["exchanges"]:
        each["done_at"] = each["at"]


def _one_write_only(data: Data) -> None:
    end = happened_at(data, "thawed")
    late = [each for each in data["exchanges"] if each["what"] == "write status1" and each["at"] > end]
    for each in late[1:]:
        data["exchanges"].remove(each)


def _early_end(data: Data) -> None:
    first = next(each for each in data["exchanges"] if each["what"] == "write status1")
    outer = json.loads(first["body"])
    outer[0]["status"]["code"] = "0"
    asks("storage", "write status1", at=first["at"] - A_MOMENT, body=json.dumps(outer))(data)


def _no_task_id(data: Data) -> None:
    task = data["tasks"][0]["task_id"]
    for each in [*data["files"], *data["blobs"]]:
        if each.get("path", "").startswith("log/") or each.get("name") == "log1":
            each["text"] = each["text"].replace(task, "?")


def _no_code(data: Data) -> None:
    blob("log1", lambda text: text.replace("76", "?").replace("FailedRetryable", "?"))(data)


def _swapped(status: Data) -> None:
    listed = status["snapshotInfo"]
    listed[0], listed[1] = listed[1], listed[0]


def _success_of_the_killed(data: Data) -> None:
    texts = {each["name"]: each["text"] for each in data["blobs"]}
    blob("status1", lambda text: texts["status2"])(data)


def _in_the_freeze(what: str) -> Change:
    return lambda data: asks("storage", what, at=happened_at(data, "frozen") + A_MOMENT)(data)


def _before_the_freeze(what: str) -> Change:
    return lambda data: exchange(what, lambda each: each.update(at=happened_at(data, "frozen") - 0.001))(data)


def _in_disable(data: Data) -> None:
    time = next(each["at"] for each in data["commands"] if each["verb"] == "disable")
    asks("guest", "facts", at=time, method="GET")(data)


def _without_header(each: Data) -> None:
    each["headers"] = [header for header in each["headers"] if header[0].lower() != "x-ms-meta-rptype"]


def _large(file: Data) -> None:
    file["text"] += " " * 140_000


DELETES = asks("storage", "delete disk0", method="DELETE", at=0.0)
NO_DISK = lacks("snapshot disk0")

CHANGES: Mapping[str, Change] = {
    "MAN-01": manifest(lambda entries: entries + entries),
    "MAN-02": in_manifest("installCommand", ""),
    "MAN-03": lambda data: data.update(package_files=["HandlerManifest.json"]),
    "MAN-04": in_manifest("enableCommand", "../enable.sh"),
    "MAN-05": in_manifest("rebootAfterInstall", True),
    "MAN-06": in_manifest("reportHeartbeat", "sometimes"),
    "MAN-07": in_manifest("updateMode", "Never"),
    "MAN-08": in_manifest("version", "one"),
    "MAN-09": in_manifest("name", "Handler"),
    "MAN-10": lambda data: data["package_files"].append(data["package_files"][-1].upper()),
    "LIF-01": exits("install"),
    "LIF-02": exits("install", 1),
    "LIF-03": asks("guest", "facts"),
    "LIF-04": file_there("status/0.status"),
    "LIF-05": left_running,
    "LIF-06": exits("enable"),
    "LIF-07": lambda data: data["commands"][-1].update(seconds=1e6),
    "LIF-08": left_running,
    "LIF-09": exits("enable"),
    "LIF-10": exits("enable"),
    "LIF-11": exits("enable"),
    "LIF-12": exits("enable", 1),
    "LIF-13": exits("disable"),
    "LIF-14": lacks("snapshot disk0", 1),
    "LIF-15": exits("uninstall"),
    "LIF-16": left_running,
    "LIF-17": DELETES,
    "LIF-18": file_gone("log/", "uninstalled"),
    "LIF-19": _in_disable,
    "UPD-01": exits("update"),
    "UPD-02": exits("install", -1),
    "UPD-03": snapshot_again(1),
    "UPD-04": freezes_again(1),
    "UPD-05": last_file("status/1.status", lambda file: file.update(text=file["text"] + " ")),
    "UPD-06": lacks("snapshot disk0", 2),
    "ENV-01": NO_DISK,
    "ENV-02": NO_DISK,
    "ENV-03": NO_DISK,
    "ENV-04": status(sets(code="4"), 7),
    "ENV-05": file_gone("log/", but="log/Events"),
    "SET-01": NO_DISK,
    "SET-02": lacks("snapshot disk0", 1),
    "SET-03": NO_DISK,
    "SET-04": exchange("snapshot disk1", _without_header),
    "SET-05": empty("status1"),
    "SET-06": empty("log1"),
    "SET-07": NO_DISK,
    "SET-08": empty("status1"),
    "SET-09": empty("log1"),
    "SET-10": report(sets(code="2")),
    "SET-11": snapshot_again(0),
    "SET-12": frozen,
    "SET-13": report(sets(code="0")),
    "SET-14": snapshot_again(0),
    "SET-15": frozen,
    "SET-16": report(sets(code="2")),
    "SET-17": frozen,
    "SET-18": status(sets(code="2")),
    "SET-19": report(sets(status="success")),
    "SET-20": frozen,
    "SET-21": status(sets(code="1")),
    "SET-22": status(sets(code="4"), 2),
    "SET-23": frozen,
    "SET-24": settings(sets(protectedSettings="MIIB")),
    "SET-25": settings(sets(publicSettings={"taskId": ""})),
    "LNG-01": report(language("chinese")),
    "LNG-02": report(says(messageStr="All is well.")),
    "LNG-03": report(language("tlh-QO"), 1),
    "LNG-04": lacks("snapshot disk0", 1),
    "LNG-05": report(sets(code="76")),
    "SEQ-01": snapshot_again(1),
    "SEQ-02": freezes_again(1),
    "SEQ-03": exits("enable", 1),
    "SEQ-04": last_file("status/1.status", lambda file: file.update(text=file["text"] + " ")),
    "SEQ-05": asks("storage", "write status1", 1),
    "SEQ-06": snapshot_again(1),
    "SEQ-07": freezes_again(1),
    "SEQ-08": asks("storage", "write status2", 1),
    "SEQ-09": asks("storage", "write log2", 1),
    "SEQ-10": exits("enable", 1),
    "SEQ-11": lacks("snapshot disk0", 1),
    "SEQ-12": status(sets(code="4"), 3),
    "SEQ-13": report(sets(taskId="another"), 1),
    "SEQ-14": file_there("status/5.status", "task 3 ended", "[]"),
    "AGE-01": report(sets(code="2")),
    "AGE-02": report(sets(status="success")),
    "AGE-03": snapshot_again(0),
    "AGE-04": status(sets(code="2")),
    "AGE-05": NO_DISK,
    "AGE-06": lacks("snapshot disk0", 1),
    "AGE-07": report(sets(code="4")),
    "AGE-08": report(sets(commandStartTimeUTCTicks="636458000000000000")),
    "AGE-09": frozen,
    "KIL-16": happening("released", what="let go"),
    "KIL-17": status(sets(code="0"), moment="task 1 ended"),
    "SNP-01": lacks("snapshot disk1"),
    "SNP-02": twice("snapshot disk0"),
    "SNP-03": _before_the_freeze("snapshot disk0"),
    "SNP-04": exchange("snapshot disk1", _without_header),
    "SNP-05": exchange("snapshot disk1", lambda each: each["headers"].append(["x-ms-meta-more", "1"])),
    "SNP-06": exchange("snapshot disk1", lambda each: each.update(query=each["query"].replace("%3D", "="))),
    "SNP-07": exchange("snapshot disk1", lambda each: each.update(body="x")),
    "SNP-08": asks("storage", "pages disk0", at=1e6),
    "SNP-09": _before_the_freeze("snapshot disk3"),
    "SNP-10": report(_swapped),
    "SNP-11": _one_by_one,
    "SNP-12": frozen,
    "FRZ-01": never_frozen,
    "FRZ-02": let_go,
    "FRZ-03": twice("thaw"),
    "FRZ-04": happening("frozen", detail="without writers"),
    "FRZ-05": exchange("session", lambda each: each.update(query="task_id=1")),
    "FRZ-06": _in_the_freeze("write log1"),
    "FRZ-07": happening("session closed", at=0.0),
    "FRZ-08": let_go,
    "FRZ-09": report(sets(status="success", code="0")),
    "FRZ-10": snapshot_again(0),
    "FRZ-11": report(sets(status="success")),
    "FRZ-12": report(sets(code="76")),
    "FRZ-13": report(sets(status="success")),
    "FRZ-14": report(says(snapshotConsistency=2)),
    "FRZ-15": NO_DISK,
    "FRZ-16": report(says(snapshotConsistency=0)),
    "FRZ-17": report(sets(code="0")),
    "FRZ-18": freezes_again(0),
    "FRZ-19": let_go,
    "FRZ-20": report(sets(status="success")),
    "PAR-01": report(sets(snapshotInfo=[])),
    "PAR-02": report(sets(code="2")),
    "PAR-03": report(sets(status="success")),
    "PAR-04": let_go,
    "PAR-05": lacks("snapshot disk2"),
    "PAR-06": report(entry(1, isSuccessful=True)),
    "PAR-07": report(entry(1, snapshotUri="http://127.0.0.1/x?snapshot=1")),
    "PAR-08": report(entry(0, snapshotUri=None)),
    "PAR-09": report(health(vmHealthStatusCode=76)),
    "PAR-10": report(health(vmHealthState=0)),
    "PAR-11": report(entry(1, errorMessage="")),
    "PAR-12": DELETES,
    "PAR-13": status(sets(code="1")),
    "PAR-14": twice("snapshot disk1"),
    "PAR-15": status(sets(status="error")),
    "PAR-16": report(says(snapshotConsistency=1)),
    "STF-01": file_gone("status/", "enable 1 returned"),
    "STF-02": status(sets(code="76"), moment="enable 1 returned"),
    "STF-03": last_file("status/1.status", lambda file: file.update(text="{}")),
    "STF-04": status(sets(status="done")),
    "STF-05": status(sets(operation="Snapshot")),
    "STF-06": status(sets(code="76")),
    "STF-07": status(sets(formattedMessage={"lang": "", "message": ""})),
    "STF-08": document(sets(timestampUTC="2026-11-22 19:13:40")),
    "STF-09": _same_identity,
    "STF-10": status(lambda each: each["substatus"][0].update(name="[]")),
    "STF-11": status(lambda each: each["substatus"][0].update(status="fine")),
    "STF-12": last_file("status/1.status", _large),
    "STF-13": file_there("status/new"),
    "STF-14": status(sets(code="4"), moment="the status blob is written"),
    "STF-15": status(sets(name="Another")),
    "STF-16": document(sets(version=1.0)),
    "STB-01": empty("status1"),
    "STB-02": blob("status1", lambda text: text.replace("\\/", "/")),
    "STB-03": report(sets(status="error")),
    "STB-04": report(sets(code=0)),
    "STB-05": report(sets(code="1")),
    "STB-06": report(sets(code="0")),
    "STB-07": report(sets(taskId="another")),
    "STB-08": report(language("english")),
    "STB-09": report(lambda each: each["formattedMessage"].update(message="done")),
    "STB-10": report(says(snapshotConsistency=1)),
    "STB-11": report(says(snapshotConsistency=2)),
    "STB-12": report(lambda each: each["snapshotInfo"].pop()),
    "STB-13": report(entry(1, isSuccessful=False)),
    "STB-14": report(lambda each: each["snapshotInfo"][1].update(snapshotUri=each["snapshotInfo"][0]["snapshotUri"])),
    "STB-15": report(entry(0, blobUri=None)),
    "STB-16": report(entry(0, errorMessage="fine")),
    "STB-17": report(sets(telemetryData={"a": "b"})),
    "STB-18": report(health(vmHealthState=7)),
    "STB-19": report(lambda each: each["storageDetails"].update(partitionCount="2")),
    "STB-20": report(sets(commandStartTimeUTCTicks="")),
    "STB-21": report(sets(uniqueMachineId=None)),
    "STB-22": report(sets(operation="Snapshot")),
    "STB-23": report(sets(substatus=None)),
    "STB-24": blob("status1", lambda text: text.replace('"1.0", ', '"1.0",\n ', 1)),
    "STB-25": lacks("write status1"),
    "STB-26": _early_end,
    "STB-27": report(sets(name="Another")),
    "STB-28": outer_report(sets(version=1.0)),
    "BLB-01": status(sets(code="4")),
    "BLB-02": asks("storage", "write status1", 0),
    "BLB-03": empty("log1"),
    "BLB-04": blob("status1", lambda text: "new"),
    "BLB-05": status(sets(code="4")),
    "BLB-06": report(sets(code="4")),
    "BLB-07": _one_write_only,
    "BLB-08": status(sets(code="4")),
    "BLB-09": empty("log1"),
    "BLB-10": report(sets(code="4")),
    "BLB-11": empty("log1"),
    "BLB-12": exchange("pages status1", lambda each: each.update(status=416)),
    "LOG-01": empty("log1"),
    "LOG-02": lacks("write log1", last=True),
    "LOG-03": _no_task_id,
    "LOG-04": blob("log1", lambda text: f"log {text}"),
    "LOG-05": _no_code,
    "LOG-06": lambda data: data["commands"][0].update(stdout="x" * 70_000),
    "SEC-01": lambda data: file_there("log/a.log", text=secret(data))(data),
    "SEC-02": lambda data: blob("log1", lambda text: text + secret(data))(data),
    "SEC-03": lambda data: status(sets(formattedMessage={"lang": "en-US", "message": secret(data)}))(data),
    "SEC-04": lambda data: exchange("write status1", lambda each: each.update(body=each["body"] + secret(data)), -1)(
        data
    ),
    "SEC-05": lambda data: file_there("log/Events/1.json", text=secret(data))(data),
    "SEC-06": tells_secret,
    "SEC-07": lambda data: file_there("settings/1.json", text=secret(data))(data),
    "SEC-08": lambda data: file_there("package/notes/headers", text=secret(data))(data),
    "SEC-09": lambda data: data["happenings"].append({"at": 1e6, "what": "process", "detail": f"curl {secret(data)}"}),
    **{f"SEC-{number}": tells_secret for number in range(10, 16)},
    **{
        f"KIL-{first + number:02}": change
        for first in (1, 6, 11)
        for number, change in enumerate(
            (
                snapshot_again(1),
                lacks("snapshot disk0", 2),
                _success_of_the_killed,
                exits("enable", 1),
                report(sets(code="76"), 1),
            )
        )
    },
    **{
        f"REF-{first + number:02}": change
        for first in range(1, 23, 3)
        for number, change in enumerate((report(sets(status="success")), status(sets(code="1")), let_go))
    },
}
