"""The handler that a test's world publishes: its name, its version, and what it wrote in a machine."""

from __future__ import annotations

import zipfile
from pathlib import Path

from extension.contract.protocol import MANIFEST_FILE, HandlerManifest
from simulator.packages import HANDLER_FOLDER, read_manifest
from simulator.testing.world import BackupVM, BackupWorld

LOG_FOLDERS = ("WindowsAzure/Logs/Plugins", "var/log/azure")
"""Where handlers of a Windows and of a Linux guest write their logs."""


class BackupHandler:
    """`path` is what `--backupsim-handler` named, or the folder of the product's own handler."""

    def __init__(self, world: BackupWorld, path: Path | None) -> None:
        self._world = world
        self.path = path or HANDLER_FOLDER
        manifest = _manifest(self.path)
        self.name, self.version = manifest.name, manifest.version

    def logs(self, vm: BackupVM) -> dict[str, str]:
        """The log files that handlers have written in a machine: path below the folder of logs -> text."""
        found: dict[str, str] = {}
        for guest in (self._world.state / "guests").iterdir():
            for folder in (guest / place for place in LOG_FOLDERS if vm.name.lower() in guest.name.lower()):
                for file in sorted(each for each in folder.rglob("*") if each.is_file()):
                    found[file.relative_to(folder).as_posix()] = file.read_text(encoding="utf-8", errors="replace")
        return found


def _manifest(path: Path) -> HandlerManifest:
    if path.is_dir():
        return read_manifest(path)
    with zipfile.ZipFile(path) as package:
        return HandlerManifest.parse(package.read(MANIFEST_FILE))
