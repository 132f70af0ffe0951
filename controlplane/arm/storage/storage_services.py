"""Microsoft.Storage/storageAccounts/blobServices and fileServices: the settings of an account's services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.storage.storage_accounts import ACCOUNT
from controlplane.domain import errors
from controlplane.domain.storage import storage_account, storage_service
from controlplane.json_object import Json


class ServiceRequest(RequestBody):
    properties: dict[str, Any] | None = None


def _account(call: Call, service: str) -> Json:
    account: Json = call.get(storage_account.KIND, call.id.partition(f"/{service}")[0]).json()
    return account


def _shown(call: Call, service: str) -> Json:
    account = _account(call, service)
    settings = call.find(storage_service.kind(service), f"{account['id']}/{service}/{storage_service.NAME}")
    return storage_service.body(account, service, settings.json()["properties"] if settings else {})


def _check_name(call: Call) -> None:
    name = call.names["service"]
    if name.lower() != storage_service.NAME:
        raise errors.invalid_content(f"the service's name is {storage_service.NAME}, not {name}")


def _get(service: str) -> Callable[[Call], Answer]:
    def get(call: Call) -> Answer:
        _check_name(call)
        return as_json(_shown(call, service))

    return get


def _list(service: str) -> Callable[[Call], Answer]:
    return lambda call: as_json({"value": [_shown(call, service)]})


def _put(service: str) -> Callable[[Call], Answer]:
    """What a request leaves out stays as it is."""

    def put(call: Call) -> Answer:
        _check_name(call)
        request = call.read(ServiceRequest)
        with call.ports.store.transaction():
            changed = _shown(call, service)
            changed["properties"] |= {
                key: value for key, value in (request.properties or {}).items() if value is not None
            }
            kind, account = storage_service.kind(service), _account(call, service)["id"]
            call.ports.store.put(kind, changed["id"], changed, parent=account)
        return as_json(changed)

    return put


def _routes(service: str) -> tuple[Route, ...]:
    path = f"{ACCOUNT}/{service}"
    return (
        reading(path, _list(service)),
        reading(f"{path}/{{service}}", _get(service)),
        Route("PUT", f"{path}/{{service}}", _put(service), body=ServiceRequest, codes=(200,)),
    )


ROUTES = tuple(route for service in storage_service.DEFAULTS for route in _routes(service))
