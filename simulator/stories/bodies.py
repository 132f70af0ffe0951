"""What a told story asks ARM for: a policy in few numbers, and a machine on managed disks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controlplane.json_object import Json

WINDOWS = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter",
    "version": "latest",
}
DUE = "2026-03-01T21:00:00Z"
"""When a backup is due, by its time of day."""
_WEEKLY: Json = {
    "retentionScheduleFormatType": "Weekly",
    "retentionScheduleWeekly": {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]},
}


def policy_properties(every: str, kept: Mapping[str, int]) -> Json:
    """A policy that backs up every `day` or `week` (on Sundays). `kept`: how many days, weeks, months and years points
    are kept; of a month the first Sunday's, of a year that of January."""
    schedule: Json = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunTimes": [DUE]}
    schedule |= (
        {"scheduleRunFrequency": "Daily"}
        if every == "day"
        else {
            "scheduleRunFrequency": "Weekly",
            "scheduleRunDays": ["Sunday"],
        }
    )
    rules: Json = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if "days" in kept:
        rules["dailySchedule"] = _kept(kept["days"], "Days")
    if "weeks" in kept:
        rules["weeklySchedule"] = _kept(kept["weeks"], "Weeks", daysOfTheWeek=["Sunday"])
    if "months" in kept:
        rules["monthlySchedule"] = _kept(kept["months"], "Months", **_WEEKLY)
    if "years" in kept:
        rules["yearlySchedule"] = _kept(kept["years"], "Years", monthsOfYear=["January"], **_WEEKLY)
    return {
        "backupManagementType": "AzureIaasVM",
        "timeZone": "UTC",
        "instantRpRetentionRangeInDays": 5 if every == "week" else 2,
        "schedulePolicy": schedule,
        "retentionPolicy": rules,
    }


def _kept(count: int, unit: str, **more: object) -> Json:
    return {"retentionTimes": [DUE], "retentionDuration": {"count": count, "durationType": unit}, **more}


def managed_machine(name: str, data_disk_gib: Sequence[int], image: Json, location: str) -> Json:
    """The body of a machine whose disks are managed ones. Sizes are in GiB."""
    disks = [{"lun": lun, "createOption": "Empty", "diskSizeGB": size} for lun, size in enumerate(data_disk_gib)]
    return {
        "location": location,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"computerName": name[:15], "adminUsername": "azureuser"},
            "storageProfile": {
                "imageReference": dict(image),
                "osDisk": {"createOption": "FromImage"},
                "dataDisks": disks,
            },
        },
    }
