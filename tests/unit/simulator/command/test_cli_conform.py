"""`backupsim conform`: what is refused with a sentence, and what a run prints and ends with."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.command.cli import app
from simulator.failures import WrongUse

EXAMPLE = Path(__file__).parents[4] / "examples" / "handlers" / "python"


def refused(*arguments: str) -> str:
    problem = CliRunner().invoke(app, ["conform", *arguments]).exception
    assert isinstance(problem, WrongUse), problem
    return str(problem)


def test_wrong_use_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("no zip")
    (tmp_path / "no.json").write_text("[]")
    good = str(EXAMPLE)
    assert refused(good, "--select", "XYZ-01").startswith("XYZ-01 is no requirement; ")
    assert refused(good, "--skip", "FRZ-99").startswith("FRZ-99 is no requirement; ")
    assert refused(good, "--profile", "beos") == "beos is no profile; use windows or linux"
    assert refused(good, "--html", str(tmp_path / "none" / "a.html")).endswith("name a file in an existing folder")
    assert refused(good, "--baseline", str(tmp_path / "no.json")).endswith(
        "write one with backupsim conform HANDLER --json"
    )
    assert refused(str(tmp_path / "no.zip")).endswith("no.zip cannot be judged: it is no zip")
    assert "is no folder, no zip and no command" in refused(str(tmp_path / "nothing"))


@pytest.mark.slow
def test_a_package_with_a_bad_manifest_is_judged_and_told_in_every_form(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("HandlerManifest.json", "{")
    (tmp_path / "bad.zip").write_bytes(content.getvalue())
    forms = ["--junit", str(tmp_path / "a.xml"), "--html", str(tmp_path / "a.html")]
    arguments = ["conform", str(tmp_path / "bad.zip"), "--select", "MAN", "--skip", "MAN-10"]
    shown = CliRunner().invoke(app, [*arguments, *forms])
    assert shown.exit_code == 1, shown.output
    assert shown.stdout.splitlines()[-1].startswith("Unknown.Handler 1.0 does not conform: 10 of ")
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    results = {each["id"]: each["result"] for each in told["requirements"]}
    assert (results["MAN-01"], results["MAN-02"], results["MAN-10"]) == ("failed", "failed", "skipped")
    (tmp_path / "known.json").write_text(json.dumps(told))
    again = CliRunner().invoke(app, [*arguments, "--baseline", str(tmp_path / "known.json"), "--lang", "zh-cn"])
    assert again.exit_code == 0, again.output
    assert "符合要求" in again.stdout
    assert "MAN-01" in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "MAN-01" in (tmp_path / "a.xml").read_text(encoding="utf-8")
