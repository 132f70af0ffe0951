"""How the program was called, and that sentences and help use that name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from simulator.command import cli, program, texts

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("started", "folder", "name"),
    [
        ("/bin/backupsim", "/src", "backupsim"),
        ("/src/simulator/command/cli.py", "/src", "backupsim"),
        ("simulator", "/src", "python3 simulator"),
        ("simulator/", "/src", "python3 simulator"),
        ("/src/simulator/__main__.py", "/src", "python3 simulator"),
        ("/src/simulator", "/elsewhere", "python3 /src/simulator"),
        ("../simulator", "/src/docs", "python3 /src/simulator"),
        (".", "/src/simulator", "python3 /src/simulator"),
        ("/my src/simulator", "/", "python3 '/my src/simulator'"),
    ],
)
def test_the_name_is_what_can_be_typed(started: str, folder: str, name: str) -> None:
    assert program.name(started, Path(folder)) == name


def test_only_command_lines_get_the_name() -> None:
    sentence = "start one with backupsim up; backupsim itself uses no proxy; see backupsim.jsonl"
    assert program.as_called(sentence, "python3 simulator") == sentence.replace("backupsim up", "python3 simulator up")


def test_every_command_is_known() -> None:
    assert sorted(typer.main.get_group(cli.app).commands) == list(program.COMMANDS)


IN_A_CHECKOUT = "import sys; sys.argv[0] = 'simulator'; from simulator.command.cli import main; main()"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_sentences_usage_and_help_of_a_checkout_have_its_name(tmp_path: Path, language: str) -> None:
    def told(*arguments: str) -> str:
        command = [sys.executable, "-c", IN_A_CHECKOUT, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        return done.stdout + done.stderr

    spoken = ("--lang", language)
    assert "python3 simulator up" in told("env", "--state", str(tmp_path / "none"), *spoken)
    assert "python3 simulator up" in told("--state", "w", "up", *spoken)
    assert "Usage: python3 simulator up" in told("up", "--help")
    assert "python3 simulator up --help" in told("up", "--port", "x")
    proposal = texts.label("up_detached", language, folder="w")
    assert "python3 simulator stop" in program.as_called(proposal, "python3 simulator")


def said_by(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator.command.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_help_is_a_command_too() -> None:
    whole, of_up = said_by("help"), said_by("help", "up")
    assert (whole.returncode, whole.stdout) == (0, said_by("--help").stdout)
    assert "prefetch" in whole.stdout
    assert (of_up.returncode, of_up.stdout) == (0, said_by("up", "--help").stdout)
    assert said_by("help", "handler", "pack").stdout == said_by("handler", "pack", "--help").stdout


def test_help_of_a_command_that_is_not_there() -> None:
    done = said_by("help", "backup")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "backupsim: there is no command backup; backupsim help names them all\n"


@pytest.mark.parametrize("names", [(), ("up",), ("handler",), ("handler", "pack"), ("env",)])
def test_help_shows_no_type_for_flags(names: tuple[str, ...]) -> None:
    page = said_by(*names, "--help").stdout
    assert "--help" in page
    assert "<bool>" not in page
