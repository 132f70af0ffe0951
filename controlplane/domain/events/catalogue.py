"""The catalogue of events as a whole, by name."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.domain.events import (
    clock,
    faults,
    handlers,
    host_snapshots,
    lectern,
    machines,
    monitoring,
    service,
)
from controlplane.domain.events.event import Fact

CATALOGUE: Mapping[str, type[Fact]] = {
    kind.NAME: kind
    for module in (service, monitoring, machines, host_snapshots, clock, faults, handlers, lectern)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Fact) and kind.__module__ == module.__name__
}
"""Every kind of event, in the order of its module."""
