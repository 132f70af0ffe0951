"""Everything that a command prints with `--lang zh-cn` is Chinese, but for names, numbers and ARM's own values."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from docs.generator.command import commands
from docs.generator.messages import Message, messages
from simulator.command import show, texts
from simulator.command.chinese import checks as chinese
from simulator.command.chinese.clock import CLOCK
from simulator.command.chinese.explain import EXPLANATIONS
from simulator.command.chinese.failures import FAILURES
from simulator.command.chinese.faults import FAULTS
from simulator.command.chinese.handlers import HANDLERS
from simulator.command.chinese.stories import STORIES
from simulator.command.doctor import report
from simulator.faults.catalogue import CATALOGUE
from tests.unit.simulator.command.test_doctor import FACTS, WELL

CHINESE = "zh-cn"
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,}\b")
"""Two words in lower case: no name and no value of ARM has them."""
COMMAND_LINES = re.compile(
    r"pipx? install [\w-]+|apt install \S+|az rest \S+"
    r"|az backup (recoverypoint|policy|job|vault) (list|show)( --output json)?"
    r"|backupsim [a-z]+( --\S+)*|--[a-z-]+ \S+"
)
"""What a person types, which is the same in every language."""
CHECKING = ("simulator/command/demo.py", "simulator/control/verify.py")
PRINTED = (
    "controlplane/adapters",
    "controlplane/domain/recovery_services/forecast",
    "controlplane/domain/recovery_services/policy.py",
    "controlplane/jobs/crash_recovery.py",
    "controlplane/vault_format",
    "simulator/",
    "simulator/clock",
    "simulator/command",
    "simulator/control",
    "simulator/explaining",
    "simulator/faults/",
    "simulator/guest/disk",
    "simulator/guest/workload/database.py",
    "simulator/handlers",
    "simulator/host/agents.py",
    "simulator/host/packages.py",
    "simulator/host/publications.py",
    "simulator/netns",
    "simulator/saved_worlds",
    "simulator/state",
    "simulator/storage",
    "simulator/stories",
)
"""Where sentences arise that a command can print."""
NOT_PRINTED: Mapping[str, str] = {
    "BadParameter": "a usage error of typer, which is English like its help",
    "CantOpenError": "a bug",
    "DocumentExists": "an answer of ARM",
    "EtagMismatch": "an answer of ARM",
    "GuestNotReady": "an answer of ARM, or the error of a job",
    "KeyError": "a bug",
    "LedgerDamaged": "the reason in an event",
    "LABELS": "tested by its keys",
    "PLACES": "a part of a check's name",
    "Refused": "an answer to clients of the control API other than the command",
    "RunLost": "a bug, or a run of another process",
    "RuntimeError": "a bug",
    "STEPS": "tested by its keys",
    "ValueError": "a bug",
    "Verb": "a verb of stories and its row in docs/stories.md; its sentences are tested where they arise",
    "TEXT": "a part of a sentence, which is tested as a whole where it arises",
    "NUMBER": "a part of such a sentence",
    "NUMBERS": "a part of such a sentence",
    "FLAG": "a part of such a sentence",
    "MAPPING": "a part of such a sentence",
    "NAMED_POINTS": "words of the language of stories",
    "_of_file": "the key of an intruder",
    "Wait": "what a job waits for, in its log",
    "_caller": "a client's own name, as it told it",
    "hints": "a command line",
    "_refused": "a part of a sentence, which is tested as a whole where it arises",
    "_refusing": "a part of a sentence, which is tested as a whole where it arises",
    "_refuse": "a part of an answer to clients of the control API other than the command",
    "advance": "a client's own name, as it told it",
    "echo": "a frame around a sentence",
    "get": "an answer without a message",
    "next": "a part of a sentence",
    "replace": "a part of a check's name",
    "said": "an answer of the proxy to the program that uses it",
    "write": "a frame around a sentence",
}
"""What shows a sentence that no command prints, and why."""
OF_PYTEST = "simulator/pytest_plugin.py"
"""Whose sentences stand among those of pytest, which are English."""
NOT_REACHED = frozenset(
    {
        "(from versions: none)",
        "Restart-Service {service}",
        "connection broken",
        "disk {name} has no bytes from {offset} to {length}",
        "disk {name} has no sectors from {offset} to {end}",
        "error sending request",
        "establish a new connection",
        "no module named pip",
        "no space left on device",
        "not a digest table",
        "timed out",
        "{text} is not a duration such as PT1H41M17.9S",
    }
)
"""Words by which the bootstrap knows an installer's fault, errors of the program itself, and a line for a shell."""
SAMPLES = {"which": "first", "remedy": "free at least 1 GB", "why": "the disk is full", "what": "the superblock"}
DETAILS = [
    "12 of 345 bytes",
    "2867203 blocks on 3 disks",
    "2867203 blocks on 3 disks, 7 of them differ",
    "last transaction 22, no journal to replay",
    "UserErrorGuestAgentStatusUnavailable: The agent of this machine is not ready.",
    "the storage said no",
    "no disk has a database; disk 0: no partition table",
    "cannot be opened: database disk image is malformed",
    "cannot be read: disk I/O error",
    "integrity check: row 3 missing from index",
    "999 accounts hold 7, not 1000000; the transaction number is missing",
    "Completed",
    "AppConsistent, AppConsistent",
    "InstantRP+HardenedRP, InstantRP",
    "VMSnapshot Succeeded",
    "",
]


