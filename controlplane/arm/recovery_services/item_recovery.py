"""Recovery of single files: sessions on a recovery point, and the endpoint from which the script reads the disks."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from starlette import routing
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route
from controlplane.arm.recovery_services.recovery_points import POINT, require_point
from controlplane.arm.recovery_services.vault_request import ENVELOPE
from controlplane.domain import errors
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint, from_json
from controlplane.jobs.documents import sessions
from controlplane.jobs.documents.sessions import Session
from controlplane.jobs.restore import item_recovery
from controlplane.json_object import Json
from controlplane.ports import Ports

MOST_BYTES = 8 * 1024 * 1024
"""Of a disk in one answer."""

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})", re.ASCII)


class ProvisionPropertiesRequest(RequestBody):
    object_type: str | None = None
    recovery_point_id: str | None = None
    virtual_machine_id: str | None = None
    initiator_name: str | None = None
    renew_existing_registration: bool = False


class ProvisionRequest(RequestBody):
    decided = ENVELOPE

    properties: ProvisionPropertiesRequest = ProvisionPropertiesRequest()


class ResultRequest(RequestBody):
    provision_instant_item_recovery_operation_id: str | None = None


def post_provision(call: Call) -> Answer:
    properties = call.read(ProvisionRequest).properties
    point = _point(call)
    if properties.object_type != "IaasVMILRRegistrationRequest":
        raise errors.invalid_backup_input("objectType", "it must be IaasVMILRRegistrationRequest for a virtual machine")
    if properties.recovery_point_id is not None and properties.recovery_point_id.rpartition("/")[2] != point.id:
        raise errors.invalid_backup_input("recoveryPointId", "it must be the recovery point of the request URL")
    return _accepted(call, item_recovery.provision(call.ports, point, properties.renew_existing_registration))


def post_result(call: Call) -> Answer:
    """The scripts of the session that an operation began."""
    point, id = _point(call), call.read(ResultRequest).provision_instant_item_recovery_operation_id or ""
    session = sessions.find(call.ports, id)
    if session.point.lower() != point.document.lower():
        raise errors.operation_not_found(id)
    return as_json(encoded_scripts(call.ports, session, call.base_url))


def post_revoke(call: Call) -> Answer:
    return _accepted(call, item_recovery.revoke(call.ports, _point(call)))


def encoded_scripts(ports: Ports, session: Session, base_url: str) -> Json:
    """Content travels in base64."""
    answer = item_recovery.scripts(ports, session, base_url)
    entries = [
        entry | {"scriptContent": b64encode(entry["scriptContent"].encode()).decode()}
        for entry in answer["clientScripts"]
    ]
    return {"clientScripts": entries}


def _accepted(call: Call, operation: str) -> Answer:
    item = call.id.rpartition("/recoveryPoints/")[0]
    return call.accepted(f"{item}/operationsStatus/{operation}", f"{item}/operationResults/{operation}")


def _point(call: Call) -> RecoveryPoint:
    return from_json(require_point(call).private["point"])


ROUTES = (
    Route("POST", f"{POINT}/provisionInstantItemRecovery", post_provision, body=ProvisionRequest, codes=(202,)),
    Route("POST", f"{POINT}/listInstantItemRecoveryOperationResult", post_result, body=ResultRequest),
    Route("POST", f"{POINT}/revokeInstantItemRecovery", post_revoke, codes=(202,)),
)

# ------------------------------------------------------------------------------------------------------------- the door


def open_routes(ports: Ports) -> list[routing.BaseRoute]:
    """Outside ARM: they need the session's password, and no token."""

    def get_script(request: Request) -> Response:
        session = sessions.find(ports, request.path_params["session"])
        return PlainTextResponse(item_recovery.script(str(request.base_url).rstrip("/"), session))

    def list_disks(request: Request) -> Response:
        return JSONResponse(item_recovery.disks(ports, _opened(ports, request)))

    def read_disk(request: Request) -> Response:
        disk = item_recovery.source(ports, _opened(ports, request), _lun(request))
        first, last = _span(request.headers.get("range", ""), disk.size_bytes)
        headers = {"Content-Range": f"bytes {first}-{last}/{disk.size_bytes}"}
        return Response(disk.read(first, last - first + 1), 206, headers, "application/octet-stream")

    session = "/itemrecovery/{session}"
    return [
        routing.Route(f"{session}/script", get_script),
        routing.Route(f"{session}/disks", list_disks),
        routing.Route(f"{session}/disks/{{lun}}", read_disk),
    ]


def _opened(ports: Ports, request: Request) -> Session:
    password = _password(request.headers.get("authorization", ""))
    session = sessions.find(ports, request.path_params["session"])
    if not item_recovery.is_password(session, password):
        raise HTTPException(401, "The password is not that of the session.", {"WWW-Authenticate": "Basic"})
    return session


def _password(authorization: str) -> str:
    """The password of a session; whatever stands for the user."""
    scheme, _, given = authorization.partition(" ")
    try:
        _, colon, password = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise HTTPException(401, "Not authenticated", {"WWW-Authenticate": 'Basic realm="item recovery"'})
    return password


def _lun(request: Request) -> int:
    """Of a disk; -1 is the one of the operating system."""
    try:
        return int(request.path_params["lun"])
    except ValueError:
        raise HTTPException(404) from None


def _span(header: str, size_bytes: int) -> tuple[int, int]:
    """The first and the last byte that are asked for; never more than MOST_BYTES of them."""
    match = _RANGE.fullmatch(header)
    first, last = (int(match[1]), int(match[2])) if match else (0, -1)
    if not first <= last < size_bytes or last - first >= MOST_BYTES:
        raise HTTPException(416, f"The header Range must name from 1 to {MOST_BYTES} bytes of the disk.")
    return first, last
