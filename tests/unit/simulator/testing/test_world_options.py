"""What a test asks of its world, as a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.clock.kept_clock import Mode
from simulator.failures import WrongUse
from simulator.testing.fault_terms import setting_of
from simulator.testing.world_options import KEYWORDS, config_of

POSSIBLE: dict[str, Any] = {
    "limit_requests": True,
    "limits": {"restores": 10, "policy-edits": 50},
    "linux_extension": "Contoso.Backup:1.0",
    "locale": "zh-cn",
    "location": "westeurope",
    "on_demand_backups": 3,
    "pace": ["5", "Restore=20"],
    "snapshot_timeout": 60,
    "snapshots_by": "firstHostThenGuest",
    "start_spread": "2h",
    "strict_api_versions": True,
    "vss": False,
    "windows_extension": "Contoso.Backup:1.0",
    "workload_per_day": "5MiB",
    "workload_rate": 0,
}


def config(**asked: Any) -> Any:
    return config_of(Path("nowhere"), 3, asked)


def test_time_stands_unless_a_test_says_otherwise() -> None:
    assert config().clock.mode is Mode.VIRTUAL
    assert config(clock="scaled", rate=60).clock.rate == 60
    assert config(start="2026-03-01").clock.start.isoformat() == "2026-03-01T00:00:00+00:00"
    assert config().seed == 3


def test_every_keyword_has_an_example_here() -> None:
    assert POSSIBLE.keys() == KEYWORDS.keys()


@pytest.mark.parametrize("keyword", POSSIBLE)
def test_a_keyword_changes_the_configuration(keyword: str) -> None:
    assert config(**{keyword: POSSIBLE[keyword]}) != config()


@pytest.mark.parametrize(
    "asked",
    [
        {"clok": "real"},
        {"vss": "yes"},
        {"on_demand_backups": True},
        {"on_demand_backups": 1.5},
        {"location": 7},
        {"limits": 7},
        {"limits": {"restores": -1}},
        {"limits": {"restore": 1}},
        {"workload_rate": "fast"},
        {"snapshots_by": "nobody"},
        {"pace": "slow"},
        {"clock": "sundial"},
        {"start": "yesterday"},
    ],
    ids=str,
)
def test_what_is_not_possible_is_told(asked: dict[str, Any]) -> None:
    with pytest.raises(WrongUse, match=r"\w"):
        config(**asked)


def test_the_terms_of_a_fault_are_where_when_and_its_own() -> None:
    assert setting_of("arm-throttled", {"operation": "PUT *", "nth": 2, "for_": "2h", "seconds": 3}) == {
        "fault": "arm-throttled",
        "where": {"operation": "PUT *"},
        "when": {"nth": 2, "for_seconds": 7200.0},
        "parameters": {"seconds": 3},
    }
