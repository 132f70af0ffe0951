"""Extension images: the handlers of which the host has packages, by publisher, type and version."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, reading
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.extensions import EXTENSION_IMAGE_NOT_FOUND, PUBLISHER_NOT_FOUND
from controlplane.ports import Json, PublishedHandler, version_numbers

PUBLISHERS = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}/publishers"
TYPES = f"{PUBLISHERS}/{{publisher}}/artifacttypes/vmextension/types"
VERSIONS = f"{TYPES}/{{type}}/versions"


def list_publishers(call: Call) -> Answer:
    names = {handler.publisher.lower(): handler.publisher for handler in call.ports.fabric.handlers()}
    return as_json([_entry(call, call.id, names[name]) for name in sorted(names)])


def list_types(call: Call) -> Answer:
    wanted = call.names["publisher"].lower()
    found = [handler.type for handler in call.ports.fabric.handlers() if handler.publisher.lower() == wanted]
    if not found:
        raise PUBLISHER_NOT_FOUND.error(publisher=call.names["publisher"])
    return as_json([_entry(call, call.id, type) for type in found])


def list_versions(call: Call) -> Answer:
    """By their numbers; the newest ones alone if so asked. `$filter` is a prefix: `startswith(name, '1.9')`."""
    versions = list(_handler(call).versions)
    filtered = call.query.get("$filter", "").replace(" ", "")
    if filtered:
        prefix = filtered.removeprefix("startswith(name,'").removesuffix("')")
        versions = [version for version in versions if version.startswith(prefix)]
    if call.query.get("$orderby", "").lower().endswith(" desc"):
        versions.sort(key=version_numbers, reverse=True)
    top = call.query.get("$top", "")
    return as_json([_entry(call, call.id, each) for each in versions[: int(top) if top.isdecimal() else None]])


def get_version(call: Call) -> Answer:
    handler, version = _handler(call), call.names["version"]
    if version not in handler.versions:
        raise _not_found()
    properties: Json = {
        "operatingSystem": "Windows",
        "computeRole": "IaaS",
        "vmScaleSetEnabled": False,
        "supportsMultipleExtensions": False,
    }
    return as_json(_entry(call, call.id.rpartition("/")[0], version) | {"properties": properties})


def _handler(call: Call) -> PublishedHandler:
    handler = call.ports.fabric.handler(call.names["publisher"], call.names["type"])
    if handler is None:
        raise _not_found()
    return handler


def _not_found() -> ServiceError:
    return EXTENSION_IMAGE_NOT_FOUND.error()


def _entry(call: Call, collection: str, name: str) -> Json:
    return {"location": call.names["location"], "name": name, "id": f"{collection}/{name}"}


ROUTES = (
    reading(PUBLISHERS, list_publishers),
    reading(TYPES, list_types),
    reading(VERSIONS, list_versions),
    reading(f"{VERSIONS}/{{version}}", get_version),
)
