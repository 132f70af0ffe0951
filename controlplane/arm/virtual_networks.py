"""Microsoft.Network/virtualNetworks: address spaces and their subnets."""

from __future__ import annotations

from controlplane.arm.call import Answer, Call, RequestBody, as_json
from controlplane.arm.plain_resources import PlainType, ResourceRequest
from controlplane.arm.routing import reading, refused
from controlplane.domain import errors, network
from controlplane.domain.network import VIRTUAL_NETWORK
from controlplane.jobs.networks import find_subnet
from controlplane.ports import Document, Json


class ReferenceRequest(RequestBody):
    id: str | None = None


class SubnetPropertiesRequest(RequestBody):
    address_prefix: str | None = None
    address_prefixes: list[str] | None = None
    network_security_group: ReferenceRequest | None = None

    @property
    def prefix(self) -> str:
        return self.address_prefix or (self.address_prefixes or [""])[0]


class SubnetRequest(RequestBody):
    name: str
    properties: SubnetPropertiesRequest = SubnetPropertiesRequest()


class AddressSpaceRequest(RequestBody):
    address_prefixes: list[str]


class PropertiesRequest(RequestBody):
    address_space: AddressSpaceRequest
    subnets: list[SubnetRequest] | None = None


class NetworkRequest(ResourceRequest):
    properties: PropertiesRequest


def _body(call: Call, request: NetworkRequest, known: Json | None) -> Json:
    asked = request.properties
    subnets = asked.subnets or []
    network.check_subnets(
        asked.address_space.address_prefixes, [(each.name, each.properties.prefix) for each in subnets]
    )
    etag = f'W/"{call.new_guid()}"'
    properties = {
        "provisioningState": "Succeeded",
        "resourceGuid": known["properties"]["resourceGuid"] if known else call.new_guid(),
        "addressSpace": {"addressPrefixes": asked.address_space.address_prefixes},
        "subnets": [_subnet(known["id"] if known else call.id, each, etag) for each in subnets],
        "virtualNetworkPeerings": [],
        "enableDdosProtection": False,
    }
    return {"etag": etag, "properties": properties}


def _subnet(vnet: str, subnet: SubnetRequest, etag: str) -> Json:
    group = subnet.properties.network_security_group
    properties: Json = {
        "provisioningState": "Succeeded",
        "addressPrefix": subnet.properties.prefix,
        **({"networkSecurityGroup": {"id": group.id}} if group else {}),
        "delegations": [],
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    }
    id = f"{vnet}/subnets/{subnet.name}"
    return {"name": subnet.name, "id": id, "etag": etag, "type": f"{VIRTUAL_NETWORK}/subnets", "properties": properties}


def list_subnets(call: Call) -> Answer:
    parent = call.get(NETWORKS.kind, call.id.rpartition("/")[0])
    return as_json({"value": parent.json()["properties"]["subnets"]})


def get_subnet(call: Call) -> Answer:
    call.get(NETWORKS.kind, call.id.rpartition("/subnets/")[0])
    subnet = find_subnet(call.ports.store, call.id)
    if subnet is None:
        kind, name = f"{VIRTUAL_NETWORK}/subnets", f"{call.names['name']}/{call.names['subnet']}"
        raise errors.resource_not_found(kind, name, call.group)
    return as_json(subnet)


def _before_deletion(call: Call, known: Document) -> None:
    for interface in call.ports.store.find(network.INTERFACE.lower()):
        for each in interface.json()["properties"]["ipConfigurations"]:
            subnet = each["properties"]["subnet"]["id"]
            if subnet.lower().startswith(f"{known.id}/"):
                raise network.in_use("InUseSubnetCannotBeDeleted", subnet, each["id"])


NETWORKS = PlainType(
    full_type=VIRTUAL_NETWORK,
    name=network.NAME,
    name_rule=network.NAME_RULE,
    request=NetworkRequest,
    body=_body,
    before_deletion=_before_deletion,
)
SUBNETS = f"{NETWORKS.path}/subnets"
SUBNET = f"{SUBNETS}/{{subnet}}"

ROUTES = (
    *NETWORKS.routes(),
    reading(SUBNETS, list_subnets),
    reading(SUBNET, get_subnet),
    refused("PUT", SUBNET),
    refused("DELETE", SUBNET),
)
