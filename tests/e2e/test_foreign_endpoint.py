"""A world on a blob storage that it did not start: the two services of docker-compose.yml without their containers."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml
from azure.storage.blob import BlobServiceClient

from controlplane.adapters.endpoint_probe import ProbeAnswer
from controlplane.ports import ServiceSettings
from simulator.failures import Failure
from simulator.state.folder import cache_folder
from simulator.storage.azurite import InstallFailed, MissingNode, find_node, install
from simulator.storage.foreign_storage import UnfitStorage, check_fit, connect
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import PATIENCE_SECONDS, Up, demo_result, good_backup, scenario_of, up

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
ACCOUNTS = SERVICES["azurite"]["environment"]["AZURITE_ACCOUNTS"]
KEYS = dict(account.split(":") for account in ACCOUNTS.split(";"))
OTHER_KEY = "b3RoZXI="
YES_AND_NO = """\
           yes  snapshots keep the content of their blob
           yes  permissions and expiry of a SAS are enforced
           yes  the SAS of a blob also reads its snapshots
           no   reports wrong pages as changed since a snapshot; blocks are compared instead
           no   has the listed accounts, and no others can be added
"""


def as_composed(service: str, here: Mapping[str, str]) -> list[str]:
    """The service's command, with ports and folders of this test in place of the container's."""
    command = [argument.partition("=") for argument in SERVICES[service]["command"]]
    assert here.keys() <= {name for name, _, _ in command}
    return ["".join((name, sign, here.get(name, value))) for name, sign, value in command]


def environment(service: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BACKUPSIM_", "AZURITE_"))}
    composed: dict[str, str] = SERVICES[service]["environment"]
    return kept | {"BACKUPSIM_CACHE": str(cache_folder())} | composed


class TheirAzurite:
    """Azurite as the compose file runs it; nobody of ours looks after it."""

    def __init__(self, folder: Path, accounts: str = ACCOUNTS) -> None:
        try:
            node, main = find_node(), install(cache_folder())
        except (MissingNode, InstallFailed) as lack:
            pytest.skip(str(lack))
        program, *arguments = as_composed("azurite", {"--blobPort": "0", "--location": str(folder)})
        assert program == "azurite-blob", "whose main program this is"
        self.process = subprocess.Popen(
            [node.program, main, *arguments],
            env=environment("azurite") | {"AZURITE_ACCOUNTS": accounts},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout
        listening = next(line for line in self.process.stdout if "successfully listens on" in line)
        self.url = f"http://127.0.0.1:{listening.strip().rpartition(':')[2]}"

    def containers(self) -> set[str]:
        found: set[str] = set()
        for account, key in KEYS.items():
            credential = {"account_name": account, "account_key": key}
            with BlobServiceClient(f"{self.url}/{account}", credential=credential) as service:
                found |= {f"{account}/{container.name}" for container in service.list_containers()}
        return found

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TheirAzurite]:
    azurite = TheirAzurite(tmp_path_factory.mktemp("data"))
    yield azurite
    azurite.close()


@pytest.mark.slow
def test_the_demo_runs_on_the_services_of_the_compose_file(theirs: TheirAzurite, tmp_path: Path) -> None:
    state = tmp_path / "state"
    places = {"--port": "0", "--state": str(state), "--blob-endpoint": theirs.url}
    arguments = as_composed("simulator", places)
    with up(state, arguments, environment("simulator")) as world:
        assert world.client.endpoints["blob"] == theirs.url
        assert not any("node" in child.name() for child in world.children()), "no Azurite of our own"
        assert by_https(world, "/_sim/clock").json()["mode"] == "real"
        result = demo_result(world.client)
        assert result["verified"], [check for check in result["checks"] if not check["passed"]]
    assert world.process.returncode == 0
    said = world.stderr()
    assert f"blobs      {theirs.url}\n{YES_AND_NO}" in said
    assert not any("probe" in container for container in theirs.containers()), "what was tried is gone"
    log = (state / "logs/backupsim.jsonl").read_text("utf-8")
    probed = next(json.loads(line) for line in log.splitlines() if "endpoint probed" in line)
    assert probed["snapshots"] == {"able": True, "needed": True, "detail": "snapshots keep the content of their blob"}
    assert not any(key in text for key in KEYS.values() for text in (said, log))
    check_that_it_goes_on(world, arguments, result["recovery_points"][0]["id"].rpartition("/")[2], theirs.url)


def by_https(world: Up, path: str) -> httpx.Response:
    """As the comments in the compose file and docs/control.md say: with the certificate that the world gives away."""
    endpoints = world.client.endpoints
    authority = httpx.get(f"{endpoints['arm_http']}/ca.pem", trust_env=False).text
    trust = ssl.create_default_context(cadata=authority)
    headers = {"Authorization": f"Bearer {endpoints['sim_token']}"}
    with httpx.Client(verify=trust, trust_env=False, headers=headers) as client:
        return client.get(f"{endpoints['arm']}{path}")


def check_that_it_goes_on(former: Up, arguments: list[str], point: str, url: str) -> None:
    """Stopped, it can be verified; its blobs are there and nowhere else; started again, it backs up again."""
    state = ["--state", str(former.state)]
    at_home = backupsim("verify", point, *state)
    assert (at_home.returncode, at_home.stderr.count("\n")) == (2, 1)
    assert f"keeps its blobs at {url}; start it with --blob-endpoint" in at_home.stderr
    there = backupsim("verify", point, *state, "--blob-endpoint", url, "--blob-accounts", ACCOUNTS)
    assert there.returncode == 0, there.stderr
    with up(former.state, arguments, environment("simulator")) as again:
        good_backup(scenario_of(again.client))


@dataclass(frozen=True)
class Lack:
    told: str
    exit_code: int = 3
    accounts: str = ACCOUNTS
    endpoint: str | None = None


LACKS = {
    "wrong key of the service": Lack(
        "does not accept the key of account backupservice",
        accounts=ACCOUNTS.replace(f"backupservice:{KEYS['backupservice']}", f"backupservice:{OTHER_KEY}"),
    ),
    "wrong key of another": Lack(
        "does not accept the key of account sql01disks",
        accounts=ACCOUNTS.replace(f"sql01disks:{KEYS['sql01disks']}", f"sql01disks:{OTHER_KEY}"),
    ),
    "unknown account": Lack("has no account elsewhere", accounts=f"{ACCOUNTS};elsewhere:{OTHER_KEY}"),
    "service's account not listed": Lack("lacks backupvaults", 2, accounts=f"backupservice:{OTHER_KEY}"),
    "no accounts": Lack("needs its accounts: --blob-accounts", 2, accounts=""),
    "no list": Lack("account 2 of the list is not of the form name:key", 2, accounts=f"a:{OTHER_KEY};{OTHER_KEY}"),
    "no address": Lack("--blob-endpoint is not a plain URL", 2, endpoint=f"somewhere?sig={OTHER_KEY}"),
}


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_what_makes_a_backup_impossible_is_one_sentence(theirs: TheirAzurite, lack: Lack) -> None:
    told = refusal(lack.endpoint or theirs.url, lack.accounts, lack.exit_code)
    assert lack.told in told
    assert OTHER_KEY not in told


def test_accounts_may_come_from_a_file(theirs: TheirAzurite, tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    file.write_text(ACCOUNTS.replace(";", "\n") + f"\nelsewhere:{OTHER_KEY}\n", encoding="utf-8")
    assert "has no account elsewhere" in refusal(theirs.url, str(file), 3)


def test_a_web_server_is_no_blob_storage() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as web:
        Thread(target=web.serve_forever).start()
        address = f"http://127.0.0.1:{web.server_port}"
        try:
            assert f"the service at {address} is not blob storage" in refusal(address, ACCOUNTS, 3)
        finally:
            web.shutdown()


def test_a_storage_whose_snapshots_are_none_is_refused() -> None:
    answers = {
        "snapshots": ProbeAnswer(False, True, "snapshots change when their blob changes"),
        "more": ProbeAnswer(False, False, ""),
    }
    with pytest.raises(
        UnfitStorage, match="http://there cannot hold backups: snapshots change when their blob changes"
    ):
        check_fit("http://there", answers)
    check_fit("http://there", {"more": answers["more"]})


def refusal(endpoint: str, accounts: str, exit_code: int) -> str:
    """What a world is told in place of this storage."""
    with pytest.raises(Failure) as failure:
        connect(endpoint, accounts, ServiceSettings())
    assert failure.value.exit_code == exit_code
    assert "\n" not in str(failure.value)
    return str(failure.value)


def test_where_nothing_answers_no_world_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    place = ["--blob-endpoint", address, "--blob-accounts", ACCOUNTS]
    done = backupsim("up", "--port", "0", "--state", str(tmp_path / "state"), *place)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"backupsim: no blob storage answers at {address} (ConnectionRefusedError); "
        "start it, or correct --blob-endpoint\n"
    )
    assert not (tmp_path / "state/endpoints.json").exists()
