"""A shell of a guest that answers a handful of commands truly, and knows that it has no other program.

It looks at the VSS writers, services, files of the volumes, and the logs of agent and handlers, and changes nothing but
by the restart of a service. The names are those of PowerShell and of Linux; a guest knows those of its own system.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from extension.contract.redaction import redact
from simulator.guest.disk.file_acts import volume_of
from simulator.guest.disk.volume import File, Volume
from simulator.guest.os_profile import OsProfile
from simulator.guest.services import CannotRestart
from simulator.guest.system_folders import FOLDERS
from simulator.guest.vss import vssadmin
from simulator.guest.vss.writer import Writer

LONGEST_OUTPUT_BYTES = 4096
"""Of what a program wrote, the end is kept; as the service does it."""
LONGEST_LINE = 32_767
"""Characters, as CreateProcess of Windows takes. The time of splitting grows with the square of a line's length."""
READABLE = {"WindowsAzure/Logs": "WindowsAzure/Logs", "Packages/Plugins": "Packages/Plugins"}
LINUX_READABLE = {folder: folder for folder in ("var/log/azure", "var/lib/waagent", *FOLDERS)}
"""Folders of the guest, by where they stand in its paths, that lie beside the disk."""
KEYS = ("*.prv", "TransportPrivate.pem")
"""Names of private keys, which the agent of Linux keeps among its other files. The output of a command is shown in ARM,
so they are in none."""


@dataclass(frozen=True)
class Surface:
    """What a shell can see of its guest."""

    profile: OsProfile
    computer_name: str
    private_address: str | None
    folder: Path
    """Stands for folders of the system disk that are no part of its volume."""
    volumes: Mapping[str, Volume]
    """By mount point."""
    writers: Sequence[Writer]
    event_log: Sequence[str]
    restart: Callable[[str], str]
    """Restarts a service by its name; raises CannotRestart."""
    language: str = vssadmin.ENGLISH
    """Of the system: en-us or zh-cn. Only vssadmin speaks another one than English."""


class _Complaint(Exception):
    """What a command writes to its error stream instead of a result."""


def run(surface: Surface, script: Sequence[str], most_bytes: int = LONGEST_OUTPUT_BYTES) -> tuple[str, str]:
    """What the lines of a script write to both streams. A line that fails does not keep the next ones from running."""
    out: list[str] = []
    errors: list[str] = []
    for line in "\n".join(script).splitlines():
        try:
            words = _words(line, surface.profile)
            if words:
                out.append(_answer(surface, words))
        except _Complaint as complaint:
            errors.append(str(complaint))
    return _end_of("".join(_closed(text) for text in out), most_bytes), _end_of("\n".join(errors), most_bytes)


def _words(line: str, profile: OsProfile) -> list[str]:
    """A backslash is part of a path in Windows, and quotes the next character in Linux."""
    if len(line) > LONGEST_LINE:
        raise _Complaint(f"a line has more than {LONGEST_LINE} characters")
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split = True
    reader.escape = "" if profile.has_vss else "\\"
    try:
        return list(reader)
    except ValueError:
        raise _Complaint(f"{line.strip()}: a quote is not closed") from None


def _answer(surface: Surface, words: Sequence[str]) -> str:
    program, arguments = words[0].lower().removesuffix(".exe"), list(words[1:])
    programs = _WINDOWS if surface.profile.has_vss else _LINUX
    act = programs.get(program)
    if act is None:
        raise _Complaint(f"{words[0]}: no such program on this guest")
    return act(surface, arguments)


# ------------------------------------------------------------------------------------------------------- the programs


def _vssadmin(surface: Surface, arguments: list[str]) -> str:
    command = " ".join(arguments).lower()
    if command == "list writers":
        return vssadmin.list_writers(surface.writers, surface.language)
    if command == "list providers":
        return vssadmin.list_providers(surface.language)
    if command == "list shadows":
        return vssadmin.list_shadows(surface.language)
    raise _Complaint(f"vssadmin {command}: only list writers, list providers and list shadows are on this guest")


def _get_service(surface: Surface, arguments: list[str]) -> str:
    named = [each for each in arguments if not each.startswith("-")]
    rows = [f"{state:<8} {name}" for name, state in sorted(_services(surface, named).items())]
    return "\n".join(["Status   Name", "------   ----", *rows])


def _restart_service(surface: Surface, arguments: list[str]) -> str:
    """As PowerShell has it: nothing is said where it went well."""
    names = [each for each in arguments if not each.startswith("-")]
    if not names:
        raise _Complaint("Restart-Service: the name of a service is missing")
    for name in names:
        try:
            surface.restart(name)
        except CannotRestart as problem:
            raise _Complaint(f"Restart-Service : {problem}") from None
    return ""


def _sc(surface: Surface, arguments: list[str]) -> str:
    if not arguments or arguments[0].lower() != "query":
        raise _Complaint("sc: only query is on this guest")
    states = _services(surface, arguments[1:])
    return "\n".join(f"SERVICE_NAME: {name}\n        STATE : {state.upper()}" for name, state in states.items())


