"""A world whose jobs take plausible times: nobody waits for them, an advance passes them, and a restart keeps them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulator.plausible_durations import STEP_SECONDS
from tests.e2e.conftest import backupsim
from tests.e2e.running import scenario_of, up
from tests.e2e.test_clock import DAY, arguments, backups, due_between, now, protected, standing


@pytest.mark.slow
def test_jobs_of_a_world_take_plausible_times(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state, [*standing(state), "--pace", "plausible"]) as world:
        scenario, client = scenario_of(world.client), world.client
        protected(client)
        begin = now(client)
        result = client.advance(by="3d")
        assert (result["reason"], result["outcomes"]) == ("reached", {"Completed": 3})
        jobs = backups(scenario)
        assert [datetime.fromisoformat(job["startTime"]) for job in jobs] == due_between(begin, begin + 3 * DAY)
        took = [datetime.fromisoformat(job["endTime"]) - datetime.fromisoformat(job["startTime"]) for job in jobs]
        steps = [STEP_SECONDS[name] for name in ("Take Snapshot", "Transfer data to vault")]
        least, most = (timedelta(seconds=sum(step[end] for step in steps)) for end in (0, 1))
        assert all(least <= each <= most for each in took)
        assert len(set(took)) == 3, "each is drawn anew"
        points = scenario.recovery_points(scenario.item_id())
        assert all(
            datetime.fromisoformat(job["startTime"]) < point.time < datetime.fromisoformat(job["endTime"])
            for job, point in zip(jobs, points, strict=True)
        )
        by_hand = scenario.back_up(scenario.item_id())
        assert by_hand.status == "Completed", "whoever waits for a job need not move time"
        assert now(client) > begin + 3 * DAY
        assert scenario.verify(scenario.recovery_points(scenario.item_id())[-1]).verified
    with up(state, arguments(state)):
        assert json.loads(backupsim("pace", "--json", "--state", str(state)).stdout)["plausible"] is True
        assert json.loads(backupsim("pace", "--off", "--json", "--state", str(state)).stdout)["plausible"] is False
