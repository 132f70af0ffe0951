"""Everything that `backupsim conform --lang zh-cn` prints of requirements and reasons is Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.command.chinese.requirements import CHAPTERS, REQUIREMENTS
from simulator.command.conforming import wording
from simulator.command.conforming.cli_conform import lines
from simulator.conformance import suite
from simulator.conformance.outcome import Outcome
from simulator.conformance.suite import FAILED, Verdict

CHINESE = "zh-cn"
FOLDER = Path(suite.__file__).parent
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,}\b")
"""Two words in lower case: no name of a protocol has them."""
CJK = re.compile("[\u4e00-\u9fff]")


def reasons() -> Iterator[str]:
    """What checks say, with a word in each blank: what `unless` gets, and what functions of a reason return."""
    for path in (*sorted((FOLDER / "chapters").glob("*.py")), FOLDER / "views.py", FOLDER / "suite.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "unless":
                yield filled(node.args[1])
        for check in filter(is_check, nodes):
            returned = [each.value for each in ast.walk(check) if isinstance(each, ast.Return)]
            yield from (filled(value) for value in returned if isinstance(value, ast.JoinedStr))


def is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) == "str | None"


def filled(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x1" for part in node.values)
    assert isinstance(node, ast.Constant), ast.unparse(node)
    return str(node.value)


def is_chinese(text: str) -> bool:
    return bool(CJK.search(text)) and not ENGLISH.search(text) and "英文" not in text


def test_each_requirement_and_each_chapter_has_its_chinese() -> None:
    assert set(REQUIREMENTS) == set(suite.REQUIREMENTS)
    assert set(CHAPTERS) == {chapter.name for chapter in suite.CHAPTERS}
    told = [*REQUIREMENTS.values(), *CHAPTERS.values()]
    assert [each for each in told if not is_chinese(each)] == []


def test_no_two_requirements_are_the_same_in_chinese() -> None:
    said = [(suite.REQUIREMENTS[id].scene, suite.REQUIREMENTS[id].profiles, text) for id, text in REQUIREMENTS.items()]
    assert len(said) == len(set(said))


def test_numbers_and_names_of_a_requirement_are_the_same_in_chinese() -> None:
    """A code, a key or a command that the translation forgot or changed."""
    names = re.compile(r"\b(?:\d{2,}|[a-z]+[A-Z]\w+|x-ms-\w+|N\.\w+|AES-\d+|[A-Z]{4,})\b", re.ASCII)
    wrong = [
        id
        for id, text in REQUIREMENTS.items()
        if not set(names.findall(suite.REQUIREMENTS[id].expected)) - {"DELETE"} <= set(names.findall(text))
    ]
    assert wrong == []


def test_each_reason_has_its_chinese() -> None:
    said = set(reasons())
    assert len(said) > 80, "the reasons are not found any more"
    assert [each for each in sorted(said) if not is_chinese(wording.reason(each, CHINESE))] == []
    assert [each for each in said if wording.reason(each, "en") != each] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("the freeze was still there", "该冻结仍在持续"),
        ("it is 76; in 2 of 3 runs", "实际为 76；3 次运行中有 2 次失败"),
        ("the token of the machine stands in log1", "log1 中有 计算机的令牌"),
        (
            "the scene could not be played: enable cannot be started: Permission denied",
            "无法进行该场景：enable 无法启动：权限不足",
        ),
        ("the handler says no", "英文说明：the handler says no"),
    ],
)
def test_what_stands_in_a_reason_is_translated_too(english: str, chinese: str) -> None:
    assert wording.reason(english, CHINESE) == chinese


def test_a_run_is_told_in_chinese_by_chapters() -> None:
    failed = [Verdict(suite.REQUIREMENTS[id], FAILED, "it is not") for id in ("MAN-01", "FRZ-01", "MAN-08")]
    outcome = Outcome(
        handler="Contoso.Backup",
        version="1.0",
        profile="windows",
        seed=7,
        repeat=1,
        platform="Linux",
        begun="2026-11-30T12:00:00Z",
        duration_seconds=1.5,
        reproduce="backupsim conform ./mine",
        total=len(suite.REQUIREMENTS),
        verdicts=failed,
    )
    told = lines(outcome, CHINESE)
    assert [line.split(" ")[0] for line in told if not line.startswith(" ")][:-1] == [
        "清单",
        "MAN-01",
        "MAN-08",
        "冻结与解冻",
        "FRZ-01",
    ]
    assert all(is_chinese(line) for line in told), told