def _systemctl(surface: Surface, arguments: list[str]) -> str:
    verb, names = (arguments[0] if arguments else ""), arguments[1:]
    if verb not in ("status", "is-active") or not names:
        raise _Complaint("systemctl: only status and is-active of a service are on this guest")
    states = _services(surface, [name.removesuffix(".service") for name in names])
    words = {name: "active" if state == "Running" else "inactive" for name, state in states.items()}
    if verb == "is-active":
        return "\n".join(words.values())
    return "\n".join(f"{name}.service\n     Active: {word}" for name, word in words.items())


def _services(surface: Surface, named: Sequence[str]) -> dict[str, str]:
    """The states of these services, of all without a name."""
    services = {name.lower(): (name, state) for name, state in surface.profile.services.items()}
    absent = [name for name in named if name.lower() not in services]
    if absent:
        raise _Complaint(f"{absent[0]}: there is no service of this name")
    return dict(services[name.lower()] for name in named) if named else dict(surface.profile.services)


def _list(surface: Surface, arguments: list[str]) -> str:
    path = _path_in(arguments) or ("C:\\" if surface.profile.has_vss else "/")
    folder = _beside(surface, path)
    if folder is not None and folder.is_dir():
        return "\n".join(sorted(entry.name for entry in folder.iterdir()))
    volume, rest = _volume_of(surface, path)
    if volume is None or rest:
        raise _Complaint(f"{path}: there is no such folder")
    return "\n".join(f"{file.size_bytes:>14} {file.entry.name}" for file in _sorted(volume))


def _read(surface: Surface, arguments: list[str]) -> str:
    path = _path_in(arguments)
    if not path:
        raise _Complaint("the name of a file is missing")
    file = _beside(surface, path)
    if file is not None and any(file.match(pattern) for pattern in KEYS):
        raise _Complaint(f"{path}: this is a private key, which a command does not show")
    if file is not None and file.is_file():
        return redact(file.read_text(encoding="utf-8", errors="replace"))
    volume, name = _volume_of(surface, path)
    content = volume.find(name) if volume is not None else None
    if content is None:
        raise _Complaint(f"{path}: there is no such file")
    return redact(
        content.read(max(0, content.size_bytes - LONGEST_OUTPUT_BYTES), LONGEST_OUTPUT_BYTES).decode("latin-1")
    )


def _log(surface: Surface, arguments: list[str]) -> str:
    return "\n".join(surface.event_log)


def _hostname(surface: Surface, arguments: list[str]) -> str:
    return surface.computer_name


def _linux_hostname(surface: Surface, arguments: list[str]) -> str:
    return (surface.private_address or "") if "-I" in arguments else surface.computer_name


def _ipconfig(surface: Surface, arguments: list[str]) -> str:
    lines = ["Windows IP Configuration"]
    if surface.private_address:
        lines += ["", "Ethernet adapter Ethernet:", f"   IPv4 Address. . . . . . . . . . . : {surface.private_address}"]
    return "\r\n".join(lines)


_Program = Callable[[Surface, list[str]], str]
_WINDOWS: Mapping[str, _Program] = {
    "vssadmin": _vssadmin,
    "get-service": _get_service,
    "restart-service": _restart_service,
    "sc": _sc,
    "get-childitem": _list,
    "dir": _list,
    "ls": _list,
    "get-content": _read,
    "type": _read,
    "cat": _read,
    "get-eventlog": _log,
    "hostname": _hostname,
    "ipconfig": _ipconfig,
}
_LINUX: Mapping[str, _Program] = {
    "systemctl": _systemctl,
    "ls": _list,
    "cat": _read,
    "dmesg": _log,
    "hostname": _linux_hostname,
}


# ---------------------------------------------------------------------------------------------------------- the paths


def _path_in(arguments: Sequence[str]) -> str:
    return next((each for each in arguments if not each.startswith("-")), "")


def _beside(surface: Surface, path: str) -> Path | None:
    """The place of a path that lies beside the disk; None for any other, and for one that leads out of its folder."""
    windows = surface.profile.has_vss
    inside = path.replace("\\", "/").removeprefix("C:").removeprefix("c:").strip("/") if windows else path.strip("/")
    for prefix, real in (READABLE if windows else LINUX_READABLE).items():
        if f"{inside.lower() if windows else inside}/".startswith(f"{prefix.lower() if windows else prefix}/"):
            rest = PurePosixPath(inside[len(prefix) :].strip("/"))
            home = (surface.folder / real).resolve()
            target = (home / rest).resolve()
            return target if target == home or home in target.parents else None
    return None


def _volume_of(surface: Surface, path: str) -> tuple[Volume | None, str]:
    """The volume that a path lies on, and what stands behind its mount point."""
    mount, rest = volume_of(surface.volumes, path)
    return (surface.volumes[mount] if mount else None), rest


def _sorted(volume: Volume) -> list[File]:
    return sorted(volume.files(), key=lambda file: file.entry.name)


def _closed(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _end_of(text: str, most_bytes: int) -> str:
    return text.encode()[-most_bytes:].decode(errors="ignore")
