"""The section of the page of coverage on request bodies: what is done with the keys that nothing here uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controlplane.arm.app import all_routes
from controlplane.arm.edge import kept_keys
from controlplane.arm.edge.request_body import RequestBody
from controlplane.arm.edge.routing import operation_name, split
from docs.generator.markdown import code, section, table


def bodies() -> dict[str, type[RequestBody]]:
    """Operation -> what its body is read as."""
    return {
        operation_name(route.method, split(route.path)): route.body
        for route in all_routes()
        if route.body is not None and not route.is_refused
    }


def text() -> str:
    models = sorted(bodies().items(), key=lambda each: (each[0].partition(" ")[2], each[0]))
    unmeasured = [code(operation) for operation, _ in models if operation not in kept_keys.table()]
    return section(
        "Keys of request bodies",
        "What the SDKs of azure-cli can send and nothing here uses is kept and shown as it came, without effect. A "
        "few keys are accepted and never shown, as in Azure; others are the service's own, which clients send back as "
        "they were shown them, and are not taken from a request; and some are refused by name. A path covers all below "
        f"it, and `[]` stands for the elements of a list. Not measured by an SDK: {', '.join(unmeasured)}.",
        table(("operation", "keys", "here"), [row for operation, model in models for row in _rows(operation, model)]),
    )


def _rows(operation: str, model: type[RequestBody]) -> Iterator[tuple[str, str, str]]:
    if operation not in kept_keys.table():
        return
    groups: tuple[tuple[Iterable[str], str], ...] = (
        (kept_keys.kept_paths(operation, model), "kept and shown, without effect"),
        (kept_keys.offered_of(operation, model.unseen), "accepted, without effect, never shown"),
        (kept_keys.offered_of(operation, model.decided), "decided by the service"),
        (kept_keys.offered_of(operation, model.refused), "refused"),
    )
    for paths, what in groups:
        if said := ", ".join(code(path) for path in paths):
            yield code(operation), said, what
