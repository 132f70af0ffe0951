"""Microsoft.Storage/storageAccounts/blobServices/containers: the containers that lie on the blob storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.routing import Route
from controlplane.arm.storage.storage_accounts import ACCOUNT
from controlplane.domain.compute.virtual_machine import KIND as MACHINES
from controlplane.domain.errors.storage import BLOB_CONTAINER_NOT_FOUND
from controlplane.domain.storage.blob_container import (
    Traits,
    body,
    check_name,
    check_scope,
    check_unused,
    public_access,
)
from controlplane.domain.storage.storage_account import KIND, check_provisioned
from controlplane.json_object import Json
from controlplane.ports import CLAIMS, Container

CONTAINERS = f"{ACCOUNT}/blobServices/{{service}}/containers"
CONTAINER = f"{CONTAINERS}/{{container}}"


class PropertiesRequest(RequestBody):
    public_access: str | None = None
    metadata: dict[str, str] | None = None
    default_encryption_scope: str | None = None


class ContainerRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = {
        "properties.denyEncryptionScopeOverride": "a container with an encryption scope",
        "properties.immutableStorageWithVersioning": "a container with immutable storage",
        "properties.enableNfsV3AllSquash": "a container for NFS",
        "properties.enableNfsV3RootSquash": "a container for NFS",
    }

    properties: PropertiesRequest = PropertiesRequest()


def put_container(call: Call) -> Answer:
    account = _account(call)
    check_name(call.names["container"])
    existing = _find(call, account)
    _write(call, account, existing or _new(call))
    return as_json(_shown(call, _get(call, account)), 200 if existing else 201)


def patch_container(call: Call) -> Answer:
    account = _account(call)
    _write(call, account, _get(call, account))
    return as_json(_shown(call, _get(call, account)))


def get_container(call: Call) -> Answer:
    return as_json(_shown(call, _get(call, _account(call))))


def delete_container(call: Call) -> Answer:
    account, name = _account(call), call.names["container"]
    if _find(call, account) is None:
        return Answer(204)
    used = [blob for vm in call.ports.store.find(MACHINES) for blob in vm.private["blobs"]]
    check_unused(f"{account['name']}/{name}", used)
    call.ports.blobs.delete_container(account["name"], name)
    return Answer(200)


def list_containers(call: Call) -> Answer:
    account, after = _account(call), call.after
    containers = [each for each in call.ports.blobs.containers(account["name"]) if each.name != CLAIMS]
    prefix = call.query.get("$filter", "")
    return call.page(
        (each.name, encode(_shown(call, each)))
        for each in sorted(containers, key=lambda each: each.name)
        if each.name > after and each.name.startswith(prefix)
    )


def _write(call: Call, account: Json, container: Container) -> None:
    """Make the container as asked; what the request leaves out stays as it is."""
    properties = call.read(ContainerRequest).properties
    check_scope(properties.default_encryption_scope)
    changed = replace(
        container,
        metadata=container.metadata if properties.metadata is None else properties.metadata,
        public=public_access(properties.public_access, account, container.public),
    )
    call.ports.blobs.put_container(account["name"], changed)


def _new(call: Call) -> Container:
    return Container(call.names["container"], "", call.ports.clock.now())


def _account(call: Call) -> Json:
    account: Json = call.get(KIND, call.id.partition("/blobServices")[0]).json()
    check_provisioned(account)
    return account


def _find(call: Call, account: Json) -> Container | None:
    """One that is there for the service alone is not shown, nor deleted."""
    name = call.names["container"]
    return None if name == CLAIMS else call.ports.blobs.container(account["name"], name)


def _get(call: Call, account: Json) -> Container:
    container = _find(call, account)
    if container is None:
        raise BLOB_CONTAINER_NOT_FOUND.error()
    return container


def _shown(call: Call, container: Container) -> Json:
    id = f"{call.id.partition('/containers')[0]}/containers/{container.name}"
    traits = Traits(container.name, container.etag, container.modified, container.metadata, container.public)
    return body(id, traits)


ROUTES = (
    # They ask the storage, and so run in threads: not by `reading`.
    Route("PUT", CONTAINER, put_container, body=ContainerRequest),
    Route("PATCH", CONTAINER, patch_container, body=ContainerRequest),
    Route("GET", CONTAINER, get_container),
    Route("DELETE", CONTAINER, delete_container, codes=(200, 204)),
    Route("GET", CONTAINERS, list_containers),
)
