"""Copies the files of a recovery point to this machine: the script that whoever asks for its files is given to run.

    python3 SCRIPT [--into FOLDER] [PASSWORD]

Without a terminal to ask at, the password stands behind the script's name, or `-` does and it comes by standard input.
It is self-contained: the standard library of Python 3.8 is all it needs, and the service fills in the three constants
below. It reads the disks of the recovery point through its session, sector by sector, finds the volume on each, and
writes what is on it to a folder of the volume's name.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import json
import os
import re
import ssl
import struct
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator

SERVICE = ""
SESSION = ""
PASSWORD = ""

UNKNOWN_PASSWORD = "UserInput012345"
"""What the command line leaves in place of the password, which it shows instead."""
NO_TERMINAL = (
    "there is no terminal to ask for the password at: write it behind the script's name, "
    "or write - there and give it on standard input"
)
READ_BYTES = 4 * 1024 * 1024
SECTOR = 512
CLUSTER = 64 * 1024
ENTRIES = CLUSTER // SECTOR - 1
VHD_FOOTER = 512

Read = Callable[[int, int], bytes]
"""(offset, length) -> bytes of a disk."""
Ask = Callable[[str, str], bytes]
"""(path below the session, value of the Range header or nothing) -> what the service answers."""


class Unreadable(Exception):
    """The disk holds nothing that this script can read; says why."""


# ----------------------------------------------------------------------------------------------------------- the disks


def first_partition(read: Read, size: int) -> int:
    """Where the first partition begins, by the GPT or by the MBR."""
    sector = read(0, SECTOR)
    if sector[510:512] != b"\x55\xaa":
        raise Unreadable("no partition table")
    if sector[450] != 0xEE:
        return int(struct.unpack_from("<I", sector, 454)[0]) * SECTOR
    for at in (1, size // SECTOR - 1):
        header = read(at * SECTOR, SECTOR)
        if header.startswith(b"EFI PART"):
            entries = struct.unpack_from("<Q", header, 72)[0]
            return int(struct.unpack_from("<Q", read(entries * SECTOR, SECTOR), 32)[0]) * SECTOR
    raise Unreadable("no GPT header")


def volume_of(read: Read, start: int) -> tuple[str, list[tuple[str, int, list[tuple[int, int]]]]]:
    """The label of the volume that begins there, and its files: name, size, and stretches of clusters."""
    head = read(start, CLUSTER)
    if not head.startswith(b"GUESTVOL"):
        raise Unreadable("the file system is of another kind")
    check(head[:SECTOR])
    label = head[38:102].rstrip(b"\0").decode()
    files = []
    for slot in range(1, ENTRIES + 1):
        entry = head[slot * SECTOR : (slot + 1) * SECTOR]
        if entry.startswith(b"FILE"):
            check(entry)
            _, name_bytes, extents, size = struct.unpack_from("<4sBBQ", entry)
            name = entry[14 : 14 + name_bytes].decode()
            files.append((name, size, [struct.unpack_from("<II", entry, 142 + 8 * each) for each in range(extents)]))
    return label, files


def check(sector: bytes) -> None:
    if zlib.crc32(sector[:-4]) != struct.unpack_from("<I", sector, SECTOR - 4)[0]:
        raise Unreadable("the directory is damaged")


def pieces(read: Read, start: int, size: int, extents: list[tuple[int, int]]) -> Iterator[bytes]:
    """The content of a file."""
    for first, count in extents:
        at, end = start + (first + 1) * CLUSTER, start + (first + 1 + count) * CLUSTER
        while at < end and size > 0:
            data = read(at, min(READ_BYTES, end - at, size))
            yield data
            at += len(data)
            size -= len(data)


def safe(name: str) -> str:
    """The name as one that leads to no other folder."""
    return re.sub(r"[\\/:\0]", "_", name).lstrip(".") or "_"


# ------------------------------------------------------------------------------------------------------------ the copy


def copy_all(ask: Ask, into: str, tell: Callable[[str], object]) -> int:
    """How many files were written."""
    written = 0
    for disk in json.loads(ask("disks", "")):
        read = reader(ask, disk["lun"])
        try:
            start = first_partition(read, disk["size_bytes"] - VHD_FOOTER)
            label, files = volume_of(read, start)
        except Unreadable as problem:
            tell(f"disk {disk['name']}: {problem}; skipped\n")
            continue
        folder = os.path.join(into, safe(f"{disk['name']}-{label}" if label else disk["name"]))
        os.makedirs(folder, exist_ok=True)
        for name, size, extents in files:
            with open(os.path.join(folder, safe(name)), "wb") as file:
                for piece in pieces(read, start, size, extents):
                    file.write(piece)
            written += 1
        tell(f"disk {disk['name']}: {len(files)} files in {folder}\n")
    return written


def reader(ask: Ask, lun: int) -> Read:
    def read(offset: int, length: int) -> bytes:
        data = ask(f"disks/{lun}", f"bytes={offset}-{offset + length - 1}")
        if len(data) != length:
            raise Unreadable("the disk ends too early")
        return data

    return read


# --------------------------------------------------------------------------------------------------------- the session


def asker(service: str, session: str, password: str) -> Ask:
    proof = base64.b64encode(f"{session}:{password}".encode()).decode()

    def ask(path: str, span: str) -> bytes:
        headers = {"Authorization": f"Basic {proof}", **({"Range": span} if span else {})}
        request = urllib.request.Request(f"{service}/itemrecovery/{session}/{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            data: bytes = answer.read()
            return data

    return ask


def explained(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        refusals = {401: "the password is wrong", 404: "the session has ended: request a new script"}
        return refusals.get(error.code, f"the service answered {error.code}")
    if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
        return "the certificate is not trusted here: set SSL_CERT_FILE to the ca.pem of the service"
    return str(error)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Copies the files of a recovery point to this machine.")
    parser.add_argument("password", nargs="?", help="as it was shown with this script; -: from standard input")
    parser.add_argument("--into", default="recovered", help="the folder for the files (default: recovered)")
    options = parser.parse_args(arguments)
    password = options.password or PASSWORD
    if password == "-":
        password = sys.stdin.readline().strip()
    elif password in ("", UNKNOWN_PASSWORD):
        if not sys.stdin.isatty():
            sys.stderr.write(f"error: {NO_TERMINAL}\n")
            return 2
        password = getpass.getpass("Password: ")
    try:
        written = copy_all(asker(SERVICE, SESSION, password), options.into, sys.stdout.write)
    except (OSError, Unreadable) as error:
        sys.stderr.write(f"error: {explained(error)}\n")
        return 3
    return 0 if written else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
