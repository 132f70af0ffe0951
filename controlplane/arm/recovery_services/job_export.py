"""Export of a vault's jobs: a blob with the filtered jobs, readable for an hour by a SAS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from controlplane.arm.edge.call import Answer, Call, as_json, encode
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services import list_filters
from controlplane.arm.recovery_services.backup_jobs import JOBS, listed
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain import errors
from controlplane.domain.resources import operation
from controlplane.domain.times import instant
from controlplane.ports import Blob

CONTAINER = "exportedjobs"
READABLE = timedelta(hours=1)


def post_export(call: Call) -> Answer:
    """The blob is there when this is answered."""
    vault = require_vault(call)
    filters = list_filters.read(call, list_filters.JOBS)
    jobs = [job_body for _, job_body in sorted(listed(call, filters), key=lambda row: row[0], reverse=True)]
    id = call.new_guid()
    call.ports.blobs.put(_blob(call, id), encode({"value": jobs}))
    body = operation.succeeded_with_jobs(id, instant(call.ports.clock.now()), [job["name"] for job in jobs], {})
    call.ports.store.put(operation.KIND, id, body, parent=vault, private={"exported": True})
    home = vault_id(call)
    return call.accepted(f"{home}/backupOperations/{id}", f"{home}/backupJobs/operationResults/{id}")


def get_export(call: Call) -> Answer:
    """Address and signature apart, as the service gives them. The signature is made for each answer and not kept."""
    require_vault(call)
    id = call.names["operation"]
    document = call.ports.store.get(operation.KIND, id)
    if document is None or document.parent != vault_id(call).lower() or not document.private.get("exported"):
        raise errors.operation_not_found(id)
    # Signatures are checked in real time, whatever the world's clock says.
    signed = call.ports.blobs.sas(_blob(call, document.id), "r", datetime.now(UTC) + READABLE)
    address, _, signature = signed.partition("?")
    result = {
        "objectType": "ExportJobsOperationResultInfo",
        "blobUrl": address,
        "blobSasKey": f"?{signature}",
        "excelFileBlobUrl": None,
        "excelFileBlobSasKey": None,
    }
    return as_json({"statusCode": "OK", "headers": {}, "operation": result})


def _blob(call: Call, id: str) -> Blob:
    return Blob(call.ports.settings.service_account, CONTAINER, f"{id}.json")


ROUTES = (
    Route("POST", f"{VAULT}/backupJobsExport", post_export, codes=(202,)),
    reading(f"{JOBS}/operationResults/{{operation}}", get_export),
)
