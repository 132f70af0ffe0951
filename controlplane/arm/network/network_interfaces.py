"""Microsoft.Network/networkInterfaces: what connects a virtual machine to subnet and public address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from controlplane.arm.edge.call import Call, RequestBody
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.arm.network import network_security_groups, public_ip_addresses
from controlplane.domain import errors
from controlplane.domain.errors.network import NETWORK_INTERFACE_MUST_HAVE_ONE_IP_CONFIGURATION
from controlplane.domain.network import network, network_interface
from controlplane.domain.network.network import INTERFACE
from controlplane.domain.network.network_interface import Configuration
from controlplane.jobs.documents.networks import find_subnet, give_back_addresses, take_address
from controlplane.json_object import Json
from controlplane.ports import Document


class ReferenceRequest(RequestBody):
    id: str


class ConfigurationPropertiesRequest(RequestBody):
    subnet: ReferenceRequest
    private_ip_address: str | None = Field(default=None, alias="privateIPAddress")
    private_ip_address_version: str = Field(default="IPv4", alias="privateIPAddressVersion")
    private_ip_allocation_method: str = Field(default="Dynamic", alias="privateIPAllocationMethod")
    public_ip_address: ReferenceRequest | None = Field(default=None, alias="publicIPAddress")
    primary: bool | None = None


class ConfigurationRequest(RequestBody):
    name: str
    properties: ConfigurationPropertiesRequest


class PropertiesRequest(RequestBody):
    ip_configurations: list[ConfigurationRequest]
    network_security_group: ReferenceRequest | None = None
    enable_accelerated_networking: bool = False
    enable_ip_forwarding: bool = Field(default=False, alias="enableIPForwarding")


class InterfaceRequest(ResourceRequest):
    decided = (
        "properties.ipConfigurations.[].id",
        "properties.ipConfigurations.[].properties.subnet.name",
        "properties.ipConfigurations.[].properties.subnet.properties",
    )

    properties: PropertiesRequest


def _body(call: Call, request: InterfaceRequest, existing: Json | None) -> Json:
    requested, kept = request.properties, existing["properties"] if existing else {}
    id, etag = existing["id"] if existing else call.id, f'W/"{call.new_guid()}"'
    group = requested.network_security_group
    if group and call.ports.store.get(network_security_groups.GROUPS.kind, group.id) is None:
        raise network.invalid_reference(group.id, id)
    configurations: list[Json] = []
    for each in requested.ip_configurations:
        present = _present(kept, network_interface.configuration_id(id, each.name), each.properties.subnet.id)
        configurations.append(_configuration(call, id, each, not configurations, present, etag))
    if not configurations:
        raise NETWORK_INTERFACE_MUST_HAVE_ONE_IP_CONFIGURATION.error()
    properties = network_interface.properties(
        kept.get("resourceGuid") or call.new_guid(),
        kept.get("macAddress") or network_interface.mac_address(call.ports.chance.getrandbits(24)),
        configurations,
        group=group.id if group else "",
        machine=kept.get("virtualMachine", {}).get("id", ""),
        accelerated=requested.enable_accelerated_networking,
        forwarding=requested.enable_ip_forwarding,
    )
    return {"etag": etag, "properties": properties}


def _present(properties: Json, id: str, subnet: str) -> str:
    """The address that a configuration has in this subnet already; empty where it has none."""
    configurations: Sequence[Json] = properties.get("ipConfigurations", ())
    for each in configurations:
        if each["id"].lower() == id.lower() and each["properties"]["subnet"]["id"].lower() == subnet.lower():
            return str(each["properties"]["privateIPAddress"])
    return ""


def _configuration(
    call: Call, interface: str, request: ConfigurationRequest, is_first: bool, present: str, etag: str
) -> Json:
    """`present` is the address that it had before."""
    id, properties = network_interface.configuration_id(interface, request.name), request.properties
    if properties.private_ip_address_version.lower() == "ipv6":
        raise errors.operation_not_simulated("an address of IPv6")
    subnet = find_subnet(call.ports.store, properties.subnet.id)
    if subnet is None:
        raise network.invalid_reference(properties.subnet.id, interface)
    public = properties.public_ip_address
    configuration = Configuration(
        name=request.name,
        subnet=subnet["id"],
        address=take_address(call.ports.store, subnet, id, properties.private_ip_address or present),
        primary=is_first if properties.primary is None else properties.primary,
        method=properties.private_ip_allocation_method,
        public=public.id if public else "",
    )
    return network_interface.configuration_body(interface, configuration, etag)


def _after_write(call: Call, new: Json, old: Json | None) -> None:
    """Public addresses know whose they are; private ones that it has no more are free."""
    if old is not None:
        give_back_addresses(call.ports.store, old, but=new)
    addresses = _public_addresses(new)
    for id in _public_addresses(old) if old else {}:
        if id not in addresses:
            public_ip_addresses.disconnect(call, id)
    for id, configuration in addresses.items():
        public_ip_addresses.connect(call, id, configuration, new["id"])


def _public_addresses(interface: Json) -> dict[str, str]:
    """Public address -> the configuration that has it."""
    return {
        each["properties"]["publicIPAddress"]["id"].lower(): each["id"]
        for each in interface["properties"]["ipConfigurations"]
        if "publicIPAddress" in each["properties"]
    }


def _before_deletion(call: Call, existing: Document) -> None:
    body = existing.json()
    if machine := body["properties"].get("virtualMachine"):
        raise network.interface_in_use(body["id"], machine["id"])
    give_back_addresses(call.ports.store, body)
    for id in _public_addresses(body):
        public_ip_addresses.disconnect(call, id)


# ------------------------------------------------------------------------------------------------ for virtual machines


def ids_of(machine: Json) -> list[str]:
    """The interfaces that a machine has."""
    profile = machine["properties"].get("networkProfile") or {}
    return [each["id"] for each in profile.get("networkInterfaces") or [] if each.get("id")]


def reconnect(call: Call, machine: str, old: Iterable[str], new: Iterable[str]) -> None:
    """Take interfaces from a machine and give it others; those in both stay."""
    ids = {id.lower() for id in new}
    for id in old:
        if id.lower() not in ids:
            _set_machine(call, id, machine, None)
    for id in new:
        _set_machine(call, id, machine, machine)


def delete_with_machine(call: Call, machine: Json) -> None:
    """Delete the interfaces that were to go with their machine."""
    profile = machine["properties"].get("networkProfile") or {}
    for each in profile.get("networkInterfaces") or []:
        if str((each.get("properties") or {}).get("deleteOption")).lower() == "delete":
            call.ask("DELETE", each["id"])


def _set_machine(call: Call, id: str, asking: str, machine: str | None) -> None:
    existing = call.ports.store.get(INTERFACES.kind, id)
    if existing is None:
        if machine is None:
            return
        raise network.invalid_reference(id, asking)
    body = existing.json()
    owner = body["properties"].pop("virtualMachine", {"id": asking})["id"]
    if owner.lower() != asking.lower():
        raise network.interface_in_use(id, owner)
    body["properties"].pop("primary", None)
    if machine is not None:
        body["properties"] |= {"virtualMachine": {"id": machine}, "primary": True}
    if body != existing.json():
        call.ports.store.put(INTERFACES.kind, id, body)


INTERFACES = PlainType(
    full_type=INTERFACE,
    request=InterfaceRequest,
    body=_body,
    before_deletion=_before_deletion,
    after_write=_after_write,
)

ROUTES = INTERFACES.routes()
