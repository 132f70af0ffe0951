"""The life of a handler under an agent: install, update, disable, uninstall, and all that can go wrong."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.guest import windows
from simulator.guest.agent.handler import Handler, PackageUnusable
from simulator.guest.agent.process import end_processes_below
from tests.unit.simulator.guest.agent.agent_setting import (
    DAY_SECONDS,
    NAME,
    SUCCEED,
    Setting,
    agent_setting,
    enabled,
    package,
)

PERSIST = 'echo "$$" > "$AZURE_GUEST_AGENT_EXTENSION_PATH/process"; exec sleep 1000'


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with agent_setting(tmp_path / "disk") as made:
        yield made


def failure(setting: Setting) -> tuple[str, int]:
    (report,) = setting.handlers
    return report["status"], report["code"]


def alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        # A killed process that nobody has waited for is still listed.
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def process_of(setting: Setting) -> int:
    file = setting.handler().root / "process"
    setting.until(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def test_a_handler_is_told_the_folders_of_the_disk_that_it_is_on(setting: Setting) -> None:
    """The disk may have been moved since the handler was installed."""
    setting.packages.publish(package("1.0.0.0"))
    setting.order(enabled(0))
    setting.settle()
    file = setting.handler().root / "HandlerEnvironment.json"
    right = file.read_text()
    file.write_text(right.replace(str(setting.disk), "/somewhere/else"))
    setting.order(enabled(1))
    setting.settle()
    assert file.read_text() == right


# ------------------------------------------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize(("verb", "code"), [("install", 1007), ("enable", 1009)])
def test_a_command_that_fails_is_reported_with_its_code(setting: Setting, verb: str, code: int) -> None:
    broken = "echo because; exit 52"
    install, enable = (broken, SUCCEED) if verb == "install" else ("", broken)
    setting.packages.publish(package("1.0.0.0", install=install, enable=enable))
    setting.order(enabled(1))
    setting.settle()
    assert failure(setting) == ("NotReady", code)
    message = setting.handlers[0]["formattedMessage"]["message"]
    assert message == f"{verb} ended with exit code 52: because"
    assert setting.handlers[0]["runtimeSettingsStatus"]["sequenceNumber"] == 1
    assert "because" in (setting.handler().log_folder / "CommandExecution.log").read_text()


def test_a_failed_enable_is_tried_again_with_the_next_goal_state_only(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", enable="test -e fixed || exit 1" + SUCCEED))
    setting.order(enabled(0))
    setting.settle()
    setting.pass_time(30)
    assert setting.calls == ["install 1.0.0.0 0", "enable 1.0.0.0 0"]
    assert setting.handler().state == "Installed"
    (setting.handler().root / "fixed").touch()
    setting.order(enabled(1))
    setting.settle()
    assert setting.calls[2:] == ["enable 1.0.0.0 1"]
    assert failure(setting) == ("Ready", 0)


def test_a_failure_is_not_reported_against_the_next_order(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", enable="exit 1"))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(1))
    setting.settle()
    of_second = [
        handler["status"]
        for report in setting.machine.reports
        for handler in report["aggregateStatus"]["handlerAggregateStatus"]
        if handler["runtimeSettingsStatus"]["sequenceNumber"] == 1
    ]
    assert set(of_second[:-1]) <= {"Installing"}
    assert of_second[-1] == "NotReady"


def test_a_version_that_is_not_published(setting: Setting) -> None:
    setting.packages.publish(package("2.0.0.0"))
    setting.order(enabled())
    setting.settle()
    assert failure(setting) == ("NotReady", 1004)


def test_a_handler_that_nobody_published(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    assert failure(setting) == ("NotReady", 1001)


def test_a_command_that_is_not_in_the_package(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", manifest={"installCommand": "bin\\elsewhere.cmd"}))
    setting.order(enabled())
    setting.settle()
    assert failure(setting) == ("NotReady", 1007)
    assert "bin/elsewhere" in setting.handlers[0]["formattedMessage"]["message"]


def test_commands_may_be_programs_with_arguments(setting: Setting) -> None:
    program = '#!/bin/sh\necho "$@" > arguments.txt\n'
    content = io.BytesIO(package("1.0.0.0", manifest={"installCommand": "main/handle.sh install now"}))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("main/handle.sh", program)
    setting.packages.publish(content.getvalue())
    setting.order(enabled())
    setting.settle()
    assert (setting.handler().root / "arguments.txt").read_text() == "install now\n"


def test_one_failing_handler_does_not_hold_up_another(setting: Setting) -> None:
    other = "Example.Handlers.Other"
    setting.packages.publish(package("1.0.0.0", install="exit 1"))
    setting.packages.publish(package("1.0.0.0", name=other))
    plugin = enabled()
    setting.order(plugin, replace(plugin, name=other))
    setting.settle()
    assert [(handler["handlerName"], handler["status"]) for handler in setting.handlers] == [
        (NAME, "NotReady"),
        (other, "Ready"),
    ]


# ------------------------------------------------------------------------------------------------------- time and power


def test_a_command_that_takes_too_long_is_killed_with_its_group(setting: Setting) -> None:
    child = 'sleep 1000 & echo "$!" > "$AZURE_GUEST_AGENT_EXTENSION_PATH/process"; wait'
    setting.packages.publish(package("1.0.0.0", install=child))
    setting.order(enabled())
    process = process_of(setting)
    setting.pass_time(299)
    assert alive(process)
    setting.pass_time(1)
    setting.settle()
    assert failure(setting) == ("NotReady", 1011)
    setting.until(lambda: not alive(process))


def test_a_command_lives_on_when_world_time_is_moved(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", install=PERSIST))
    setting.order(enabled())
    process = process_of(setting)
    setting.clock.jump(365 * DAY_SECONDS)
    setting.pass_time(299)
    assert alive(process)


def test_a_command_is_said_to_have_ended_in_world_time_and_to_have_taken_real_time(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", install=PERSIST))
    setting.order(enabled())
    process_of(setting)
    setting.clock.jump(365 * DAY_SECONDS)
    setting.pass_time(300)
    setting.settle()
    ended = next(data for name, data in setting.events if name == "handler.command_ended")
    assert ended["seconds"] == 300
    log = (setting.handler().log_folder / "CommandExecution.log").read_text()
    assert log.startswith("2027-11-22T19:00:00+00:00 install of ")


def test_nothing_waits_for_a_command(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", install=PERSIST))
    setting.order(enabled())
    process_of(setting)
    assert setting.last is None, "most commands end soon, and one report then says all"
    setting.pass_time(1.1)
    assert setting.handlers[0]["status"] == "Installing"
    assert setting.agent.due < setting.real_time.now()


def test_an_agent_that_ends_kills_the_command_that_runs(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", enable=PERSIST))
    setting.order(enabled())
    process = process_of(setting)
    setting.agent.close()
    assert not alive(process)


def test_a_machine_without_power_runs_nothing(setting: Setting) -> None:
    detached = f"setsid sh -c '{PERSIST}' > /dev/null 2>&1 < /dev/null &" + SUCCEED
    setting.packages.publish(package("1.0.0.0", enable=detached))
    setting.order(enabled())
    setting.settle()
    process = process_of(setting)
    assert alive(process)
    assert end_processes_below(setting.disk / "elsewhere") == 0
    assert alive(process)
    try:
        assert end_processes_below(setting.disk) == 1
        setting.until(lambda: not alive(process))
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


# ------------------------------------------------------------------------------------------------------- other versions


def test_an_update_goes_in_the_order_of_the_published_agent(setting: Setting) -> None:
    show = 'echo "$VERSION $AZURE_GUEST_AGENT_UPDATING_FROM_VERSION $AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE" > seen'
    setting.packages.publish(package("1.0.0.0", enable="echo 5 > mrseq" + SUCCEED))
    setting.packages.publish(
        package("1.1.0.0", update=show, install='echo "$AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE" > uninstalled')
    )
    setting.order(enabled(5))
    setting.settle()
    setting.order(enabled(6, "1.1.0.0"))
    setting.settle()
    assert setting.calls[2:] == [
        "disable 1.0.0.0 6",
        "update 1.1.0.0 6",
        "uninstall 1.0.0.0 6",
        "install 1.1.0.0 6",
        "enable 1.1.0.0 6",
    ]
    root = setting.handler("1.1.0.0").root
    assert (root / "mrseq").read_text() == "5\n"
    assert (root / "Status" / "5.status").exists()
    assert (root / "seen").read_text() == "1.1.0.0 1.0.0.0 0\n"
    assert (root / "uninstalled").read_text() == "0\n"
    assert not setting.handler("1.0.0.0").root.exists()
    assert [handler["handlerVersion"] for handler in setting.handlers] == ["1.1.0.0"]


def test_a_handler_may_do_without_install_at_an_update(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0"))
    setting.packages.publish(package("1.1.0.0", manifest={"updateMode": "UpdateWithoutInstall"}))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(1, "1.1.0.0"))
    setting.settle()
    assert [call.split()[0] for call in setting.calls[2:]] == ["disable", "update", "uninstall", "enable"]


def test_the_way_back_is_led_by_the_version_that_knows_both(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0"))
    setting.packages.publish(package("1.1.0.0"))
    setting.order(enabled(0, "1.1.0.0"))
    setting.settle()
    setting.order(enabled(1, "1.0.0.0"))
    setting.settle()
    assert setting.calls[2:4] == ["disable 1.1.0.0 1", "update 1.1.0.0 1"]
    assert setting.handlers[0]["handlerVersion"] == "1.0.0.0"


@pytest.mark.parametrize("verb", ["disable", "update", "uninstall"])
def test_a_step_of_an_update_that_fails_ends_it(setting: Setting, verb: str) -> None:
    setting.packages.publish(
        package("1.0.0.0", disable="exit 4", uninstall="exit 4") if verb != "update" else package("1.0.0.0")
    )
    setting.packages.publish(package("1.1.0.0", update="exit 4"))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(1, "1.1.0.0"))
    setting.settle()
    assert failure(setting) == ("NotReady", 1008)
    assert setting.handler("1.1.0.0").state == "FailedUpgrade"
    assert setting.handler("1.0.0.0").root.exists()


def test_a_failed_update_is_made_up_for_by_the_next_goal_state(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0"))
    setting.packages.publish(package("1.1.0.0", update="exit 4"))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(1, "1.1.0.0"))
    setting.settle()
    setting.packages.publish(package("1.1.0.0"))
    setting.order(enabled(1, "1.1.0.0"))
    setting.settle()
    assert failure(setting) == ("Ready", 0)
    assert not setting.handler("1.0.0.0").root.exists()


def test_a_tolerant_handler_goes_on_after_failing_steps(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0", disable="exit 4", uninstall="exit 5"))
    tolerant = {"continueOnUpdateFailure": "true"}
    setting.packages.publish(package("1.1.0.0", manifest=tolerant, update="exit 6"))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(1, "1.1.0.0"))
    setting.settle()
    assert failure(setting) == ("Ready", 0)


# -------------------------------------------------------------------------------------------------------- the end of it


def test_disabled_and_enabled_again(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0"))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(0, state="disabled"))
    setting.settle()
    assert failure(setting) == ("NotReady", 0)
    assert setting.handler().state == "Installed"
    setting.order(enabled(0))
    setting.settle()
    assert [call.split()[0] for call in setting.calls] == ["install", "enable", "disable", "enable"]


@pytest.mark.parametrize("end", ["", "exit 9"])
def test_uninstalled_it_is_gone_whatever_its_commands_say(setting: Setting, end: str) -> None:
    setting.packages.publish(package("1.0.0.0", disable=end, uninstall=end))
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(0, state="uninstall"))
    setting.settle()
    assert [call.split()[0] for call in setting.calls] == ["install", "enable", "disable", "uninstall"]
    assert setting.handlers == []
    assert not setting.handler().root.parent.exists()
    assert setting.handler().log_folder.exists()


def test_uninstalled_and_wanted_again_it_is_installed_anew(setting: Setting) -> None:
    setting.packages.publish(package("1.0.0.0"))
    for plugin in (enabled(0), enabled(0, state="uninstall"), enabled(1)):
        setting.order(plugin)
        setting.settle()
    assert [call.split()[0] for call in setting.calls[-2:]] == ["install", "enable"]


# ------------------------------------------------------------------------------------------------------------- packages


def zipped(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize("name", ["../escape", "a/../../escape", "/tmp/escape", "..\\escape", "C:\\escape"])
def test_a_package_cannot_write_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    handler = Handler(tmp_path, windows.AGENT, NAME, "1.0")
    with pytest.raises(PackageUnusable, match="outside"):
        handler.unpack(zipped(**{"fine": "", name: "x"}))
    assert not list(tmp_path.rglob("*escape*"))


def test_every_file_of_a_package_may_be_executed(tmp_path: Path) -> None:
    handler = Handler(tmp_path, windows.AGENT, NAME, "1.0")
    handler.unpack(zipped(**{"bin/enable": "", "a/b/c": ""}))
    assert all(os.access(path, os.X_OK) for path in handler.root.rglob("*"))


def test_what_was_there_before_is_gone_after_unpacking(tmp_path: Path) -> None:
    handler = Handler(tmp_path, windows.AGENT, NAME, "1.0")
    handler.unpack(zipped(old=""))
    handler.unpack(zipped(new=""))
    assert [path.name for path in handler.root.iterdir()] == ["new"]


def test_the_log_of_commands_does_not_grow_for_ever(tmp_path: Path) -> None:
    handler = Handler(tmp_path, windows.AGENT, NAME, "1.0")
    line = "x" * (1024 * 1024)
    for number in range(12):
        handler.log_command(f"{number} {line}")
    log = (handler.log_folder / "CommandExecution.log").read_bytes()
    assert len(log) < 8 * 1024 * 1024
    assert b"11 x" in log
