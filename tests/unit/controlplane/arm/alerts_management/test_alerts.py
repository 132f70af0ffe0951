"""The alerts that Azure Backup fires, and Microsoft.AlertsManagement, which shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from controlplane.domain.monitoring import alert, alert_query
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.resource_guard import DELETE_PROXY
from controlplane.jobs.documents import alerts
from controlplane.jobs.protection import security_alerts
from tests.unit.controlplane.arm.arm_world import (
    GROUP,
    ITEM,
    POLICY,
    SUBSCRIPTION,
    VAULT,
    VM,
    ArmWorld,
    furnished_world,
)

OF_SUBSCRIPTION = f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement"
ALERTS = f"{OF_SUBSCRIPTION}/alerts"
BACKUP_REQUEST = {"properties": {"objectType": "IaasVMBackupRequest"}}
GUARD = f"{GROUP}/providers/Microsoft.DataProtection/resourceGuards/Guard01"
PROXY = f"{VAULT}/backupResourceGuardProxies/VaultProxy"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as furnished:
        furnished.protect()
        yield furnished


def found(world: ArmWorld, place: str = ALERTS, **query: str) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = world.get(place, **query)["value"]
    return bodies


def essentials(world: ArmWorld, **query: str) -> list[dict[str, Any]]:
    return [body["properties"]["essentials"] for body in found(world, **query)]


def rules(world: ArmWorld, **query: str) -> list[str]:
    return [each["alertRule"] for each in essentials(world, **query)]


def break_backups(world: ArmWorld) -> None:
    """The disks of the stopped machine are gone."""
    world.fabric.power(VM, "stopped")
    for disk in world.fabric.disks(VM):
        world.ports.blobs.delete(disk.blob)


def back_up(world: ArmWorld) -> str:
    """The name of the job."""
    world.follow(world.post(f"{ITEM}/backup", BACKUP_REQUEST))
    job = world.get(f"{VAULT}/backupJobs", **{"$filter": "operation eq 'Backup'"})["value"][0]
    return str(job["name"])


def delete_item(world: ArmWorld) -> None:
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


# ----------------------------------------------------------------------------------------------------------- job alerts


def test_a_failed_backup_fires_an_alert(world: ArmWorld) -> None:
    break_backups(world)
    job = back_up(world)
    (body,) = found(world, includeContext="true")
    told, context = body["properties"]["essentials"], body["properties"]["context"]
    error = world.get(f"{VAULT}/backupJobs/{job}")["properties"]["errorDetails"][0]
    assert (told["alertRule"], told["severity"], told["signalType"]) == ("Backup Failure", "Sev1", "Log")
    assert (told["alertState"], told["monitorCondition"], told["monitorService"]) == ("New", "Fired", "Azure Backup")
    assert (told["targetResource"], told["targetResourceType"]) == (VAULT.lower(), "microsoft.recoveryservices/vaults")
    assert told["description"] == error["errorString"]
    assert (context["category"], context["sourceId"], context["protectedItemId"]) == ("Jobs", VM, ITEM)
    assert context["extendedInfo"]["jobId"] == job
    (event,) = [each for each in world.ports.store.events(limit=10_000) if each.name == "alert.fired"]
    assert (event.data["alert"], event.job, event.vm) == (body["id"].rpartition("/")[2], job, VM)


def test_each_failure_fires_an_alert_of_its_own(world: ArmWorld) -> None:
    break_backups(world)
    back_up(world)
    back_up(world)
    assert rules(world) == ["Backup Failure"] * 2


def test_a_backup_that_succeeds_fires_none(world: ArmWorld) -> None:
    back_up(world)
    assert found(world) == []


def test_no_alert_is_fired_for_a_machine_that_is_gone(world: ArmWorld) -> None:
    world.follow(world.request("DELETE", VM))
    back_up(world)
    assert world.get(ITEM)["properties"]["lastBackupStatus"] == "Failed"
    assert found(world) == []


@pytest.mark.parametrize(("setting", "expected"), [("Disabled", []), ("Enabled", ["Backup Failure"])])
def test_a_vault_says_whether_failed_jobs_fire_alerts(world: ArmWorld, setting: str, expected: list[str]) -> None:
    settings = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": setting}}
    world.follow(world.request("PATCH", VAULT, {"properties": {"monitoringSettings": settings}}))
    break_backups(world)
    back_up(world)
    assert rules(world) == expected


def test_classic_alerts_have_nothing_to_do_with_these(world: ArmWorld) -> None:
    settings = {"classicAlertSettings": {"alertsForCriticalOperations": "Disabled"}}
    world.follow(world.request("PATCH", VAULT, {"properties": {"monitoringSettings": settings}}))
    break_backups(world)
    back_up(world)
    delete_item(world)
    assert sorted(rules(world)) == ["Backup Failure", "Delete Backup Data"]


# ------------------------------------------------------------------------------------------------------ security alerts


def test_the_deletion_of_backup_data_fires_an_alert_that_no_setting_turns_off(world: ArmWorld) -> None:
    settings = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}}
    world.follow(world.request("PATCH", VAULT, {"properties": {"monitoringSettings": settings}}))
    delete_item(world)
    (told,) = essentials(world)
    assert (told["alertRule"], told["severity"]) == ("Delete Backup Data", "Sev0")


def test_a_purge_is_told_two_days_before_it_and_when_it_is_done(world: ArmWorld) -> None:
    delete_item(world)
    item = world.ports.store.get(protected_item.KIND, ITEM)
    assert item is not None
    (due,) = security_alerts.dues(item)
    assert (due.time, due.kind, due.what) == (world.ports.clock.now() + timedelta(days=12), "warning", ITEM)
    world.advance((timedelta(days=12) - timedelta(seconds=1)).total_seconds())
    assert rules(world, timeRange="30d") == ["Delete Backup Data"]
    world.advance(1)
    assert rules(world) == ["Upcoming Purge"]
    world.advance((timedelta(days=2) - timedelta(seconds=1)).total_seconds())
    assert rules(world, timeRange="30d") == ["Upcoming Purge", "Delete Backup Data"]
    world.advance(1)
    assert rules(world, timeRange="30d") == ["Purge Complete", "Upcoming Purge", "Delete Backup Data"]


def test_nobody_is_warned_of_what_is_over(world: ArmWorld) -> None:
    """While no service ran the time of the item passed."""
    delete_item(world)
    world.later(timedelta(days=20))
    world.advance(1)
    assert rules(world, timeRange="30d") == ["Purge Complete", "Delete Backup Data"]


def test_an_item_that_is_undeleted_is_not_warned_of_and_one_that_is_deleted_again_is(world: ArmWorld) -> None:
    delete_item(world)
    undelete = world.protection() | {"properties": world.protection()["properties"] | {"isRehydrate": True}}
    world.follow(world.put(ITEM, undelete))
    world.advance(timedelta(days=13).total_seconds())
    assert rules(world, timeRange="30d") == ["Delete Backup Data"]
    delete_item(world)
    world.advance(timedelta(days=13).total_seconds())
    assert rules(world, timeRange="7d") == ["Upcoming Purge"]


def test_the_purge_of_an_item_in_a_deleted_vault_is_told_of_that_vault(world: ArmWorld) -> None:
    delete_item(world)
    world.follow(world.request("DELETE", VAULT))
    world.advance(timedelta(days=14).total_seconds())
    told = essentials(world, timeRange="7d")
    assert [each["alertRule"] for each in told] == ["Purge Complete", "Upcoming Purge"]
    assert {each["targetResource"] for each in told} == {VAULT.lower()}


def _shortened(world: ArmWorld, days: int) -> dict[str, Any]:
    policy = world.get(POLICY)
    policy["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = days
    return policy


def test_a_policy_that_keeps_less_fires_an_alert_and_one_that_keeps_more_does_not(world: ArmWorld) -> None:
    for days, expected in ((40, []), (10, ["Modify Policy with Shorter Retention"])):
        world.follow(world.put(POLICY, _shortened(world, days)))
        assert rules(world) == expected
    (body,) = found(world, includeContext="true")
    assert body["properties"]["context"]["sourceId"] == POLICY


def test_an_item_under_a_policy_that_keeps_less_fires_an_alert(world: ArmWorld) -> None:
    short = f"{VAULT}/backupPolicies/Short"
    world.put(short, _shortened(world, 7))
    world.protect(short)
    assert rules(world) == ["Modify Protection with Shorter Retention"]
    world.protect(POLICY)
    assert rules(world) == ["Modify Protection with Shorter Retention"]


def test_a_vault_without_its_guard_fires_an_alert(world: ArmWorld) -> None:
    world.put(GUARD, {"location": "westus", "properties": {}})
    world.put(PROXY, {"properties": {"resourceGuardResourceId": GUARD}})
    assert found(world) == []
    consent = f"{GUARD}/{DELETE_PROXY.request}/default"
    unlocked = world.post(f"{PROXY}/unlockDelete", {"resourceGuardOperationRequests": [consent]})
    assert unlocked.status_code == 200, unlocked.text
    assert world.request("DELETE", PROXY).status_code == 200
    (told,) = essentials(world)
    assert (told["alertRule"], told["severity"]) == ("MUA Disabled", "Sev0")


# ------------------------------------------------------------------------------------------------------- one alert


def test_an_alert_is_found_at_every_scope_above_it(world: ArmWorld) -> None:
    delete_item(world)
    (body,) = found(world)
    number = body["id"].rpartition("/")[2]
    assert body["id"] == f"{ALERTS}/{number}"
    for scope in (SUBSCRIPTION, GROUP, VAULT):
        place = f"{scope}/providers/Microsoft.AlertsManagement/alerts"
        assert [each["id"] for each in found(world, place)] == [body["id"]]
        assert world.get(f"{place}/{number}")["properties"]["context"]["category"] == "Security"
    world.put(f"{SUBSCRIPTION}/resourceGroups/other", {"location": "westus"})
    other = f"{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.AlertsManagement/alerts"
    assert found(world, other) == []
    assert world.error("GET", f"{other}/{number}") == (404, "NotFound")
    missing = f"{SUBSCRIPTION}/resourceGroups/missing/providers/Microsoft.AlertsManagement/alerts"
    assert world.error("GET", missing) == (404, "ResourceGroupNotFound")


def test_an_alert_is_given_states_and_remembers_who_gave_them(world: ArmWorld) -> None:
    delete_item(world)
    (body,) = found(world)
    world.later(timedelta(minutes=5))
    changed = world.request("POST", f"{body['id']}/changestate", {"comments": "seen"}, newState="acknowledged")
    assert changed.status_code == 200
    told = changed.json()["properties"]["essentials"]
    assert (told["alertState"], told["monitorCondition"]) == ("Acknowledged", "Fired")
    assert told["lastModifiedDateTime"] > told["startDateTime"]
    world.request("POST", f"{body['id']}/changestate", {"comment": "done"}, newState="Closed")
    modifications = world.get(f"{body['id']}/history")["properties"]["modifications"]
    keys = ("modificationEvent", "oldValue", "newValue", "comments")
    assert [tuple(each[key] for key in keys) for each in modifications] == [
        ("AlertCreated", "", "", ""),
        ("StateChange", "New", "Acknowledged", "seen"),
        ("StateChange", "Acknowledged", "Closed", "done"),
    ]
    assert modifications[0]["modifiedBy"] == "System"
    assert modifications[1]["modifiedBy"] == told["lastModifiedUserName"] != "System"
    names = [each.name for each in world.ports.store.events(limit=10_000)]
    assert names.count("alert.state") == 2


def test_the_state_must_be_one_that_alerts_have(world: ArmWorld) -> None:
    delete_item(world)
    (body,) = found(world)
    for query in ({}, {"newState": "Forgotten"}):
        refused = world.request("POST", f"{body['id']}/changestate", {}, **query)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidQueryParameter")
    missing = f"{ALERTS}/00000000-0000-0000-0000-000000000000"
    for method, path in (("GET", missing), ("GET", f"{missing}/history")):
        assert world.error(method, path) == (404, "NotFound")
    assert world.error("POST", f"{missing}/changestate", {}, newState="Closed") == (404, "NotFound")


def test_alerts_are_gone_after_thirty_days(world: ArmWorld) -> None:
    break_backups(world)
    back_up(world)
    (body,) = found(world)
    world.later(alert.KEPT)
    assert rules(world, timeRange="30d") == ["Backup Failure"]
    world.later(timedelta(seconds=1))
    assert world.error("GET", body["id"]) == (404, "NotFound")
    assert rules(world, timeRange="30d") == []
    back_up(world)
    assert world.ports.store.get(alert.KIND, body["id"]) is None, "a new alert takes the old ones away"
    assert len(world.ports.store.find(alerts.AGES)) == 1


# --------------------------------------------------------------------------------------------------------------- lists


@pytest.fixture
def several(world: ArmWorld) -> ArmWorld:
    """Two failed backups, then the data deleted, half an hour apart."""
    break_backups(world)
    for _ in range(2):
        back_up(world)
        world.later(timedelta(minutes=30))
    delete_item(world)
    return world


def test_lists_are_filtered_ordered_and_cut(several: ArmWorld) -> None:
    world = several
    failed, deleted = "Backup Failure", "Delete Backup Data"
    for query, expected in (
        ({}, [deleted, failed, failed]),
        ({"severity": "sev0"}, [deleted]),
        ({"severity": "Sev4"}, []),
        ({"alertState": "New", "monitorCondition": "Fired"}, [deleted, failed, failed]),
        ({"alertState": "Closed"}, []),
        ({"monitorService": "Azure Backup"}, [deleted, failed, failed]),
        ({"monitorService": "Platform"}, []),
        ({"alertRule": "backup failure"}, [failed, failed]),
        ({"targetResource": VAULT}, [deleted, failed, failed]),
        ({"targetResource": VM}, []),
        ({"targetResourceType": "Microsoft.RecoveryServices/vaults"}, [deleted, failed, failed]),
        ({"targetResourceType": "vaults"}, [deleted, failed, failed]),
        ({"targetResourceGroup": "demo"}, [deleted, failed, failed]),
        ({"targetResourceGroup": "other"}, []),
        ({"timeRange": "1h"}, [deleted, failed, failed]),
        ({"customTimeRange": "2026-11-22T08:45:00Z/2026-11-22T09:15:00Z"}, [failed]),
        ({"sortBy": "severity"}, [deleted, failed, failed]),
        ({"sortBy": "severity", "sortOrder": "desc"}, [failed, failed, deleted]),
        ({"sortBy": "startDateTime", "sortOrder": "asc"}, [failed, failed, deleted]),
    ):
        assert rules(world, **query) == expected, query
    assert essentials(world, select="severity, alertRule")[0] == {"severity": "Sev0", "alertRule": deleted}
    (first, *_) = found(world, includeEgressConfig="true")
    assert sorted(first["properties"]) == ["egressConfig", "essentials"]


def test_a_list_goes_on_where_its_page_ended(several: ArmWorld) -> None:
    whole = [body["id"] for body in found(several)]
    page = several.get(ALERTS, pageCount="2")
    assert [body["id"] for body in page["value"]] == whole[:2]
    rest = several.get(page["nextLink"])
    assert [body["id"] for body in rest["value"]] == whole[2:]
    assert "nextLink" not in rest


def test_a_summary_counts_by_one_value_within_another(several: ArmWorld) -> None:
    summary = several.get(f"{OF_SUBSCRIPTION}/alertsSummary", groupby="severity,alertRule")
    properties = summary["properties"]
    assert (summary["name"], properties["total"], properties["groupedby"]) == ("current", 3, "severity")
    assert [(each["name"], each["count"]) for each in properties["values"]] == [
        ("Sev0", 1),
        ("Sev1", 2),
        ("Sev2", 0),
        ("Sev3", 0),
        ("Sev4", 0),
    ]
    assert properties["values"][1] | {"name": ""} == {
        "name": "",
        "count": 2,
        "groupedby": "alertRule",
        "values": [{"name": "Backup Failure", "count": 2}],
    }
    of_vault = several.get(f"{VAULT}/providers/Microsoft.AlertsManagement/alertsSummary", groupby="alertState")
    assert [(each["name"], each["count"]) for each in of_vault["properties"]["values"]] == [
        ("New", 3),
        ("Acknowledged", 0),
        ("Closed", 0),
    ]


REFUSED: tuple[tuple[str, dict[str, str]], ...] = (
    ("alerts", {"severity": "Sev9"}),
    ("alerts", {"alertState": "Open"}),
    ("alerts", {"monitorService": "Nobody"}),
    ("alerts", {"timeRange": "2d"}),
    ("alerts", {"customTimeRange": "yesterday"}),
    ("alerts", {"customTimeRange": "2026-11-22T09:00:00Z/2026-11-22T08:00:00Z"}),
    ("alerts", {"customTimeRange": "2026-01-01/2026-11-22"}),
    ("alerts", {"customTimeRange": "2026-11-21/2026-11-22", "timeRange": "1d"}),
    ("alerts", {"pageCount": "0"}),
    ("alerts", {"pageCount": "251"}),
    ("alerts", {"pageCount": "26", "includeContext": "true"}),
    ("alerts", {"sortBy": "colour"}),
    ("alerts", {"sortOrder": "up"}),
    ("alerts", {"select": "colour"}),
    ("alerts", {"includeContext": "perhaps"}),
    ("alerts", {"colour": "blue"}),
    ("alerts", {alert_query.TOKEN: "nothing"}),
    ("alertsSummary", {}),
    ("alertsSummary", {"groupby": "colour"}),
    ("alertsSummary", {"groupby": "severity", "pageCount": "5"}),
)


NOT_SIMULATED: tuple[tuple[str, dict[str, str]], ...] = (
    ("alerts", {"smartGroupId": "1"}),
    ("alertsSummary", {"groupby": "severity", "includeSmartGroupsCount": "true"}),
)


def test_what_no_request_may_ask(world: ArmWorld) -> None:
    for kind, query in REFUSED:
        refused = world.request("GET", f"{OF_SUBSCRIPTION}/{kind}", **query)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidQueryParameter"), query
    for kind, query in NOT_SIMULATED:
        assert world.error("GET", f"{OF_SUBSCRIPTION}/{kind}", **query) == (501, "OperationNotSimulated")


@pytest.mark.parametrize("place", [GROUP, SUBSCRIPTION])
@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Microsoft.AlertsManagement/actionRules", "2021-08-08"),
        ("Microsoft.Insights/actionGroups", "2023-01-01"),
        ("Microsoft.Insights/metricAlerts", "2018-03-01"),
        ("Microsoft.Insights/activityLogAlerts", "2020-10-01"),
        ("Microsoft.Insights/scheduledQueryRules", "2021-08-01"),
    ],
)
def test_what_would_send_alerts_somewhere_is_refused_by_name(
    world: ArmWorld, place: str, kind: str, version: str
) -> None:
    """Alert processing rules, action groups and rules for alerts of one's own: nothing is kept that has no effect."""
    one, all_of_them = f"{place}/providers/{kind}/mine", f"{place}/providers/{kind}"
    body = {"location": "global", "properties": {"enabled": True}}
    for method, id, sent in (("PUT", one, body), ("GET", one, None), ("DELETE", one, None), ("GET", all_of_them, None)):
        refused = world.request(method, id, sent, **{"api-version": version})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (501, "OperationNotSimulated")
        assert error["target"] == f"{method} {kind}"


def test_the_services_that_fire_alerts_are_listed(world: ArmWorld) -> None:
    place = "/providers/Microsoft.AlertsManagement/alertsMetaData"
    listed = world.get(place, identifier="MonitorServiceList")["properties"]
    assert "Azure Backup" in [each["name"] for each in listed["data"]]
    assert world.request("GET", place).status_code == 400
