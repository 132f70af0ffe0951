"""Microsoft.Network/virtualNetworks: address spaces and their subnets."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.arm.edge.routing import Route, reading
from controlplane.domain import errors
from controlplane.domain.errors.network import IN_USE_SUBNET_CANNOT_BE_UPDATED
from controlplane.domain.network import network
from controlplane.domain.network.network import VIRTUAL_NETWORK
from controlplane.domain.resources import resource_names
from controlplane.jobs.documents.networks import configurations_in
from controlplane.json_object import Json
from controlplane.ports import Document


class ReferenceRequest(RequestBody):
    id: str | None = None


class DelegationPropertiesRequest(RequestBody):
    service_name: str | None = None
    actions: list[str] | None = None
    """The service decides them by its name; they are shown as they are sent, for clients that compare."""


class DelegationRequest(RequestBody):
    name: str = "0"
    """az calls the only one of a subnet so."""
    properties: DelegationPropertiesRequest = DelegationPropertiesRequest()


DECIDED_OF_DELEGATION = ("properties.delegations.[].id", "properties.delegations.[].type")
READ_OF_DELEGATION = ("properties.delegations.[].properties.actions",)


class SubnetPropertiesRequest(RequestBody):
    address_prefix: str | None = None
    address_prefixes: list[str] | None = None
    network_security_group: ReferenceRequest | None = None
    delegations: list[DelegationRequest] | None = None
    private_endpoint_network_policies: str | None = None
    private_link_service_network_policies: str | None = None

    @property
    def prefix(self) -> str:
        return self.address_prefix or (self.address_prefixes or [""])[0]


class SubnetRequest(RequestBody):
    name: str
    properties: SubnetPropertiesRequest = SubnetPropertiesRequest()


class OneSubnetRequest(RequestBody):
    decided = DECIDED_OF_DELEGATION
    also_read = READ_OF_DELEGATION

    properties: SubnetPropertiesRequest = SubnetPropertiesRequest()


class AddressSpaceRequest(RequestBody):
    address_prefixes: list[str]


class PropertiesRequest(RequestBody):
    address_space: AddressSpaceRequest
    subnets: list[SubnetRequest] | None = None


class NetworkRequest(ResourceRequest):
    decided = ("properties.subnets.[].id", *(f"properties.subnets.[].{path}" for path in DECIDED_OF_DELEGATION))
    also_read = tuple(f"properties.subnets.[].{path}" for path in READ_OF_DELEGATION)

    properties: PropertiesRequest


def _body(call: Call, request: NetworkRequest, existing: Json | None) -> Json:
    """A request that does not speak of subnets leaves them: they may have been written by their own paths."""
    requested, etag = request.properties, f'W/"{call.new_guid()}"'
    id, old = (existing["id"], existing["properties"]["subnets"]) if existing else (call.id, [])
    named = None if requested.subnets is None else [(each.name, each.properties) for each in requested.subnets]
    subnets = old if named is None else [_subnet(id, name, properties, etag) for name, properties in named]
    _check(requested.address_space.address_prefixes, subnets)
    kept = {each["id"].lower() for each in subnets}
    for each in old:
        if each["id"].lower() not in kept:
            _check_unused(call, each["id"])
        _check_range_stays(call, each, subnets)
    properties = {
        "provisioningState": "Succeeded",
        "resourceGuid": existing["properties"]["resourceGuid"] if existing else call.new_guid(),
        "addressSpace": {"addressPrefixes": requested.address_space.address_prefixes},
        "subnets": subnets,
        "virtualNetworkPeerings": [],
        "enableDdosProtection": False,
        "privateEndpointVNetPolicies": "Disabled",
    }
    return {"etag": etag, "properties": properties}


def _subnet(vnet: str, name: str, request: SubnetPropertiesRequest, etag: str) -> Json:
    resource_names.check(f"{VIRTUAL_NETWORK}/subnets", name)
    if len(request.address_prefixes or []) > 1:
        raise errors.operation_not_simulated("a subnet with several address ranges")
    group, id = request.network_security_group, f"{vnet}/subnets/{name}"
    properties: Json = {
        "provisioningState": "Succeeded",
        "addressPrefix": request.prefix,
        **({"networkSecurityGroup": {"id": group.id}} if group else {}),
        "delegations": [_delegation(id, each, etag) for each in request.delegations or []],
        "privateEndpointNetworkPolicies": request.private_endpoint_network_policies or "Disabled",
        "privateLinkServiceNetworkPolicies": request.private_link_service_network_policies or "Enabled",
    }
    return {"name": name, "id": id, "etag": etag, "type": f"{VIRTUAL_NETWORK}/subnets", "properties": properties}


def _delegation(subnet: str, request: DelegationRequest, etag: str) -> Json:
    """A service that the subnet is handed to. Nothing here takes one over."""
    properties: Json = {
        "provisioningState": "Succeeded",
        "serviceName": request.properties.service_name or "",
        "actions": request.properties.actions or [],
    }
    return {
        "name": request.name,
        "id": f"{subnet}/delegations/{request.name}",
        "etag": etag,
        "type": f"{VIRTUAL_NETWORK}/subnets/delegations",
        "properties": properties,
    }


def _check(space: list[str], subnets: list[Json]) -> None:
    network.check_subnets(space, [(each["name"], each["properties"]["addressPrefix"]) for each in subnets])


def _check_range_stays(call: Call, old: Json, subnets: list[Json]) -> None:
    """The range of a subnet in which there are addresses is not changed."""
    for each in subnets:
        is_other = each["id"].lower() == old["id"].lower() and _range(each) != _range(old)
        if is_other and any(configurations_in(call.ports.store, old["id"])):
            raise IN_USE_SUBNET_CANNOT_BE_UPDATED.error(name=old["name"])


def _range(subnet: Json) -> str:
    return str(subnet["properties"]["addressPrefix"])


def _check_unused(call: Call, subnet: str) -> None:
    for each in configurations_in(call.ports.store, subnet):
        raise network.subnet_in_use(subnet, each["id"])


# ------------------------------------------------------------------------------------------------- one by its own path


def put_subnet(call: Call) -> Answer:
    """It stands in its network and nowhere else."""
    properties = call.read(OneSubnetRequest).properties
    with call.ports.store.transaction():
        vnet, name = _network_of(call)
        existing = _named(vnet, name)
        subnet = _subnet(vnet["id"], existing["name"] if existing else name, properties, f'W/"{call.new_guid()}"')
        subnet = call.with_kept(OneSubnetRequest, subnet)
        subnets = [*_others(vnet, name), subnet]
        if existing:
            _check_range_stays(call, existing, subnets)
        _check(vnet["properties"]["addressSpace"]["addressPrefixes"], subnets)
        _write(call, vnet, subnets)
    return as_json(subnet, 200 if existing else 201)


def get_subnet(call: Call) -> Answer:
    vnet, name = _network_of(call)
    subnet = _named(vnet, name)
    if subnet is None:
        raise errors.resource_not_found(f"{VIRTUAL_NETWORK}/subnets", f"{call.names['name']}/{name}", call.group)
    return as_json(subnet)


def delete_subnet(call: Call) -> Answer:
    with call.ports.store.transaction():
        vnet, name = _network_of(call)
        subnet = _named(vnet, name)
        if subnet is None:
            return Answer(204)
        _check_unused(call, subnet["id"])
        _write(call, vnet, _others(vnet, name))
    return Answer(200)


def list_subnets(call: Call) -> Answer:
    return as_json({"value": _network_of(call)[0]["properties"]["subnets"]})


def _network_of(call: Call) -> tuple[Json, str]:
    """The body of the path's network, and the name of its subnet."""
    vnet = call.get(NETWORKS.kind, call.id.rpartition("/subnets")[0])
    return vnet.json(), call.names.get("subnet", "")


