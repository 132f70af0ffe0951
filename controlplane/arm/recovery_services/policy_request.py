"""What a request says of a policy, in the form in which the service checks, stores and shows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from controlplane.arm.edge.request_body import RequestBody
from controlplane.arm.recovery_services.vault_request import ENVELOPE
from controlplane.domain import errors
from controlplane.domain.recovery_services import policy, schedule
from controlplane.json_object import Json


class DurationRequest(RequestBody):
    count: int | None = None
    duration_type: str | None = None


class WeeklyDaysRequest(RequestBody):
    days_of_the_week: list[str] | None = None
    weeks_of_the_month: list[str] | None = None


class DayRequest(RequestBody):
    date: int | None = None
    is_last: bool | None = None


class DailyDaysRequest(RequestBody):
    days_of_the_month: list[DayRequest] | None = None


class DailyRetentionRequest(RequestBody):
    retention_times: list[str] | None = None
    retention_duration: DurationRequest | None = None


class WeeklyRetentionRequest(DailyRetentionRequest):
    days_of_the_week: list[str] | None = None


class MonthlyRetentionRequest(DailyRetentionRequest):
    retention_schedule_format_type: str | None = None
    retention_schedule_daily: DailyDaysRequest | None = None
    retention_schedule_weekly: WeeklyDaysRequest | None = None


class YearlyRetentionRequest(MonthlyRetentionRequest):
    months_of_year: list[str] | None = None


class RetentionRequest(RequestBody):
    retention_policy_type: str | None = None
    daily_schedule: DailyRetentionRequest | None = None
    weekly_schedule: WeeklyRetentionRequest | None = None
    monthly_schedule: MonthlyRetentionRequest | None = None
    yearly_schedule: YearlyRetentionRequest | None = None


class HourlyRequest(RequestBody):
    interval: int | None = None
    schedule_window_start_time: str | None = None
    schedule_window_duration: int | None = None


class DailyRunsRequest(RequestBody):
    schedule_run_times: list[str] | None = None


class WeeklyRunsRequest(DailyRunsRequest):
    schedule_run_days: list[str] | None = None


class ScheduleRequest(RequestBody):
    schedule_policy_type: str | None = None
    schedule_run_frequency: str | None = None
    schedule_run_days: list[str] | None = None
    schedule_run_times: list[str] | None = None
    schedule_weekly_frequency: int | None = None
    hourly_schedule: HourlyRequest | None = None
    daily_schedule: DailyRunsRequest | None = None
    weekly_schedule: WeeklyRunsRequest | None = None


class SnapshotGroupRequest(RequestBody):
    azure_backup_rg_name_prefix: str | None = Field(None, alias="azureBackupRGNamePrefix")
    azure_backup_rg_name_suffix: str | None = Field(None, alias="azureBackupRGNameSuffix")


class TieringRequest(RequestBody):
    tiering_mode: str | None = None
    duration: int | None = None
    duration_type: str | None = None


class PropertiesRequest(RequestBody):
    backup_management_type: str | None = None
    policy_type: str | None = None
    instant_rp_details: SnapshotGroupRequest | None = Field(None, alias="instantRPDetails")
    schedule_policy: ScheduleRequest | None = None
    retention_policy: RetentionRequest | None = None
    tiering_policy: dict[str, TieringRequest] | None = None
    instant_rp_retention_range_in_days: int | None = None
    time_zone: str = "UTC"
    snapshot_consistency_type: str | None = None
    resource_guard_operation_requests: list[str] | None = Field(None, exclude=True)


class PolicyRequest(RequestBody):
    decided = (*ENVELOPE, "properties.protectedItemsCount")

    properties: PropertiesRequest | None = None


def properties_of(request: PolicyRequest, day: date) -> Json:
    """The properties of the requested policy. They are well formed; whether they keep to the service's limits is to be
    checked. `day` stands before times that are written without one. ServiceError for any other request."""
    requested = request.properties.model_dump(by_alias=True, exclude_none=True) if request.properties else {}
    properties: dict[str, Any] = {"instantRPDetails": {}} | schedule.with_dates(requested, day)
    if properties.get("backupManagementType") in {"AzureWorkload", "AzureStorage", "AzureSql", "MAB"}:
        raise errors.operation_not_simulated(f"policies of {properties['backupManagementType']}")
    policy.check_form(properties)
    properties["instantRpRetentionRangeInDays"] = policy.snapshot_days_of(properties)
    return {"backupManagementType": "AzureIaasVM", "policyType": policy.type_of(properties)} | properties
