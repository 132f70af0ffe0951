"""`up --on-demand-backups`, `up --limit`: what a person sets is what service and storage keep to."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.client import RequestFailed
from simulator.scenario_values import JobFailed
from tests.e2e.running import protected, up


@pytest.mark.slow
def test_what_goes_beyond_the_limits_of_a_world_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "world"
    words = ["--on-demand-backups", "2", "--limit", "snapshot-interval=3600", "--limit", "restores=1"]
    with up(state, ["up", "--port", "0", "--state", str(state), *words]) as world:
        scenario = protected(world.client)
        job = scenario.back_up(scenario.item_id())
        assert job.status == "Completed", job.errors
        with pytest.raises(JobFailed) as failed:
            scenario.back_up(scenario.item_id())
        assert [error.code for error in failed.value.job.errors] == ["ExtensionFailedSnapshotRateExceededError"]
        with pytest.raises(RequestFailed) as refused:
            scenario.start_backup(scenario.item_id())
        assert (refused.value.status, refused.value.code) == (400, "CloudDosAbsoluteLimitReached")
        backups = [
            job
            for job in scenario.client.list(f"{scenario.vault_id}/backupJobs")
            if job["properties"]["operation"] == "Backup"
        ]
        assert len(backups) == 2
        (point,) = scenario.recovery_points(scenario.item_id())
        scenario.restore_disks(point)
        with pytest.raises(RequestFailed) as refused:
            scenario.restore_disks(point)
        assert (refused.value.status, refused.value.code) == (400, "CloudDosAbsoluteLimitReached")
