"""Handlers for the worlds of tests come from what `up --handler` takes, and machines get them or nobody is misled."""

from __future__ import annotations

import shlex
import sys
import zipfile
from pathlib import Path

import pytest

from simulator.failures import WrongUse
from simulator.testing.given_handlers import GivenHandler, given, orders

PYTHON = Path(__file__).parents[4] / "examples/handlers/python"
NAME = "Contoso.Backup.PythonSnapshot"
OURS = "Microsoft.Azure.RecoveryServices.VMSnapshot"


def handler(name: str, version: str = "1.0.0.0") -> GivenHandler:
    return GivenHandler(name, version, Path("given.zip"), Path("given"))


def test_a_folder_a_command_and_a_name_of_its_own(tmp_path: Path) -> None:
    program = f"print({str(PYTHON)!r})"
    made = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    found = given([str(PYTHON), made, f"{PYTHON}={OURS}:2.0.0.0"], tmp_path)
    assert [(each.name, each.version) for each in found] == [(NAME, "1.0.0.0"), (NAME, "1.0.0.0"), (OURS, "2.0.0.0")]
    assert {each.source for each in found} == {PYTHON}
    again = given([str(found[0].file)], tmp_path / "..")
    assert (again[0].name, again[0].source) == (NAME, found[0].file)
    again[0].file.unlink()
    with zipfile.ZipFile(found[0].file) as package:
        assert set(package.namelist()) == {"HandlerManifest.json", "handler.py"}


@pytest.mark.parametrize(
    ("word", "sentence"), [("nothing-here", "is no folder, no zip"), (__file__, "it is no zip file")]
)
def test_what_is_no_handler_is_wrong_use(tmp_path: Path, word: str, sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        given([word], tmp_path)


def test_one_of_our_name_takes_our_place() -> None:
    assert orders([handler(OURS, "1.0.0.0")], {}) == {"windows_extension": f"{OURS}:1.0.0.0"}
    assert orders([handler(f"{OURS}Linux".lower())], {}) == {"linux_extension": f"{OURS}Linux:1.0.0.0".lower()}
    said = {"windows_extension": f"{OURS}:1.9"}
    assert orders([handler(OURS)], said) == said


def test_another_one_has_to_be_ordered() -> None:
    said = {"linux_extension": f"{NAME}:1.0"}
    assert orders([handler(NAME)], said) == said
    assert orders([], {}) == {}
    for wrong in ({}, {"windows_extension": "Contoso.Other:1.0"}):
        with pytest.raises(WrongUse, match=f"no machine would get {NAME}; order it with --backupsim-windows-ext"):
            orders([handler(NAME)], wrong)
