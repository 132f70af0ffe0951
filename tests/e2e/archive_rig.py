"""A world of some months, in which a recovery point can be archived, and restored from the archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.client import Client, RequestFailed
from simulator.clock.kept_clock import Mode
from simulator.scenario import RESTORE_ACCOUNT
from simulator.scenario_values import Job
from tests.e2e.fault_acts import Course, told
from tests.e2e.fault_rig import FaultRig, fault_rig

START = datetime(2026, 3, 29, 8, tzinfo=UTC)
"""A Sunday: the first backup of April is that of the next one."""
UNTIL_ARCHIVABLE = "100d"
WEEKLY_AND_MONTHLY: Json = {
    "backupManagementType": "AzureIaasVM",
    "instantRpRetentionRangeInDays": 5,
    "timeZone": "UTC",
    "schedulePolicy": {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly",
        "scheduleRunDays": ["Sunday"],
        "scheduleRunTimes": ["2026-03-29T06:00:00Z"],
    },
    "retentionPolicy": {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "weeklySchedule": {
            "daysOfTheWeek": ["Sunday"],
            "retentionTimes": ["2026-03-29T06:00:00Z"],
            "retentionDuration": {"count": 12, "durationType": "Weeks"},
        },
        "monthlySchedule": {
            "retentionScheduleFormatType": "Weekly",
            "retentionScheduleWeekly": {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]},
            "retentionTimes": ["2026-03-29T06:00:00Z"],
            "retentionDuration": {"count": 60, "durationType": "Months"},
        },
    },
}


class ArchiveRig(FaultRig):
    def __init__(self, client: Client, store: Store) -> None:
        super().__init__(client, store)
        self.acts = {**self.acts, "move to archive": self._move, "restore from archive": self._restore_from_archive}
        policy = self.scenario.policy_id("monthly")
        client.put(policy, {"properties": WEEKLY_AND_MONTHLY})
        self.item = self.scenario.protect(self.machine, "monthly")
        client.advance(by=UNTIL_ARCHIVABLE)

    def _prepare(self, act: str) -> None:
        super()._prepare(act)
        if act == "restore from archive" and not self._archived():
            assert self._move().status == "Completed"

    def _move(self) -> Course | Job:
        tiers = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}
        body = {"objectType": "MoveRPAcrossTiersRequest", **tiers}
        try:
            begun = self.client.finish(self.client.post(f"{self._movable()}/move", body))
        except RequestFailed as refused:
            return told(str(refused.status), refused.code, str(refused))
        return self._ended(str(begun["properties"]["jobId"]))

    def _movable(self) -> str:
        path = f"{self.item.id}/recoveryPointsRecommendedForMove"
        answer = self.client.post(path, {"objectType": "ListRecoveryPointsRecommendedForMoveRequest"})
        return str(answer.json()["value"][0]["id"])

    def _archived(self) -> list[str]:
        """The points of which the archive has a copy."""
        listed = self.client.list(f"{self.item.id}/recoveryPoints")
        return [point["id"] for point in listed if "ArchivedRP" in {each["type"] for each in _tiers(point)}]

    def _restore_from_archive(self) -> Course | Job:
        (point,) = self._archived()
        account = self.scenario.create_account(RESTORE_ACCOUNT)
        restore: Json = {
            "objectType": "IaasVMRestoreRequest",
            "recoveryType": "RestoreDisks",
            "sourceResourceId": self.machine.id,
            "storageAccountId": account.id,
            "region": "westus",
        }
        if not _is_rehydrated(self.client.get(point)):
            info = {"rehydrationRetentionDuration": "P30D", "rehydrationPriority": "High"}
            restore |= {"objectType": "IaasVMRestoreWithRehydrationRequest", "recoveryPointRehydrationInfo": info}
        answer = self.client.post(f"{point}/restore", {"properties": restore})
        return self._ended(str(self.client.finish(answer)["properties"]["jobId"]))


def _tiers(point: Json) -> list[Json]:
    return list(point["properties"].get("recoveryPointTierDetails") or [])


def _is_rehydrated(point: Json) -> bool:
    return any(each["type"] == "ArchivedRP" and each["status"] == "Rehydrated" for each in _tiers(point))


@contextmanager
def archive_rig(folder: Path) -> Iterator[FaultRig]:
    with fault_rig(folder, Mode.VIRTUAL, kind=ArchiveRig, scheduled=True, start=START) as rig:
        yield rig
