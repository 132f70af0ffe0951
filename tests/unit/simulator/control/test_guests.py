"""A line in the shell of a guest, by the control API: which machine is meant, and what comes back."""

from __future__ import annotations

from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from simulator.control import guests
from simulator.control.guests import MOST_BYTES, NoSuchGuest
from simulator.failures import WrongUse
from simulator.host.host import Host

SQL01 = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/sql01"
OTHER = SQL01.replace("demo", "other")


class Guest:
    """Says back what it was told."""

    def run_script(self, script: list[str], language: str, most_bytes: int) -> tuple[str, str]:
        return f"{script} {language} {most_bytes}", "and an error"


class Machines:
    def __init__(self, *running: str, off: tuple[str, ...] = ()) -> None:
        self.running, self.off = running, off

    def machines(self) -> list[str]:
        return [*self.running, *self.off]

    def guest(self, vm: str) -> Any:
        return Guest() if vm in self.running else None


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
