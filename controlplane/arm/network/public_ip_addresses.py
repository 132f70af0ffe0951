"""Microsoft.Network/publicIPAddresses: addresses that nobody can reach."""

from __future__ import annotations

from functools import partial

from pydantic import Field

from controlplane.arm.edge.call import Call, RequestBody
from controlplane.arm.edge.plain_resources import PlainType, ResourceRequest
from controlplane.domain.errors.network import (
    ADDRESS_SKU_CANNOT_BE_LOWERED,
    STANDARD_ADDRESS_MUST_BE_STATIC,
    ZONES_CANNOT_BE_MODIFIED,
)
from controlplane.domain.network import network
from controlplane.domain.network.network import PUBLIC_IP
from controlplane.jobs.documents import addresses
from controlplane.json_object import Json
from controlplane.ports import Document, Store

RANGE = "203.0.113.0/24"
"""Set aside for documentation: whoever connects to such an address by mistake reaches no machine of anybody's."""
WIDE_RANGE = "198.18.0.0/15"
"""Set aside for benches; taken when the first one is used up."""


class DnsRequest(RequestBody):
    domain_name_label: str | None = None


class PropertiesRequest(RequestBody):
    public_ip_allocation_method: str = Field(default="Static", alias="publicIPAllocationMethod")
    public_ip_address_version: str = Field(default="IPv4", alias="publicIPAddressVersion")
    idle_timeout_in_minutes: int = 4
    dns_settings: DnsRequest | None = None


class SkuRequest(RequestBody):
    name: str | None = None
    tier: str = "Regional"


class AddressRequest(ResourceRequest):
    decided = ("properties.ipAddress", "properties.dnsSettings.fqdn")

    sku: SkuRequest = SkuRequest()
    zones: list[str] | None = None
    properties: PropertiesRequest = PropertiesRequest()


def _body(call: Call, request: AddressRequest, existing: Json | None) -> Json:
    requested, kept = request.properties, existing["properties"] if existing else {}
    sku = {"name": _sku_name(request, existing), "tier": request.sku.tier}
    if existing:
        _check_fixed(existing, sku["name"], request.zones)
    if sku["name"] != "Basic" and requested.public_ip_allocation_method != "Static":
        raise STANDARD_ADDRESS_MUST_BE_STATIC.error(id=call.id)
    properties = {
        "provisioningState": "Succeeded",
        "resourceGuid": kept.get("resourceGuid") or call.new_guid(),
        "ipAddress": kept.get("ipAddress") or _free_address(call),
        "publicIPAddressVersion": requested.public_ip_address_version,
        "publicIPAllocationMethod": requested.public_ip_allocation_method,
        "idleTimeoutInMinutes": requested.idle_timeout_in_minutes,
        "ipTags": [],
        **({"ipConfiguration": kept["ipConfiguration"]} if "ipConfiguration" in kept else {}),
        **_dns(requested, request.location or ""),
    }
    zones = {"zones": request.zones} if request.zones else {}
    return {"etag": f'W/"{call.new_guid()}"', "sku": sku, **zones, "properties": properties}


def _check_fixed(existing: Json, sku: str, zones: list[str] | None) -> None:
    """An address stays in its zones, and a better SKU is not given back."""
    before, after = (", ".join(sorted(each or ())) or "NoZone" for each in (existing.get("zones"), zones))
    if before != after:
        raise ZONES_CANNOT_BE_MODIFIED.error(id=existing["id"], before=before, after=after)
    if sku == "Basic" and existing["sku"]["name"] != "Basic":
        raise ADDRESS_SKU_CANNOT_BE_LOWERED.error(id=existing["id"], sku=existing["sku"]["name"])


def _sku_name(request: AddressRequest, existing: Json | None) -> str:
    """Of an address whose request names none: what it is, or what can be allocated as the request wants it."""
    if existing is not None and request.sku.name is None:
        return str(existing["sku"]["name"])
    return request.sku.name or ("Standard" if request.properties.public_ip_allocation_method == "Static" else "Basic")


def _dns(properties: PropertiesRequest, location: str) -> Json:
    label = properties.dns_settings.domain_name_label if properties.dns_settings else None
    if not label:
        return {}
    name = f"{label}.{location.replace(' ', '').lower()}.cloudapp.azure.com"
    return {"dnsSettings": {"domainNameLabel": label, "fqdn": name}}


def _free_address(call: Call) -> str:
    store = call.ports.store
    for prefix in (RANGE, WIDE_RANGE):
        address = addresses.take(store, prefix, prefix, call.id, partial(_owned, store, prefix))
        if address is not None:
            return address
    raise network.subnet_is_full(WIDE_RANGE)


def _owned(store: Store, prefix: str) -> list[tuple[str, str]]:
    """Address and id of each resource with an address of this range."""
    present = [(each.json()["properties"]["ipAddress"], each.id) for each in store.find(ADDRESSES.kind)]
    return [(address, id) for address, id in present if network.contains(prefix, address)]


def _before_deletion(call: Call, existing: Document) -> None:
    body = existing.json()
    if used := body["properties"].get("ipConfiguration"):
        raise network.address_is_allocated(body["id"], used["id"])
    for prefix in (RANGE, WIDE_RANGE):
        addresses.give_back(call.ports.store, prefix, body["properties"]["ipAddress"], body["id"])


def connect(call: Call, id: str, configuration: str, interface: str) -> None:
    """Give the address to an interface's configuration."""
    existing = call.ports.store.get(ADDRESSES.kind, id)
    if existing is None:
        raise network.invalid_reference(id, interface)
    body = existing.json()
    used = body["properties"].get("ipConfiguration", {}).get("id", configuration)
    if used.lower() != configuration.lower():
        raise network.address_in_use(body["id"], used, configuration)
    body["properties"]["ipConfiguration"] = {"id": configuration}
    call.ports.store.put(ADDRESSES.kind, id, body)


def disconnect(call: Call, id: str) -> None:
    existing = call.ports.store.get(ADDRESSES.kind, id)
    if existing is not None:
        body = existing.json()
        body["properties"].pop("ipConfiguration", None)
        call.ports.store.put(ADDRESSES.kind, id, body)


ADDRESSES = PlainType(
    full_type=PUBLIC_IP,
    request=AddressRequest,
    body=_body,
    before_deletion=_before_deletion,
)

ROUTES = ADDRESSES.routes()
