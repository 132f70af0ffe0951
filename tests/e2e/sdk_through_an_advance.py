"""Work of the Python SDKs while somebody else moves world time; run in the environment that has them.

It polls as the SDKs do by default, and prints the status of each job that it waited for as one JSON list.
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

VAULT, GROUP, CONTAINER, ITEM, VM, ACCOUNT = sys.argv[1:]
BACKUPS = 3
PATIENCE_SECONDS = 120
UNDER_WAY = "UserErrorBackupOperationInProgress"
PLACE = (VAULT, GROUP, "Azure", CONTAINER, ITEM)

arm = os.environ["BACKUPSIM_ARM"]
client = RecoveryServicesBackupClient(
    DefaultAzureCredential(disable_instance_discovery=True),
    os.environ["AZURE_SUBSCRIPTION_ID"],
    base_url=arm,
    credential_scopes=[f"{arm}/.default"],
)


def headers_of(pipeline: Any, body: Any, headers: Any) -> Any:
    return pipeline.http_response.headers


def job_of(headers: Any) -> str:
    """The job of an operation, as Azure's documentation finds it."""
    operation = headers["Azure-AsyncOperation"].partition("?")[0].rpartition("/")[2]
    return str(client.backup_operation_statuses.get(VAULT, GROUP, operation).properties.job_id)


def ended(name: str) -> str:
    """The status with which a job ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        status = str(client.job_details.get(VAULT, GROUP, name).properties.status)
        if status not in {"InProgress", "Cancelling"}:
            return status
        assert time.monotonic() < deadline
        time.sleep(0.1)


def back_up() -> str:
    request = models.BackupRequestResource(properties=models.IaasVMBackupRequest())
    while True:
        try:
            return ended(job_of(client.backups.trigger(*PLACE, request, cls=headers_of)))
        except HttpResponseError as problem:  # one of the schedule's is under way, as it may be in Azure
            if problem.error is None or problem.error.code != UNDER_WAY:
                raise


def restore() -> str:
    point = next(iter(client.recovery_points.list(*PLACE)))
    request = models.IaasVMRestoreRequest(
        recovery_point_id=point.name,
        recovery_type="RestoreDisks",
        source_resource_id=VM,
        storage_account_id=ACCOUNT,
        region="westus",
        create_new_cloud_service=False,
        original_storage_account_option=False,
    )
    client.restores.begin_trigger(*PLACE, point.name, models.RestoreRequestResource(properties=request)).result()
    restores = client.backup_jobs.list(VAULT, GROUP, filter="operation eq 'Restore'")
    return ended(str(next(iter(restores)).name))


print(json.dumps([*(back_up() for _ in range(BACKUPS)), restore()]))  # noqa: T201 - its result
