"""Microsoft.Storage/storageAccounts: accounts on the blob storage, and their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.request_body import find
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.managed_identity import assigned_identities
from controlplane.arm.storage import storage_operations
from controlplane.domain import errors, location
from controlplane.domain.compute.virtual_machine import KIND as MACHINES
from controlplane.domain.errors import ServiceError
from controlplane.domain.storage import network_rules, storage_service
from controlplane.domain.storage.storage_account import (
    ACCESS_TIERS,
    KIND,
    KINDS,
    KINDS_WITH_A_TIER,
    SKUS,
    TYPE,
    Account,
    body,
    check_fixed,
    check_name,
    check_provisioned,
    in_other_group,
    in_use,
    is_provisioned,
    name_invalid,
    name_taken,
    one_of,
    updated,
    with_public_endpoints,
)
from controlplane.domain.times import parse_instant
from controlplane.jobs.provisioning import accounts, resource_log
from controlplane.json_object import Json
from controlplane.ports import Document, Store

ACCOUNTS = f"{GROUP}/providers/{TYPE}"
ACCOUNT = f"{ACCOUNTS}/{{account}}"
CHECK_NAME = f"{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"


class SkuRequest(RequestBody):
    name: str | None = None


class NetworkAclsRequest(RequestBody):
    default_action: str | None = None
    bypass: str | None = None


class PropertiesRequest(RequestBody):
    access_tier: str | None = None
    network_acls: NetworkAclsRequest = NetworkAclsRequest()


class AccountRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = {
        "properties.encryption.keyvaultproperties": "a storage account with a customer-managed key"
    }
    also_read = ("location",)

    location: str | None = None
    sku: SkuRequest = SkuRequest()
    kind: str | None = None
    tags: dict[str, str] | None = None
    identity: assigned_identities.IdentityRequest | None = None
    properties: PropertiesRequest = PropertiesRequest()


class NameRequest(RequestBody):
    name: str
    type: str | None = None


def account_named(store: Store, name: str) -> Document | None:
    """The account of this name in any group: names are unique across all of them."""
    return next((document for document in store.find(KIND) if document.id.rpartition("/")[2] == name), None)


def usable_account(store: Store, name: str) -> Document | None:
    """The same, once it has been made."""
    account = account_named(store, name)
    return account if account is not None and is_provisioned(account.json()) else None


def put_account(call: Call) -> Answer:
    call.get_group()
    account = _account(call)
    _check_free(call, account.name)
    # Outside the transaction: only the storage knows which accounts other worlds have there.
    if call.find(KIND) is None and _is_of_another_world(call, account.name):
        raise name_taken(account.name)
    endpoint = call.ports.blobs.account_url(account.name) + "/"
    with call.ports.store.transaction():
        call.get_group()
        _check_free(call, account.name)
        existing = call.find(KIND)
        call.check_precondition(existing)
        return _begin(call, account, endpoint) if existing is None else _change(call, existing, account, endpoint)


def _begin(call: Call, account: Account, endpoint: str) -> Answer:
    """The account is there at once, as one that is being created; a job makes it."""
    operation = storage_operations.begin(call)
    made = _with_rules(call, body(call.id, account, endpoint, call.ports.clock.now(), "Creating"))
    resource = call.with_kept(AccountRequest, made)
    resource = _with_identity(call, resource, None)
    call.ports.store.put(KIND, call.id, resource, parent=call.group_id, private={"operation": operation})
    job = call.new_guid()
    state: accounts.AccountState = {
        "job": job,
        "kind": KIND,
        "resource": call.id,
        "operation": operation,
        "event": resource_log.begun(call.ports.store, job, call.id),
        "account": account.name,
    }
    call.engine.start(accounts.CREATE.name, job, dict(state))
    return storage_operations.accepted(call, account.location, operation)


def _change(call: Call, stored: Document, account: Account, endpoint: str) -> Answer:
    existing = stored.json()
    if existing["location"] != account.location:
        raise errors.location_conflict(account.name, existing["location"], call.group, account.location)
    properties = existing["properties"]
    if not call.read(AccountRequest).kind:  # A request that names none leaves it as it is.
        account = replace(
            account, kind=existing["kind"], access_tier=account.access_tier or properties.get("accessTier")
        )
    created, state = parse_instant(properties["creationTime"]), properties["provisioningState"]
    made = _with_rules(call, body(existing["id"], account, endpoint, created, state))
    resource = call.with_kept(AccountRequest, made)
    resource = _with_identity(call, resource, existing.get("identity"))
    check_fixed(existing, resource, find(call.json(), "properties") or {})
    document = call.ports.store.put(KIND, call.id, resource, parent=call.group_id)
    if not is_provisioned(existing):
        return storage_operations.accepted(call, account.location, stored.private["operation"])
    return _shown(call, document)


def get_account(call: Call) -> Answer:
    return _shown(call, call.get(KIND))


def _shown(call: Call, document: Document) -> Answer:
    answer = call.stored(document)
    return replace(answer, content=_addressed(call, document)) if answer.content else answer


def _addressed(call: Call, document: Document) -> bytes:
    """The account with addresses that the client can use."""
    return encode(with_public_endpoints(document.json())) if call.is_public else document.body


def _rows(call: Call, documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    return ((document.id, _addressed(call, document)) for document in documents)


def patch_account(call: Call) -> Answer:
    request = call.read(AccountRequest)
    with call.ports.store.transaction():
        existing = call.get(KIND)
        call.check_precondition(existing)
        changed = updated(existing.json(), request.sku.name, request.properties.access_tier, request.tags)
        if request.kind:
            changed["kind"] = one_of("kind", request.kind, KINDS)
        kept = call.with_kept(AccountRequest, _with_rules(call, changed))
        check_fixed(existing.json(), kept, find(call.json(), "properties") or {})
        changed = _with_identity(call, kept, existing.json().get("identity"), replaces=False)
        return _shown(call, call.ports.store.put(KIND, call.id, changed))


def delete_account(call: Call) -> Answer:
    """With everything in it, of which a job takes care. As in Azure the account is gone at once."""
    with call.ports.store.transaction():
        existing = call.find(KIND)
        if existing is None:
            return Answer(204)
        call.check_precondition(existing)
        check_provisioned(existing.json())
        name = str(existing.json()["name"])
        if any(blob.startswith(f"{name}/") for vm in call.ports.store.find(MACHINES) for blob in vm.private["blobs"]):
            raise in_use(name)
        for service in storage_service.DEFAULTS:
            for settings in call.ports.store.find(storage_service.kind(service), existing.id):
                call.ports.store.delete(settings.kind, settings.id)
        call.ports.store.delete(KIND, call.id)
        call.ports.store.put(accounts.EMPTYING, name, {})
        job = call.new_guid()
        state: accounts.AccountState = {
            "job": job,
            "kind": accounts.EMPTYING,
            "resource": name,
            "operation": "",
            "event": resource_log.begun(call.ports.store, job, call.id),
            "account": name,
        }
        call.engine.start(accounts.EMPTY.name, job, dict(state))
    return Answer(200)


def list_accounts(call: Call) -> Answer:
    call.get_group()
    return call.page(_rows(call, call.by_id(KIND, call.group_id)))


def list_all_accounts(call: Call) -> Answer:
    return call.page(_rows(call, call.by_id(KIND, None)))


def list_keys(call: Call) -> Answer:
    account = call.get(KIND, call.id.rpartition("/")[0]).json()
    check_provisioned(account)
    key = call.ports.blobs.account_key(account["name"])
    created = account["properties"]["creationTime"]
    # The storage has one key; clients expect two, so both names mean it.
    keys = [
        {"creationTime": created, "keyName": name, "value": key, "permissions": "FULL"} for name in ("key1", "key2")
    ]
    return as_json({"keys": keys})


def check_name_availability(call: Call) -> Answer:
    name = call.read(NameRequest).name
    try:
        check_name(name)
    except ServiceError as error:
        return as_json({"nameAvailable": False, "reason": error.code, "message": error.message})
    if _is_ours(call, name) or account_named(call.ports.store, name) or _is_of_another_world(call, name):
        return as_json({"nameAvailable": False, "reason": "AlreadyExists", "message": name_taken(name).message})
    return as_json({"nameAvailable": True})


def _account(call: Call) -> Account:
    request = call.read(AccountRequest)
    name = call.names["account"]
    if name != name.lower():
        # Other resources match in any case; a storage account's name is part of a host name.
        raise name_invalid(name)
    check_name(name)
    kind = one_of("kind", request.kind, KINDS, default="Storage")
    tier = request.properties.access_tier or ("Hot" if kind in KINDS_WITH_A_TIER else None)
    return Account(
        name=name,
        location=location.normalised(request.location, TYPE),
        sku=one_of("sku", request.sku.name, SKUS),
        kind=kind,
        access_tier=one_of("accessTier", tier, ACCESS_TIERS) if tier else None,
        tags=request.tags or {},
    )


def _with_rules(call: Call, account: Json) -> Json:
    """The account with the network rules that the request leaves it with."""
    asked, properties = call.read(AccountRequest).properties.network_acls, account["properties"]
    rules = network_rules.updated(properties.get("networkAcls"), asked.default_action, asked.bypass)
    return account if rules is None else account | {"properties": properties | {"networkAcls": rules}}


def _with_identity(call: Call, account: Json, existing: Json | None, *, replaces: bool = True) -> Json:
    """The account with the identity that the request leaves it with."""
    requested = call.read(AccountRequest).identity
    identity = assigned_identities.merged(call, existing, requested, replaces=replaces)
    others = {key: value for key, value in account.items() if key != "identity"}
    return others | ({"identity": identity} if identity else {})


def _check_free(call: Call, name: str) -> None:
    if _is_ours(call, name):
        raise name_taken(name)
    other = account_named(call.ports.store, name)
    if other and other.id != call.id.lower():
        raise in_other_group(name)


def _is_of_another_world(call: Call, name: str) -> bool:
    return bool(call.ports.settings.claim) and accounts.is_claimed_by_another(call.ports, name)


def _is_ours(call: Call, name: str) -> bool:
    """The service's own accounts are not shown, but their names are gone."""
    return name in call.ports.settings.own_accounts


ROUTES = (
    Route("PUT", ACCOUNT, put_account, body=AccountRequest, codes=(200, 202)),
    reading(ACCOUNT, get_account),
    Route("PATCH", ACCOUNT, patch_account, body=AccountRequest),
    Route("DELETE", ACCOUNT, delete_account, codes=(200, 204)),
    Route("POST", f"{ACCOUNT}/listKeys", list_keys),
    reading(ACCOUNTS, list_accounts),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_accounts),
    Route("POST", CHECK_NAME, check_name_availability, body=NameRequest),
)
