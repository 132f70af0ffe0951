"""protect.sh with the real az, where there is one."""

import shutil
import subprocess
from os import environ
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "protect.sh"


AZ = environ.get("BACKUPSIM_AZ") or shutil.which("az")


@pytest.mark.skipif(AZ is None, reason="az is not on the PATH, and BACKUPSIM_AZ names none")
def test_the_script_protects_a_machine(backup_world, backup_az, backup_vm, backup_vault):
    backup_az("account", "show")  # signs in, as a pipeline does before it
    environment = backup_world.environment()
    environment["PATH"] = f"{Path(AZ).parent}:{environment['PATH']}"
    done = subprocess.run([SCRIPT, "demo", "vault01", "sql01"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "IRPending\n"), done.stderr


def test_it_says_how_it_is_used():
    done = subprocess.run([SCRIPT, "demo"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "usage: protect.sh GROUP VAULT VM\n")
