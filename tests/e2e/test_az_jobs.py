"""The scenario by which azure-cli tests its commands for backup jobs, by the real az in a world that has a pace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import backupsim
from tests.e2e.real_az import Az, Refused, az_in
from tests.e2e.running import eventually, good_backup, protected

GROUP, VAULT, VM, ACCOUNT = "demo", "vault01", "sql01", "restored01"
IN_VAULT = f"-g {GROUP} -v {VAULT}"
ITEM = f"{IN_VAULT} -c {VM} -i {VM} --backup-management-type AzureIaasVM"


@pytest.mark.slow
def test_a_job_is_seen_in_progress_and_stopped(az: Path, tmp_path: Path) -> None:
    with az_in(tmp_path / "world", az) as run:
        good_backup(protected(run.world.client))
        told = backupsim("pace", "Restore=600", "--state", str(run.world.state))
        assert told.stdout == "each step of Restore takes at least 600 s\n", told.stderr
        _stop_a_restore(run)
        _hold_a_backup(run)


def _stop_a_restore(az: Az) -> None:
    point = az(f"backup recoverypoint list {ITEM} --workload-type VM --query [0].name")
    job = az(
        f"backup restore restore-disks {IN_VAULT} -c {VM} -i {VM} -r {point} --storage-account {ACCOUNT} "
        "--restore-to-staging-storage-account --query name"
    )
    shown = az(f"backup job show {IN_VAULT} -n {job}")
    properties = shown["properties"]
    assert (shown["name"], shown["resourceGroup"], properties["entityFriendlyName"]) == (job, GROUP, VM)
    assert (properties["operation"], properties["status"]) == ("Restore", "InProgress")
    first = properties["extendedInfo"]["tasksList"][0]
    assert (first["status"], first.get("endTime")) == ("InProgress", None)
    for narrowed in ("", "--status InProgress", "--operation Restore", "--operation Restore --status InProgress"):
        assert job in [each["name"] for each in az(f"backup job list {IN_VAULT} {narrowed}")], narrowed
    az(f"backup job stop {IN_VAULT} -n {job}")
    eventually(lambda: _status(az, job) == "Cancelled", "the restore is cancelled")
    assert job not in [each["name"] for each in az(f"backup job list {IN_VAULT} --status InProgress")]


def _hold_a_backup(az: Az) -> None:
    state = str(az.world.state)
    assert "Take Snapshot is held" in backupsim("pace", "--hold", "Take Snapshot", "--state", state).stdout
    job = az(f"backup protection backup-now {ITEM} --workload-type VM --query name")
    assert _status(az, job) == "InProgress"
    assert f"Backup {job} waits before Take Snapshot until it is released" in (
        backupsim("pace", "--state", state).stdout
    )
    assert backupsim("pace", "--off", "--state", state).stdout == "off\n"
    az(f"backup job wait {IN_VAULT} -n {job}")
    assert _status(az, job) == "Completed"
    with pytest.raises(Refused, match="has ended"):
        az(f"backup job stop {IN_VAULT} -n {job}")


def _status(az: Az, job: str) -> str:
    return str(az(f"backup job show {IN_VAULT} -n {job} --query properties.status"))
