"""Whether a machine's own network lets it reach the storage: the groups of its first interface and of its subnet."""

from __future__ import annotations

from controlplane.domain.compute import virtual_machine
from controlplane.domain.network.network import SECURITY_GROUP
from controlplane.domain.network.outbound import lets_out
from controlplane.jobs.documents.networks import INTERFACES, find_subnet
from controlplane.json_object import Json
from controlplane.ports import Store

GROUPS = SECURITY_GROUP.lower()


def may_leave(store: Store, vm: str) -> bool:
    """Both groups have to let it out. A machine of which no interface is known has no group either."""
    machine = store.get(virtual_machine.KIND, vm)
    body: Json = machine.json() if machine is not None else {"properties": {}}
    profile = body["properties"].get("networkProfile") or {}
    named = [each["id"] for each in profile.get("networkInterfaces") or [] if each.get("id")]
    interface = store.get(INTERFACES, named[0].lower()) if named else None
    if interface is None:
        return True
    properties: Json = interface.json()["properties"]
    first: Json = (properties.get("ipConfigurations") or [{"properties": {}}])[0]["properties"]
    subnet = find_subnet(store, (first.get("subnet") or {}).get("id", ""))
    groups = [_group(store, properties), _group(store, subnet["properties"] if subnet else {})]
    source, region = str(first.get("privateIPAddress", "")), str(body.get("location", ""))
    return all(lets_out(group, source, region) for group in groups if group is not None)


def _group(store: Store, properties: Json) -> Json | None:
    id = (properties.get("networkSecurityGroup") or {}).get("id", "")
    document = store.get(GROUPS, id.lower()) if id else None
    return None if document is None else document.json()
