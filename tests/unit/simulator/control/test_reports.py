"""What handlers reported of a backup, as the control API tells it: texts without padding and without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest

from controlplane.domain.recovery_services import job as jobs
from controlplane.json_object import Json
from controlplane.ports import Blob
from simulator.control import api as control
from simulator.control.reports import MOST_TOLD_CHARACTERS
from simulator.control.verify import Verifier
from simulator.serving import Serving
from tests.unit.controlplane.arm.arm_world import VAULT, ArmWorld, arm_world

TOKEN = "token-of-the-control-api"
JOB = "7c2f3f1e-0000-4000-8000-000000000001"
ACCOUNT, CONTAINER = "reports01", "reports"


def address(name: str) -> Json:
    return {"account": ACCOUNT, "container": CONTAINER, "name": name}


@pytest.fixture
def world() -> Iterator[tuple[ArmWorld, str]]:
    with arm_world() as arm:
        unused = cast(Any, None)
        verifier = Verifier(arm.ports.store, arm.ports.blobs, arm.ports.settings, lambda vm, task: None)
        controls = control.Controls(TOKEN, arm.ports.store, unused, verifier, unused, unused, unused, unused, unused)
        serving = Serving(control.build(controls))
        arm.ports.blobs.add_account(ACCOUNT)
        yield arm, serving.url
        serving.close()


def told(url: str, job: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(f"{url}/reports", params={"job": job}, headers=headers, trust_env=False, timeout=30)


def put_job(arm: ArmWorld, attempts: list[Json] | None) -> None:
    private = {} if attempts is None else {"attempts": attempts}
    arm.ports.store.put(jobs.KIND, f"{VAULT}/backupJobs/{JOB}", {}, parent=VAULT, private=private)


def attempt(status: str, log: str) -> Json:
    facts = {"task_id": "t_1", "code": 0, "error_name": "success", "consistency": "AppConsistent", "message": "done"}
    return {**facts, "status_blob": address(status), "logs_blob": address(log)}


def test_the_text_comes_without_padding_and_without_signatures(world: tuple[ArmWorld, str]) -> None:
    arm, url = world
    arm.ports.blobs.put(Blob(ACCOUNT, CONTAINER, "s"), b'[{"status": 1}]' + b" " * 300 + b"\0" * 200)
    arm.ports.blobs.put(Blob(ACCOUNT, CONTAINER, "l"), b"PUT https://a/b?sig=abcdef%3D was refused\n")
    put_job(arm, [attempt("s", "l")])
    (found,) = told(url, JOB).json()["attempts"]
    assert found["status"] == '[{"status": 1}]'
    assert found["log"].startswith("PUT https://a/b?sig=")
    assert "abcdef" not in found["log"]
    assert (found["code"], found["consistency"]) == (0, "AppConsistent")
    assert "status_blob" not in found


def test_of_a_long_text_the_end_is_told(world: tuple[ArmWorld, str]) -> None:
    arm, url = world
    arm.ports.blobs.put(Blob(ACCOUNT, CONTAINER, "l"), b"line\n" * MOST_TOLD_CHARACTERS + b"the end")
    put_job(arm, [attempt("gone", "l")])
    (found,) = told(url, JOB).json()["attempts"]
    assert found["status"] is None
    assert len(found["log"]) == MOST_TOLD_CHARACTERS
    assert found["log"].endswith("the end")


def test_a_job_without_a_handler_has_none_and_one_that_is_unknown_is_refused(world: tuple[ArmWorld, str]) -> None:
    arm, url = world
    put_job(arm, None)
    assert told(url, JOB).json() == {"attempts": []}
    answer = told(url, "unknown")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NoSuchJob")
