"""ARM answers before its storage does: a real `up` whose storage is silent, with the options of its edge."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from controlplane.arm.aad import CLIENT_ID, SUBSCRIPTION_ID, TENANT_ID
from simulator.clock import SystemClock

ROOT = Path(__file__).parents[2]
PATIENCE = timedelta(seconds=60)
KEY = "c2lsZW50"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def starting(state: Path, *options: str) -> Iterator[int]:
    """A world that starts, and goes on starting for as long as nobody answers for its storage; its HTTP port."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = ["--blob-endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}"]
        command = [sys.executable, "-m", "simulator.cli", "up", "--state", str(state), "--port", str(port)]
        command += ["--https-port", str(free_port()), *place, "--blob-accounts", f"silent:{KEY}", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert SystemClock().wait(lambda: answers(port), datetime.now(UTC) + PATIENCE)
            yield port
        finally:
            process.kill()
            process.communicate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_arm_is_there_before_its_storage(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with (
        starting(state, "--limit-requests", "--strict-api-versions") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
    ):
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": json.loads((state / "secrets.json").read_bytes())["client_secret"],
            "scope": "https://management.azure.com/.default",
        }
        token = client.post(f"/{TENANT_ID}/oauth2/v2.0/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        group = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/early"
        assert client.put(f"{group}?api-version=2024-11-01", json={"location": "westus"}).status_code == 201
        assert client.get(f"{group}?api-version=2024-11-01").json()["name"] == "early"
        assert not (state / "endpoints.json").exists(), "the world is not said to be there yet"

        refused = client.get(f"{group}?api-version=2031-01-01").json()["error"]
        assert refused["code"] == "InvalidApiVersionParameter"
        statuses = [client.delete(f"{group}/providers/Contoso.X/y/z?api-version=2024-11-01") for _ in range(260)]
        assert {answer.status_code for answer in statuses} == {404, 429}
        last = next(answer for answer in reversed(statuses) if answer.status_code == 429)
        assert int(last.headers["Retry-After"]) >= 1
