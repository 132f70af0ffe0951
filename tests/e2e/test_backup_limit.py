"""`up --on-demand-backups`: the limit that a person sets is the one that the service keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.client import RequestFailed
from tests.e2e.running import protected, up


@pytest.mark.slow
def test_the_second_backup_of_a_machine_is_refused_where_one_is_allowed(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state, ["up", "--port", "0", "--state", str(state), "--on-demand-backups", "1"]) as world:
        scenario = protected(world.client)
        job = scenario.back_up(scenario.item_id())
        assert job.status == "Completed", job.errors
        with pytest.raises(RequestFailed) as refused:
            scenario.start_backup(scenario.item_id())
        assert (refused.value.status, refused.value.code) == (400, "CloudDosAbsoluteLimitReached")
        backups = [
            job
            for job in scenario.client.list(f"{scenario.vault_id}/backupJobs")
            if job["properties"]["operation"] == "Backup"
        ]
        assert len(backups) == 1
