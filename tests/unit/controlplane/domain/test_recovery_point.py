"""Recovery point: its tiers, what a restore reads, which snapshots go, and the body that ARM shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import Machine, PointDisk, RecoveryPoint
from controlplane.domain.state_machine import IllegalTransition

NOW = datetime(2022, 5, 13, 10, 9, 31, tzinfo=UTC)
ITEM = "/subscriptions/s/.../protectedItems/VM;iaasvmcontainerv2;rg1;sql01"
OS = PointDisk("os", -1, 1024, "disks", "vhds", "os.vhd", "2022-05-13T10:09:31.0000000Z")
DATA = PointDisk("data", 0, 2048, "disks", "vhds", "data.vhd", "2022-05-13T10:09:31.0000000Z")


def taken(age_days: float = 0, tiers: str = "Instant", id: str = "15298154608188") -> RecoveryPoint:
    return RecoveryPoint(
        id=id,
        item=ITEM,
        job="j",
        task_id="t_1",
        time=NOW - timedelta(days=age_days),
        expires=NOW + timedelta(days=30),
        consistency="AppConsistent",
        machine=Machine("sql01", "Standard_D2s_v3", "Windows", "westus", False, ((-1, "os"), (0, "data"), (1, "temp"))),
        disks=(OS, DATA),
        tiers=tiers,
    )


def test_the_body() -> None:
    body = recovery_point.body(recovery_point.changed(taken(), "vaulted"))
    assert body["id"] == f"{ITEM}/recoveryPoints/15298154608188"
    shown = body["properties"]
    assert shown["objectType"] == "IaasVMRecoveryPoint"
    assert shown["recoveryPointType"] == "AppConsistent"
    assert shown["recoveryPointTime"] == "2022-05-13T10:09:31Z"
    assert shown["recoveryPointTierDetails"] == [
        {"type": "InstantRP", "status": "Valid"},
        {"type": "HardenedRP", "status": "Valid"},
    ]
    assert shown["recoveryPointDiskConfiguration"] == {
        "numberOfDisksIncludedInBackup": 2,
        "numberOfDisksAttachedToVm": 3,
        "includedDiskList": [{"lun": -1, "name": "os"}, {"lun": 0, "name": "data"}],
        "excludedDiskList": [{"lun": 1, "name": "temp"}],
    }
    assert shown["recoveryPointProperties"]["expiryTime"] == "2022-06-12T10:09:31Z"


def test_a_point_survives_being_stored() -> None:
    point = replace(taken(), disks=(replace(OS, vault={"manifest": "m"}), DATA), telemetry={"FreezeTime": "0.1"})
    assert recovery_point.from_json(recovery_point.to_json(point)) == point


@pytest.mark.parametrize(
    ("tiers", "alive", "read"),
    [
        ("Instant", True, "InstantRP"),
        ("Instant", False, None),
        ("InstantAndVault", True, "InstantRP"),
        ("InstantAndVault", False, "HardenedRP"),
        ("Vault", True, "HardenedRP"),
        ("Expired", True, None),
    ],
)
def test_a_restore_reads_the_nearest_tier_that_lives(tiers: str, alive: bool, read: str | None) -> None:
    assert recovery_point.tier_to_restore(taken(tiers=tiers), alive) == read


def test_nothing_is_vaulted_without_a_snapshot() -> None:
    with pytest.raises(IllegalTransition):
        recovery_point.changed(taken(tiers="None"), "vaulted")


def test_snapshots_expire_by_age() -> None:
    points = [taken(age, "InstantAndVault", str(age)) for age in (0, 1, 2.5, 4)]
    gone = recovery_point.expired_snapshots(points, NOW, keep=timedelta(days=2), keep_count=99)
    assert [point.id for point in gone] == ["2.5", "4"]


def test_snapshots_expire_by_count() -> None:
    points = [taken(age, "InstantAndVault", str(age)) for age in (0.1, 0.2, 0.3, 0.4)]
    gone = recovery_point.expired_snapshots(points, NOW, keep=timedelta(days=2), keep_count=2)
    assert [point.id for point in gone] == ["0.3", "0.4"]


@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.sampled_from(sorted(recovery_point.TIER_STATES))), unique_by=lambda p: p[0]
    ),
    st.integers(0, 5),
)
def test_what_is_needed_never_expires(points: list[tuple[float, str]], keep_count: int) -> None:
    made = [taken(age, tiers, str(place)) for place, (age, tiers) in enumerate(points)]
    gone = recovery_point.expired_snapshots(made, NOW, timedelta(days=2), keep_count)
    assert all(point.tiers == "InstantAndVault" for point in gone)
    vaulted = [point for point in made if point.has_snapshots and point.has_vault_copy]
    if vaulted:
        assert max(vaulted, key=lambda point: point.time) not in gone
