"""Microsoft.ManagedIdentity/userAssignedIdentities: ids to refer to; nobody can sign in as one."""

from __future__ import annotations

import re

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
    name=re.compile(r"[A-Za-z0-9][\w-]{2,127}", re.ASCII),
    name_rule="3 to 128 letters, digits, '-' and '_', with a letter or digit first",
    request=ResourceRequest,
    patch=IdentityPatch,
    body=_body,
)

ROUTES = IDENTITIES.routes()
