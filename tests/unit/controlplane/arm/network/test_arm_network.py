"""Networks, public addresses, interfaces and identities, by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.network.network import check_subnets
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, IMAGE, VM, ArmWorld, arm_world

NETWORK = f"{GROUP}/providers/Microsoft.Network"
VNET = f"{NETWORK}/virtualNetworks/Net"
SUBNET = f"{VNET}/subnets/Front"
ADDRESS = f"{NETWORK}/publicIPAddresses/Ip"
RULES = f"{NETWORK}/networkSecurityGroups/Rules"
INTERFACE = f"{NETWORK}/networkInterfaces/Nic"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Me-1"

VNET_BODY = {
    "location": "westus",
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "Front", "properties": {"addressPrefix": "10.0.0.0/29"}}],
    },
}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.put(VNET, VNET_BODY)
        yield world


def interface_body(**configuration: object) -> Json:
    properties = {"subnet": {"id": SUBNET}, **configuration}
    return {"location": "westus", "properties": {"ipConfigurations": [{"name": "ip", "properties": properties}]}}


def machine_body(*interfaces: str, **properties: object) -> Json:
    profile = {"networkInterfaces": [{"id": each, "properties": properties} for each in interfaces]}
    storage = {"imageReference": dict(IMAGE), "osDisk": {"createOption": "FromImage"}}
    return {"location": "westus", "properties": {"storageProfile": storage, "networkProfile": profile}}


def configuration(world: ArmWorld, path: str = INTERFACE) -> Json:
    found: Json = world.get(path)["properties"]["ipConfigurations"][0]["properties"]
    return found


# ------------------------------------------------------------------------------------------------------------ the kinds


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (VNET, VNET_BODY),
        (ADDRESS, {"location": "westus", "sku": {"name": "Standard"}}),
        (RULES, {"location": "westus"}),
        (INTERFACE, interface_body()),
        (IDENTITY, {"location": "westus"}),
    ],
    ids=["vnet", "ip", "nsg", "nic", "identity"],
)
def test_each_kind_is_written_read_listed_tagged_and_deleted(world: ArmWorld, path: str, body: Json) -> None:
    world.request("DELETE", path)
    assert world.put(path, body).status_code == 201
    shown = world.get(path)
    assert (shown["id"], shown["name"], shown["location"]) == (path, path.rpartition("/")[2], "westus")
    assert "tags" not in shown
    assert world.get(path.rpartition("/")[0])["value"] == [shown]
    assert world.get(path.rpartition("/")[0].replace("/resourceGroups/Demo", ""))["value"] == [shown]
    again = world.put(path, body)
    assert again.status_code == 200
    kept = {key: value for key, value in again.json()["properties"].items() if isinstance(value, str)}
    assert kept == {key: value for key, value in shown["properties"].items() if isinstance(value, str)}
    assert world.request("PATCH", path, {"tags": {"a": "b"}}).json()["tags"] == {"a": "b"}
    assert world.error("PUT", path, body | {"location": "eastus"}) == (409, "InvalidResourceLocation")
    assert world.request("DELETE", path).status_code == 200
    assert world.request("DELETE", path).status_code == 204
    assert world.error("GET", path) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (f"{VNET}-", VNET_BODY, "InvalidResourceName"),
        (VNET, {"location": "westus"}, "InvalidRequestContent"),
        (VNET, {"location": "westus", "properties": {"addressSpace": {}}}, "InvalidRequestContent"),
        (
            INTERFACE,
            {"location": "westus", "properties": {"ipConfigurations": []}},
            "NetworkInterfaceMustHaveOneIPConfiguration",
        ),
        (INTERFACE, interface_body(subnet={"id": f"{VNET}/subnets/nobody"}), "InvalidResourceReference"),
        (INTERFACE, interface_body(publicIPAddress={"id": ADDRESS}), "InvalidResourceReference"),
        (INTERFACE, interface_body(privateIPAddress="10.0.0.1"), "PrivateIPAddressNotInSubnet"),
        (INTERFACE, interface_body(privateIPAddress="ten"), "PrivateIPAddressNotInSubnet"),
    ],
)
def test_a_bad_one_gets_its_code(world: ArmWorld, path: str, body: Json, code: str) -> None:
    assert world.error("PUT", path, body) == (400, code)


@pytest.mark.parametrize(
    ("space", "subnets", "code"),
    [
        (["10.0.0.0/16"], [("a", "10.1.0.0/24")], "NetcfgInvalidSubnet"),
        (["10.0.0.0/16"], [("a", "10.0.0.0/30")], "NetcfgInvalidSubnet"),
        (["10.0.0.0/16"], [("a", "10.0.0.0/24"), ("b", "10.0.0.128/25")], "NetcfgSubnetRangesOverlap"),
        (["10.0.0.1/16"], [], "InvalidAddressPrefixFormat"),
        (["10.0.0.0/16"], [("a", "")], "InvalidAddressPrefixFormat"),
    ],
)
def test_subnets_lie_in_the_space_beside_each_other(
    space: list[str], subnets: list[tuple[str, str]], code: str
) -> None:
    with pytest.raises(ServiceError) as refusal:
        check_subnets(space, subnets)
    assert refusal.value.code == code


# --------------------------------------------------------------------------------------------------- who refers to whom


def test_interfaces_of_a_subnet_have_different_addresses_and_keep_them(world: ArmWorld) -> None:
    world.put(INTERFACE, interface_body())
    world.put(f"{INTERFACE}2", interface_body())
    first, second = configuration(world), configuration(world, f"{INTERFACE}2")
    assert (first["privateIPAddress"], second["privateIPAddress"]) == ("10.0.0.4", "10.0.0.5")
    world.put(f"{INTERFACE}2", interface_body())
    assert configuration(world, f"{INTERFACE}2") == second
    assert world.get(INTERFACE)["properties"]["macAddress"] != world.get(f"{INTERFACE}2")["properties"]["macAddress"]
    assert world.error("PUT", f"{INTERFACE}3", interface_body(privateIPAddress="10.0.0.5")) == (
        400,
        "PrivateIPAddressInUse",
    )
    world.put(f"{INTERFACE}3", interface_body())
    assert world.error("PUT", f"{INTERFACE}4", interface_body()) == (400, "SubnetIsFull")
    assert world.get(SUBNET) == world.get(f"{VNET}/subnets")["value"][0]
    assert world.error("GET", f"{SUBNET}2") == (404, "ResourceNotFound")


def test_a_public_address_knows_whose_it_is(world: ArmWorld) -> None:
    world.put(ADDRESS, {"location": "westus"})
    world.put(INTERFACE, interface_body(publicIPAddress={"id": ADDRESS}))
    address = world.get(ADDRESS)["properties"]["ipAddress"]
    assert world.get(ADDRESS)["properties"]["ipConfiguration"] == {"id": f"{INTERFACE}/ipConfigurations/ip"}
    assert world.error("DELETE", ADDRESS) == (400, "PublicIPAddressCannotBeDeleted")
    taken = interface_body(publicIPAddress={"id": ADDRESS})
    assert world.error("PUT", f"{INTERFACE}2", taken) == (400, "PublicIPAddressInUse")
    assert world.error("GET", f"{INTERFACE}2") == (404, "ResourceNotFound")
    world.put(ADDRESS, {"location": "westus", "properties": {"dnsSettings": {"domainNameLabel": "sql01"}}})
    properties = world.get(ADDRESS)["properties"]
    assert (properties["ipAddress"], properties["dnsSettings"]["fqdn"]) == (address, "sql01.westus.cloudapp.azure.com")
    world.put(INTERFACE, interface_body())
    assert "ipConfiguration" not in world.get(ADDRESS)["properties"]
    assert world.request("DELETE", ADDRESS).status_code == 200


def test_nothing_goes_that_an_interface_needs(world: ArmWorld) -> None:
    world.put(RULES, {"location": "westus"})
    body = interface_body()
    body["properties"]["networkSecurityGroup"] = {"id": RULES}
    world.put(INTERFACE, body)
    assert world.error("DELETE", VNET) == (400, "InUseSubnetCannotBeDeleted")
    assert world.error("DELETE", RULES) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    assert len(world.get(RULES)["properties"]["defaultSecurityRules"]) == 6


def test_an_interface_is_one_machine_s(world: ArmWorld) -> None:
    world.put(INTERFACE, interface_body())
    world.put(f"{INTERFACE}2", interface_body())
    assert world.error("PUT", VM, machine_body(f"{INTERFACE}9")) == (400, "InvalidResourceReference")
    assert world.error("GET", VM) == (404, "ResourceNotFound")
    world.put(VM, machine_body(INTERFACE))
    assert world.get(INTERFACE)["properties"]["virtualMachine"] == {"id": VM}
    assert world.error("DELETE", INTERFACE) == (400, "NicInUse")
    assert world.error("PUT", VM.replace("Sql01", "Sql02"), machine_body(INTERFACE)) == (400, "NicInUse")
    world.put(INTERFACE, interface_body())
    assert world.get(INTERFACE)["properties"]["virtualMachine"] == {"id": VM}
    changed = world.get(VM)
    changed["properties"]["networkProfile"] = {"networkInterfaces": [{"id": f"{INTERFACE}2"}]}
    world.put(VM, changed)
    assert "virtualMachine" not in world.get(INTERFACE)["properties"]
    world.request("DELETE", VM)
    assert world.request("DELETE", f"{INTERFACE}2").status_code == 200


def test_an_interface_goes_with_its_machine_if_that_was_asked_for(world: ArmWorld) -> None:
    world.put(INTERFACE, interface_body())
    world.put(VM, machine_body(INTERFACE, deleteOption="Delete"))
    world.request("DELETE", VM)
    assert world.error("GET", INTERFACE) == (404, "ResourceNotFound")


def test_a_rule_is_written_by_its_own_path_and_stands_in_its_group(world: ArmWorld) -> None:
    world.put(RULES, {"location": "westus"})
    rule = {"properties": {"priority": 900, "access": "Allow", "direction": "Inbound", "protocol": "*"}}
    path = f"{RULES}/securityRules/open-port-80"
    assert world.request("GET", path).status_code == 404
    assert world.request("PUT", path, rule).status_code == 201
    changed = world.request("PUT", path, {"properties": {**rule["properties"], "priority": 901}})
    assert (changed.status_code, changed.json()["properties"]["priority"]) == (200, 901)
    assert world.get(path) == changed.json()
    assert world.get(f"{RULES}/securityRules")["value"] == [changed.json()]
    assert world.get(RULES)["properties"]["securityRules"] == [changed.json()]
    assert [world.request("DELETE", path).status_code for _ in range(2)] == [200, 204]
    assert world.get(RULES)["properties"]["securityRules"] == []
    assert world.request("PUT", path.replace("/Rules/", "/Absent/"), rule).status_code == 404


BACK = f"{VNET}/subnets/Back"
RANGE = {"properties": {"addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": "Enabled"}}


def test_a_subnet_is_written_by_its_own_path_and_stands_in_its_network(world: ArmWorld) -> None:
    assert world.request("PUT", BACK, RANGE).status_code == 201
    again = world.request("PUT", BACK.replace("Back", "BACK"), RANGE)
    assert (again.status_code, again.json()["id"]) == (200, BACK)
    assert world.get(BACK) == again.json() == world.get(VNET)["properties"]["subnets"][1]
    assert again.json()["properties"]["privateEndpointNetworkPolicies"] == "Enabled"
    world.put(INTERFACE, interface_body(subnet={"id": BACK}))
    assert configuration(world)["privateIPAddress"] == "10.0.1.4"
    assert world.error("DELETE", BACK) == (400, "InUseSubnetCannotBeDeleted")
    world.request("DELETE", INTERFACE)
    assert [world.request("DELETE", BACK).status_code for _ in range(2)] == [200, 204]
    assert [each["name"] for each in world.get(f"{VNET}/subnets")["value"]] == ["Front"]


@pytest.mark.parametrize(
    ("path", "prefix", "refusal"),
    [
        (BACK, "10.0.0.0/24", (400, "NetcfgSubnetRangesOverlap")),
        (BACK, "10.9.0.0/24", (400, "NetcfgInvalidSubnet")),
        (f"{BACK}-", "10.0.1.0/24", (400, "InvalidResourceName")),
        (BACK.replace("/Net/", "/Absent/"), "10.0.1.0/24", (404, "ResourceNotFound")),
    ],
)
def test_a_subnet_fits_into_its_network(world: ArmWorld, path: str, prefix: str, refusal: tuple[int, str]) -> None:
    before = world.get(VNET)
    assert world.error("PUT", path, {"properties": {"addressPrefix": prefix}}) == refusal
    assert world.get(VNET) == before


def test_addresses_of_ipv6_are_refused_by_name(world: ArmWorld) -> None:
    space = {"addressPrefixes": ["10.0.0.0/16", "fd00:db8:deca::/48"]}
    body: Json = {"location": "westus", "properties": {"addressSpace": space}}
    assert world.error("PUT", f"{VNET}6", body) == (501, "OperationNotSimulated")
    subnet = {"properties": {"addressPrefixes": ["10.0.1.0/24", "10.0.2.0/24"]}}
    assert world.error("PUT", BACK, subnet) == (501, "OperationNotSimulated")
    six = interface_body(privateIPAddressVersion="IPv6")
    assert world.error("PUT", INTERFACE, six) == (501, "OperationNotSimulated")
    assert world.put(INTERFACE, interface_body(privateIPAddressVersion="IPv4")).status_code == 201


def test_a_network_written_without_subnets_keeps_those_it_has(world: ArmWorld) -> None:
    world.put(INTERFACE, interface_body())
    bare: Json = {"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    kept = world.get(f"{VNET}/subnets")["value"]
    world.put(VNET, bare)
    assert world.get(f"{VNET}/subnets")["value"] == kept
    bare["properties"]["subnets"] = []
    assert world.error("PUT", VNET, bare) == (400, "InUseSubnetCannotBeDeleted")
    world.request("DELETE", INTERFACE)
    world.put(VNET, bare)
    assert world.get(f"{VNET}/subnets")["value"] == []


def test_who_needs_something_is_told_in_the_words_of_the_service(world: ArmWorld) -> None:
    def message(method: str, path: str, body: Json | None = None) -> str:
        told: str = world.request(method, path, body).json()["error"]["message"]
        return told

    world.put(ADDRESS, {"location": "westus"})
    mine = f"{INTERFACE}/ipConfigurations/ip"
    body = interface_body(publicIPAddress={"id": ADDRESS})
    world.put(INTERFACE, body)
    world.follow(world.put(VM, machine_body(INTERFACE)))
    assert message("DELETE", INTERFACE) == f"Network Interface {INTERFACE} is used by existing VM {VM}."
    assert message("PUT", f"{INTERFACE}2", body) == (
        f"Resource {INTERFACE}2/ipConfigurations/ip is referencing public IP address {ADDRESS} that is already "
        f"allocated to resource {mine}."
    )
    assert message("DELETE", ADDRESS).startswith(
        f"Public IP address {ADDRESS} can not be deleted since it is still allocated to resource {mine}."
    )
    assert message("DELETE", VNET).startswith(f"Subnet Front is in use by {mine} and cannot be deleted.")
