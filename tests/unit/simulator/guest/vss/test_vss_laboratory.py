"""The table of the laboratory: each script, carried out by guest, handler and service, leads to what stands there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.clock.targets import duration_of
from tests.unit.simulator.guest.vss.laboratory_rig import IN_THE_JOB, NOT, LaboratoryRig, Outcome

FILE = Path(__file__).parents[5] / "docs/faults/vss-scripts.yaml"
OF_SCRIPTS = 3
"""In the default lane one script in so many is run; with `--all` each is."""
SCRIPTS: Sequence[Mapping[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
GOOD = Outcome("AppConsistent", None, NOT)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaboratoryRig]:
    made = LaboratoryRig(tmp_path_factory.mktemp("laboratory"))
    yield made
    made.close()


def outcome(row: Mapping[str, Any]) -> Outcome:
    return Outcome(**row["outcome"])


def state_of(rig: LaboratoryRig, writer: str) -> str:
    """Number and word behind its name in `vssadmin list writers`."""
    shown = rig.run("vssadmin list writers").split(f"'{writer}'")[1]
    return shown.split("State: ")[1].split("\r\n")[0]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row["name"], marks=[pytest.mark.slow] if place % OF_SCRIPTS else [])
        for place, row in enumerate(SCRIPTS)
    ],
)
def test_a_script_leads_to_what_the_table_says(rig: LaboratoryRig, row: Mapping[str, Any]) -> None:
    log = rig.rig.guest.event_log
    before = len(log)
    rig.set(row["script"])
    try:
        for writer, state in row.get("at_rest", {}).items():
            assert state_of(rig, writer) == state
        assert rig.back_up() == outcome(row)
        assert not rig.is_frozen
        entries = {entry.partition(":")[0] for entry in log[before:]}
        assert entries == set(row.get("log", ()))
        for writer, state in row.get("writers", {}).items():
            assert state_of(rig, writer) == state
        if "then" in row:
            after = row["then"].get("after", "")
            if after.startswith("Restart-Service"):
                rig.run(after)
            elif after:
                rig.clock.jump(duration_of(after).total_seconds())
            assert rig.back_up() == outcome(row["then"])
            assert not rig.is_frozen
        assert rig.board.settings[0].hits >= 1, "no rule of it ever acted"
    finally:
        rig.clear()
    assert rig.back_up() == GOOD


def test_the_table_has_many_scripts_and_many_outcomes() -> None:
    assert len(SCRIPTS) >= 40
    assert len({outcome(row) for row in SCRIPTS}) >= 12
    assert len({row["name"] for row in SCRIPTS}) == len({row["script"] for row in SCRIPTS}) == len(SCRIPTS)


def test_nobody_waits_longer_than_the_limits_of_vss(rig: LaboratoryRig) -> None:
    """However slow all writers are, and wherever: a minute to the freeze, and one each for the thaw and the end."""
    slow = [
        f"{{writer: '*', at: {event}, does: slows, seconds: 100000}}" for event in ("Freeze", "Thaw", "BackupComplete")
    ]
    for rule in slow:
        rig.set(f"writers: [{rule}]")
        before = rig.real_time.now()
        assert rig.back_up().consistency is not None
        assert (rig.real_time.now() - before).total_seconds() <= 60
        assert not rig.is_frozen
        rig.clear()


def test_what_an_earlier_backup_left_is_no_failure_of_the_next_one(rig: LaboratoryRig) -> None:
    rig.set("writers: [{writer: '*', at: Freeze}]")
    assert rig.back_up() == Outcome("FileSystemConsistent", None, NOT)
    rig.clear()
    rig.set("vss: [{at: PrepareForBackup, hresult: VSS_E_UNEXPECTED}]")
    assert rig.back_up() == Outcome("CrashConsistent", "ExtensionFailedVssServiceInBadState", IN_THE_JOB)
    rig.clear()
    assert rig.back_up() == GOOD
