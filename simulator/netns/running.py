"""Runs a command in namespaces of a machine, where the wire server is at 168.63.129.16 and the storage where SAS say.

It needs Linux and root.
Nothing of this has a name on the system: network, mounts and processes are namespaces without one, which end with their
first process, and that ends with the channel to this one (`inside.py`). So there is nothing to take down, however this
process ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from extension.contract.bridge import TOKEN_FILE
from simulator.failures import Failure
from simulator.netns.relay import HEAD_BYTES, Relay, to_storage, to_wire

WIRE_SERVER, METADATA_SERVER = "168.63.129.16", "169.254.169.254"
WIRE_PORTS = ((WIRE_SERVER, 80), (WIRE_SERVER, 32526), (METADATA_SERVER, 80))
"""The wire server, the host's plugin, and the instance metadata service, which answers 404 here."""
PROGRAMS = ("unshare", "ip", "mount")
INSIDE = Path(__file__).with_name("inside.py")
OF_THE_SYSTEM_DISK = ("var/lib", "var/log")
"""Folders that are the machine's own."""
AGENT_FOLDER = "var/lib/waagent"
READY_SECONDS = 30.0


class NoNamespaces(Failure):
    """This machine, or this user, cannot make namespaces; the sentence says why."""


@dataclass(frozen=True)
class Wiring:
    """How a machine is reached from the system that its world runs on."""

    wire: str
    """Host and port of the wire server, and the machine's prefix there."""
    token_file: Path
    folder: Path
    """What would be on its system disk."""
    status_url: str
    """Where its agent reports, without the signature; it names the storage, too."""


def check(system: str = sys.platform, user: int | None = None, which: Callable[[str], object] = shutil.which) -> None:
    """NoNamespaces, unless namespaces can be made here."""
    if system != "linux":
        raise NoNamespaces("a network namespace needs Linux; run the world and this command there")
    if (os.geteuid() if user is None else user) != 0:
        raise NoNamespaces("a network namespace needs root; run this command with sudo, and with the same --state")
    for program in PROGRAMS:
        if not which(program):
            raise NoNamespaces(f"{program} is missing; install util-linux and iproute2")


def run(wiring: Wiring, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Its exit code, when it has ended. Folders of the guest stand in place of /var/lib and /var/log in it."""
    return asyncio.run(_run(wiring, command, environment))


async def _run(wiring: Wiring, command: Sequence[str], environment: Mapping[str, str]) -> int:
    for folder in (*OF_THE_SYSTEM_DISK, AGENT_FOLDER):
        (wiring.folder / folder).mkdir(mode=0o755, parents=True, exist_ok=True)
    token = wiring.token_file.read_text(encoding="ascii")
    known = wiring.folder / AGENT_FOLDER / TOKEN_FILE  # by this file a handler finds the guest's bridge
    known.write_text(token, encoding="ascii")
    known.chmod(0o600)
    try:
        return await _run_served(wiring, token, command, environment)
    finally:
        known.unlink(missing_ok=True)


def _relays(wiring: Wiring, token: str) -> dict[tuple[str, int], Relay]:
    """What listens in the namespace: address and port there, and who serves it."""
    address, slash, prefix = wiring.wire.partition("/")
    host, _, port = address.rpartition(":")
    wire = Relay(host, int(port), lambda head: to_wire(head, slash + prefix, token))
    storage = urlsplit(wiring.status_url)
    storage_host, storage_port = storage.hostname or host, storage.port or 80
    passing = Relay(storage_host, storage_port, lambda head: to_storage(head, storage.path))
    return {**dict.fromkeys(WIRE_PORTS, wire), (storage_host, storage_port): passing}


async def _run_served(wiring: Wiring, token: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    relays = _relays(wiring, token)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            order = {
                "channel": theirs.fileno(),
                "listen": [list(each) for each in relays],
                "bind": [[str(wiring.folder / folder), f"/{folder}"] for folder in OF_THE_SYSTEM_DISK],
                "command": list(command),
            }
            process = await asyncio.create_subprocess_exec(
                *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc"),
                *(sys.executable, "-I", str(INSIDE), json.dumps(order)),
                pass_fds=(theirs.fileno(),),
                env=dict(environment),
            )
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _ended_by(number, ours))
        try:
            sockets = await _sockets(ours)
            servers = [await _served(each, made) for each, made in zip(relays.values(), sockets, strict=True)]
            with suppress(OSError):
                ours.send(b".")
            code = await process.wait()
        finally:
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)
            await process.wait()
        for server in servers:
            server.close()
        return code


def _ended_by(number: signal.Signals, channel: socket.socket) -> Callable[[], None]:
    """A terminal's Ctrl-C is for the command alone."""

    def end() -> None:
        if number is not signal.SIGINT or not sys.stdin.isatty():
            channel.shutdown(socket.SHUT_RDWR)

    return end


async def _sockets(channel: socket.socket) -> list[socket.socket]:
    """Those that were made in the namespace; NoNamespaces where it did not come about."""
    channel.settimeout(READY_SECONDS)

    def received() -> list[int]:
        try:
            return list(socket.recv_fds(channel, 1, 16)[1])
        except OSError:
            return []

    numbers = await asyncio.to_thread(received)
    channel.settimeout(None)
    if not numbers:
        raise NoNamespaces("the namespace could not be made; what was printed before says why")
    return [socket.socket(fileno=number) for number in numbers]


async def _served(relay: Relay, listening: socket.socket) -> asyncio.Server:
    listening.setblocking(False)
    return await asyncio.start_server(relay.serve, sock=listening, limit=HEAD_BYTES)
