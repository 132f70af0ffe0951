"""What a recovery point is good for besides its disks, by the real az: files, another machine, the same machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.real_az import IMAGE, Az, Refused, az_in

IN_VAULT = "-g rg1 -v vault01"
ITEM = f"{IN_VAULT} -c vm1 -i vm1"


@pytest.mark.slow
def test_a_recovery_point_becomes_files_and_machines(az: Path, tmp_path: Path) -> None:
    with az_in(tmp_path / "world", az) as run:
        point = _backed_up(run)
        _mount(run, point)
        _restore_machines(run, point)
        _delete_restore_points(run, point)
        run("backup vault delete -g rg1 -n vault01 --yes --force")
        assert run("backup vault list -g rg1") == []


def _backed_up(az: Az) -> str:
    az("group create -n rg1 -l westus")
    az("storage account create -g rg1 -n store01 -l westus --sku Standard_LRS")
    az(f"vm create -g rg1 -n vm1 {IMAGE} --nsg-rule NONE")
    az("backup vault create -g rg1 -n vault01 -l westus")
    az(f"backup protection enable-for-vm {IN_VAULT} --vm vm1 -p DefaultPolicy")
    az.wait_for(az(f"backup protection backup-now {ITEM} --backup-management-type AzureIaasVM"), IN_VAULT)
    (point,) = az(f"backup recoverypoint list {ITEM} --backup-management-type AzureIaasVM")
    return str(point["name"])


def _mount(az: Az, point: str) -> None:
    az(f"backup restore files mount-rp {ITEM} -r {point}")
    assert "Use password" in az.warned
    assert [file.name for file in az.folder.iterdir() if file.name.startswith("vm1_")]
    az(f"backup restore files unmount-rp {ITEM} -r {point}")
    move = f"backup recoverypoint move {ITEM} -n {point} --backup-management-type AzureIaasVM --workload-type VM"
    with pytest.raises(Refused, match="RecoveryPointTypeNotEligibleForArchive"):
        az(f"{move} --source-tier VaultStandard --destination-tier VaultArchive")


def _restore_machines(az: Az, point: str) -> None:
    az("network vnet create -g rg1 -n net1 --subnet-name sub1")
    restore = f"backup restore restore-disks {ITEM} -r {point} --storage-account store01"
    place = "--target-vnet-name net1 --target-subnet-name sub1 --target-vnet-resource-group rg1 -t rg1"
    az.wait_for(az(f"{restore} --restore-mode AlternateLocation --target-vm-name vm2 {place}"), IN_VAULT)
    rows = az.table("vm list -d")
    assert [(row["Name"], row["PowerState"]) for row in rows] == [("vm1", "VM running"), ("vm2", "VM running")]
    before = az("vm show -g rg1 -n vm1 --query storageProfile.osDisk.name")
    az.wait_for(az(f"{restore} --restore-mode OriginalLocation"), IN_VAULT)
    assert az("vm show -g rg1 -n vm1 --query storageProfile.osDisk.name") != before


def _delete_restore_points(az: Az, point: str) -> None:
    """az waits for the end of each operation. What has a copy in the vault can be restored from it then."""
    (collection,) = az("restore-point collection list-all")
    place = f"-g {collection['resourceGroup']} --collection-name {collection['name']}"
    named = az(f"restore-point collection show {place} --restore-points")["restorePoints"]
    az(f"restore-point delete {place} -n {named[0]['name']} --yes")
    for left in az("restore-point collection list-all"):
        az(f"restore-point collection delete -g {left['resourceGroup']} --collection-name {left['name']} --yes")
    assert az("restore-point collection list-all") == []
    shown = az(f"backup recoverypoint show {ITEM} -n {point} --backup-management-type AzureIaasVM")
    assert [tier["type"] for tier in shown["properties"]["recoveryPointTierDetails"]] == ["HardenedRP"]
