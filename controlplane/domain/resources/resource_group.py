"""Resource group: the body ARM shows of it."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.json_object import Json

TYPE = "Microsoft.Resources/resourceGroups"
KIND = TYPE.lower()


def body(id: str, location: str, tags: Mapping[str, str]) -> Json:
    return {
        "id": id,
        "name": id.rpartition("/")[2],
        "type": TYPE,
        "location": location,
        "tags": dict(tags),
        "properties": {"provisioningState": "Succeeded"},
    }
