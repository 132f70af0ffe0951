"""Asks Azure's other providers on behalf of the service, and raises what it calls their refusals."""

from __future__ import annotations

from controlplane.domain.recovery_services.provider_answers import READ_SECRET, service_error
from controlplane.ports import BlobConflict, Ports


def require(ports: Ports, operation: str, id: str) -> None:
    """ServiceError where a provider refuses an operation on a resource. Not in a transaction of the store."""
    refusal = ports.providers.refusal(operation, id)
    if refusal is not None:
        raise service_error(operation, refusal.status, refusal.code, refusal.message)


def require_keys(ports: Ports, vm: str) -> None:
    """ServiceError where the keys of a machine's encrypted disks cannot be read."""
    refusal = ports.providers.key_refusal(vm)
    if refusal is not None:
        raise service_error(READ_SECRET, refusal.status, refusal.code, refusal.message)


def require_deletion(ports: Ports, operation: str, id: str) -> None:
    """BlobConflict where a provider keeps a resource whose data is to be erased."""
    refusal = ports.providers.refusal(operation, id)
    if refusal is not None:
        raise BlobConflict(str(refusal))
