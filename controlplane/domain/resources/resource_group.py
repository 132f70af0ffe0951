"""Resource group: the body ARM shows of it."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.domain.errors.arm import RESOURCE_GROUP_BEING_DELETED
from controlplane.json_object import Json

TYPE = "Microsoft.Resources/resourceGroups"
KIND = TYPE.lower()
DELETING = "Deleting"
"""Provisioning state of a group while everything in it is deleted."""


def in_state(group: Json, state: str) -> Json:
    """The group in another provisioning state."""
    return group | {"properties": group["properties"] | {"provisioningState": state}}


def is_being_deleted(group: Json) -> bool:
    return bool(group["properties"]["provisioningState"] == DELETING)


def check_stays(group: Json) -> None:
    """Refuse what would put something into a group that is being deleted."""
    if is_being_deleted(group):
        raise RESOURCE_GROUP_BEING_DELETED.error(group=group["name"])


def body(id: str, location: str, tags: Mapping[str, str]) -> Json:
    return {
        "id": id,
        "name": id.rpartition("/")[2],
        "type": TYPE,
        "location": location,
        "tags": dict(tags),
        "properties": {"provisioningState": "Succeeded"},
    }
