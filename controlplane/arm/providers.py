"""Resource providers: the namespaces and types that this service has, read off its own table of operations."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.call import Answer, Call, as_json
from controlplane.arm.routing import SUBSCRIPTION, Route, reading, split
from controlplane.domain import errors
from controlplane.domain.location import REGIONS
from controlplane.ports import Json

API_VERSIONS = {
    "Microsoft.Authorization": ["2020-05-01", "2016-09-01"],
    "Microsoft.Compute": ["2026-04-01", "2024-11-01"],
    "Microsoft.ManagedIdentity": ["2024-11-30", "2023-01-31"],
    "Microsoft.Network": ["2025-07-01", "2022-01-01"],
    "Microsoft.RecoveryServices": ["2026-08-01", "2026-07-01", "2026-05-01"],
    "Microsoft.Resources": ["2025-04-01", "2024-11-01"],
    "Microsoft.Storage": ["2025-08-01", "2024-01-01"],
}
"""What is named to a client that asks; every other well-formed version is served too."""


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    """The operations on providers, which describe all the others."""
    types = _resource_types(described)

    def list_providers(call: Call) -> Answer:
        return as_json({"value": [_provider(call, namespace, types[namespace]) for namespace in sorted(types)]})

    def get_provider(call: Call) -> Answer:
        wanted = call.names["namespace"]
        for namespace, names in types.items():
            if namespace.lower() == wanted.lower():
                return as_json(_provider(call, namespace, names))
        raise errors.invalid_namespace(wanted)

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
        _, _, below = route.path.rpartition("/providers/")
        segments = split(below)
        if route.method != "PUT" or len(segments) < 3:
            continue
        known = types.setdefault(segments[0], [])
        if (name := "/".join(segments[1::2])) not in known:
            known.append(name)
    return types


def _provider(call: Call, namespace: str, types: list[str]) -> Json:
    places = list(REGIONS.values())
    versions = API_VERSIONS.get(namespace, ["2024-11-01"])
    return {
        "id": f"/subscriptions/{call.identity.subscription_id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [{"resourceType": name, "locations": places, "apiVersions": versions} for name in types],
        "registrationState": "Registered",
    }
