"""A policy of crash-consistent snapshots by the Python SDK; run in the environment that has it.

Makes the policy of the enhanced one, protects a machine by it, backs that up, and prints what the SDK says of all this
as one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient, models

VAULT, GROUP, CONTAINER, ITEM, VM = sys.argv[1:]
CRASH_ONLY = models.IaasVMSnapshotConsistencyType.ONLY_CRASH_CONSISTENT
PATIENCE_SECONDS = 120
PLACE = (VAULT, GROUP, "Azure", CONTAINER, ITEM)

arm = os.environ["BACKUPSIM_ARM"]
client = RecoveryServicesBackupClient(
    DefaultAzureCredential(disable_instance_discovery=True),
    os.environ["AZURE_SUBSCRIPTION_ID"],
    base_url=arm,
    credential_scopes=[f"{arm}/.default"],
)


def made(of: str, name: str) -> Any:
    """The policy `of`, with crash-consistent snapshots alone, under another name."""
    policy = client.protection_policies.get(VAULT, GROUP, of)
    policy.properties.snapshot_consistency_type = CRASH_ONLY
    return client.protection_policies.create_or_update(VAULT, GROUP, name, policy)


def refused(of: str, name: str) -> str:
    try:
        made(of, name)
    except HttpResponseError as problem:
        return str(getattr(problem.error, "code", problem))
    return "accepted"


def ended(operation: str) -> str:
    """The status with which the newest job of this operation ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        listed = client.backup_jobs.list(VAULT, GROUP, filter=f"operation eq '{operation}'")
        status = str(next(iter(listed)).properties.status)
        if status != "InProgress":
            return status
        assert time.monotonic() < deadline
        time.sleep(0.1)


policy = made("EnhancedPolicy", "crash")
properties = models.AzureIaaSComputeVMProtectedItem(source_resource_id=VM, policy_id=policy.id)
client.protected_items.begin_create_or_update(*PLACE, models.ProtectedItemResource(properties=properties)).result()
client.backups.trigger(*PLACE, models.BackupRequestResource(properties=models.IaasVMBackupRequest()))
status = ended("Backup")
kept = client.protection_policies.get(VAULT, GROUP, "crash").properties
seen = {
    "policy": [kept.policy_type, kept.snapshot_consistency_type == CRASH_ONLY],
    "of a standard policy": refused("DefaultPolicy", "standard"),
    "job": status,
    "points": [point.properties.recovery_point_type for point in client.recovery_points.list(*PLACE)],
}
print(json.dumps(seen))  # noqa: T201 - its result
