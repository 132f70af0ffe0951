"""Extension images, by publisher, type and version: the handlers that the host has, and those that Azure has.

Of the latter some are refused when they are asked for. They are listed all the same: a client that looks for the newest
version comes so far as to ask for it, and is told why not.
"""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, reading
from controlplane.domain.compute import extension_catalogue
from controlplane.domain.compute.extension_catalogue import Extension
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.extensions import EXTENSION_IMAGE_NOT_FOUND, PUBLISHER_NOT_FOUND
from controlplane.json_object import Json
from controlplane.ports import PublishedHandler, version_numbers

PUBLISHERS = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}/publishers"
TYPES = f"{PUBLISHERS}/{{publisher}}/artifacttypes/vmextension/types"
VERSIONS = f"{TYPES}/{{type}}/versions"


def list_publishers(call: Call) -> Answer:
    names = {handler.publisher.lower(): handler.publisher for handler in _listed(call)}
    return as_json([_entry(call, call.id, names[name]) for name in sorted(names)])


def list_types(call: Call) -> Answer:
    publisher = call.names["publisher"].lower()
    types = [handler.type for handler in _listed(call) if handler.publisher.lower() == publisher]
    if not types:
        raise PUBLISHER_NOT_FOUND.error(publisher=call.names["publisher"])
    return as_json([_entry(call, call.id, type) for type in types])


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
        "operatingSystem": handler.os_type or "Windows",
        "computeRole": "IaaS",
        "vmScaleSetEnabled": False,
        "supportsMultipleExtensions": False,
    }
    return as_json(_entry(call, call.id.rpartition("/")[0], version) | {"properties": properties})


def _handler(call: Call) -> PublishedHandler:
    publisher, type = call.names["publisher"], call.names["type"]
    handler = call.ports.fabric.handler(publisher, type)
    if handler is not None:
        return handler
    extension = extension_catalogue.of_azure(publisher, type)
    if extension is None:
        raise _not_found()
    return _image(extension)


def _listed(call: Call) -> list[PublishedHandler]:
    """By publisher and type."""
    here = {(each.publisher.lower(), each.type.lower()): each for each in call.ports.fabric.handlers()}
    azure = map(_image, (*extension_catalogue.INERT, *extension_catalogue.OTHERS))
    listed = {(each.publisher.lower(), each.type.lower()): each for each in azure} | here
    return [listed[name] for name in sorted(listed)]


def _image(extension: Extension) -> PublishedHandler:
    return PublishedHandler(extension.publisher, extension.type, extension.published, extension.os_type, inert=True)


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
