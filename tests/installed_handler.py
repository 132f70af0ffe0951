"""The handler as an agent installs it: unzipped onto the system disk of a guest, with settings and a token."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from extension.contract.bridge import TOKEN_FILE
from extension.contract.protocol import settings_file
from extension.contract.reports import StatusReport, parse_status_blob
from simulator.packages import packed
from tests.fake_guest import TOKEN

EXTENSION = Path(__file__).parents[1] / "extension"
NAME = "Microsoft.Azure.RecoveryServices.VMSnapshot"


class InstalledHandler:
    """A guest's system disk below `disk`, with the handler on it."""

    def __init__(self, disk: Path, address: str) -> None:
        self.disk = disk
        self.address = address
        self.root = disk / "Packages" / "Plugins" / NAME / "1.9.0.0"
        self.logs = disk / "WindowsAzure" / "Logs" / "Plugins" / NAME
        with zipfile.ZipFile(io.BytesIO(packed(EXTENSION))) as package:
            package.extractall(self.root)
        for folder in ("RuntimeSettings", "Status"):
            (self.root / folder).mkdir()
        environment = {
            "logFolder": str(self.logs / "1.9.0.0"),
            "configFolder": str(self.root / "RuntimeSettings"),
            "statusFolder": str(self.root / "Status"),
            "heartbeatFile": str(self.root / "Status" / "HeartBeat.Json"),
            "eventsFolder": str(self.logs / "Events"),
        }
        document = [{"name": NAME, "version": "1.0", "handlerEnvironment": environment}]
        (self.root / "HandlerEnvironment.json").write_text(json.dumps(document))
        (disk / TOKEN_FILE).write_text(TOKEN)

    def settle(
        self, number: int, public: Mapping[str, Any], protected: str | None = None, thumbprint: str | None = None
    ) -> None:
        text = settings_file(public, protected, thumbprint)
        (self.root / "RuntimeSettings" / f"{number}.settings").write_text(text)

    def environ(self, number: int) -> dict[str, str]:
        return {
            "ConfigSequenceNumber": str(number),
            "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS": self.address,
            "PATH": os.environ["PATH"],
        }

    def run(self, command: str, number: int = 1) -> subprocess.CompletedProcess[str]:
        """A command as a process, in an environment with nothing in it but what an agent gives."""
        return subprocess.run(
            [sys.executable, "-I", str(self.root), command],
            env=self.environ(number),
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def status(self, number: int = 1) -> dict[str, Any]:
        document = json.loads((self.root / "Status" / f"{number}.status").read_bytes())
        status: dict[str, Any] = document[0]["status"]
        return status

    def log(self) -> str:
        return (self.logs / "1.9.0.0" / "IaaSBcdrExtension.log").read_text()


def report_in(text: str | bytes) -> StatusReport:
    report = parse_status_blob(text.encode() if isinstance(text, str) else text)
    assert report is not None
    return report
