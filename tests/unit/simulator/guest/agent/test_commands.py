"""Commands of handlers as processes: the same whether they start cold, or are forked from an interpreter that waits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from simulator.guest.agent.process import (
    HEAD_BYTES,
    TAIL_BYTES,
    Command,
    CommandRunner,
    RunningCommand,
    command_line,
    end_processes_below,
    guest_environment,
)
from simulator.guest.agent.warm_start import (
    ARGUMENT_BYTES,
    KILLED,
    READ_AT_START,
    SCRIPT,
    VARIABLE_BYTES,
    WarmCommand,
    WarmStart,
    can_fork,
    program_of,
)
from tests.patience import comes_true

EXTENSION = Path(__file__).parents[5] / "extension"
TELLS = """
import json, os, sys
facts = {
    "arguments": sys.argv[1:],
    "path": sys.path[0],
    "name": __name__,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "shown_environment": open("/proc/self/environ").read().rstrip("\\0").split("\\0"),
    "shown_arguments": open("/proc/self/cmdline").read().rstrip("\\0").split("\\0"),
    "leads_session": os.getsid(0) == os.getpid() == os.getpgid(0),
    "files": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "input": sys.stdin.read(),
    "isolated": sys.flags.isolated,
    "encoding": [sys.stdout.encoding, sys.getfilesystemencoding()],
    "children": os.times().children_user,
}
print(json.dumps(facts))
"""


class Package:
    """A package of ours with another main program."""

    def __init__(self, root: Path, program: str) -> None:
        self.root = root
        (root / "bin").mkdir(parents=True)
        for verb in ("enable", "disable"):
            (root / "bin" / verb).write_bytes(SCRIPT)
        (root / "__main__.py").write_text(program)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        marked = {"AZURE_GUEST_AGENT_EXTENSION_PATH": str(self.root)}
        return guest_environment(os.environ) | marked | dict(more or {})

    def start(self, run: CommandRunner, more: Mapping[str, str] | None = None) -> RunningCommand:
        return run(command_line(self.root, "bin\\enable.cmd"), self.root, self.environment(more))


def ended(command: RunningCommand) -> int:
    assert comes_true(lambda: command.poll() is not None)
    code = command.poll()
    assert code is not None
    return code


def told(command: RunningCommand) -> dict[str, Any]:
    assert ended(command) == 0, command.output().text
    facts: dict[str, Any] = json.loads(command.output().text)
    return facts


@pytest.fixture
def warm() -> Iterator[WarmStart]:
    if not can_fork():
        pytest.skip("commands start cold on this system")
    made = WarmStart()
    assert made.prepare()
    yield made
    made.close()


@pytest.fixture(params=["cold", "warm"])
def run(request: pytest.FixtureRequest) -> CommandRunner:
    if request.param == "cold":
        return Command
    made: WarmStart = request.getfixturevalue("warm")

    def forked(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
        command = made.run_command(arguments, folder, environment)
        assert isinstance(command, WarmCommand)
        return command

    return forked


# ----------------------------------------------------------------------------------------------------- what both obey


def test_a_command_has_what_it_was_given_and_nothing_else(tmp_path: Path, run: CommandRunner) -> None:
    package = Package(tmp_path / "package", TELLS)
    environment = package.environment({"ConfigSequenceNumber": "7", "VMSNAPSHOT_ODD": "ü = ö"})
    facts = told(package.start(run, {"ConfigSequenceNumber": "7", "VMSNAPSHOT_ODD": "ü = ö"}))
    started_in = {"PWD", "OLDPWD", "SHLVL", "_"}  # what a shell adds
    assert facts["arguments"] == ["enable"]
    assert Path(facts["path"]).resolve() == package.root
    assert facts["name"] == "__main__"
    assert facts["folder"] == str(package.root)
    assert {name: value for name, value in facts["environment"].items() if name not in started_in} == environment
    shown = dict(line.partition("=")[::2] for line in facts["shown_environment"])
    assert {name: value for name, value in shown.items() if name not in started_in} == environment
    assert facts["shown_arguments"] == [sys.executable, "-I", f"{package.root}/bin/..", "enable"]
    assert facts["leads_session"]
    assert facts["files"] == [0, 1, 2, 3]  # the last is the listing itself
    assert facts["input"] == ""
    assert facts["isolated"] == 1
    assert facts["children"] == 0


@pytest.mark.parametrize(
    ("program", "code", "output"),
    [
        ("", 0, ""),
        ("import sys; print('said'); sys.exit(3)", 3, "said"),
        ("import sys; sys.exit('wrong')", 1, "wrong"),
        ("import sys; sys.exit(None)", 0, ""),
        ("import os; os.write(1, b'first\\n'); os.write(2, b'second\\n'); os._exit(9)", 9, "first\nsecond"),
        ("import atexit; atexit.register(print, 'at the end')", 0, "at the end"),
        ("import threading; threading.Timer(0.01, print, ['of a thread']).start()", 0, "of a thread"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
    ],
)
def test_how_a_command_ended_and_what_it_wrote(
    tmp_path: Path, run: CommandRunner, program: str, code: int, output: str
) -> None:
    command = Package(tmp_path / "package", program).start(run)
    assert ended(command) == code
    assert command.written_bytes() == len(output) + (1 if output else 0)
    assert command.output().text == output


def test_a_mistake_of_a_command_is_in_its_output(tmp_path: Path, run: CommandRunner) -> None:
    command = Package(tmp_path / "package", "import none_such").start(run)
    assert ended(command) == 1
    assert command.output().text.endswith("ModuleNotFoundError: No module named 'none_such'")


def test_of_a_long_output_beginning_and_end_are_kept(tmp_path: Path, run: CommandRunner) -> None:
    command = Package(tmp_path / "package", "print('a' * 10_000 + 'b' * 10_000)").start(run)
    assert ended(command) == 0
    assert command.output().text == f"{'a' * HEAD_BYTES}\n...\n{'b' * (TAIL_BYTES - 1)}"


def test_a_killed_command_ends_with_its_group(tmp_path: Path, run: CommandRunner) -> None:
    program = "import os, time; print(os.fork(), flush=True); time.sleep(1000)"
    command = Package(tmp_path / "package", program).start(run)
    assert comes_true(lambda: command.written_bytes() > 0)
    assert command.poll() is None
    command.kill()
    assert command.poll() == -signal.SIGKILL
    command.kill()
    child = max(map(int, command.output().text.split()))
    assert comes_true(lambda: not is_alive(child))


def test_processes_of_a_machine_are_told_by_their_environment(tmp_path: Path, run: CommandRunner) -> None:
    """Also those that detach themselves, as the worker of our own handler does."""
    program = """
        import os, time
        if os.fork() == 0:
            os.setsid()
            print(os.getpid(), flush=True)
            time.sleep(1000)
    """
    package = Package(tmp_path / "package", "\n".join(line[8:] for line in program.splitlines()))
    command = package.start(run)
    assert ended(command) == 0
    assert comes_true(lambda: command.written_bytes() > 0)
    worker = int(command.output().text)
    assert is_alive(worker)
    assert end_processes_below(tmp_path / "elsewhere") == 0
    assert end_processes_below(tmp_path) == 1
    assert comes_true(lambda: not is_alive(worker))


def test_many_commands_at_once(tmp_path: Path, run: CommandRunner) -> None:
    packages = [
        Package(tmp_path / str(number), f"import os, sys; print(os.environ['N']); sys.exit({number})")
        for number in range(12)
    ]

    def outcome(number: int) -> tuple[int, str]:
        command = packages[number].start(run, {"N": str(number)})
        return ended(command), command.output().text

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(outcome, range(12))) == [(number, str(number)) for number in range(12)]


def test_the_handler_of_this_project_runs(tmp_path: Path, run: CommandRunner) -> None:
    """Its own scripts, and the answer that it gives where no agent has made it a folder."""
    command = run([*command_line(EXTENSION, "bin\\enable.cmd")], tmp_path, guest_environment(os.environ))
    assert ended(command) == 1
    assert "HandlerEnvironment.json" in command.output().text


# -------------------------------------------------------------------------------------------- what is forked, and how


def is_alive(process: int) -> bool:
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_the_scripts_of_our_package_are_the_ones_that_are_known() -> None:
    scripts = [path for path in (EXTENSION / "bin").iterdir() if not path.suffix]
    assert scripts
    assert {path.read_bytes() for path in scripts} == {SCRIPT}


def test_foreign_commands_and_other_interpreters_start_cold(tmp_path: Path) -> None:
    package = Package(tmp_path / "package", "")
    ours, environment = command_line(package.root, "bin\\enable.cmd"), package.environment()
    assert program_of(ours, environment) is not None
    assert program_of([*ours, "more"], environment) is None
    assert program_of([str(package.root / "bin" / "enable")], environment) is None
    assert program_of(["sh", str(tmp_path / "none")], environment) is None
    assert program_of(ours, environment | {"VMSNAPSHOT_PYTHON": "/usr/bin/python3"}) is None
    assert program_of(ours, {}) is None
    assert program_of(ours, environment | {"A": "a" * VARIABLE_BYTES}) is None
    deep = tmp_path / "/".join(["d" * 200] * 10)
    deep.mkdir(parents=True)
    (deep / "enable").write_bytes(SCRIPT)
    assert program_of(["sh", str(deep / "enable")], environment) is not None
    assert 2 * len(f"{deep}/enable") < ARGUMENT_BYTES
    (package.root / "bin" / "enable").write_bytes(SCRIPT + b"# changed\n")
    assert program_of(ours, environment) is None


@pytest.mark.parametrize("name", READ_AT_START)
def test_a_command_in_another_language_starts_cold(tmp_path: Path, warm: WarmStart, name: str) -> None:
    command = Package(tmp_path / "package", "").start(warm.run_command, {name: "tlh.UTF-8"})
    assert isinstance(command, Command)
    assert ended(command) == 0


def test_the_first_command_starts_cold_and_those_after_it_warm(tmp_path: Path) -> None:
    if not can_fork():
        pytest.skip("commands start cold on this system")
    package, warm = Package(tmp_path / "package", TELLS), WarmStart()
    try:
        first = package.start(warm.run_command)
        assert isinstance(first, Command)
        told(first)
        assert warm.prepare()
        second = package.start(warm.run_command)
        assert isinstance(second, WarmCommand)
        told(second)
    finally:
        warm.close()
    third = package.start(warm.run_command)
    assert isinstance(third, Command)
    told(third)


def interpreter_of(command: RunningCommand) -> int:
    """The process that forked this command."""
    assert isinstance(command, WarmCommand)
    return int(Path(f"/proc/{command.process_id}/stat").read_text().rpartition(")")[2].split()[1])


def waiting(tmp_path: Path, warm: WarmStart) -> WarmCommand:
    command = Package(tmp_path, "import time; print('here', flush=True); time.sleep(1000)").start(warm.run_command)
    assert isinstance(command, WarmCommand)
    assert comes_true(lambda: command.written_bytes() > 0)
    return command


def test_a_killed_interpreter_is_made_anew_and_its_command_counts_as_killed(tmp_path: Path, warm: WarmStart) -> None:
    command = waiting(tmp_path / "one", warm)
    process = command.process_id
    os.kill(interpreter_of(command), signal.SIGKILL)
    assert comes_true(lambda: command.poll() is not None)
    assert command.poll() == KILLED
    assert comes_true(lambda: not is_alive(process))
    assert command.output().text == "here"
    after = Package(tmp_path / "two", TELLS)
    assert isinstance(after.start(warm.run_command), Command)
    assert warm.prepare()
    forked = after.start(warm.run_command)
    assert isinstance(forked, WarmCommand)
    told(forked)


def test_what_a_killed_interpreter_had_not_begun_starts_cold(tmp_path: Path, warm: WarmStart) -> None:
    command = waiting(tmp_path / "one", warm)
    interpreter = interpreter_of(command)
    os.kill(interpreter, signal.SIGSTOP)
    late = Package(tmp_path / "two", TELLS).start(warm.run_command)
    assert isinstance(late, WarmCommand)
    assert late.poll() is None
    os.kill(interpreter, signal.SIGKILL)
    assert comes_true(lambda: command.poll() is not None)
    assert told(late)["arguments"] == ["enable"]
    late.kill()


def test_the_end_of_the_world_ends_the_interpreter_and_no_command(tmp_path: Path, warm: WarmStart) -> None:
    command = waiting(tmp_path / "package", warm)
    interpreter, process = interpreter_of(command), command.process_id
    try:
        warm.close()
        assert not is_alive(interpreter)
        assert is_alive(process)
    finally:
        os.kill(process, signal.SIGKILL)


SEARCHES = """
import os, sys
needle = os.environ["VMSNAPSHOT_NEEDLE"].encode()[::-1]
found = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        place, rights, *_ = line.split()
        if rights.startswith("rw"):
            start, _, end = place.partition("-")
            try:
                memory.seek(int(start, 16))
                found += memory.read(int(end, 16) - int(start, 16)).count(needle)
            except (OSError, OverflowError, ValueError):
                pass
