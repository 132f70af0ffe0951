"""`backupsim guest netns VM [COMMAND...]`: a command, or a shell, where a machine's own programs run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from simulator.client import Client
from simulator.netns.running import Wiring, check, run

VARIABLE = "BACKUPSIM_GUEST"
"""Names the machine to what runs in its namespaces."""


def run_for(
    client: Client, vm: str, words: Sequence[str], told: Callable[[str], object], environment: Mapping[str, str]
) -> int:
    """Run it with the machine's agent switched off, which is as it was before at the end. `told` gets the machine's
    name just before. NoNamespaces, or what the control API refuses."""
    check()
    wired = client.sim("GET", "/vms/wire", None, vm=vm)
    command = list(words) or [environment.get("SHELL") or "/bin/sh"]
    wiring = Wiring(wired["wire"], Path(wired["token_file"]), Path(wired["folder"]), wired["status_url"])
    own = {**environment, VARIABLE: wired["vm"].rpartition("/")[2]}
    former = client.sim("POST", "/vms/agent", {"vm": wired["vm"], "agent": "none"})["before"]
    try:
        told(own[VARIABLE])
        return run(wiring, command, own)
    finally:
        client.sim("POST", "/vms/agent", {"vm": wired["vm"], "agent": former})
