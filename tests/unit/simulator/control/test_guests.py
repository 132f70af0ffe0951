"""A line in the shell of a guest, by the control API: which machine is meant, and what comes back."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from simulator.control import guests
from simulator.control.guests import LARGEST_FILE_BYTES, MOST_BYTES, FileRefused, NoSuchGuest
from simulator.failures import WrongUse
from simulator.guest.disk.volume import Volume
from simulator.host.host import Host
from tests.unit.simulator.guest.guest_rig import Rig

SQL01 = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/sql01"
OTHER = SQL01.replace("demo", "other")


class Guest:
    """Says back what it was told, and has the volumes and programs of a guest."""

    def __init__(self, rig: Rig | None = None) -> None:
        self._rig = rig

    @property
    def workloads(self) -> dict[str, Any]:
        return dict(self._rig.guest.workloads) if self._rig else {}

    def mounted(self) -> dict[str, Volume]:
        return self._rig.guest.mounted() if self._rig else {}

    def run_script(self, script: list[str], language: str, most_bytes: int) -> tuple[str, str]:
        return f"{script} {language} {most_bytes}", "and an error"


class Machines:
    def __init__(self, *running: str, off: tuple[str, ...] = (), rig: Rig | None = None) -> None:
        self.running, self.off, self._rig = running, off, rig

    def machines(self) -> list[str]:
        return [*self.running, *self.off]

    def guest(self, vm: str) -> Any:
        return Guest(self._rig) if vm in self.running else None


def client(host: Machines) -> TestClient:
    app = FastAPI()
    guests.add(app, lambda: cast(Host, host))
    return TestClient(app)


@pytest.mark.parametrize("vm", ["sql01", "SQL01", SQL01, SQL01.upper()])
def test_a_machine_is_named_by_its_name_or_its_id(vm: str) -> None:
    answer = client(Machines(SQL01)).post("/vms/run", json={"vm": vm, "line": "hostname"})
    assert answer.json() == {"vm": SQL01, "output": f"['hostname'] en-us {MOST_BYTES}", "errors": "and an error"}


def test_the_system_speaks_the_language_that_is_asked_for() -> None:
    body = {"vm": "sql01", "line": "vssadmin list writers", "language": "zh-cn"}
    assert "zh-cn" in client(Machines(SQL01)).post("/vms/run", json=body).json()["output"]
    assert client(Machines(SQL01)).post("/vms/run", json=body | {"language": "fr"}).status_code == 422


@pytest.mark.parametrize("host", [Machines(), Machines(OTHER.replace("sql01", "web01")), Machines(off=(SQL01,))])
def test_a_machine_that_does_not_run_is_not_there(host: Machines) -> None:
    with pytest.raises(NoSuchGuest, match="no machine sql01 is running"):
        client(host).post("/vms/run", json={"vm": "sql01", "line": "hostname"})


def test_a_name_of_two_machines_is_no_name() -> None:
    with pytest.raises(WrongUse, match="2 machines are called sql01"):
        client(Machines(SQL01, OTHER)).post("/vms/run", json={"vm": "sql01", "line": "hostname"})


FIGURES = b"the figures of the year\n"


@pytest.fixture
def files(tmp_path: Path) -> TestClient:
    return client(Machines(SQL01, rig=Rig(tmp_path).boot()))


def act(files: TestClient, act: str, path: str, **more: str) -> Any:
    return files.post("/vms/files/act", json={"vm": "sql01", "act": act, "path": path, **more}).json()


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_file_is_put_found_read_encrypted_and_deleted(files: TestClient) -> None:
    path, query = "F:\\figures.txt", {"vm": "sql01", "file": "F:\\figures.txt"}
    done = act(files, "put", path, content=in_base64(FIGURES))
    assert done == {"vm": SQL01, "act": "put", "files": [path], "left": []}
    (found,) = files.get("/vms/files", params={"vm": "sql01", "name": "figures*"}).json()["files"]
    assert found == {
        "path": path,
        "name": "figures.txt",
        "size_bytes": len(FIGURES),
        "sha256": sha256(FIGURES).hexdigest(),
    }
    assert files.get("/vms/files/content", params=query).json()["content"] == in_base64(FIGURES)
    assert act(files, "encrypt", "F:\\*", key="k")["left"] == ["F:\\bank.db"]
    assert files.get("/vms/files/content", params=query).json()["content"] != in_base64(FIGURES)
    act(files, "rm", path)
    with pytest.raises(FileRefused, match="no such file"):
        files.get("/vms/files/content", params=query)


def test_the_database_lets_nobody_at_its_files(files: TestClient) -> None:
    with pytest.raises(FileRefused, match="in use by the database"):
        act(files, "rm", "F:\\bank.db")


@pytest.mark.parametrize(
    ("content", "says"), [("no base64!", "in base64"), (in_base64(bytes(LARGEST_FILE_BYTES + 1)), "too large")]
)
def test_content_that_cannot_be_taken_changes_nothing(files: TestClient, content: str, says: str) -> None:
    act(files, "put", "F:\\figures.txt", content=in_base64(FIGURES))
    with pytest.raises(WrongUse, match=says):
        act(files, "put", "F:\\figures.txt", content=content)
    kept = files.get("/vms/files/content", params={"vm": "sql01", "file": "F:\\figures.txt"}).json()
    assert kept["content"] == in_base64(FIGURES)
