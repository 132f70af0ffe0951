"""Runs the pre- and the post-script around a snapshot, as processes of bounded time, and keeps what came of them.

A script gets no secret: its environment is picked by name, and settings, signatures and tokens are in none of it. It
ends at the latest when its time has passed; then its process group is killed. (The published Linux handler leaves one
that timed out running, and counts retries without starting the script again.)
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Protocol

from extension.contract.codes import Code
from extension.log import Log
from extension.script_course import ScriptCourse
from extension.script_settings import Script, ScriptSettings, ScriptsUnusable, read_scripts

LOOK_SECONDS = 5.0
"""Between two signs of life while a script runs."""
HOST_LOOK_SECONDS = 5
"""The published plugin host counts its patience in looks so far apart, and rounds it down to whole ones."""
OUTPUT_BYTES = 2048
"""Of what a script wrote, the end is kept in the log."""
SUCCESSES = (0, 2)
"""Exit codes of a script that has done its part; 2 is a warning."""
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VMSNAPSHOT_PYTHON")
ENVIRONMENT_PREFIX = "AZURE_GUEST_AGENT_"
ROOT_VARIABLE = "GUEST_ROOT"
"""Tells a script which folder stands for the root of its machine; on a real one that is /."""


class ScriptProcess(Protocol):
    """A script that was started."""

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None when it still runs after so many seconds."""

    def end(self) -> str:
        """Kill its process group if it still runs; returns the end of what it wrote. What a script that has ended left
        running goes on: it may have started a service again."""


class StartedScript:
    """A script that was started. It leads a process group of its own."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        # A file, not a pipe: whatever the script leaves running may hold it open, and a full pipe would stop it.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - end() closes it
        self._process = subprocess.Popen(
            list(arguments),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> str:
        with suppress(ProcessLookupError, PermissionError):
            # Its number is not given to another while the process has not been waited for.
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with self._output as written:
            size = written.seek(0, os.SEEK_END)
            written.seek(max(0, size - OUTPUT_BYTES))
            return written.read().decode(errors="replace").strip()


Starter = Callable[[Sequence[str], Path, Mapping[str, str]], ScriptProcess]
"""(arguments, folder, environment) -> the script. Raises OSError when it cannot be started."""


class Scripts:
    """The scripts of one task. `sign_of_life` is called again and again while one runs."""

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        log: Log,
        sign_of_life: Callable[[], object],
        start: Starter = StartedScript,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.course = ScriptCourse()
        self.telemetry: dict[str, str] = {}
        self._root = root
        self._environ = environment_of(environ, root)
        self._log = log
        self._sign_of_life = sign_of_life
        self._start = start
        self._now = now
        self._settings: ScriptSettings | None = None

    def check(self) -> ScriptCourse:
        """Whether there are scripts, and whether they may run. Nothing is started yet."""
        try:
            settings = self._settings = read_scripts(self._root)
        except ScriptsUnusable as problem:
            self.course = ScriptCourse(problem.code, str(problem), stops=not problem.continues)
            self._log.info(f"no scripts: {problem} ({problem.code.name})")
        else:
            self.course = ScriptCourse(freezes=settings.freezes)
            self._note(settings)
        if self._settings is not None or self.course.is_shown:
            self.telemetry["isPrePostEnabled"] = "true"
        return self.course

    @property
    def are_there(self) -> bool:
        return self._settings is not None

    def pre(self) -> ScriptCourse:
        settings = self._settings
        assert settings is not None, "checked before"
        self.course = self.course._replace(has_run=True)
        failed, late = Code.FailedPrepostPreScriptFailed, Code.FailedPrepostPreScriptTimeout
        return self._run("pre", settings.pre, failed, late, Code.FailedPrepostPluginhostPreTimeout)

    def post(self) -> ScriptCourse:
        """Runs it if the pre-script was started, whatever became of that and of the snapshots; at most once."""
        settings, self._settings = self._settings, None
        if settings is None or not self.course.has_run:
            return self.course
        self._settings = settings
        failed, late = Code.FailedPrepostPostScriptFailed, Code.FailedPrepostPostScriptTimeout
        try:
            return self._run("post", settings.post, failed, late, Code.FailedPrepostPluginhostPostTimeout)
        finally:
            self._settings = None

    # ------------------------------------------------------------------------------------------------------ underneath

    def _note(self, settings: ScriptSettings) -> None:
        if settings.application:
            self.telemetry["appName"] = settings.application
        self._log.info(
            f"scripts of {settings.name}: {settings.pre.location} and {settings.post.location}, "
            f"{settings.seconds:g} s each, continueBackupOnFailure {settings.continues_on_failure}, "
            f"fsFreezeEnabled {settings.freezes}"
        )
        for key in settings.without_effect:
            self._log.warning(f"{key} has no effect: the end of a script is seen at once")

    def _run(self, which: str, script: Script, failed: Code, late: Code, host_late: Code) -> ScriptCourse:
        assert self._settings is not None
        settings = self._settings
        patience = settings.host_seconds // HOST_LOOK_SECONDS * HOST_LOOK_SECONDS
        seconds = min(settings.seconds, patience)
        begun = self._now()
        attempts, code = 0, None
        while attempts <= script.retries:
            attempts += 1
            code = self._once(which, script, begun + seconds)
            if code is None or code in SUCCESSES:
                break
        self._log.info(f"{which}-script: {_ended(code)}, {attempts} of at most {script.retries + 1} attempts")
        self.telemetry[f"{which}ScriptAttempts"] = str(attempts)
        if code is None:
            wrong = host_late if patience < settings.seconds else late
            self._failed(which, wrong, f"{script.location} took longer than {seconds:g} s")
        elif code not in SUCCESSES:
            self._failed(which, failed, f"{script.location} ended with exit code {code}")
        return self.course

    def _once(self, which: str, script: Script, deadline: float) -> int | None:
        """The exit code of one attempt; None: its time has passed. A script that cannot be started has the exit code
        of a shell that does not find a command."""
        try:
            arguments = ("sh", str(script.place), *script.parameters)
            process = self._start(arguments, self._root, self._environ)
        except OSError as problem:
            self._log.error(f"the {which}-script cannot be started: {problem.strerror}")
            return 127
        code = None
        try:
            while code is None and (left := deadline - self._now()) > 0:
                code = process.wait(min(left, LOOK_SECONDS))
                self._sign_of_life()
            return code
        finally:
            output = process.end()
            if output:
                self._log.info(f"{which}-script wrote: {output}")

    def _failed(self, which: str, code: Code, reason: str) -> None:
        """The first failure is the one that is reported."""
        assert self._settings is not None
        self._log.error(f"{which}-script: {code.name}: {reason}")
        if self.course.code is not None:
            return
        # Without a freeze only the scripts make anything consistent.
        stops = not (self._settings.continues_on_failure and self._settings.freezes)
        self.course = self.course._replace(code=code, reason=reason, which=which, stops=stops)


def environment_of(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """What of the handler's environment a script gets."""
    passed = {
        name: text for name, text in environ.items() if name in ENVIRONMENT or name.startswith(ENVIRONMENT_PREFIX)
    }
    return passed | {"HOME": str(root), ROOT_VARIABLE: str(root)}


def _ended(code: int | None) -> str:
    return "its time has passed" if code is None else f"exit code {code}"
