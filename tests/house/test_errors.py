"""An error of the service is made from the table of errors, and nowhere else."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.table import areas, kinds
from docs.generator import source

KINDS: dict[str, ErrorKind] = kinds()
TABLE = "controlplane/domain/errors/"
HOME = f"{TABLE}kind.py"
EXTRAS = {"details", "additional_info", "retry_after_seconds"}
"""What `ErrorKind.error` takes beside the values for the blanks."""

ELSEWHERE = {
    "controlplane/domain/recovery_services/provider_answers.py": "codes of other providers, some alike",
    "controlplane/domain/recovery_services/snapshot_failure.py": "names that the extension reports, some alike",
    "controlplane/domain/resources/deployment.py": "BadRequest, the status of an HTTP answer",
}
"""Modules that may write a code of the table, and why."""


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in source.files(*source.PRODUCT):
        for node in ast.walk(source.tree(path)):
            if isinstance(node, ast.Call):
                yield source.module_path(path), node


def _uses() -> Iterator[tuple[str, str, ast.Call]]:
    """Where errors are made: the place, the name of the kind, the call."""
    for path, call in _calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "error":
            name = ast.unparse(call.func.value).rpartition(".")[2]
            if name in KINDS:
                yield f"{path}:{call.lineno}", name, call


def test_no_other_module_constructs_a_service_error() -> None:
    made = {path for path, call in _calls() if ast.unparse(call.func).rpartition(".")[2] == "ServiceError"}
    assert made <= {HOME}, "make it from a kind of controlplane.domain.errors"


def test_a_code_is_written_in_the_table_only() -> None:
    codes = {kind.code for kind in KINDS.values()}
    written = {
        source.module_path(path)
        for path in source.files("controlplane")
        for node in ast.walk(source.tree(path))
        if isinstance(node, ast.Constant) and node.value in codes
    }
    assert {path for path in written if not path.startswith(TABLE)} == set(ELSEWHERE), "take `KIND.code`"


def test_every_use_of_a_kind_fills_its_blanks() -> None:
    wrong = []
    for place, name, call in _uses():
        given = {keyword.arg for keyword in call.keywords} - EXTRAS
        if call.args or given != KINDS[name].blanks:
            wrong.append(f"{place}: {name} has the blanks {sorted(KINDS[name].blanks)}")
    assert not wrong


def test_every_kind_has_a_name_of_its_own() -> None:
    assert sum(len(area.kinds) for area in areas()) == len(KINDS)


def test_every_kind_is_used() -> None:
    named: Counter[str] = Counter()
    for path in source.files("controlplane"):
        if not source.module_path(path).startswith(TABLE) or path.name == "__init__.py":
            named.update(node.id for node in ast.walk(source.tree(path)) if isinstance(node, ast.Name))
    assert not {name for name in KINDS if not named[name]}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_reads_as_a_sentence(name: str) -> None:
    kind = KINDS[name]
    assert not kind.remedy or kind.remedy.endswith((".", "}"))
    assert 400 <= kind.status < 600
    assert kind.source.text or not kind.ours, "say why the code is ours"
