"""Microsoft.ManagedIdentity/userAssignedIdentities: ids to refer to; nobody can sign in as one."""

from __future__ import annotations

from controlplane.arm.edge.call import Call
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.arm.edge.tags import TagsRequest
from controlplane.json_object import Json


class IdentityPatch(TagsRequest):
    decided = ("location",)


def _body(call: Call, request: ResourceRequest, existing: Json | None) -> Json:
    if existing:
        return {"properties": existing["properties"]}
    properties = {
        "tenantId": call.identity.tenant_id,
        "principalId": call.new_guid(),
        "clientId": call.new_guid(),
    }
    return {"properties": properties}


IDENTITIES = PlainType(
    full_type="Microsoft.ManagedIdentity/userAssignedIdentities",
    request=ResourceRequest,
    patch=IdentityPatch,
    body=_body,
)

ROUTES = IDENTITIES.routes()
