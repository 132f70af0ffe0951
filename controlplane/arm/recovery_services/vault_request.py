"""The bodies of PUT and PATCH of a vault. Read-only properties that a client sends back are ignored."""

from __future__ import annotations

from typing import Any

from controlplane.arm.edge.call import RequestBody
from controlplane.json_object import Json

ENVELOPE = ("location", "tags", "eTag")
"""What the SDKs let every body of a part of a vault have. No part of a vault has any of them."""


class SoftDeleteRequest(RequestBody):
    soft_delete_state: str | None = None
    enhanced_security_state: str | None = None
    soft_delete_retention_period_in_days: int | None = None


class ImmutabilityConfigurationRequest(RequestBody):
    type: str | None = None
    duration_in_days: int | None = None


class ImmutabilityRequest(RequestBody):
    state: str | None = None
    configuration: ImmutabilityConfigurationRequest | None = None


class AssociatedIdentityRequest(RequestBody):
    operation_identity_type: str | None = None
    user_assigned_identity: str | None = None


class SourceScanRequest(RequestBody):
    state: str | None = None
    source_scan_identity: AssociatedIdentityRequest | None = None


class SecurityRequest(RequestBody):
    soft_delete_settings: SoftDeleteRequest | None = None
    immutability_settings: ImmutabilityRequest | None = None
    source_scan_configuration: SourceScanRequest | None = None


class RedundancyRequest(RequestBody):
    standard_tier_storage_redundancy: str | None = None
    cross_region_restore: str | None = None


class CrossSubscriptionRequest(RequestBody):
    cross_subscription_restore_state: str | None = None


class RestoreSettingsRequest(RequestBody):
    cross_subscription_restore_settings: CrossSubscriptionRequest | None = None


class AzureMonitorRequest(RequestBody):
    alerts_for_all_job_failures: str | None = None
    alerts_for_all_replication_issues: str | None = None
    alerts_for_all_failover_issues: str | None = None


class ClassicAlertRequest(RequestBody):
    alerts_for_critical_operations: str | None = None
    email_notifications_for_site_recovery: str | None = None


class MonitoringRequest(RequestBody):
    azure_monitor_alert_settings: AzureMonitorRequest | None = None
    classic_alert_settings: ClassicAlertRequest | None = None


class CostRequest(RequestBody):
    granularity_level: str | None = None


class KeyRequest(RequestBody):
    key_uri: str | None = None


class KeyIdentityRequest(RequestBody):
    use_system_assigned_identity: bool | None = None
    user_assigned_identity: str | None = None


class EncryptionRequest(RequestBody):
    key_vault_properties: KeyRequest | None = None
    kek_identity: KeyIdentityRequest | None = None
    infrastructure_encryption: str | None = None


class PropertiesRequest(RequestBody):
    security_settings: SecurityRequest | None = None
    redundancy_settings: RedundancyRequest | None = None
    restore_settings: RestoreSettingsRequest | None = None
    monitoring_settings: MonitoringRequest | None = None
    cost_management_settings: CostRequest | None = None
    public_network_access: str | None = None
    region_of_choice_settings: dict[str, Any] | None = None
    encryption: EncryptionRequest | None = None
    resource_guard_operation_requests: list[str] | None = None

    def settings(self) -> Json:
        """What is asked of the vault's settings, with the documented keys and no nulls."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"resource_guard_operation_requests"})


class IdentityRequest(RequestBody):
    type: str | None = None
    user_assigned_identities: dict[str, Any] | None = None


class SkuRequest(RequestBody):
    name: str = "Standard"
    tier: str | None = None
    family: str | None = None
    size: str | None = None
    capacity: str | None = None


class VaultRequest(RequestBody):
    decided = ("properties.moveDetails", "properties.upgradeDetails")

    location: str | None = None
    sku: SkuRequest | None = None
    tags: dict[str, str] | None = None
    identity: IdentityRequest | None = None
    properties: PropertiesRequest | None = None
    """A PUT must have some, if only empty ones."""
