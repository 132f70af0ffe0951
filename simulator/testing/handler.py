"""The handler that a test's world publishes: its name, its version, and what it wrote in a machine."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.packages import HANDLER_FOLDER, read_manifest
from simulator.testing.given_handlers import GivenHandler
from simulator.testing.world import BackupVM, BackupWorld

LOG_FOLDERS = ("WindowsAzure/Logs/Plugins", "var/log/azure")
"""Where handlers of a Windows and of a Linux guest write their logs."""


class BackupHandler:
    """The first of those that `--backupsim-handler` named, or else the product's own; `path` is where it came from."""

    def __init__(self, world: BackupWorld, given: Sequence[GivenHandler]) -> None:
        self._world = world
        if given:
            self.path, self.name, self.version = given[0].source, given[0].name, given[0].version
            return
        manifest = read_manifest(HANDLER_FOLDER)
        self.path, self.name, self.version = HANDLER_FOLDER, manifest.name, manifest.version

    def logs(self, vm: BackupVM) -> dict[str, str]:
        """The log files that handlers have written in a machine: path below the folder of logs -> text."""
        found: dict[str, str] = {}
        for guest in (self._world.state / "guests").iterdir():
            for folder in (guest / place for place in LOG_FOLDERS if vm.name.lower() in guest.name.lower()):
                for file in sorted(each for each in folder.rglob("*") if each.is_file()):
                    found[file.relative_to(folder).as_posix()] = file.read_text(encoding="utf-8", errors="replace")
        return found
