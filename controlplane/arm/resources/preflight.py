"""Tries the resources of a deployment out before anything is created: by their own operations, whose traces vanish.

All happens in one transaction that is rolled back. What would reach beyond the store - blobs, machines, jobs - is kept
still; a resource that would have is not there for those that wait for it, so these are not tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from controlplane.arm.edge.call import Answer, Call
from controlplane.arm.edge.error_mapping import Expected, expected
from controlplane.arm.edge.internal_client import InternalClient, operation_of
from controlplane.domain.errors import ServiceError
from controlplane.ports import Blobs, Engine, Fabric, Json
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.scope import Scope
from controlplane.templates.late import settle_body
from controlplane.templates.planner import Resource, TemplatePlan

# Not add_account: it may be done twice, and a name that only the storage knows is seen by nobody.
_BLOBS: Mapping[str, Any] = {
    **dict.fromkeys(("empty_account", "create", "put", "write", "clear", "delete"), None),
    "snapshot": "",
}
_FABRIC = {"create_vm": None, "delete_vm": None, "power": None, "restart": None, "deliver": 0, "remove_extension": None}
_ENGINE = {"start": None, "cancel": False}

_NOT_OF_PROVIDERS = frozenset({"LocationNotAvailableForResourceType", "LocationRequired"})
"""What the service finds before it asks a provider: such a refusal is the answer, and stands in no other."""


def refusals(call: Call, planned: TemplatePlan, scope: Scope) -> list[Json]:
    """What the providers of the resources have against them, as errors that ARM shows. A refusal since something is not
    simulated is raised, as is one that no provider makes."""
    found: list[Json] = []
    try:
        with call.ports.store.transaction():
            _try_all(call, planned, scope, found)
            raise _Over
    except _Over:
        return found


class _Over(Exception):
    """Rolls the rehearsal back."""


def _try_all(call: Call, planned: TemplatePlan, scope: Scope, found: list[Json]) -> None:
    there: set[str] = set()
    for resource in planned.resources:
        if not there.issuperset(resource.after):
            continue
        still = _Stage()
        try:
            answer = _try(still.set_for(call.in_version(resource.api_version)), resource, scope)
        except TemplateError:
            continue  # It reads what is not there yet, and is evaluated anew when it is.
        except Expected as error:
            refusal = expected(error)
            if refusal.status == 501 or refusal.code in _NOT_OF_PROVIDERS:
                raise refusal from None
            if refusal.status != 503:
                found.append({"target": resource.id} | refusal.envelope()["error"])
            continue
        if not still.touched and _has_ended(call, answer):
            there.add(resource.id)


def _try(call: Call, resource: Resource, scope: Scope) -> Answer:
    reader = InternalClient(call.ports, call.engine, call.identity, call.dispatcher)
    with call.ports.store.transaction():
        try:
            body = settle_body(resource.id, resource.body, scope, reader)
        except ServiceError as unread:
            raise TemplateError(unread.message) from None
        return call.ask("PUT", resource.id, body)


def _has_ended(call: Call, answer: Answer) -> bool:
    path = operation_of(answer)
    return path is None or json.loads(call.ask("GET", path).content or b"{}").get("status") == "Succeeded"


class _Stage:
    """The ports of a rehearsal. `touched`: something would have reached beyond the store."""

    def __init__(self) -> None:
        self.touched = False

    def set_for(self, call: Call) -> Call:
        blobs = cast(Blobs, _Still(self, call.ports.blobs, _BLOBS))
        fabric = cast(Fabric, _Still(self, call.ports.fabric, _FABRIC))
        engine = cast(Engine, _Still(self, call.engine, _ENGINE))
        return replace(call, ports=replace(call.ports, blobs=blobs, fabric=fabric), engine=engine)


class _Still:
    """A port whose verbs do nothing; what it only tells it tells."""

    def __init__(self, stage: _Stage, port: object, verbs: Mapping[str, Any]) -> None:
        self._stage = stage
        self._port = port
        self._verbs = verbs

    def __getattr__(self, name: str) -> Any:
        if name not in self._verbs:
            return getattr(self._port, name)

        def nothing(*_: Any, **__: Any) -> Any:
            self._stage.touched = True
            return self._verbs[name]

        return nothing
