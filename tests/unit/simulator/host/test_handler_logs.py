"""What is read of a machine's disk when somebody asks what its handlers said."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.guest.agent import command_records
from simulator.guest.agent.handler import Handler
from simulator.guest.os_profile import AgentProfile
from simulator.guest.profiles import AGENTS
from simulator.host import handler_logs
from simulator.host.handler_logs import logs_of
from tests.unit.simulator.guest.agent.test_command_records import RECORD

SECRET = "c2VjcmV0c2VjcmV0"


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_commands_status_files_and_logs_of_either_system(tmp_path: Path, agent: AgentProfile) -> None:
    handler = Handler(tmp_path, agent, RECORD.handler, RECORD.version)
    handler.initialize("d", "r")
    handler.say("Ready", 0, "Plugin enabled")
    command_records.append(tmp_path / agent.state, RECORD)
    (handler.log_folder / "extension.log").write_text(f"one\ntwo ?sig={SECRET}\nthree\n")
    handler.status_file(3).write_text("[]")
    (handler.log_folder / "elsewhere").symlink_to("/etc/hostname")

    told = logs_of(tmp_path, 2)
    (command,) = told["commands"]
    assert (command["verb"], command["exit_code"], command["stdout"], command["stderr"]) == ("enable", 5, "out", "err")
    (shown,) = told["handlers"]
    assert (shown["status"], shown["message"], shown["log_folder"]) == (
        "Ready",
        "Plugin enabled",
        str(handler.log_folder),
    )
    (log,) = shown["files"]
    assert (log["name"], log["lines"][1]) == ("extension.log", "three")
    assert len(log["lines"]) == 2
    assert [file["name"] for file in shown["status_files"]] == ["3.status"]
    assert SECRET not in str(told)


def test_of_a_long_file_only_whole_lines_of_its_end_are_read(tmp_path: Path) -> None:
    agent = AGENTS[0]
    handler = Handler(tmp_path, agent, RECORD.handler, RECORD.version)
    handler.initialize("d", "r")
    command_records.append(tmp_path / agent.state, RECORD)
    line = f"?sig={SECRET}&x={'y' * 90}\n"
    (handler.log_folder / "long.log").write_text(line * (2 * handler_logs.LARGEST_TAIL_BYTES // len(line)))
    (file,) = logs_of(tmp_path, 10_000)["handlers"][0]["files"]
    assert SECRET[4:] not in str(file)
    assert all(each.startswith("?sig=") for each in file["lines"])


def test_a_machine_on_which_no_handler_ran(tmp_path: Path) -> None:
    assert logs_of(tmp_path, 10) == {"commands": [], "handlers": []}
