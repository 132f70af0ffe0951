"""Changes that break what is required of snapshots by the host, of scripts, around faults, and of commands' cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.unit.simulator.conformance.changes import (
    A_MOMENT,
    Change,
    Data,
    asks,
    entry,
    exchange,
    file_gone,
    file_there,
    freezes_again,
    frozen,
    happened_at,
    health,
    lacks,
    last_file,
    let_go,
    report,
    says,
    sets,
    snapshot_again,
    status,
    twice,
)

TOKEN = "the token of the host's snapshots"
SUCCEEDED = report(sets(status="success"))
NO_DISK = lacks("snapshot disk0")


def order(change: Callable[[Data], None]) -> Change:
    """In the body of the order to the host."""

    def act(message: Data) -> None:
        body = json.loads(message["body"])
        change(body)
        message["body"] = json.dumps(body)

    return exchange("dosnapshot", act)


def _after_the_freeze(what: str) -> Change:
    return lambda data: exchange(what, lambda each: each.update(at=happened_at(data, "thawed") + A_MOMENT))(data)


def _no_order(data: Data) -> None:
    data["exchanges"] = [each for each in data["exchanges"] if each["what"] != "dosnapshot"]


def _tells_token(data: Data) -> None:
    data["commands"][-1]["stdout"] += data["secrets"][TOKEN]


def _in_environment(data: Data) -> None:
    secret = next(iter(data["secrets"].values()))
    last_file("owner/pre.sh.environment", lambda file: file.update(text=file["text"] + secret))(data)


def _ran_early(data: Data) -> None:
    file_there("owner/post.sh.ran", "the thaw is asked for")(data)


def _ran_twice(data: Data) -> None:
    last_file("owner/pre.sh.ran", lambda file: file.update(text=file["text"] * 2))(data)


def _without_parameters(data: Data) -> None:
    last_file("owner/pre.sh.ran", lambda file: file.update(text="\n"))(data)


def _claims_more(data: Data) -> None:
    report(says(snapshotConsistency=2))(data)


def _costs(verb: str) -> Change:
    def act(data: Data) -> None:
        next(each for each in data["commands"] if each["verb"] == verb)["processor_seconds"] = 3.0

    return act


def _all_well(status: Data) -> None:
    for each in status["snapshotInfo"]:
        each["isSuccessful"] = True


def _of_health(value: Any) -> Change:
    return report(health(vmHealthStatusCode=value))


MORE_CHANGES: Mapping[str, Change] = {
    "HST-01": _no_order,
    "HST-02": snapshot_again(0),
    "HST-03": order(lambda body: body.update(diskIds=[0, 1])),
    "HST-04": order(lambda body: body.update(snapshotTaskToken="another")),
    "HST-05": order(lambda body: body.update(taskId="another")),
    "HST-06": order(lambda body: body["snapshotMetadata"].pop()),
    "HST-07": _after_the_freeze("dosnapshot"),
    "HST-08": _after_the_freeze("presnapshot"),
    "HST-09": twice("dosnapshot"),
    "HST-10": report(entry(0, snapshotUri="http://127.0.0.1/x?snapshot=1")),
    "HST-11": report(sets(code="2")),
    "HST-12": report(sets(code="2")),
    "HST-13": snapshot_again(0),
    "HST-14": frozen,
    "HST-15": SUCCEEDED,
    "HST-16": let_go,
    "HST-17": report(_all_well),
    "HST-18": report(sets(code="2")),
    "HST-19": let_go,
    "HST-20": status(sets(code="1")),
    "HST-21": _no_order,
    "HST-22": report(sets(code="76")),
    "HST-23": _tells_token,
    "SCR-01": file_gone("owner/pre.sh.ran", "a freeze is asked for"),
    "SCR-02": _ran_early,
    "SCR-03": _ran_twice,
    "SCR-04": _without_parameters,
    "SCR-05": report(sets(code="1")),
    "SCR-06": report(says(snapshotConsistency=1)),
    "SCR-07": _in_environment,
    "SCR-08": report(sets(code="76")),
    "SCR-09": snapshot_again(0),
    "SCR-10": frozen,
    "SCR-11": file_gone("owner/post.sh.ran"),
    "SCR-12": NO_DISK,
    "SCR-13": _claims_more,
    "SCR-14": _of_health(1),
    "SCR-15": _claims_more,
    "SCR-16": _of_health(1),
    "SCR-17": report(sets(code="4")),
    "SCR-18": _of_health(1),
    "SCR-19": file_there("owner/pre.sh.ran"),
    "SCR-20": _claims_more,
    "FLT-01": NO_DISK,
    "FLT-02": _claims_more,
    "FLT-03": let_go,
    "FLT-04": SUCCEEDED,
    "FLT-05": freezes_again(0),
    "FLT-06": SUCCEEDED,
    "FLT-07": freezes_again(0),
    "FLT-08": SUCCEEDED,
    "FLT-09": freezes_again(0),
    "FLT-10": status(sets(code="4")),
    "FLT-11": SUCCEEDED,
    "FLT-12": snapshot_again(0),
    "FLT-13": SUCCEEDED,
    "FLT-14": _claims_more,
    "FLT-15": report(sets(code="2")),
    "FLT-16": snapshot_again(0),
    "FLT-17": report(sets(code="2")),
    "FLT-18": let_go,
    "FLT-19": report(sets(code="4")),
    "FLT-20": NO_DISK,
    "FLT-21": report(sets(code="4")),
    "FLT-22": twice("snapshot disk0"),
    "FLT-23": freezes_again(0),
    "FLT-24": status(sets(code="4")),
    "CST-01": _costs("install"),
    "CST-02": _costs("enable"),
    "CST-03": asks("host", "presnapshot", 1, method="POST"),
    "CST-04": twice("facts"),
}