def _named(vnet: Json, name: str) -> Json | None:
    return next((each for each in vnet["properties"]["subnets"] if each["name"].lower() == name.lower()), None)


def _others(vnet: Json, name: str) -> list[Json]:
    return [each for each in vnet["properties"]["subnets"] if each["name"].lower() != name.lower()]


def _write(call: Call, vnet: Json, subnets: list[Json]) -> None:
    changed = {**vnet, "properties": {**vnet["properties"], "subnets": subnets}}
    call.ports.store.put(NETWORKS.kind, vnet["id"].lower(), changed)


def _before_deletion(call: Call, existing: Document) -> None:
    for each in existing.json()["properties"]["subnets"]:
        _check_unused(call, each["id"])


NETWORKS = PlainType(
    full_type=VIRTUAL_NETWORK,
    request=NetworkRequest,
    body=_body,
    before_deletion=_before_deletion,
)
SUBNETS = f"{NETWORKS.path}/subnets"
SUBNET = f"{SUBNETS}/{{subnet}}"

ROUTES = (
    *NETWORKS.routes(),
    reading(SUBNETS, list_subnets),
    Route("PUT", SUBNET, put_subnet, body=OneSubnetRequest),
    reading(SUBNET, get_subnet),
    Route("DELETE", SUBNET, delete_subnet, codes=(200, 204)),
)
