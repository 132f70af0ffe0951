"""ARM answers before its storage does: a real `up` whose storage is held back, with the options of its edge."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlplane.arm.sign_in.aad import CLIENT_ID, SUBSCRIPTION_ID, TENANT_ID
from simulator.state.folder import StateFolder
from tests.patience import comes_true

ROOT = Path(__file__).parents[2]
PATIENCE = timedelta(seconds=60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def starting(state: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "simulator.command.cli", "up", "--state", str(state), "--port", str(port)]
    command += ["--https-port", str(free_port()), "--blob-port", str(free_port()), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def storage_held_back(state: Path) -> Iterator[None]:
    """As if an Azurite of a former run still saved: the next one waits for its folder."""
    import fcntl

    StateFolder.open(state).close()
    with (state / "azurite" / "in-use").open("a") as claim:
        fcntl.flock(claim, fcntl.LOCK_EX)
        yield


@contextmanager
def starting_held_back(state: Path, port: int) -> Iterator[Callable[[], None]]:
    """A world that answers and whose storage does not start before the function that this gives is called."""
    with ExitStack() as stack:
        held = stack.enter_context(ExitStack())
        held.enter_context(storage_held_back(state))
        stack.enter_context(starting(state, port, "--limit-requests", "--strict-api-versions"))
        assert wait_for(lambda: answers(port))
        yield held.close


def published(state: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((state / "endpoints.json").read_bytes())
    return told


def wait_for(condition: Callable[[], bool]) -> bool:
    return comes_true(condition)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="holds the storage back by a lock of POSIX")
def test_arm_is_there_before_its_storage(tmp_path: Path) -> None:
    state, port = tmp_path / "state", free_port()
    with (
        starting_held_back(state, port) as release,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        secrets = json.loads((state / "secrets.json").read_bytes())
        of_sim = {"Authorization": f"Bearer {secrets['sim_token']}"}
        assert client.get("/_sim/endpoints", headers=of_sim).status_code == 503
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": secrets["client_secret"],
            "scope": "https://management.azure.com/.default",
        }
        token = client.post(f"/{TENANT_ID}/oauth2/v2.0/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        group = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/early"
        assert client.put(f"{group}?api-version=2024-11-01", json={"location": "westus"}).status_code == 201
        assert client.get(f"{group}?api-version=2024-11-01").json()["name"] == "early"
        assert not (state / "endpoints.json").exists(), "the world is not said to be there yet"

        release()
        assert wait_for(lambda: (state / "endpoints.json").exists()), "it goes on when the storage comes"
        assert client.get(f"{group}?api-version=2024-11-01").status_code == 200
        assert client.get("/_sim/endpoints", headers=of_sim).json()["arm_http"] == f"http://127.0.0.1:{port}"
        account = f"{group}/providers/Microsoft.Storage/storageAccounts/earlydisks?api-version=2023-05-01"
        of_account = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        assert client.put(account, json=of_account).status_code == 202
        assert wait_for(lambda: list(published(state)["storage_accounts"]) == ["earlydisks"])
        assert client.delete(account).status_code == 200
        assert wait_for(lambda: published(state)["storage_accounts"] == {}), "the file follows what ARM lists"

        refused = client.get(f"{group}?api-version=2031-01-01").json()["error"]
        assert refused["code"] == "InvalidApiVersionParameter"
        statuses = [client.delete(f"{group}/providers/Contoso.X/y/z?api-version=2024-11-01") for _ in range(260)]
        assert {answer.status_code for answer in statuses} == {404, 429}
        last = next(answer for answer in reversed(statuses) if answer.status_code == 429)
        assert int(last.headers["Retry-After"]) >= 1