def filled(message: Message) -> str:
    return re.sub(r"{(\w+)}", lambda blank: SAMPLES.get(blank[1], f"{blank[1]}1"), message.text)


def is_chinese(text: str) -> bool:
    return not ENGLISH.search(re.sub(COMMAND_LINES, "", text))


def printed(place: str) -> list[Message]:
    return [
        message
        for message in messages(place)
        if message.by not in NOT_PRINTED and message.text not in NOT_REACHED and message.module != OF_PYTEST
    ]


def test_every_command_takes_the_language() -> None:
    without = [
        name for name, command in commands() if "--lang" not in {text for each in command.params for text in each.opts}
    ]
    assert without == []


def is_told_in_chinese(said: str) -> bool:
    name = texts.check(said, CHINESE)
    if name != said and is_chinese(name):
        return True
    told = texts.failure(said, CHINESE)
    values = re.findall(r"\b[a-z_]+1\b", said)
    return "英文" not in told and is_chinese(told) and all(value in told for value in values)


@pytest.mark.parametrize("place", PRINTED)
def test_every_sentence_has_a_chinese_text(place: str) -> None:
    sentences = [filled(message) for message in printed(place)]
    assert sentences, "no sentence arises there any more"
    assert [said for said in sentences if not is_told_in_chinese(said)] == []
    assert [said for said in sentences if texts.failure(said, "en") != said] == []


def test_what_is_said_not_to_be_printed_exists() -> None:
    every = messages(*PRINTED)
    assert set(NOT_PRINTED) - {message.by for message in every} == set()
    assert NOT_REACHED - {message.text for message in every} == set()


@pytest.mark.parametrize(
    "fact", [{}, {"own_ports": (7080,)}, {"free_memory_bytes": None}, *(fact for fact, *_ in FACTS)]
)
def test_doctor_speaks_chinese(fact: dict[str, Any]) -> None:
    told = printed_by(lambda console: show.doctor(report(replace(WELL, **fact)), CHINESE, console))
    for line in told.splitlines():
        assert is_chinese(line), line
        assert not re.search(r"\b(ok|warn|missing|installed|needed|free)\b", line), line


