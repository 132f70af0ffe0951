"""The commands of docs/failures.md, run as they stand there; and faults over a restart."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import up
from tests.e2e.test_time_guide import COMMAND, in_bash

PAGE = (ROOT / "docs/failures.md").read_text(encoding="utf-8")
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
(FILE,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands_work_and_what_is_set_outlives_a_restart(tmp_path: Path) -> None:
    state, file = tmp_path / "world", tmp_path / "faults.json"
    file.write_text(FILE)
    with up(state, ["up", "--port", "0", "--state", str(state), "--faults", str(file)]):
        told = in_bash(COMMAND + COMMANDS, tmp_path, BACKUPSIM_STATE=str(state))
        assert "vss-writer-fails-freeze: set, 0 hits" in told
        assert "no request came through the storage gateway" in told
        assert "arm-throttled: cleared after 0 hits" in told, "the file had set it"
        done = backupsim("fault", "set", "arm-throttled", "--nth", "2", "--state", str(state), "--json")
        assert json.loads(done.stdout)["when"]["first"] == 2
        wrong = backupsim("fault", "set", "arm-throtled", "--state", str(state))
        assert (wrong.returncode, "did you mean arm-throttled?" in wrong.stderr) == (2, True)
    with up(state) as world:
        (standing,) = world.client.sim("GET", "/faults")["set"]
        assert (standing["fault"], standing["when"]["last"]) == ("arm-throttled", 2)
        world.client.sim("POST", "/reset")
        assert world.client.sim("GET", "/faults")["set"] == []
