"""What the real az makes of faults towards clients: it tries again, or tells the service's own error."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import backupsim
from tests.e2e.real_az import Az, Refused, az_in

SHOW = "backup vault show -g demo -n vault01"


@pytest.mark.slow
def test_az_recovers_or_fails_as_against_azure(az: Path, tmp_path: Path) -> None:
    with az_in(tmp_path / "world", az) as run:
        run("group create -n demo -l westus")
        run("backup vault create -g demo -n vault01 -l westus")
        for fault in ("arm-throttled", "arm-unavailable", "arm-connection-cut"):
            hits = _with_fault(run, fault, "--nth", "1", succeeds=True)
            assert hits == 1, f"az was to meet {fault} once, and to try again"
        assert _with_fault(run, "arm-authorization-failed", says="AuthorizationFailed") >= 1
        assert _with_fault(run, "arm-conflict", says="Another operation is in progress") >= 1
        assert run(SHOW)["name"] == "vault01"


def _with_fault(az: Az, fault: str, *when: str, succeeds: bool = False, says: str = "") -> int:
    """How often the fault was hit while az showed the vault."""
    state = str(az.world.state)
    told = backupsim("fault", "set", fault, "--operation", "GET Microsoft.RecoveryServices/*", *when, "--state", state)
    assert told.returncode == 0, told.stderr
    try:
        if succeeds:
            assert az(SHOW)["name"] == "vault01"
        else:
            with pytest.raises(Refused, match=says):
                az(SHOW)
        (standing,) = az.world.client.sim("GET", "/faults")["set"]
        return int(standing["hits"])
    finally:
        backupsim("fault", "clear", "--all", "--state", state)
