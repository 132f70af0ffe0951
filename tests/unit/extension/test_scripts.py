"""Scripts around a snapshot: processes of bounded time, their retries, what they get, and what became of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from extension.contract.codes import Code
from extension.log import Log
from extension.scripts import ScriptProcess, Scripts, StartedScript, environment_of
from tests.guest_scripts import PRE, put_scripts

ENVIRON = {"PATH": os.environ["PATH"], "AZURE_GUEST_AGENT_EXTENSION_PATH": "/x", "SECRET": "s"}


class Clock:
    """Time that passes only while somebody waits for a script."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class PlayedScript:
    """A script that takes so many seconds and then ends with this exit code; None: it never ends."""

    def __init__(self, clock: Clock, seconds: float, code: int | None) -> None:
        self._clock = clock
        self._left = seconds
        self._code = code
        self.ended = False

    def wait(self, seconds: float) -> int | None:
        takes = seconds if self._code is None else min(seconds, self._left)
        self._clock.seconds += takes
        self._left -= takes
        return self._code if self._left <= 0 else None

    def end(self) -> str:
        self.ended = True
        return "what it wrote"


class Stage:
    """Scripts of which the processes are played: (seconds, exit code) of one attempt after the other."""

    def __init__(self, root: Path, *attempts: tuple[float, int | None]) -> None:
        self.clock = Clock()
        self.log = Log(None)
        self.started: list[PlayedScript] = []
        self.signs = 0
        self._attempts = list(attempts)
        self.scripts = Scripts(root, ENVIRON, self.log, self._sign, self._start, self.clock)
        self.scripts.check()

    def _sign(self) -> None:
        self.signs += 1

    def _start(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> ScriptProcess:
        script = PlayedScript(self.clock, *self._attempts.pop(0))
        self.started.append(script)
        return script

    def pre(self) -> Code | None:
        return self.scripts.pre().code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


# --------------------------------------------------------------------------------------------------- time and attempts


@pytest.mark.parametrize("code", [0, 2])
def test_a_script_that_ends_well(root: Path, code: int) -> None:
    """2 is a warning, and no failure."""
    put_scripts(root)
    stage = Stage(root, (3, code), (1, 0))
    assert stage.pre() is None
    assert stage.scripts.post().application_consistent
    assert [script.ended for script in stage.started] == [True, True]


@pytest.mark.parametrize(("continues", "stops"), [(True, False), (False, True)])
def test_a_script_that_fails(root: Path, continues: bool, stops: bool) -> None:
    put_scripts(root, continueBackupOnFailure=continues)
    course = Stage(root, (1, 1)).scripts.pre()
    assert (course.code, course.which, course.stops) == (Code.FailedPrepostPreScriptFailed, "pre", stops)
    assert course.reason == f"{PRE} ended with exit code 1"
    assert not course.application_consistent
    assert course.is_shown


def test_without_a_freeze_a_failure_always_stops_the_backup(root: Path) -> None:
    put_scripts(root, continueBackupOnFailure=True, fsFreezeEnabled=False)
    course = Stage(root, (1, 1)).scripts.pre()
    assert (course.stops, course.freezes) == (True, False)


def test_a_script_is_started_again_as_often_as_its_settings_say(root: Path) -> None:
    put_scripts(root, preScriptNoOfRetries=2)
    stage = Stage(root, (1, 1), (1, 1), (1, 0))
    assert stage.pre() is None
    assert (len(stage.started), stage.scripts.telemetry["preScriptAttempts"]) == (3, "3")
    stage = Stage(root, (1, 1), (1, 1), (1, 1))
    assert stage.pre() is Code.FailedPrepostPreScriptFailed
    assert len(stage.started) == 3


def test_the_time_is_for_all_attempts_together(root: Path) -> None:
    put_scripts(root, preScriptNoOfRetries=5, timeoutInSeconds=10)
    stage = Stage(root, (4, 1), (4, 1), (4, 1))
    assert stage.pre() is Code.FailedPrepostPreScriptTimeout
    assert (stage.clock.seconds, len(stage.started)) == (10, 3)


@pytest.mark.parametrize("seconds", [10, 45])
def test_a_script_that_never_ends_is_ended_when_its_time_has_passed(root: Path, seconds: int) -> None:
    put_scripts(root, timeoutInSeconds=seconds, preScriptNoOfRetries=3)
    stage = Stage(root, (0, None))
    assert stage.pre() is Code.FailedPrepostPreScriptTimeout
    assert stage.clock.seconds == seconds
    (script,) = stage.started
    assert script.ended
    assert stage.signs == seconds / 5, "whoever waits for the task sees that something goes on"


def test_a_script_that_outlasts_the_plugin_host(root: Path) -> None:
    put_scripts(root, timeoutInSeconds=13)
    host = root / "etc" / "azure" / "VMSnapshotPluginHost.conf"
    host.write_text(
        "[pre_post]\ntimeoutInSeconds: 13\nnumberOfPlugins: 1\npluginName0: ScriptRunner\n"
        "pluginConfigPath0: /etc/azure/VMSnapshotScriptPluginConfig.json\n"
    )
    host.chmod(0o600)
    stage = Stage(root, (0, None))
    assert stage.pre() is Code.FailedPrepostPluginhostPreTimeout
    assert stage.clock.seconds == 10, "its looks are five seconds apart"
    stage = Stage(root, (1, 0), (0, None))
    stage.pre()
    assert stage.scripts.post().code is Code.FailedPrepostPluginhostPostTimeout


# ------------------------------------------------------------------------------------------------------ the post-script


def test_the_post_script_runs_whatever_became_of_the_pre_script(root: Path) -> None:
    put_scripts(root, continueBackupOnFailure=False)
    stage = Stage(root, (1, 1), (1, 0))
    stage.pre()
    course = stage.scripts.post()
    assert len(stage.started) == 2
    assert (course.code, course.stops) == (Code.FailedPrepostPreScriptFailed, True)


def test_the_post_script_runs_once(root: Path) -> None:
    put_scripts(root)
    stage = Stage(root, (1, 0), (1, 0))
    stage.pre()
    assert stage.scripts.post() == stage.scripts.post()
    assert len(stage.started) == 2


def test_no_post_script_without_a_pre_script(root: Path) -> None:
    put_scripts(root)
    stage = Stage(root)
    stage.scripts.post()
    assert stage.started == []


@pytest.mark.parametrize(
    ("attempt", "code"),
    [((1, 7), Code.FailedPrepostPostScriptFailed), ((0, None), Code.FailedPrepostPostScriptTimeout)],
)
@pytest.mark.parametrize("continues", [True, False])
def test_a_post_script_that_fails(root: Path, attempt: tuple[float, int | None], code: Code, continues: bool) -> None:
    put_scripts(root, continueBackupOnFailure=continues)
    stage = Stage(root, (1, 0), attempt)
    stage.pre()
    course = stage.scripts.post()
    assert (course.code, course.which, course.stops) == (code, "post", not continues)


# ------------------------------------------------------------------------------------------------ what was found before


def test_settings_that_are_not_there_are_not_shown(root: Path) -> None:
    stage = Stage(root)
    assert not stage.scripts.are_there
    assert stage.scripts.course.code is Code.FailedPrepostPluginConfigNotFound
    assert not stage.scripts.course.is_shown
    assert stage.scripts.telemetry == {}


def test_a_script_that_may_not_run_is_shown(root: Path) -> None:
    put_scripts(root)
    (root / "etc" / "azure" / "pre.sh").chmod(0o755)
    stage = Stage(root)
    assert not stage.scripts.are_there
    assert stage.scripts.course.is_shown
    assert stage.scripts.telemetry == {"isPrePostEnabled": "true"}


def test_keys_without_effect_are_named(root: Path) -> None:
    put_scripts(root, ScriptsExecutionPollTimeSeconds=1, appName="bank")
    stage = Stage(root)
    assert any("ScriptsExecutionPollTimeSeconds has no effect" in line for line in stage.log.lines)
    assert stage.scripts.telemetry["appName"] == "bank"


# ------------------------------------------------------------------------------------------------------- real processes


def real(root: Path, environ: Mapping[str, str] = ENVIRON) -> tuple[Scripts, Log]:
    log = Log(None)
    scripts = Scripts(root, environ, log, lambda: None)
    scripts.check()
    return scripts, log


def test_a_script_is_a_process_in_the_folder_of_its_machine(root: Path) -> None:
    put_scripts(root, 'echo "$1 from $(pwd), root $GUEST_ROOT" > told', preScriptParams=["two words"])
    scripts, _ = real(root)
    assert scripts.pre().code is None
    assert (root / "told").read_text() == f"two words from {root}, root {root}\n"


def test_what_a_script_writes_is_in_the_log_its_secrets_are_not(root: Path) -> None:
    put_scripts(root, 'echo "https://a/b?sig=topsecret" >&2; seq 1 5000; exit 3')
    scripts, log = real(root)
    assert scripts.pre().reason == f"{PRE} ended with exit code 3"
    told = "\n".join(log.lines)
    assert "5000" in told
    assert "topsecret" not in told
    assert len(told) < 5000


def test_a_script_gets_no_secret(root: Path) -> None:
    put_scripts(root, "env > told")
    scripts, _ = real(root)
    scripts.pre()
    names = {line.partition("=")[0] for line in (root / "told").read_text().splitlines()}
    assert "SECRET" not in names
    assert {"PATH", "GUEST_ROOT", "AZURE_GUEST_AGENT_EXTENSION_PATH"} <= names
    assert environment_of({"TOKEN": "t"}, root) == {"HOME": str(root), "GUEST_ROOT": str(root)}


def test_a_script_that_cannot_be_started(root: Path) -> None:
    put_scripts(root)

    def start(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> ScriptProcess:
        raise FileNotFoundError(2, "No such file or directory")

    scripts = Scripts(root, ENVIRON, Log(None), lambda: None, start)
    scripts.check()
    assert scripts.pre().code is Code.FailedPrepostPreScriptFailed


def test_ending_a_script_ends_what_it_started(root: Path) -> None:
    """Seen by a pipe of which only its child holds the other end."""
    pipe = root / "pipe"
    os.mkfifo(pipe)
    script = StartedScript(("sh", "-c", "(echo up; exec sleep 600) > pipe & wait"), root, ENVIRON)
    with pipe.open("rb") as read:
        assert read.readline() == b"up\n"
        assert script.wait(0) is None
        script.end()
        assert read.read() == b""
