"""Addresses in the store, each with its owner: the lowest free one is found without looking at all that are taken.

| kind | id | says |
|---|---|---|
| `network.address` | scope and number of the address | who has it |
| `network.addresses` | scope | of which range it is, and below which number every address is taken |

A scope is whatever addresses must differ in: a subnet, by its id, or a range of public addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

from controlplane.domain.network import network
from controlplane.ports import Store

TAKEN, SCOPES = "network.address", "network.addresses"

Owned = Callable[[], Iterable[tuple[str, str]]]
"""Address and owner of everything that has one in a scope. It is asked once, in a world of a release that did not keep
this."""


def take(store: Store, scope: str, prefix: str, owner: str, owned: Owned, requested: str = "") -> str | None:
    """Give the owner the address asked for, or the lowest one that is free; None where all are taken. ServiceError for
    an address that is outside of the range or somebody else's. Inside a transaction."""
    if store.get(SCOPES, scope) is None:
        for address, has_it in owned():
            _put(store, scope, int(IPv4Address(address)), has_it)
        store.put(SCOPES, scope, {"prefix": prefix, "lowest": network.numbers_of(prefix).start})
    number = network.number_in(prefix, requested) if requested else _lowest_free(store, scope, prefix)
    if number is None:
        return None
    taken = store.get(TAKEN, _id(scope, number))
    if taken is not None and taken.json()["owner"] != owner.lower():
        raise network.address_is_taken(requested)
    _put(store, scope, number, owner)
    return str(IPv4Address(number))


def give_back(store: Store, scope: str, address: str, owner: str) -> None:
    """The address is free again, if it was this owner's. Inside a transaction."""
    number = int(IPv4Address(address))
    taken = store.get(TAKEN, _id(scope, number))
    if taken is None or taken.json()["owner"] != owner.lower():
        return
    store.delete(TAKEN, taken.id)
    scope_document = store.get(SCOPES, scope)
    if scope_document is not None and number < (scope_body := scope_document.json())["lowest"]:
        store.put(SCOPES, scope, scope_body | {"lowest": number})


def _lowest_free(store: Store, scope: str, prefix: str) -> int | None:
    numbers = network.numbers_of(prefix)
    scope_document = store.get(SCOPES, scope)
    scope_body = scope_document.json() if scope_document is not None else {}
    number = scope_body["lowest"] if scope_body.get("prefix") == prefix else numbers.start
    while number in numbers and store.get(TAKEN, _id(scope, number)) is not None:
        number += 1
    if scope_body != (now := {"prefix": prefix, "lowest": number}):
        store.put(SCOPES, scope, now)
    return number if number in numbers else None


def _put(store: Store, scope: str, number: int, owner: str) -> None:
    store.put(TAKEN, _id(scope, number), {"owner": owner.lower()}, parent=scope)


def _id(scope: str, number: int) -> str:
    return f"{scope}|{number:010}"
