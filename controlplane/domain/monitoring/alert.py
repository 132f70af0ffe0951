"""An alert that Azure Backup fires by itself: for which reasons, and the body that ARM shows of it.

Facts: names, categories and severities of the alerts from "Azure Monitor alerts for Azure Backup"; security alerts
cannot be turned off. The keys of an alert from the published SDK; those of its context from an alert of the service
that was quoted in public, of a database: what stands there of a machine is by analogy.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controlplane.domain.arm_id import ResourceId
from controlplane.domain.times import instant, parse_instant
from controlplane.json_object import Json

TYPE = "Microsoft.AlertsManagement/alerts"
KIND = TYPE.lower()
KEPT = timedelta(days=30)
"""An alert is gone so long after it was fired."""
SERVICE = "Azure Backup"
SEVERITIES = ("Sev0", "Sev1", "Sev2", "Sev3", "Sev4")
CONDITIONS = ("Fired", "Resolved")
STATES = ("New", "Acknowledged", "Closed")
"""What users give alerts; each may follow each."""
SIGNALS = ("Metric", "Log", "Unknown")
SYSTEM = "System"
UPCOMING = timedelta(days=2)
"""So long before an item is purged its owner is warned."""

_IDS = uuid.UUID("3f0a5b5e-6c3e-5d7c-9f0e-5a3c1f2f6b11")


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the reasons for which alerts are built in."""

    name: str
    category: str
    severity: str


def _security(name: str) -> Rule:
    return Rule(name, "Security", "Sev0")


def _jobs(name: str) -> Rule:
    return Rule(name, "Jobs", "Sev1")


BACKUP_FAILURE = _jobs("Backup Failure")
RESTORE_FAILURE = _jobs("Restore Failure")
DELETE_BACKUP_DATA = _security("Delete Backup Data")
UPCOMING_PURGE = _security("Upcoming Purge")
PURGE_COMPLETE = _security("Purge Complete")
SHORTER_RETENTION_OF_POLICY = _security("Modify Policy with Shorter Retention")
SHORTER_RETENTION_OF_ITEM = _security("Modify Protection with Shorter Retention")
MUA_DISABLED = _security("MUA Disabled")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: an item, or something else in a vault."""

    vault: str
    source: str
    """Id of the resource that is backed up, or of what the alert is about instead."""
    type: str = "Vault"
    item: str | None = None
    """Id of the item, spelled as it shows it."""

    @property
    def name(self) -> str:
        return self.source.rpartition("/")[2]


def of_item(vault: str, item: Json) -> Subject:
    """`item` is the body of a protected item."""
    return Subject(vault, item["properties"]["sourceResourceId"], "VM", item["id"])


@dataclass(frozen=True, slots=True)
class Alert:
    rule: Rule
    subject: Subject
    fired: datetime
    description: str
    occurrence: str
    """What tells this alert from others of the same rule about the same thing: a job, a version of a policy."""
    recommendation: str = ""
    job: str | None = None
    """Id of the job that failed."""

    @property
    def number(self) -> str:
        """The same for the same occurrence, so that nothing fires twice."""
        parts = (self.rule.name, self.subject.source, self.subject.vault, self.occurrence)
        return str(uuid.uuid5(_IDS, "|".join(parts).lower()))

    @property
    def id(self) -> str:
        subscription = ResourceId.parse(self.subject.vault).subscription
        return f"/subscriptions/{subscription}/providers/{TYPE}/{self.number}"


def body(alert: Alert) -> Json:
    """The alert as it is fired."""
    vault = ResourceId.parse(alert.subject.vault)
    fired = instant(alert.fired)
    essentials = {
        "severity": alert.rule.severity,
        "signalType": "Log",
        "alertState": "New",
        "monitorCondition": "Fired",
        "monitorService": SERVICE,
        "targetResource": str(vault).lower(),
        "targetResourceName": vault.name.lower(),
        "targetResourceGroup": vault.group.lower(),
        "targetResourceType": vault.type.lower(),
        "sourceCreatedId": f"{alert.number.replace('-', '')}_{alert.occurrence.rpartition('/')[2].lower()}",
        "smartGroupId": "",
        "smartGroupingReason": "",
        "alertRule": alert.rule.name,
        "startDateTime": fired,
        "lastModifiedDateTime": fired,
        "lastModifiedUserName": SYSTEM,
        "actionStatus": {"isSuppressed": False},
        "description": alert.description,
    }
    return {
        "id": alert.id,
        "name": alert.rule.name,
        "type": TYPE,
        "properties": {"essentials": essentials, "context": _context(alert), "egressConfig": {}},
    }


def _context(alert: Alert) -> Json:
    subject = alert.subject
    of_machine = subject.item is not None
    return {
        "category": alert.rule.category,
        "sourceId": subject.source,
        "sourceType": subject.type,
        "sourceVersion": "IaasVMContainer" if of_machine else None,
        "formattedSourceType": "AzureVM" if of_machine else None,
        "affectedItems": subject.source,
        "protectedItemId": subject.item,
        "linkedResourceId": subject.source,
        "linkedResourceName": subject.name,
        "firstLevelContainerId": subject.item.rpartition("/protectedItems/")[0] if subject.item else None,
        "secondLevelContainerId": None,
        "alertVersionNumber": "V2020_10",
        "extendedInfo": {
            "jobId": alert.job,
            "possibleCauses": None,
            "occurrenceCount": 1,
            "recommendedActions": alert.recommendation or None,
        },
    }


def essentials(body: Json) -> Json:
    found: Json = body["properties"]["essentials"]
    return found


def fired_at(body: Json) -> datetime:
    return parse_instant(essentials(body)["startDateTime"])


def is_over(body: Json, now: datetime) -> bool:
    return now - fired_at(body) > KEPT


def in_state(body: Json, state: str, now: datetime, user: str) -> Json:
    """The alert in another state, given by a user."""
    changes = {"alertState": state, "lastModifiedDateTime": instant(now), "lastModifiedUserName": user}
    return body | {"properties": body["properties"] | {"essentials": essentials(body) | changes}}


def creation(now: datetime) -> Json:
    """The first entry of an alert's history."""
    return _modification("AlertCreated", now, SYSTEM, ("", ""), "New Alert Object is created", "")


def change_of_state(old: str, new: str, now: datetime, user: str, comment: str) -> Json:
    return _modification("StateChange", now, user, (old, new), f"State changed from '{old}' to '{new}'", comment)


def _modification(
    event: str, now: datetime, user: str, values: tuple[str, str], description: str, comment: str
) -> Json:
    old, new = values
    return {
        "modificationEvent": event,
        "oldValue": old,
        "newValue": new,
        "modifiedAt": instant(now),
        "modifiedBy": user,
        "comments": comment,
        "description": description,
    }


def history(body: Json, modifications: list[Json]) -> Json:
    number = body["id"].rpartition("/")[2]
    return {
        "id": body["id"],
        "name": body["name"],
        "type": TYPE,
        "properties": {"alertId": number, "modifications": modifications},
    }


def fires_for_jobs(vault: Mapping[str, object] | None) -> bool:
    """Whether a vault, by its properties, wants alerts for failed jobs. It does unless somebody turned them off."""
    settings = vault or {}
    for key in ("monitoringSettings", "azureMonitorAlertSettings"):
        inner = settings.get(key)
        settings = inner if isinstance(inner, Mapping) else {}
    return settings.get("alertsForAllJobFailures") != "Disabled"
