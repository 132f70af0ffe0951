"""The state folder: what a world keeps between runs, which process uses it, and the endpoints of a running world.

A folder holds one world and runs it at most once at a time: the holder of `lock`, which the system takes back from a
process that is killed. `running` lies beside it from start to clean end; found at a start, it says that the former
run ended otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout
from platformdirs import user_cache_path, user_state_path

from controlplane.json_object import Json
from simulator.failures import WrongUse
from simulator.state import unfinished
from simulator.state.kept_files import FROM_A_COPY, Damaged, damaged, read_text, read_texts

FORMAT_VERSION = 1
ENDPOINTS_VERSION = 1
APPLICATION = "backupsim"
FOLDERS = ("azurite", "guests", "handlers", "logs", "az", "ca")
UP_LOG = "up.log"
"""What a world says that was started in the background."""
NEW_SECRETS = "restore it from a copy, or remove it: the world then makes new secrets, and clients sign in again"
RESTART = "end the world that runs there with Ctrl-C or SIGTERM, and start it again"
LOCK_SECONDS = 0.2
"""Longer than anyone holds the lock just to see whether a world runs."""


def user_state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The default state folder of this user."""
    named = environment.get("BACKUPSIM_STATE")
    return Path(named) if named else user_state_path(APPLICATION, appauthor=False) / "default"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where installed tools go, shared by all worlds."""
    named = environment.get("BACKUPSIM_CACHE")
    return Path(named) if named else user_cache_path(APPLICATION, appauthor=False)


class StateInUse(WrongUse):
    """Another process runs the world of this folder."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """How a running world is reached: endpoints.json. None: that part is not there, and neither is its key."""

    pid: int
    state: str
    arm: str | None = None
    arm_http: str | None = None
    login: str | None = None
    sim: str | None = None
    sim_token: str | None = field(default=None, repr=False)
    dashboard: str | None = None
    blob: str | None = None
    storage_suffix: str | None = None
    storage_accounts: Mapping[str, Mapping[str, str]] | None = field(default=None, repr=False)
    """Name -> {"blob_endpoint", "key"}."""
    ca_file: str | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    subscription_id: str | None = None
    location: str | None = None

    def to_json(self) -> Json:
        present = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"schema_version": ENDPOINTS_VERSION} | {
            key: value for key, value in present.items() if value is not None
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Keys that a later release added are left out."""
        names = {item.name for item in fields(cls)}
        return cls(**{key: value for key, value in document.items() if key in names})


class StateFolder:
    """An open state folder: it is this process's until `close`."""

    def __init__(self, path: Path, lock: FileLock, world: Json, *, is_new: bool, was_killed: bool) -> None:
        self.path = path
        self.is_new = is_new
        """There was no world in it before."""
        self.renewed_secrets = False
        """The secrets of an older world were gone, and it got new ones."""
        self.seed: int = world["seed"]
        self.config: Json = world["config"]
        self.was_killed = was_killed
        """The former run did not end by an orderly `close`."""
        self._lock = lock

    @classmethod
    def open(cls, path: Path, create: bool = True, *, seed: int = 0, config: Mapping[str, Any] | None = None) -> Self:
        """Take the folder for this process. `seed` and `config` are for a world that is new; an old one keeps its own.

        Raises WrongUse where there is something else, or no world and `create` is false; StateInUse.
        """
        if not create and not _has_world(path):
            raise WrongUse(f"{path.absolute()} is not the state folder of a world; name one with --state")
        path = usable_folder(path)
        lock = _lock(path)
        try:
            unfinished.settle(path)
            is_new = not (path / "world.json").is_file()
            world = _world(path, {"format_version": FORMAT_VERSION, "seed": seed, "config": dict(config or {})})
            was_killed = (path / "running").exists()
            (path / "endpoints.json").unlink(missing_ok=True)
            for name in FOLDERS:
                _make_private_folder(path / name)
            # A world may lie in somebody's checkout, and holds keys.
            write_private(path / ".gitignore", "*\n")
            write_private(path / "running", json.dumps({"pid": os.getpid(), "started": datetime.now(UTC).isoformat()}))
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, world, is_new=is_new, was_killed=was_killed)

    def close(self, orderly: bool = True) -> None:
        """Remove the endpoints and release the folder. After an end that was not orderly the next start
        finds `was_killed`."""
        if self._lock.is_locked:
            self.endpoints_file.unlink(missing_ok=True)
            if orderly:
                (self.path / "running").unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def store_file(self) -> Path:
        return self.path / "store.db"

    @property
    def endpoints_file(self) -> Path:
        """How others find this world; only while it runs."""
        return self.path / "endpoints.json"

    @property
    def azurite(self) -> Path:
        return self.path / "azurite"

    @property
    def guests(self) -> Path:
        """A folder per guest: what would be on its system disk."""
        return self.path / "guests"

    @property
    def handlers(self) -> Path:
        """Packages of handlers that somebody published."""
        return self.path / "handlers"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def az(self) -> Path:
        """Configuration of an az that knows this world and not the user's own clouds."""
        return self.path / "az"

    @property
    def ca(self) -> Path:
        return self.path / "ca"

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """This folder's secret of that name, made at the first call."""
        file = self.path / "secrets.json"
        secrets = read_texts(file, NEW_SECRETS)
        self.renewed_secrets |= secrets is None and not self.is_new
        if secrets is None or name not in secrets:
            secrets = {**(secrets or {}), name: make()}
            write_private(file, json.dumps(secrets, indent=1))
        return secrets[name]


