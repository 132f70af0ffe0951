"""Start-up of the handler to its first request to the guest, against an interpreter that imports json and HTTP.

The handler is installed, given sealed settings and started as the agent does it; a listener in the guest's place takes
the time when the first bytes of the request arrive. The peer is `python -I -c 'import json, ssl, http.client'`, from
its start to its end. Both run in turn, in the same interpreter.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.report import Aim, finish, say
from controlplane.adapters.fabric import seal
from controlplane.json_object import Json
from extension.contract.bridge import TOKEN_FILE
from extension.contract.protocol import settings_file
from extension.contract.settings import CustomSettings, SnapshotMethod, snapshot_request
from simulator.guest import windows
from simulator.guest.agent.handler import Handler
from simulator.guest.agent.process import command_line, guest_environment
from simulator.guest.files import write_private
from simulator.host.certificates import make_tenant_certificate
from simulator.packages import packed, read_manifest

ROOT = Path(__file__).parents[1]
PUBLISHER_AND_TYPE = "Microsoft.Azure.RecoveryServices.VMSnapshot"
PEER = "import json, ssl, http.client"
MOST_TIMES = 1.5
ANSWER_SECONDS = 30.0
SESSION = b'HTTP/1.1 200 OK\r\n\r\n{"session":"session-1"}\n'


class InstalledHandler:
    """The handler on the system disk of a guest at whose address nobody listens but `listener`."""

    def __init__(self, disk: Path, interpreter: str, listener: socket.socket) -> None:
        self._interpreter = interpreter
        self._listener = listener
        self._address = f"127.0.0.1:{listener.getsockname()[1]}/vm/bench"
        self._certificate = make_tenant_certificate()
        self._handler = Handler(disk, windows.AGENT, PUBLISHER_AND_TYPE, read_manifest(ROOT / "extension").version)
        self._handler.unpack(packed(ROOT / "extension"))
        self._handler.initialize("bench", "bench")
        write_private(disk / TOKEN_FILE, "token")
        self._enable = command_line(self._handler.root, self._handler.manifest().commands["enable"])

    def start(self, number: int) -> float:
        """Milliseconds until it asks its guest for a session. When it asks more the guest goes, and it ends at once."""
        self._settle(number)
        environment = {
            **guest_environment(os.environ),
            "VMSNAPSHOT_PYTHON": self._interpreter,
            "ConfigSequenceNumber": str(number),
            "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS": self._address,
        }
        began = perf_counter()
        command = subprocess.Popen(self._enable, cwd=self._handler.root, env=environment, stdin=subprocess.DEVNULL)
        with self._accept() as line:
            request = line.recv(65536)
            milliseconds = (perf_counter() - began) * 1000
            assert b"/bridge/session" in request.partition(b"\r\n")[0]
            line.sendall(SESSION)
            more = self._accept()
        with more:
            while more.recv(65536):
                pass
        assert command.wait(ANSWER_SECONDS) == 0
        return milliseconds

    def _accept(self) -> socket.socket:
        connection, _ = self._listener.accept()
        connection.settimeout(ANSWER_SECONDS)
        return connection

    def _settle(self, number: int) -> None:
        nowhere = "http://127.0.0.1:9/account/container/blob?sig=c2ln"
        public, protected = snapshot_request(
            task_id=f"bench_{number}",
            started=datetime.now(UTC),
            disks=[nowhere],
            status_uri=nowhere,
            logs_uri=nowhere,
            locale="en-us",
            metadata={},
            custom=CustomSettings(SnapshotMethod.ONLY_GUEST),
            luns=None,
        )
        sealed = seal(protected, self._certificate.pem)
        self._handler.write_settings(number, settings_file(public, sealed, self._certificate.thumbprint))


def start_peer(interpreter: str) -> float:
    """Milliseconds of its whole run."""
    began = perf_counter()
    subprocess.run([interpreter, "-I", "-c", PEER], stdin=subprocess.DEVNULL, check=True)
    return (perf_counter() - began) * 1000


def measure(interpreter: str, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of handler and peer; the first run of each, which compiles what it imports, doesn't count."""
    with TemporaryDirectory(prefix="backupsim-bench-") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(ANSWER_SECONDS)
        handler = InstalledHandler(Path(folder), interpreter, listener)
        pairs = [(handler.start(number), start_peer(interpreter)) for number in range(runs + 1)]
    handlers, peers = zip(*pairs[1:], strict=True)
    return list(handlers), list(peers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter of both (default: this one, as for guests)"
    )
    options = parser.parse_args()
    handler, peer = measure(options.python, options.runs)
    ratio = median(handler) / median(peer)
    say(f"handler {median(handler):.1f} ms (best {min(handler):.1f}), peer {median(peer):.1f} (best {min(peer):.1f})")
    numbers: Json = {
        "runs": options.runs,
        "handler_milliseconds": {"median": round(median(handler), 1), "best": round(min(handler), 1)},
        "peer_milliseconds": {"median": round(median(peer), 1), "best": round(min(peer), 1)},
    }
    return finish("startup", [Aim("handler start-up / peer", round(ratio, 2), MOST_TIMES, "at most")], numbers)


if __name__ == "__main__":
    sys.exit(main())
