"""The program by which scripts reach the database of their guest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from simulator.guest import bankctl
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer
from simulator.serving import Serving
from tests.unit.simulator.guest.guest_rig import START, Rig
from tests.unit.simulator.guest.test_system_folders import LINUX_SQL_IMAGE
from tests.unit.simulator.host.wire_fakes import TOKEN, FakeMachine
from tests.virtual_clock import VirtualClock


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A machine behind a wire server, and the variables that a script of it has."""
    rig = Rig(tmp_path / "guest", image=LINUX_SQL_IMAGE).boot()
    (rig.folder / bankctl.TOKEN_FILE).write_text(TOKEN)
    machine = FakeMachine(guest=rig.guest)
    wire = WireServer(VirtualClock(START), MemoryBlobs(), PackageRepository())
    wire.attach(machine)
    serving = Serving(wire.app)
    wire.address = serving.address
    yield {bankctl.ADDRESS: wire.address_of(machine.key), bankctl.ROOT: str(rig.folder)}
    wire.close()
    serving.close()
    rig.guest.shutdown()


def test_it_freezes_and_thaws(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for act, words in (("status", "goes on"), ("freeze", "is at rest"), ("status", "is at rest"), ("thaw", "goes on")):
        assert bankctl.main([act], environ) == 0
        assert capsys.readouterr().out == f"the database {words}\n"


def test_what_the_guest_refuses_is_said_and_is_a_failure(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bankctl.main(["thaw"], environ) == 1
    assert "its time had passed" in capsys.readouterr().err
    assert bankctl.main(["freeze", "99999"], environ) == 1
    assert "at most 1800" in capsys.readouterr().err
    Path(environ[bankctl.ROOT], bankctl.TOKEN_FILE).write_text("x")
    assert bankctl.main(["freeze"], environ) == 1
    assert "accepts only the token" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["stop"], ["freeze", "soon"], ["freeze", "1", "2"], ["thaw", "1"]])
def test_wrong_use(arguments: list[str], environ: dict[str, str]) -> None:
    assert bankctl.main(arguments, environ) == bankctl.WRONG_USE


def test_it_needs_to_know_its_guest(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert bankctl.main(["freeze"], {}) == bankctl.WRONG_USE
    assert bankctl.ADDRESS in capsys.readouterr().err


def test_on_the_guest_it_is_a_program(environ: dict[str, str]) -> None:
    program = Path(environ[bankctl.ROOT], "usr", "local", "bin", "bankctl")
    variables = {"PATH": os.environ["PATH"], "VMSNAPSHOT_PYTHON": sys.executable, **environ}
    done = subprocess.run([program, "freeze"], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the database is at rest\n")
