"""Resource providers: the namespaces and types that this service has, read off its own table of operations."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.edge import azure_namespaces
from controlplane.arm.edge.api_versions import RESOURCES, versions
from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, Route, reading, split
from controlplane.domain import errors
from controlplane.domain.location import REGIONS
from controlplane.json_object import Json


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    """The operations on providers, which describe all the others."""
    types = _resource_types(described)

    def list_providers(call: Call) -> Answer:
        return as_json({"value": [_provider(call, namespace, types[namespace]) for namespace in sorted(types)]})

    def get_provider(call: Call) -> Answer:
        name = call.names["namespace"]
        for namespace, names in types.items():
            if namespace.lower() == name.lower():
                return as_json(_provider(call, namespace, names))
        if azure_namespaces.exists(name):
            raise errors.operation_not_simulated(f"the resource provider {name}")
        raise errors.invalid_namespace(name)

    # Everything is registered from the start, so registering has nothing to do.
    return (
        reading(f"{SUBSCRIPTION}/providers", list_providers),
        reading(f"{SUBSCRIPTION}/providers/{{namespace}}", get_provider),
        Route("POST", f"{SUBSCRIPTION}/providers/{{namespace}}/register", get_provider),
    )


def _resource_types(described: Iterable[Route]) -> dict[str, list[str]]:
    """The types of each namespace that can be written, in the order of the table."""
    types: dict[str, list[str]] = {}
    for route in described:
        above, _, below = route.path.rpartition("/providers/")
        # Without a provider in its path it is one of ARM's own, such as a resource group.
        segments = split(below) if above else [RESOURCES, *split(below)[2:]]
        if route.method != "PUT" or len(segments) < 3:
            continue
        names = types.setdefault(segments[0], [])
        if (name := "/".join(segments[1::2])) not in names:
            names.append(name)
    return types


def _provider(call: Call, namespace: str, types: list[str]) -> Json:
    places = list(REGIONS.values())
    return {
        "id": f"/subscriptions/{call.identity.subscription_id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [
            {"resourceType": name, "locations": places, "apiVersions": list(versions(namespace, name))}
            for name in types
        ],
        "registrationState": "Registered",
    }
