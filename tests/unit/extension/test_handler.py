"""The commands: which of them begin a task, which leave it, and what they write before they return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from extension.handler import NOT_INSTALLED, WRONG_USE, Package, enable, main
from tests.fake_guest import FACTS
from tests.handler_rig import TASK, Rig


class Enabled:
    """What enable did with each of its packages: the numbers it started a worker for."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.started: list[int] = []

    def __call__(self, number: int | None = None) -> str:
        """Returns the code in the status file."""
        environ = self._rig.handler.environ(number or 0)
        if number is None:
            del environ["ConfigSequenceNumber"]
        enable(Package(self._rig.handler.root, environ), start=lambda _, begun: self.started.append(begun))
        return str(self._rig.handler.status(number or 1)["code"])


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def enabled(rig: Rig) -> Enabled:
    return Enabled(rig)


def test_enable_says_that_the_task_has_begun_and_leaves_it_to_a_worker(rig: Rig, enabled: Enabled) -> None:
    rig.settle(locale="zh-cn")

    assert enabled(1) == "4"
    assert enabled.started == [1]
    status = rig.handler.status()
    assert (status["status"], status["taskId"], status["formattedMessage"]["lang"]) == ("success", TASK, "zh-CN")
    assert (len(rig.guest.calls), len(rig.storage.requests)) == (0, 0), "that is the worker's business"


def test_the_same_number_again_changes_nothing(rig: Rig, enabled: Enabled) -> None:
    rig.settle()
    enabled(1)
    rig.handler.settle(1, {}, protected="c2VhbGVk", thumbprint="A" * 40)
    (rig.handler.root / "Status" / "1.status").write_text('[{"status": {"code": "as it was"}}]')

    assert enabled(1) == "as it was"
    assert enabled.started == [1]
    settings = json.loads((rig.handler.root / "RuntimeSettings" / "1.settings").read_text())
    assert "protectedSettings" not in settings["runtimeSettings"][0]["handlerSettings"]


def test_a_number_need_not_grow_to_be_new(rig: Rig, enabled: Enabled) -> None:
    for number in (7, 3):
        rig.settle(number, task_id=f"task-{number}")
        enabled(number)

    assert enabled.started == [7, 3]


def test_files_of_other_numbers_are_put_aside(rig: Rig, enabled: Enabled) -> None:
    for number in (1, 2):
        rig.settle(number, task_id=f"task-{number}")
        enabled(number)

    names = {path.name for folder in ("RuntimeSettings", "Status") for path in (rig.handler.root / folder).iterdir()}
    assert names == {"1_settings", "2.settings", "1_status", "2.status"}


def test_the_same_task_again_is_answered_and_not_repeated(rig: Rig, enabled: Enabled) -> None:
    rig.settle(1)
    enabled(1)
    rig.settle(2)

    assert enabled(2) == "3"
    assert enabled.started == [1]
    assert rig.handler.status(2)["status"] == "success"
    assert not rig.storage.requests, "the blobs belong to the first time"


def test_without_a_number_from_the_agent_the_settings_written_last_count(rig: Rig, enabled: Enabled) -> None:
    rig.settle(1)
    enabled()

    assert enabled.started == [1]


def test_on_a_copy_of_the_machine_the_number_means_nothing(rig: Rig, enabled: Enabled) -> None:
    rig.settle(1)
    enabled(1)
    rig.package().folder.adopt_machine(FACTS.machine_id)
    rig.guest.facts = FACTS._replace(machine_id="another")
    rig.settle(1, task_id="task of the copy")

    assert enabled(1) == "4"
    assert enabled.started == [1, 1]


@pytest.mark.parametrize("text", ["{", '{"runtimeSettings": []}'])
def test_settings_that_are_none_are_an_error_for_the_agent(rig: Rig, enabled: Enabled, text: str) -> None:
    (rig.handler.root / "RuntimeSettings" / "1.settings").write_text(text)

    assert enabled(1) == "11"
    assert not enabled.started


def test_settings_that_are_missing_are_an_error_for_the_agent(rig: Rig, enabled: Enabled) -> None:
    assert enabled(5) == "11"
    assert "5.settings is missing" in rig.handler.status(5)["formattedMessage"]["message"]


@pytest.mark.parametrize("command", ["install", "disable", "update", "uninstall"])
def test_commands_with_nothing_to_do_leave_a_line_in_the_log(rig: Rig, command: str) -> None:
    assert main([command], rig.handler.root, rig.handler.environ(1)) == 0
    assert f"{command}, version {rig.package().version}" in rig.handler.log()
    assert not rig.guest.calls


def test_reset_forgets_what_was_done(rig: Rig, enabled: Enabled) -> None:
    rig.settle()
    enabled(1)
    assert main(["reset"], rig.handler.root, rig.handler.environ(1)) == 0

    assert rig.package().folder.last_sequence_number() == -1
    assert rig.package().folder.last_task_id() is None
    enabled(1)
    assert enabled.started == [1, 1]


def test_without_an_agents_files_only_enable_and_reset_fail(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    (rig.handler.root / "HandlerEnvironment.json").unlink()

    assert main(["install"], rig.handler.root, {}) == 0
    assert main(["enable"], rig.handler.root, {}) == main(["reset"], rig.handler.root, {}) == NOT_INSTALLED
    assert "HandlerEnvironment.json is missing" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["restore"], ["install", "enable"]])
def test_anything_else_is_wrong_use(rig: Rig, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments, rig.handler.root, {}) == WRONG_USE
    assert "disable|enable|install|reset|uninstall|update" in capsys.readouterr().err
