"""What the command says of faults, from what the control API answers."""

from __future__ import annotations

import pytest

from simulator.command import cli_faults
from simulator.failures import WrongUse
from tests.unit.simulator.faults.fault_setting import FaultSetting


def test_a_setting_is_told_with_its_place_its_time_and_what_is_in_its_way() -> None:
    asked = {"fault": "arm-throttled", "where": {"vm": "sql01", "operation": "PUT *"}, "when": {"nth": 2}}
    told = FaultSetting().faults.set(asked)
    assert cli_faults.setting_lines(told, "en") == [
        "1  arm-throttled: set, 0 hits",
        "  where: vm sql01, operation PUT *",
        "  when: first 2, last 2",
        "  there is no virtual machine sql01 yet",
    ]
    assert cli_faults.setting_lines(told, "zh-cn")[-1] == "  \u5c1a\u65e0\u865a\u62df\u673a sql01"


def test_a_dry_run_is_told_by_its_events() -> None:
    told = FaultSetting().faults.set({"fault": "vault-full"}, dry_run=True)
    assert cli_faults.setting_lines(told, "en", announced=True) == ["vault-full would be set", "  where: job Backup"]
    assert cli_faults.dry_run_lines(None, "en") == ["no event tells of what comes there"]
    event = {"time": "2026-03-01T08:00:00+00:00", "event": 7, "name": "vss.writer"}
    assert cli_faults.dry_run_lines([event], "en") == [
        "  2026-03-01T08:00:00+00:00  7  vss.writer",
        "1 events of the last hour would have been hit",
    ]


def test_parameters_are_pairs() -> None:
    assert cli_faults._parameters(["exit_code=5", "stderr=a=b"]) == {"exit_code": "5", "stderr": "a=b"}
    with pytest.raises(WrongUse, match="write KEY=VALUE"):
        cli_faults._parameters(["five"])
