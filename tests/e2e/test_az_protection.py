"""Policies, an item's protection and the files of a recovery point, by the real az."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.guest.workload.plain_files import is_whole
from tests.e2e.conftest import ROOT
from tests.e2e.real_az import IMAGE, PATIENCE_SECONDS, Az, Refused, az_in

VAULT = "-g files -v vault"
ITEM = f"{VAULT} -c vm1 -i vm1"
KIND = "--backup-management-type AzureIaasVM --workload-type VM"


@pytest.fixture(scope="module")
def run(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    """A machine that is protected, and backed up once."""
    with az_in(tmp_path_factory.mktemp("protection") / "world", az) as run:
        run("group create -n files -l westus")
        run("backup vault create -g files -n vault -l westus")
        run(f"vm create -g files -n vm1 {IMAGE} --data-disk-sizes-gb 1 --nsg-rule None")
        run(f"backup protection enable-for-vm {VAULT} --vm vm1 --policy-name DefaultPolicy")
        run.wait_for(run(f"backup protection backup-now {ITEM} {KIND} --retain-until 01-02-2099"), VAULT)
        yield run


def point_of(run: Az) -> str:
    (point,) = run(f"backup recoverypoint list {ITEM} {KIND}")
    return str(point["name"])


def test_a_recovery_point_is_retained_until_the_day_that_was_asked_for(run: Az) -> None:
    shown = run(f"backup recoverypoint show {ITEM} -n {point_of(run)} {KIND}")
    assert shown["properties"]["recoveryPointProperties"]["expiryTime"].startswith("2099-02-01T00:00:00")


def test_a_policy_is_copied_changed_given_and_removed(run: Az, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    body = run(f"backup policy show {VAULT} -n DefaultPolicy")
    file.write_text(json.dumps(body))
    created = run(f"backup policy create {VAULT} -n mine --policy @{file} --backup-management-type AzureIaasVM")
    assert created["properties"]["policyType"] == "V1"
    job = run(f"backup item set-policy {VAULT} -c vm1 -n vm1 -p mine {KIND}")
    assert (job["properties"]["operation"], job["properties"]["status"]) == ("ConfigureBackup", "Completed")
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 44
    file.write_text(json.dumps(body | {"name": "mine"}))
    assert run(f"backup policy set {VAULT} -n mine --policy @{file}") is None, "a 202: its items are configured anew"
    changed = run(f"backup policy show {VAULT} -n mine")["properties"]
    assert changed["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] == 44
    (item,) = run(f"backup policy list-associated-items {VAULT} -n mine --backup-management-type AzureIaasVM")
    assert item["properties"]["friendlyName"] == "vm1"
    with pytest.raises(Refused, match="BMSUserErrorPolicyObjectInUse"):
        run(f"backup policy delete {VAULT} -n mine")
    run(f"backup item set-policy {VAULT} -c vm1 -n vm1 -p EnhancedPolicy {KIND} --yes")
    with pytest.raises(Refused, match="BMSUserErrorInvalidInput"):
        run(f"backup item set-policy {VAULT} -c vm1 -n vm1 -p mine {KIND}")
    run(f"backup policy delete {VAULT} -n mine")


def test_a_recovery_point_that_is_young_does_not_move(run: Az) -> None:
    move = f"--source-tier VaultStandard --destination-tier VaultArchive {KIND}"
    with pytest.raises(Refused, match="RecoveryPointTypeNotEligibleForArchive"):
        run(f"backup recoverypoint move {ITEM} -n {point_of(run)} {move}")
    assert run(f"backup recoverypoint list {ITEM} {KIND} --recommended-for-archive") == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"backup protectable-item list {VAULT} --workload-type MSSQL", "lists of SQLDataBase of AzureWorkload"),
        (
            f"backup item list {VAULT} {KIND} --use-secondary-region",
            "secondary region",
        ),
        ("image create -g files -n image1 --source vm1", "PUT Microsoft.Compute/images"),
        (
            f"backup protection disable {ITEM} {KIND} --retain-recovery-points-as-per-policy --yes",
            "UserErrorOperationDeniedOnImmutableItem",
        ),
    ],
    ids=["database", "region", "image", "suspension"],
)
def test_what_is_refused_says_so_by_name(run: Az, command: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        run(command)


def test_source_scan_is_switched_on(run: Az) -> None:
    run(f"backup item source-scan-configuration set {VAULT} -c vm1 -n vm1 --state Enabled {KIND}")
    (item,) = run(f"backup item list {VAULT}")
    assert item["properties"]["sourceSideScanInfo"]["sourceSideScanStatus"] == "Configured"


def mounted(run: Az, az: Path, point: str, folder: Path) -> tuple[Path, str]:
    """The script that az writes into a folder, and the password that it tells."""
    environment = {
        **os.environ,
        "BACKUPSIM_STATE": str(run.world.state),
        "BACKUPSIM_AZ": str(az),
        "PYTHONPATH": str(ROOT),
    }
    command = ["backup", "restore", "files", "mount-rp", *ITEM.split(), "-r", point]
    done = subprocess.run(
        [sys.executable, "-m", "simulator.command.cli", "az", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    (script,) = folder.iterdir()
    assert script.name in done.stderr
    return script, done.stderr.strip().rpartition(" ")[2]


def test_files_are_brought_back_from_a_recovery_point(run: Az, az: Path, tmp_path: Path) -> None:
    point, into = point_of(run), tmp_path / "recovered"
    home = tmp_path / "script"
    home.mkdir()
    script, password = mounted(run, az, point, home)
    shown: Any = run(f"backup recoverypoint show {ITEM} -n {point} {KIND}")
    assert shown["properties"]["isInstantIlrSessionActive"] is True
    ca = json.loads((run.world.state / "endpoints.json").read_text())["ca_file"]
    done = subprocess.run(
        [sys.executable, "-I", script, "--into", into, password],
        env={**os.environ, "SSL_CERT_FILE": ca},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    reports = list(into.rglob("report-*.txt"))
    assert len(reports) == 8
    assert all(is_whole(path.read_bytes()) for path in reports)
    run(f"backup restore files unmount-rp {ITEM} -r {point}")
    again = subprocess.run(
        [sys.executable, "-I", script, "--into", into, password],
        env={**os.environ, "SSL_CERT_FILE": ca},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (again.returncode, "the session has ended" in again.stderr) == (3, True)
