"""bankctl: the program by which a script of a Linux guest tells the database to come to rest, and to go on.

    bankctl freeze [SECONDS]   end the running transaction, flush it, and begin no other; 60 seconds unless told
    bankctl thaw               go on; fails when the database went on by itself before
    bankctl status             say whether it is at rest

It lies on the guest as /usr/local/bin/bankctl and uses the standard library alone. It finds its guest by the variables
that every program of a handler has, and shows itself with the token that only the guest's root may read.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

ADDRESS, ROOT = "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS", "GUEST_ROOT"
TOKEN_FILE = "bridge.token"
DATABASE = "database"
SECONDS = 60.0
PATIENCE_SECONDS = 90.0
WRONG_USE = 64


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    act, *rest = arguments or ("",)
    try:
        seconds = float(rest[0]) if rest else SECONDS
    except ValueError:
        act = ""
    if act not in ("freeze", "thaw", "status") or len(rest) > (act == "freeze"):
        sys.stderr.write("usage: bankctl freeze [SECONDS] | thaw | status\n")
        return WRONG_USE
    if not environ.get(ADDRESS) or not environ.get(ROOT):
        sys.stderr.write(f"bankctl: {ADDRESS} and {ROOT} are not set; scripts of the backup have them\n")
        return WRONG_USE
    try:
        answer = _ask(environ[ADDRESS], Path(environ[ROOT]), {"workload": DATABASE, "act": act, "seconds": seconds})
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"bankctl: {_reason(problem)}\n")
        return 1
    sys.stdout.write(f"the database {'is at rest' if answer.get('at_rest') else 'goes on'}\n")
    return 0


def _ask(address: str, root: Path, body: Mapping[str, object]) -> dict[str, object]:
    request = urllib.request.Request(
        f"http://{address.rstrip('/')}/bridge/workload",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {(root / TOKEN_FILE).read_text(encoding='ascii').strip()}",
            "Content-Type": "application/json",
        },
    )
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with straight.open(request, timeout=PATIENCE_SECONDS) as answer:
        told: dict[str, object] = json.loads(answer.read())
    return told


def _reason(problem: OSError | ValueError) -> str:
    if isinstance(problem, urllib.error.HTTPError):
        try:
            return str(json.loads(problem.read())["error"])
        except (ValueError, KeyError, TypeError):
            return f"the guest answered {problem.code}"
    return str(problem)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