def usable_folder(path: Path) -> Path:
    """The folder of a world, or of one to come, as an absolute path; made if need be. WrongUse where there is something
    else."""
    path = path.absolute()
    if not _has_world(path):
        _refuse_strangers(path)
    try:
        _make_private_folder(path)
    except OSError as problem:
        raise WrongUse(f"{path} cannot be used ({problem.strerror}); name another folder") from None
    return path


def _has_world(path: Path) -> bool:
    """Whether there is one, or will be one when what somebody was killed at is ended."""
    return (path / "world.json").is_file() or unfinished.is_whole_but_unfinished(path)


def forget_endpoints(path: Path) -> None:
    """Remove what a world left that was killed; nothing while one runs."""
    with suppress(Timeout), FileLock(path / "lock", timeout=0, mode=0o600, thread_local=False):
        (path / "endpoints.json").unlink(missing_ok=True)


def running_endpoints(path: Path) -> Endpoints | None:
    """Where the folder's world is reached; None when none runs, also when the last one was killed."""
    file = path / "endpoints.json"
    if not file.exists():
        return None
    with suppress(Timeout), FileLock(path / "lock", timeout=0, thread_local=False):
        return None
    text = read_text(file, RESTART)
    try:
        return Endpoints.from_json(json.loads(text)) if text is not None else None
    except (ValueError, TypeError, AttributeError):
        raise damaged(file, RESTART) from None


def write_private(path: Path, text: str) -> None:
    """Replace a file at once by one that only its owner reads."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as problem:
        with suppress(OSError):
            new.unlink()
        raise OSError(problem.errno, problem.strerror, str(path)) from None  # a full disk is told without its name


def _make_private_folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def _lock(path: Path) -> FileLock:
    lock = FileLock(path / "lock", timeout=LOCK_SECONDS, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        holder = "another process"
        with suppress(OSError, ValueError, KeyError):
            holder = f"process {json.loads((path / 'running').read_text(encoding='utf-8'))['pid']}"
        raise StateInUse(f"{path} is in use by {holder}; stop it, or name another folder with --state") from None
    return lock


def _refuse_strangers(path: Path) -> None:
    """Raise WrongUse for a folder with other files.

    The files of a start that ended before it wrote world.json are accepted.
    """
    if path.exists() and not path.is_dir():
        raise WrongUse(f"{path} is not a folder; name another one")
    entries = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if entries >= {"secrets.json", "store.db"}:
        raise Damaged(f"{path / 'world.json'} is gone, and what belongs to it is here; {FROM_A_COPY}")
    strangers = sorted(entries - {"lock", ".world.json.new", UP_LOG})
    if strangers:
        raise WrongUse(f"{path} holds {strangers[0]} and is not a world's state folder; name an empty or a new folder")


def _world(path: Path, new: Json) -> Json:
    """The contents of world.json, which is written here for a new world."""
    file = path / "world.json"
    text = read_text(file)
    if text is None:
        write_private(file, json.dumps(new, indent=2) + "\n")
        return new
    try:
        world: Json = json.loads(text)
        version, seed, config = (world[key] for key in new)
    except (ValueError, TypeError, KeyError):
        raise damaged(file) from None
    if not isinstance(seed, int) or not isinstance(config, dict):
        raise damaged(file)
    if version != FORMAT_VERSION:
        raise WrongUse(
            f"{path} has format {version}, but this release supports format {FORMAT_VERSION}; "
            "use the release that created it, or name another folder"
        )
    return world
