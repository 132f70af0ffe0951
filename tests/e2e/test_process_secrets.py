"""No secret stands in the arguments or in the environment of any process that a world starts, while it is at work."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import psutil
import pytest

from tests.e2e.running import Up, eventually, is_ready, protected, up

POISON = "poison-of-the-users-own-environment"
INHERITED = {
    "AZURE_CLIENT_SECRET": POISON,
    "AZURITE_ACCOUNTS": f"mine:{POISON}",
    "BACKUPSIM_BLOB_ACCOUNTS": f"mine:{POISON}",
    "DATABASE_PASSWORD": POISON,
    "NODE_OPTIONS": f"--title={POISON}",
}
MOST_BACKUPS = 5


class Watch:
    """Collects what /proc shows of every process of a world but the first, again and again in a thread."""

    def __init__(self, world: Up) -> None:
        self._world = world
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: dict[str, bytes] = {}
        """Command line -> it and the environment."""
        self._first = self._shown(world.process.pid)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def handlers(self) -> int:
        return sum("guests" in command and "vmsnapshot" in command.lower() for command in self.seen)

    def _look(self) -> None:
        while not self._ended.wait(0.005):
            for process in psutil.Process(self._world.process.pid).children(recursive=True):
                self._note(process.pid)

    def _note(self, process: int) -> None:
        command, environment = shown = self._shown(process)
        if command and shown != self._first:  # that one is between its fork and its own program
            self.seen[command.replace(b"\0", b" ").decode(errors="replace")] = command + b"\0" + environment

    @staticmethod
    def _shown(process: int) -> tuple[bytes, bytes]:
        """Command line and environment; nothing where it has ended."""
        try:
            return Path(f"/proc/{process}/cmdline").read_bytes(), Path(f"/proc/{process}/environ").read_bytes()
        except OSError:
            return b"", b""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows environments in files")
@pytest.mark.slow
def test_nothing_secret_is_seen_of_a_process(tmp_path: Path) -> None:
    with up(tmp_path / "world", environment=os.environ | INHERITED) as world, Watch(world) as watch:
        scenario = protected(world.client)
        world.client.sim("POST", "/faults/set", {"fault": "guest-snapshot-slow"})
        eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
        for _ in range(MOST_BACKUPS):
            assert scenario.back_up(scenario.item_id()).status == "Completed"
            if watch.handlers:
                break
        secrets = _secrets(world)
        assert len(secrets) >= 6, "the test knows what to look for"
        findings = [command for command, all in watch.seen.items() if any(each in all for each in secrets)]
    assert watch.handlers, "a handler was seen at work"
    assert any("simulator.gateway" in command for command in watch.seen), "the SAS of the handler pass through it"
    assert any("azurite" in command.lower() for command in watch.seen)
    assert findings == []


def _secrets(world: Up) -> set[bytes]:
    endpoints = world.client.endpoints
    accounts = json.loads((world.state / "accounts.json").read_text(encoding="utf-8"))
    tokens = [path.read_text(encoding="utf-8").strip() for path in (world.state / "guests").rglob("bridge.token")]
    keys = [value for value in _texts(accounts) if len(value) > 40]
    return {
        each.encode() for each in (POISON, "sig=", endpoints["client_secret"], endpoints["sim_token"], *tokens, *keys)
    }


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