print(found)
"""
"""Counts where the needle, reversed, lies in the memory of the process; `needle` itself is one such place."""


def test_nothing_of_a_command_is_in_the_memory_of_the_next(tmp_path: Path, warm: WarmStart) -> None:
    secret = "c8a3f17e-not-for-others-5d20"
    first = Package(tmp_path / "one", "import os; print(os.environ['VMSNAPSHOT_SECRET'])")
    searching = Package(tmp_path / "two", SEARCHES)

    def found(more: Mapping[str, str]) -> int:
        command = searching.start(warm.run_command, {"VMSNAPSHOT_NEEDLE": secret[::-1], **more})
        assert ended(command) == 0, command.output().text
        return int(command.output().text)

    before = found({})
    for _ in range(3):
        command = first.start(warm.run_command, {"VMSNAPSHOT_SECRET": secret})
        assert ended(command) == 0
        assert command.output().text == secret
    assert found({}) == before
    assert found({"VMSNAPSHOT_SECRET": secret}) > before


def test_what_is_loaded_for_handlers_is_what_ours_loads() -> None:
    """So that a handler that is forked finds nothing of the standard library to load."""
    own = (
        f"import sys; sys.path.insert(0, {str(EXTENSION.parent)!r}); import extension.handler, urllib.parse, subprocess"
    )
    listed = "print(*sorted(name for name in sys.modules if not name.startswith(('extension', '__main'))))"
    waits = "import sys; sys.argv = ['', '0']; import runpy; runpy.run_path({!r}, run_name='waits')"
    warm = waits.format(str(EXTENSION.parent / "simulator" / "guest" / "agent" / "warm_interpreter.py"))
    loaded = [
        set(
            subprocess.run(
                [sys.executable, "-I", "-c", f"{what}; {listed}"], capture_output=True, text=True
            ).stdout.split()
        )
        for what in (own, warm)
    ]
    assert "json" in loaded[0]
    assert loaded[0] <= loaded[1]
