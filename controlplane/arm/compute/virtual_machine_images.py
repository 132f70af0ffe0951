"""Marketplace images: every image exists, in one version."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, reading
from controlplane.domain.compute.virtual_machine import Image
from controlplane.domain.errors.arm import IMAGE_NOT_FOUND
from controlplane.json_object import Json

VERSION = "1.0.0"

PUBLISHER = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}/publishers/{{publisher}}"
SKUS = f"{PUBLISHER}/artifacttypes/vmimage/offers/{{offer}}/skus"
VERSIONS = f"{SKUS}/{{sku}}/versions"


def list_versions(call: Call) -> Answer:
    return as_json([_entry(call, call.id, VERSION)])


def get_version(call: Call) -> Answer:
    if call.names["version"] not in (VERSION, "latest"):
        raise IMAGE_NOT_FOUND.error(image=_image(call), version=call.names["version"])
    image = _image(call)
    generation = "V2" if "g2" in image.sku.lower() or "gen" in image.sku.lower() else "V1"
    properties = {
        "osDiskImage": {"operatingSystem": image.os_type, "sizeInGb": image.size_gib},
        "dataDiskImages": [],
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
        "hyperVGeneration": generation,
        "features": [{"name": "IsAcceleratedNetworkSupported", "value": "True"}],
        "architecture": "x64",
        "imageDeprecationStatus": {"imageState": "Active"},
    }
    return as_json(_entry(call, call.id.rpartition("/")[0], VERSION) | {"properties": properties})


def _image(call: Call) -> Image:
    return Image(call.names["publisher"], call.names["offer"], call.names["sku"])


def _entry(call: Call, collection: str, name: str) -> Json:
    return {"location": call.names["location"], "name": name, "id": f"{collection}/{name}"}


ROUTES = (
    reading(VERSIONS, list_versions),
    reading(f"{VERSIONS}/{{version}}", get_version),
)
