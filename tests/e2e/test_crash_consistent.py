"""A policy of OnlyCrashConsistent by the real az, over a running machine with a database: no extension, one instant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.scenario import SQL_SERVER
from tests.e2e.real_az import Refused, az_in

VAULT = "-g demo -v vault01"
ITEM = f"{VAULT} --backup-management-type AzureIaasVM -c sql01 -i sql01"
IMAGE = ":".join(SQL_SERVER.values())
VM = f"--image {IMAGE} --admin-username azureuser --admin-password aB3!aB3!aB3!xx --nsg-rule None"


@pytest.mark.slow
def test_a_running_database_is_backed_up_at_one_instant_without_an_extension(az: Path, tmp_path: Path) -> None:
    with az_in(tmp_path / "world", az) as run:
        run("group create -n demo -l westus")
        run("backup vault create -g demo -n vault01 -l westus")
        body = run(f"backup policy show {VAULT} -n EnhancedPolicy")
        body["properties"]["snapshotConsistencyType"] = "OnlyCrashConsistent"
        file = tmp_path / "policy.json"
        file.write_text(json.dumps(body))
        made = run(f"backup policy create {VAULT} -n crash --policy @{file} --backup-management-type AzureIaasVM")
        assert made["properties"]["snapshotConsistencyType"] == "OnlyCrashConsistent"
        run(f"vm create -g demo -n small {VM} --size Standard_A2_v2")
        with pytest.raises(Refused, match="UserErrorCrashConsistentSnapshotNotSupported"):
            run(f"backup protection enable-for-vm {VAULT} --vm small --policy-name crash")
        run(f"vm create -g demo -n sql01 {VM} --size Standard_D2s_v5 --data-disk-sizes-gb 4 4")
        run(f"backup protection enable-for-vm {VAULT} --vm sql01 --policy-name crash")
        machine = run("vm show -g demo -n sql01")["id"]
        for _ in range(2):
            run.world.client.sim("POST", "/workload", {"vm": machine, "transactions": 50})
            run.wait_for(run(f"backup protection backup-now {ITEM}"), VAULT)
        points = run(f"backup recoverypoint list {ITEM}")
        assert [point["properties"]["recoveryPointType"] for point in points] == ["CrashConsistent"] * 2
        assert run("vm extension list -g demo --vm-name sql01") == []
        for point in points:
            verdict = run.world.client.sim("POST", "/verify", {"recovery_point": point["id"]})
            assert verdict["verified"], verdict["checks"]
            assert all(
                check["detail"].startswith("all disks") for check in verdict["checks"] if "each" in check["name"]
            )
