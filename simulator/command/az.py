"""Sets up the user's az for one world: a separate configuration folder that names the world as its cloud."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from filelock import FileLock

from extension.contract.redaction import redact
from simulator.command import client_environment
from simulator.command.client_environment import CLOUD, is_real_azure
from simulator.failures import Failure, WrongUse
from simulator.state.folder import write_private

PROGRAM_VARIABLE = "BACKUPSIM_AZ"
STAMP = "prepared-for"
FORGOTTEN = ("azureProfile.json", "clouds.config", "msal_*", "service_principal_entries.*")
"""What az keeps of the world it knew before; everything else in its folder is the user's to configure."""
URL_OPTIONS = ("--url", "--uri", "-u")


class MissingAz(Failure):
    """There is no az on this machine."""


def find(environment: Mapping[str, str] = os.environ) -> str:
    named = environment.get(PROGRAM_VARIABLE)
    program = shutil.which(named or "az", path=environment.get("PATH"))
    if program:
        return program
    if named:
        raise MissingAz(f"{PROGRAM_VARIABLE} is not a program; correct it, or unset it to use the az on the PATH")
    raise MissingAz(
        "az was not found on the PATH; install it (pip install azure-cli, in an environment of its own), "
        f"or name it in {PROGRAM_VARIABLE}"
    )


def environment_of(
    endpoints: Mapping[str, Any], folder: Path, surroundings: Mapping[str, str], proxy: str | None = None
) -> dict[str, str]:
    """The environment of az. It trusts the world's authority alone, so az accepts no other server as Azure.

    `proxy` is the URL of one that answers for storage accounts; everything else is reached without it, or not at all.
    """
    ca_file = Path(endpoints["ca_file"])
    directly = client_environment.direct(endpoints, folder, ca_file)
    proxies = client_environment.through(proxy) if proxy else {}
    return {**client_environment.without_others(surroundings), **directly, **proxies}


def storage_domain(folder: Path) -> str:
    """What follows an account's name in the host names by which az looks for blobs; az must be prepared there."""
    return "blob." + _clouds(folder).get(CLOUD, "suffix_storage_endpoint", fallback="invalid")


def prepare(program: str, endpoints: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> None:
    """Register the world in az and sign in to it; does nothing where that is done already."""

    def register_and_sign_in() -> None:
        _register(program, endpoints, folder, environment)
        _sign_in(program, endpoints, folder, environment)

    _once(endpoints, folder, register_and_sign_in, is_done=lambda: bool(_cloud(folder)))
    check_cloud(folder)


def prepare_unchanged(program: str, endpoints: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> None:
    """Sign in an az that believes to be talking to Azure itself; does nothing where that is done already."""
    _once(endpoints, folder, lambda: _sign_in(program, endpoints, folder, environment))


def is_az(program: str) -> bool:
    return Path(program).stem.lower() == "az"


def _once(
    endpoints: Mapping[str, Any], folder: Path, act: Callable[[], None], is_done: Callable[[], bool] = lambda: True
) -> None:
    """Set the folder up anew, unless that was done for this very world."""
    folder.mkdir(mode=0o700, exist_ok=True)
    fingerprint = _fingerprint(endpoints)
    stamp = folder / STAMP
    with FileLock(folder / ".prepare.lock"):
        if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint and is_done():
            return
        stamp.unlink(missing_ok=True)
        for pattern in FORGOTTEN:
            for file in folder.glob(pattern):
                file.unlink()
        act()
        write_private(stamp, fingerprint)


def check_cloud(folder: Path) -> None:
    """Raise WrongUse for a configuration whose cloud has addresses of the real Azure."""
    strangers = [value for value in _cloud(folder).values() if is_real_azure(value)]
    if strangers:
        raise WrongUse(
            f"az in {folder} would connect to {strangers[0]}, the real Azure; remove that folder and try again"
        )


def check_arguments(arguments: Sequence[str]) -> None:
    """Raise WrongUse where `az rest` is given an address of the real Azure."""
    if arguments[:1] != ["rest"]:
        return
    for option, value in pairwise(arguments):
        if option in URL_OPTIONS and is_real_azure(value):
            raise WrongUse(
                f"{value} is an address of the real Azure; give the path only, as in: az rest --url /subscriptions"
            )


def _register(program: str, endpoints: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> None:
    nameless = {name: value for name, value in environment.items() if name != "AZURE_CLOUD_NAME"}
    _run([program, "cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", endpoints["arm"]], nameless)
    check_cloud(folder)


def _sign_in(program: str, endpoints: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> None:
    # Arguments can be seen by every process of the machine, so the secret goes by a file. One word with its option, as
    # az reads the file before it looks for options, and older worlds' secrets may begin with a dash.
    secret = folder / ".secret"
    write_private(secret, endpoints["client_secret"])
    try:
        who = ["-u", endpoints["client_id"], f"--password=@{secret}", "--tenant", endpoints["tenant_id"]]
        _run([program, "login", "--service-principal", *who], environment)
    finally:
        secret.unlink()


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "it wrote no message")
        raise Failure(f"az {command[1]} failed: {redact(said)}; run backupsim doctor to check az")


def _cloud(folder: Path) -> dict[str, str]:
    """The endpoints of the world as az knows them; empty where it does not."""
    clouds = _clouds(folder)
    settings = dict(clouds[CLOUD]) if clouds.has_section(CLOUD) else {}
    return {name: value for name, value in settings.items() if name.startswith("endpoint_")}


def _clouds(folder: Path) -> configparser.ConfigParser:
    clouds = configparser.ConfigParser(interpolation=None)
    clouds.read(folder / "clouds.config", encoding="utf-8")
    return clouds


def _fingerprint(endpoints: Mapping[str, Any]) -> str:
    """Changes with everything that az was told."""
    told = [endpoints[key] for key in ("arm", "login", "tenant_id", "client_id", "client_secret")]
    authority = Path(endpoints["ca_file"]).read_text(encoding="ascii")
    return sha256("\n".join([*told, authority]).encode()).hexdigest()
