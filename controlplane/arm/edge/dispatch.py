"""Finds operations by their paths and carries them out: for clients, for one that needs another, and for jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from controlplane.arm.edge import azure_namespaces, azure_operations, locks
from controlplane.arm.edge.call import Answer, Call, encode
from controlplane.arm.edge.routing import Route, RouteMatch, Table, operation_name, split, type_of
from controlplane.arm.sign_in.aad import Identity
from controlplane.caused_ports import CausedFabric, CausedStore
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.arm import INVALID_RESOURCE_TYPE, METHOD_NOT_ALLOWED, SUBSCRIPTION_NOT_FOUND
from controlplane.domain.errors.vaults import INVALID_REST_API_PARAMETER
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event
from controlplane.domain.resources import resource_names
from controlplane.json_object import Json

MAX_SEGMENT_CHARACTERS = 260
"""No name in a path is longer in Azure, and no store has to take what is."""
FORBIDDEN = frozenset('<>%&\\?*"\ufffd')
"""What no name in Azure holds; the last stands for bytes that are no text."""
RECOVERY_SERVICES = "microsoft.recoveryservices"
KNOWN_PATHS = 1024
"""Paths of which it is remembered where they lead: clients ask for the same few again and again."""


class Operations:
    """The table of all operations, and the rules of every path. The ports come with each call."""

    def __init__(self, identity: Identity, table: Table) -> None:
        self._identity = identity
        self._table = table
        self._locate = lru_cache(KNOWN_PATHS)(self._look_up)

    def find(self, method: str, path: str) -> RouteMatch:
        """Where a path leads; raises where it leads nowhere. `method` is for the error."""
        place = self._locate(path)
        if place is None:
            raise self._nowhere(method, split(path))
        return place

    def missing(self, method: str, place: RouteMatch) -> ServiceError:
        """Why a path that leads somewhere has no such operation: Azure has it and this service not, or nobody has."""
        segments = split(place.id)
        if azure_operations.has_operation(method, segments):
            return errors.operation_not_simulated(operation_name(method, segments))
        return METHOD_NOT_ALLOWED.error(method=method)

    def knows(self, method: str, path: str) -> bool:
        place = self._table.find(split(path))
        return place is not None and method in place.routes

    def carry_out(
        self, caller: Call, method: str, path: str, body: Json | None, query: Mapping[str, str] | None = None
    ) -> Answer:
        """An operation that another one needs: the same table and the same rules, but what is refused is raised."""
        route, call = self._located(caller, method, path, body, query)
        if method == "GET":
            return route.run(call)
        request = events.ServiceRequest(operation_name(method, split(call.id)), call.id, call.query["api-version"])
        cause = caller.cause
        call = begun(call, request.event(job=cause.job, parent=cause.event) if cause else request.event())
        check(call)
        result = route.run(call)
        answered(call, result)
        return result

    def check_alone(self, caller: Call, method: str, path: str, body: Json) -> None:
        """Raise what the operation would refuse in any case, whatever exists."""
        route, call = self._located(caller, method, path, body)
        if route.check_alone is not None:
            route.check_alone(call)

    def _located(
        self, caller: Call, method: str, path: str, body: Json | None, query: Mapping[str, str] | None = None
    ) -> tuple[Route, Call]:
        """The operation, and the caller's request for it."""
        place = self.find(method, path)
        route = place.routes.get(method)
        if route is None:
            raise self.missing(method, place)
        query = {"api-version": caller.query["api-version"], **(query or {})}
        content = b"" if body is None else encode(body)
        call = replace(caller, method=method, id=place.id, names=place.names, query=query, headers={}, content=content)
        return route, call

    def _look_up(self, path: str) -> RouteMatch | None:
        """Where a path leads; raises where it can lead nowhere."""
        segments = split(path)
        _check_path(path, segments)
        self._check_subscription(segments)
        return self._table.find(segments)

    def _nowhere(self, method: str, segments: list[str]) -> ServiceError:
        """Why a path leads nowhere: a part of it cannot be called so, Azure has no such type, or this service has not
        what Azure has."""
        operation = operation_name(method, segments)
        namespace, _, kind = operation.partition(" ")[2].partition("/")
        if not azure_namespaces.exists(namespace):
            return errors.invalid_namespace(namespace)
        if (keyword := self._table.misnamed(segments)) is not None:
            return _misnamed(namespace, keyword, segments)
        if azure_operations.lacks_type(segments):
            return INVALID_RESOURCE_TYPE.error(namespace=namespace, type=kind)
        return errors.operation_not_simulated(operation)

    def _check_subscription(self, segments: list[str]) -> None:
        if len(segments) > 1 and segments[0].lower() == "subscriptions":
            subscription = self._identity.subscription_id
            if segments[1].lower() != subscription:
                raise SUBSCRIPTION_NOT_FOUND.error(subscription=segments[1])


def _check_path(path: str, segments: list[str]) -> None:
    if not path.isprintable():
        raise errors.invalid_resource_name("", "it contains characters that cannot be printed")
    if not FORBIDDEN.isdisjoint(path):
        raise errors.invalid_resource_name("", f"none of {' '.join(sorted(FORBIDDEN))} is allowed in a path")
    for segment in segments:
        if len(segment) > MAX_SEGMENT_CHARACTERS:
            raise errors.invalid_resource_name(
                f"{segment[:40]}...", f"it must have at most {MAX_SEGMENT_CHARACTERS} characters"
            )


def _misnamed(namespace: str, keyword: str, segments: list[str]) -> ServiceError:
    """A name where only one is allowed, `backupstorageconfig/vaultstorageconfig` for instance."""
    if namespace.lower() == RECOVERY_SERVICES:
        parameter = {"backupfabrics": "fabricName"}.get(keyword.lower(), "resourceName")
        return INVALID_REST_API_PARAMETER.error(parameter=parameter)
    group = segments[3] if len(segments) > 3 and segments[2].lower() == "resourcegroups" else ""
    return errors.resource_not_found(type_of("/".join(segments)), segments[-1], group)


def check(call: Call) -> None:
    """Refuse what no operation of its kind does, whoever asks for it: a name that there cannot be, and what a lock
    forbids."""
    if call.method == "PUT":
        resource_names.check(type_of(call.id), call.id.rpartition("/")[2])
    locks.check(call)


def begun(call: Call, first: Event) -> Call:
    """The request as one that may change something: all that it does follows from this event."""
    store = CausedStore(call.ports.store, first)
    fabric = CausedFabric(call.ports.fabric, store.cause)
    return replace(call, ports=replace(call.ports, store=store, fabric=fabric), cause=None)


def answered(call: Call, result: Answer, code: str | None = None) -> None:
    """Tell what came of a request that has begun."""
    call.ports.store.record(events.RequestAnswered(result.status, code).event())
