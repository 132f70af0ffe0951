"""Roles and their assignments: the built-in roles for backups, and which assignments are valid. They have no effect."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.resources import (
    INVALID_PRINCIPAL_ID,
    INVALID_PRINCIPAL_TYPE,
    INVALID_ROLE_ASSIGNMENT_ID,
    INVALID_ROLE_DEFINITION_ID,
    ROLE_ASSIGNMENT_EXISTS,
    ROLE_ASSIGNMENT_NOT_FOUND,
    ROLE_ASSIGNMENT_UPDATE_NOT_PERMITTED,
    ROLE_DEFINITION_DOES_NOT_EXIST,
)
from controlplane.json_object import Json

TYPE = "Microsoft.Authorization/roleAssignments"
KIND = TYPE.lower()
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"

BUILT_IN: Mapping[str, str] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "5e467623-bb1f-42f4-a55d-6e525e11384b": "Backup Contributor",
    "00c29273-979b-4161-815c-10b084fb9324": "Backup Operator",
    "a795c7a0-d4a2-40c1-ae25-d81f01202912": "Backup Reader",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": "Virtual Machine Contributor",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
    "e5e2a7ff-d759-4cd2-bb51-3152d37e2eb1": "Storage Account Backup Contributor",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "3e5e47e6-65f7-47ef-90b5-e5dd4d455f24": "Disk Backup Reader",
    "b50d9833-a0cb-478e-945f-707fcc997c13": "Disk Restore Operator",
    "7efff54f-a5b4-42b5-a1c5-5411624893ce": "Disk Snapshot Contributor",
}
"""Ids and names are those of Azure, where every tenant has them."""

PRINCIPAL_TYPES = ("User", "Group", "ServicePrincipal", "ForeignGroup", "Device")

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DEFINITION = re.compile(r"(.*)/providers/Microsoft\.Authorization/role(?:Definitions|Assignments)/([^/]+)", re.I)
"""Published templates build the id of a role as if it were an assignment; only the GUID at its end counts."""


def check_name(name: str) -> None:
    if not _GUID.fullmatch(name):
        raise INVALID_ROLE_ASSIGNMENT_ID.error(name=name)


def definition_id(text: str, subscription_id: str) -> str:
    """The id of a role as assignments show it; any GUID may be one."""
    match = _DEFINITION.fullmatch(text)
    if match is None or not _GUID.fullmatch(match[2]):
        raise INVALID_ROLE_DEFINITION_ID.error(text=text)
    return f"{subscription_id}/providers/{DEFINITIONS}/{match[2].lower()}"


def check_principal(principal: str, kind: str) -> None:
    if not _GUID.fullmatch(principal):
        raise INVALID_PRINCIPAL_ID.error(principal=principal)
    if kind.lower() not in (each.lower() for each in PRINCIPAL_TYPES):
        raise INVALID_PRINCIPAL_TYPE.error(kind=kind, types=", ".join(PRINCIPAL_TYPES))


def definition_body(above: str, role: str) -> Json:
    """The body of a built-in role below `above`, a subscription's id or nothing; without its permissions, since the
    simulator refuses nobody."""
    properties: Json = {
        "roleName": BUILT_IN[role],
        "type": "BuiltInRole",
        "description": "",
        "assignableScopes": ["/"],
        "permissions": [{"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}],
    }
    return {
        "properties": properties,
        "id": f"{above}/providers/{DEFINITIONS}/{role}",
        "type": DEFINITIONS,
        "name": role,
    }


def assignment_not_found(name: str) -> ServiceError:
    return ROLE_ASSIGNMENT_NOT_FOUND.error(name=name)


def assignment_exists(name: str) -> ServiceError:
    id = name.replace("-", "")
    return ROLE_ASSIGNMENT_EXISTS.error(id=id)


def update_not_permitted() -> ServiceError:
    return ROLE_ASSIGNMENT_UPDATE_NOT_PERMITTED.error()


def definition_not_found(role: str) -> ServiceError:
    return ROLE_DEFINITION_DOES_NOT_EXIST.error(role=role)
