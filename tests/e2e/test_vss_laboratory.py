"""The scripts of the VSS laboratory in a whole world: real storage, handlers in processes of their own, jobs.

Those that let real time pass are left to the laboratory's own test, in which nobody has to wait for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.scenario import Scenario
from tests.e2e.conftest import ROOT
from tests.e2e.fault_rig import FaultRig, RequestFailed, fault_rig
from tests.e2e.running import up
from tests.e2e.test_time_guide import COMMAND, in_bash

PAGE = (ROOT / "docs/vss-laboratory.md").read_text(encoding="utf-8")
(COMMANDS,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(SCRIPT,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SCRIPTS: Sequence[Mapping[str, Any]] = yaml.safe_load(
    (ROOT / "docs/faults/vss-scripts.yaml").read_text(encoding="utf-8")
)
QUICK = [row for row in SCRIPTS if "slows" not in row["script"] and "hangs" not in row["script"]]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultRig]:
    with fault_rig(tmp_path_factory.mktemp("laboratory") / "world") as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("row", QUICK, ids=lambda row: row["name"])
def test_a_script_leads_to_the_same_in_a_world(rig: FaultRig, row: Mapping[str, Any]) -> None:
    expected = row["outcome"]
    course = rig.run("vss-script", "backup", {"parameters": {"script": row["script"]}})
    judged = [event["data"].get("error") for event in course.events if event["name"] == "snapshot.judged"]
    attempts = sum(event["name"] == "snapshot.asked" for event in course.events)
    assert course.status == ("Completed" if expected["consistency"] else "Failed"), course.message
    assert (course.consistency, judged[0]) == (expected["consistency"], expected["code"])
    assert attempts == (2 if expected["retry"] == "in the job" else 1)
    assert course.hits >= 1
    thawed = [event["data"]["left_frozen"] for event in course.events if event["name"] == "bridge.session_closed"]
    assert thawed == [False] * attempts, "nobody leaves the guest frozen"


def test_a_line_runs_in_the_shell_of_a_machine(rig: FaultRig) -> None:
    def run(line: str, **more: str) -> Mapping[str, str]:
        return rig.client.sim("POST", "/vms/run", {"vm": "sql01", "line": line, **more})

    assert "Writer name: 'SqlServerWriter'" in run("vssadmin list writers")["output"]
    assert "编写器名称: 'SqlServerWriter'" in run("vssadmin list writers", language="zh-cn")["output"]
    restarted = run("Restart-Service SQLWriter")
    assert (restarted["output"], restarted["errors"]) == ("", "")
    assert "no such program" in run("shutdown /s")["errors"]
    with pytest.raises(RequestFailed, match="no machine sql99 is running"):
        rig.client.sim("POST", "/vms/run", {"vm": "sql99", "line": "hostname"})


@pytest.mark.slow
def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    state = tmp_path / "world"
    (tmp_path / "sql.yaml").write_text(SCRIPT, encoding="utf-8")
    with up(state, ["up", "--port", "0", "--state", str(state)]) as world:
        Scenario(world.client).create_machine("sql01")
        told = in_bash(COMMAND + COMMANDS, tmp_path, BACKUPSIM_STATE=str(state))
    assert "vss-script: set, 0 hits" in told
    assert "Writer name: 'Microsoft Exchange Writer'" in told, "the script has installed it"
    assert "编写器名称: 'SqlServerWriter'" in told
    assert "Performance Counters Writer" not in told, "the script has taken it away"
