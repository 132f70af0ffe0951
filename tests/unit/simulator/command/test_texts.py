"""Everything that a demo prints with `--lang zh-cn` is Chinese, but for names, numbers and ARM's own values."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from docs.generator.messages import Message, messages
from simulator.command import show, texts

CHINESE = "zh-cn"
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,}\b")
"""Two words in lower case: no name and no value of ARM has them."""
CHECKING = ("simulator/command/demo.py", "simulator/control/verify.py")
FAILING = (
    "simulator/client.py",
    "simulator/control/api.py",
    "simulator/control/verify.py",
    "simulator/serving.py",
    "simulator/state/",
    "simulator/storage/azurite.py",
    "simulator/storage/deferred_blobs.py",
)
BUGS_AND_REFUSALS = {"RuntimeError", "Refused", "_check", "PLACES", "TOGETHER", "BlobNotFound"}
"""What is no failure of a demo: bugs, requests without the token, and checks."""
SAMPLES = {
    "which": "first",
    "expected": "AppConsistent",
    "place": "snapshots",
    "npm_reason": "npm could not install Azurite (E404)",
    "install_remedy": "this step needs the npm registry once: check network and proxy, then run it again",
}
REMEDIES = {"AddressTaken": "choose another port, or 0 for a free one"}
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
    def sample(blank: re.Match[str]) -> str:
        if blank[1] == "remedy":
            return REMEDIES.get(message.by, "")
        return SAMPLES.get(blank[1], f"{blank[1]}1")

    return re.sub(r"{(\w+)}", sample, message.text)


def is_chinese(text: str) -> bool:
    return not ENGLISH.search(text)


@pytest.mark.parametrize("message", messages(*CHECKING), ids=str)
def test_each_check_and_each_detail_has_a_chinese_text(message: Message) -> None:
    said = filled(message)
    if message.by.startswith("NoSuch"):
        assert "英文" not in texts.failure(said, CHINESE)
        return
    as_name, as_detail = texts.check(said, CHINESE), texts.detail(said, CHINESE)
    assert is_chinese(as_name) or as_detail != texts.label("foreign", CHINESE)


def test_numbers_come_in_a_chinese_sentence() -> None:
    assert texts.detail("12 of 345 bytes", CHINESE) == "共 345 字节,传输了 12 字节"


@pytest.mark.parametrize("detail", DETAILS)
def test_no_detail_is_english(detail: str) -> None:
    assert is_chinese(texts.detail(detail, CHINESE))
    assert texts.detail(detail, "en") == detail


@pytest.mark.parametrize(
    "message", [found for found in messages(*FAILING) if found.by not in BUGS_AND_REFUSALS], ids=str
)
def test_each_failure_of_a_demo_has_a_chinese_sentence(message: Message) -> None:
    said = filled(message)
    assert "英文" not in texts.failure(said, CHINESE), said
    assert texts.failure(said, "en") == said


def test_a_failure_of_the_control_api_comes_with_its_code() -> None:
    told = "NoSuchThing: no machine vm1 is running in this world; GET /_sim/vms lists them"
    assert texts.failure(told, CHINESE).startswith("此环境中没有正在运行的计算机 vm1")


def test_an_error_of_arm_is_shown_by_its_code() -> None:
    assert "错误代码 ResourceNotFound" in texts.failure("ResourceNotFound: The thing was not found.", CHINESE)


def test_a_sentence_of_somebody_else_keeps_its_words() -> None:
    assert texts.failure("/x: Permission denied by somebody", CHINESE).endswith("/x: Permission denied by somebody")


@pytest.mark.parametrize("passed", [True, False])
def test_a_whole_result_in_chinese(passed: bool) -> None:
    names = [filled(found) for found in messages(*CHECKING) if found.by in {"_check", "_completes"}]
    names = [name for name in names if texts.check(name, CHINESE) != name]
    assert len(names) > 12
    checks = [{"name": name, "passed": passed, "detail": detail} for name in names for detail in DETAILS]
    tasks = [{"id": task, "status": "Completed", "duration_seconds": 1.0} for task in texts.TASKS]
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
    console = Console(file=io.StringIO(), width=400)
    show.demo_result(result, CHINESE, console, [texts.label("hint_up", CHINESE)])
    assert isinstance(console.file, io.StringIO)
    for line in console.file.getvalue().splitlines():
        assert is_chinese(line), line


@pytest.mark.parametrize("table", [texts.DETAILS, texts.FAILURES, texts.CHECKS, texts.TASKS])
def test_every_text_has_the_same_blanks_in_both_languages(table: dict[str, str]) -> None:
    for english, chinese in table.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese))
        assert english != chinese


def test_each_step_and_label_is_known_in_each_language() -> None:
    for step, words in texts.STEPS.items():
        values = dict.fromkeys(re.findall(r"{(\w+)}", words[0]), "x1")
        assert is_chinese(texts.step(step, CHINESE, dict(values)))
    for key, words in texts.LABELS.items():
        values = dict.fromkeys(re.findall(r"{(\w+)}", words[0]), "x1")
        assert is_chinese(texts.label(key, CHINESE, **values))
