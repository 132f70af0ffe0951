"""Each rule is broken by what breaks it, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from simulator.host.handler_rules import CLOCK_TOLERANCE, RULES, Claimed, Seen, SeenFreeze, broken

DISKS = ("os", "data")
AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
WELL_FROZEN = SeenFreeze(True, AT, AT + timedelta(seconds=1))
INSIDE = AT + timedelta(milliseconds=300)
WELL = Seen(has_vss=True, freezes=(WELL_FROZEN,), snapshots=dict.fromkeys(DISKS, INSIDE))
APPLICATION = Claimed("AppConsistent", True, 2)
FILE_SYSTEM = Claimed("FileSystemConsistent", True, 2)
CRASH = Claimed("CrashConsistent", True, 2)
FAILED = Claimed(None, False, 0)
UNFROZEN = replace(WELL, freezes=())
WITHOUT_WRITERS = replace(WELL, freezes=(replace(WELL_FROZEN, with_writers=False),))
LET_GO = replace(WELL, freezes=(replace(WELL_FROZEN, consistent=False),))
LEFT = replace(LET_GO, left_frozen=True)


def at(**moments: datetime) -> Seen:
    return replace(WELL, snapshots=dict(WELL.snapshots) | moments)


@pytest.mark.parametrize(
    ("claimed", "seen", "rules"),
    [
        pytest.param(APPLICATION, WELL, [], id="application-consistent"),
        pytest.param(FILE_SYSTEM, WITHOUT_WRITERS, [], id="file-system-consistent"),
        pytest.param(FILE_SYSTEM, WELL, [], id="less than was reached"),
        pytest.param(CRASH, UNFROZEN, [], id="crash-consistent"),
        pytest.param(FAILED, UNFROZEN, [], id="a failure that is reported"),
        pytest.param(FAILED, WELL, [], id="a failure in the freeze"),
        pytest.param(APPLICATION, replace(WITHOUT_WRITERS, has_vss=False), [], id="Linux has no writers"),
        pytest.param(APPLICATION, replace(UNFROZEN, has_vss=False, by_scripts=True), [], id="scripts"),
        pytest.param(APPLICATION, at(data=AT - CLOCK_TOLERANCE), [], id="the clocks differ a little"),
        pytest.param(APPLICATION, replace(WELL, freezes=(WELL_FROZEN, LET_GO.freezes[0])), ["freeze_limit"], id="2nd"),
        pytest.param(APPLICATION, UNFROZEN, ["freeze"], id="no freeze"),
        pytest.param(FILE_SYSTEM, UNFROZEN, ["freeze"], id="no freeze of file systems"),
        pytest.param(APPLICATION, WITHOUT_WRITERS, ["freeze"], id="no writers"),
        pytest.param(APPLICATION, LET_GO, ["freeze_limit"], id="too long"),
        pytest.param(FAILED, LET_GO, ["freeze_limit"], id="too long, and reported so"),
        pytest.param(APPLICATION, LEFT, ["thaw"], id="no thaw"),
        pytest.param(FAILED, LEFT, ["thaw"], id="died in the freeze"),
        pytest.param(APPLICATION, at(data=AT - 2 * CLOCK_TOLERANCE), ["snapshot_in_freeze"], id="before the freeze"),
        pytest.param(APPLICATION, at(os=AT + timedelta(seconds=1.1)), ["snapshot_in_freeze"], id="after the thaw"),
        pytest.param(replace(APPLICATION, disks=1), WELL, ["every_disk"], id="a disk left out"),
        pytest.param(replace(FAILED, disks=1), WELL, [], id="a failure names fewer disks"),
        pytest.param(APPLICATION, replace(WELL, leaks=("the log blob",)), ["no_signature"], id="a signature"),
        pytest.param(APPLICATION, replace(WELL, status_blob_ended=False), ["status_blob"], id="no status blob"),
        pytest.param(APPLICATION, replace(WELL, status_file_ended=False), ["status_file"], id="no N.status"),
    ],
)
def test_what_breaks_a_rule(claimed: Claimed, seen: Seen, rules: list[str]) -> None:
    assert [each.rule for each in broken(DISKS, claimed, seen)] == rules
    assert set(rules) <= set(RULES)


def test_the_sentence_names_what_it_is_about() -> None:
    (outside,) = broken(DISKS, APPLICATION, at(data=AT - timedelta(seconds=1)))
    assert outside.detail == "taken outside of the freeze: data"
    (left_out,) = broken(DISKS, replace(APPLICATION, disks=1), WELL)
    assert left_out.detail == "the report names snapshots of 1 of 2 disks"
    (leak,) = broken(DISKS, APPLICATION, replace(WELL, leaks=("3.status", "the log blob")))
    assert leak.detail == "a signature stands in 3.status, the log blob"
