"""Metrics of a vault over ARM: definitions, and values by time and dimension."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.domain.monitoring import health
from controlplane.domain.times import instant
from tests.unit.controlplane.arm.arm_world import ITEM, START, TARGET, VAULT, VM, ArmWorld, arm_world, furnished_world

INSIGHTS = f"{VAULT}/providers/Microsoft.Insights"
METRICS = f"{INSIGHTS}/metrics"
BACKUP = {"metricnames": "BackupHealthEvent"}
BACKUP_REQUEST = {"properties": {"objectType": "IaasVMBackupRequest"}}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as furnished:
        furnished.protect()
        yield furnished


def back_up(world: ArmWorld) -> None:
    world.follow(world.post(f"{ITEM}/backup", BACKUP_REQUEST))


def series(world: ArmWorld, **query: str) -> list[dict[str, Any]]:
    (metric,) = world.get(METRICS, **(BACKUP | query))["value"]
    found: list[dict[str, Any]] = metric["timeseries"]
    return found


def counts(world: ArmWorld, **query: str) -> dict[tuple[str, ...], float]:
    """Values of the dimensions of each series -> all that it counts."""
    return {
        tuple(each["value"] for each in one["metadatavalues"]): sum(point["count"] for point in one["data"])
        for one in series(world, **query)
    }


def test_two_metrics_are_defined(world: ArmWorld) -> None:
    definitions = world.get(f"{INSIGHTS}/metricDefinitions")["value"]
    assert [each["name"]["value"] for each in definitions] == ["BackupHealthEvent", "RestoreHealthEvent"]
    backup = definitions[0]
    assert backup["primaryAggregationType"] == "Count"
    assert [each["value"] for each in backup["dimensions"]] == list(health.DIMENSIONS)
    grains = [each["timeGrain"] for each in backup["metricAvailabilities"]]
    assert grains == ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"]
    (namespace,) = world.get(f"{INSIGHTS}/metricNamespaces")["value"]
    assert namespace["name"] == backup["namespace"]


def test_an_ended_backup_is_counted_at_its_end(world: ArmWorld) -> None:
    back_up(world)
    begin = START.replace(minute=0, second=0, microsecond=0)
    span = f"{instant(begin)}/{instant(begin + timedelta(hours=2))}"
    (one,) = series(world, timespan=span, interval="PT1H", aggregation="Count,Total,Average")
    assert one["data"] == [
        {"timeStamp": "2026-11-22T08:00:00Z", "count": 1.0, "total": 1.0, "average": 1.0},
        {"timeStamp": "2026-11-22T09:00:00Z", "count": 0.0, "total": 0.0},
    ]


def test_an_event_is_told_by_its_dimensions(world: ArmWorld) -> None:
    back_up(world)
    every = " and ".join(f"{name} eq '*'" for name in health.DIMENSIONS)
    tell = {"timespan": "PT1H", "interval": "FULL", "$filter": every}
    world.later(timedelta(minutes=1))
    assert counts(world, **tell) == {
        (
            VM,
            ITEM,
            "Microsoft.Compute/virtualMachines",
            "Healthy",
            "iaasvmcontainerv2;demo;sql01;Sql01",
        ): 1.0
    }


def test_a_failure_is_transient_once_and_persistent_when_it_comes_again(world: ArmWorld) -> None:
    every = {"timespan": "P1D", "interval": "FULL", "$filter": "healthStatus eq '*'"}
    world.fabric.power(VM, "stopped")
    for disk in world.fabric.disks(VM):
        world.ports.blobs.delete(disk.blob)
    for _ in range(3):
        back_up(world)
        world.later(timedelta(hours=1))
    statuses = counts(world, **every)
    often = {name for (name,) in statuses}
    assert often in ({"TransientUnhealthy", "PersistentUnhealthy"}, {"TransientDegraded", "PersistentDegraded"})
    assert sorted(statuses.values()) == [1.0, 2.0]


def test_a_restore_is_another_metric(world: ArmWorld) -> None:
    back_up(world)
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    request = {
        "objectType": "IaasVMRestoreRequest",
        "recoveryPointId": point["name"],
        "recoveryType": "RestoreDisks",
        "sourceResourceId": VM,
        "storageAccountId": TARGET,
        "region": "westus",
        "originalStorageAccountOption": False,
    }
    world.follow(world.post(f"{point['id']}/restore", {"properties": request}))
    world.later(timedelta(minutes=1))
    both = world.get(METRICS, interval="FULL", timespan="PT1H")["value"]
    told = {one["name"]["value"]: one["timeseries"][0]["data"][0]["count"] for one in both}
    assert told == {"BackupHealthEvent": 1.0, "RestoreHealthEvent": 1.0}


def test_without_an_event_there_is_one_series_of_noughts_and_none_by_dimension(world: ArmWorld) -> None:
    (one,) = series(world, interval="FULL")
    assert [point["count"] for point in one["data"]] == [0.0]
    assert series(world, **{"$filter": "healthStatus eq '*'"}) == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("healthStatus eq 'Healthy'", {("Healthy",): 2.0}),
        ("healthstatus eq 'HEALTHY'", {("Healthy",): 2.0}),
        ("healthStatus ne 'Healthy'", {("TransientUnhealthy",): 1.0, ("PersistentDegraded",): 1.0}),
        ("healthStatus sw 'Trans'", {("TransientUnhealthy",): 1.0}),
        (
            "healthStatus eq 'Healthy' or healthStatus eq 'TransientUnhealthy'",
            {("Healthy",): 2.0, ("TransientUnhealthy",): 1.0},
        ),
        (
            "healthStatus eq 'Healthy' and dataSourceURL eq '*'",
            {("Healthy", "/vms/a"): 1.0, ("Healthy", "/vms/b"): 1.0},
        ),
        ("dataSourceURL eq '/vms/a' and healthStatus eq 'Nothing'", {}),
    ],
)
def test_series_are_chosen_by_dimension(world: ArmWorld, condition: str, found: dict[tuple[str, ...], float]) -> None:
    _record(world)
    assert counts(world, interval="FULL", timespan=_DAY, **{"$filter": condition}) == found


def _record(world: ArmWorld) -> None:
    """Four events, made up."""
    statuses = (("a", "Healthy"), ("b", "Healthy"), ("a", "TransientUnhealthy"), ("b", "PersistentDegraded"))
    for index, (machine, status) in enumerate(statuses):
        told = dict.fromkeys(health.DIMENSIONS, "-") | {"dataSourceURL": f"/vms/{machine}", "healthStatus": status}
        event = health.HealthEvent(health.BACKUP, START + timedelta(minutes=index), told)
        id = f"{VAULT}/healthEvents/{instant(event.time)}|{index}"
        world.ports.store.put(health.KIND, id, {}, parent=VAULT, private=health.to_json(event))


_DAY = f"{instant(datetime(2026, 11, 22, tzinfo=UTC))}/{instant(datetime(2026, 11, 23, tzinfo=UTC))}"


def test_series_are_ordered_cut_and_rolled_up(world: ArmWorld) -> None:
    _record(world)
    whole = {"interval": "FULL", "timespan": _DAY, "$filter": "healthStatus eq '*'"}
    assert next(iter(counts(world, **whole))) == ("Healthy",)
    assert list(counts(world, orderby="sum asc", **whole))[-1] == ("Healthy",)
    assert counts(world, top="1", **whole) == {("Healthy",): 2.0}
    assert counts(world, rollupby="healthStatus", **whole) == {(): 4.0}
    metadata = series(world, resultType="Metadata", **whole)
    assert [list(one) for one in metadata] == [["metadatavalues"]] * 3


def test_intervals_begin_with_the_span(world: ArmWorld) -> None:
    _record(world)
    span = "2026-11-22T08:29:30Z/2026-11-22T08:34:00Z"
    (one,) = series(world, timespan=span, interval="PT1M")
    assert [(point["timeStamp"][11:16], point["count"]) for point in one["data"]] == [
        ("08:29", 0.0),
        ("08:30", 1.0),
        ("08:31", 1.0),
        ("08:32", 1.0),
        ("08:33", 1.0),
    ]


@pytest.mark.parametrize(
    "span",
    [
        "2026-11-22T08:00:00 00:00/2026-11-22T09:00:00 00:00",
        "2026-11-22T08%3A00%3A00%2B00%3A00%2F2026-11-22T09%3A00%3A00%2B00%3A00",
    ],
    ids=["its plus not escaped", "escaped twice, as by az"],
)
def test_a_span_may_be_escaped_otherwise(world: ArmWorld, span: str) -> None:
    """az also says how many series it wants at most, where there is but one."""
    _record(world)
    assert counts(world, timespan=span, interval="FULL", top="10") == {(): 4.0}


def test_the_usual_span_is_the_last_hour_of_world_time(world: ArmWorld) -> None:
    _record(world)
    world.later(timedelta(minutes=30))
    (one,) = series(world)
    assert (len(one["data"]), sum(point["count"] for point in one["data"])) == (61, 4.0)
    world.later(timedelta(hours=1))
    assert sum(point["count"] for point in series(world)[0]["data"]) == 0.0


def test_metrics_are_forgotten_after_93_days(world: ArmWorld) -> None:
    _record(world)
    whole = {"timespan": "P93D", "interval": "FULL"}
    world.later(health.KEPT)
    assert counts(world, **whole) == {(): 4.0}
    world.later(timedelta(minutes=2))
    assert counts(world, **whole) == {(): 2.0}
    back_up(world)
    left = [health.from_json(each.private) for each in world.ports.store.find(health.KIND, VAULT)]
    assert len(left) == 3, "a new event takes old ones away"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"metricnames": "CPU"}, "Failed to find metric configuration for provider: Microsoft.RecoveryServices"),
        ({"interval": "PT2M"}, "Detected invalid time grain input: PT2M"),
        ({"interval": "always"}, "PT1M,PT5M"),
        ({"timespan": "yesterday"}, "timespan"),
        ({"timespan": "2026-11-22/2026-11-21"}, "its end must come after its start"),
        ({"timespan": "2026-01-01/2026-11-21"}, "P93D"),
        ({"aggregation": "Median"}, "'Median' is none of"),
        ({"$filter": "cpu eq '*'"}, "does not support requested dimension combination: cpu"),
        ({"$filter": "healthStatus"}, "dimension eq 'value'"),
        ({"$filter": "healthStatus eq 'a' or dataSourceURL eq 'b'"}, "'or' cannot separate"),
        ({"$filter": "healthStatus eq 'a' and healthStatus eq 'b'"}, "both sides of an 'and'"),
        ({"$filter": "healthStatus eq 'a' xor healthStatus eq 'b'"}, "joined by"),
        ({"top": "0", "$filter": "healthStatus eq '*'"}, "between 1 and"),
        ({"orderby": "name"}, "orderby"),
        ({"resultType": "Everything"}, "resulttype"),
        ({"metricnamespace": "Microsoft.Compute/virtualMachines"}, "metricnamespace"),
        ({"rollupby": "healthStatus"}, "$filter"),
        ({"autoadjusttimegrain": "perhaps"}, "autoadjusttimegrain"),
        ({"colour": "blue"}, "colour"),
        ({"timespan": "P90D", "$filter": "healthStatus eq '*'"}, "values"),
    ],
)
def test_what_no_request_may_ask(query: dict[str, str], reason: str) -> None:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        answer = world.request("GET", METRICS, **query)
        assert answer.status_code == 400
        assert reason in answer.json()["error"]["message"]


def test_a_grain_may_be_adjusted(world: ArmWorld) -> None:
    answer = world.get(METRICS, interval="PT2M", autoadjusttimegrain="true", **BACKUP)
    assert answer["interval"] == "PT5M"
    assert world.get(METRICS, interval="PT24H", timespan="P2D", **BACKUP)["interval"] == "P1D"


def test_a_vault_that_is_not_there_has_no_metrics() -> None:
    with arm_world() as world:
        world.add_group()
        for path in ("metrics", "metricDefinitions", "metricNamespaces"):
            assert world.error("GET", f"{INSIGHTS}/{path}") == (404, "ResourceNotFound")