def test_verify_speaks_chinese() -> None:
    checks = [
        {"name": "snapshots: readable", "passed": False, "detail": "pack ab12 is missing"},
        {"name": "restored disks: database", "passed": False, "detail": "disk 0: no partition table"},
    ]
    verdict = {
        "recovery_point": "/x/recoveryPoints/12",
        "consistency": "AppConsistent",
        "verified": False,
        "outcome": "failed",
        "checks": checks,
    }
    told = printed_by(lambda console: show.verdict(verdict, CHINESE, console))
    assert "缺少包 ab12" in told
    assert "磁盘 0 无法读取：没有分区表" in told
    assert "未通过验证" in told
    for line in told.splitlines():
        assert is_chinese(line), line


def printed_by(show_on: Callable[[Console], None]) -> str:
    console = Console(file=io.StringIO(), width=400)
    show_on(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_numbers_come_in_a_chinese_sentence() -> None:
    assert texts.detail("12 of 345 bytes", CHINESE) == "共 345 字节，传输了 12 字节"


@pytest.mark.parametrize("detail", DETAILS)
def test_no_detail_is_english(detail: str) -> None:
    assert is_chinese(texts.detail(detail, CHINESE))
    assert texts.detail(detail, "en") == detail


def test_a_failure_of_the_control_api_comes_with_its_code() -> None:
    told = "NoSuchThing: no machine vm1 is running in this world; GET /_sim/vms lists them"
    assert texts.failure(told, CHINESE).startswith("此环境中没有正在运行的计算机 vm1")


def test_an_error_of_arm_is_shown_by_its_code() -> None:
    assert "错误代码 ResourceNotFound" in texts.failure("ResourceNotFound: The thing was not found.", CHINESE)


def test_a_sentence_of_somebody_else_keeps_its_words() -> None:
    assert texts.failure("/x: Permission denied by somebody", CHINESE).endswith("/x: Permission denied by somebody")


@pytest.mark.parametrize("passed", [True, False])
def test_a_whole_result_in_chinese(passed: bool) -> None:
    names = [filled(message) for message in messages(*CHECKING) if message.by in {"_check", "_completes"}]
    names = [name for name in names if texts.check(name, CHINESE) != name]
    assert len(names) > 12
    checks = [{"name": name, "passed": passed, "detail": detail} for name in names for detail in DETAILS]
    tasks = [{"id": task, "status": "Completed", "duration_seconds": 1.0} for task in chinese.TASKS]
    problem = "integrity check: x; the transaction number is missing"
    result: dict[str, Any] = {
        "verified": passed,
        "jobs": [{"operation": "Backup", "status": "Completed", "duration_seconds": 1.0, "tasks": tasks}],
        "recovery_points": [],
        "checks": checks,
        "restore": {
            "database": {
                "found": True,
                "opened_clean": passed,
                "recovered": False,
                "problem": "" if passed else problem,
            }
        },
    }
    told = printed_by(lambda console: show.demo_result(result, CHINESE, console, [texts.label("hint_up", CHINESE)]))
    for line in told.splitlines():
        assert is_chinese(line), line


@pytest.mark.parametrize(
    "table", [chinese.DETAILS, CLOCK, FAILURES, FAULTS, EXPLANATIONS, HANDLERS, STORIES, chinese.CHECKS, chinese.TASKS]
)
def test_every_text_has_the_same_blanks_in_both_languages(table: dict[str, str]) -> None:
    for english, translation in table.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", translation))
        assert english != translation


@pytest.mark.parametrize("fault", CATALOGUE)
def test_what_a_fault_does_has_a_chinese_text(fault: str) -> None:
    what = CATALOGUE[fault].what
    assert texts.detail(what, CHINESE) == FAULTS[what]
    assert is_chinese(re.sub(r"[A-Z]\w+( [A-Z]\w+)+|wire server", "", FAULTS[what]))


def test_each_step_and_label_is_known_in_each_language() -> None:
    for step, words in texts.STEPS.items():
        values = dict.fromkeys(re.findall(r"{(\w+)}", words[0]), "x1")
        assert is_chinese(texts.step(step, CHINESE, dict(values)))
    for key, words in texts.LABELS.items():
        values = dict.fromkeys(re.findall(r"{(\w+)}", words[0]), "x1")
        assert is_chinese(texts.label(key, CHINESE, **values))
