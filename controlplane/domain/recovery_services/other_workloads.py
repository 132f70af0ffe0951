"""What Azure Backup protects besides virtual machines of Compute, known by the names that requests have for it.

Facts: the kinds of items, containers and requests of the published SDKs.
"""

from __future__ import annotations

from controlplane.domain.errors import operation_not_simulated

_BEGINNINGS = (
    "azurebackupserver",
    "azurefileshare",
    "azuresql",
    "azurestorage",
    "azurevmworkload",
    "azureworkload",
    "dpm",
    "filefolder",
    "generic",
    "mab",
    "microsoft.classiccompute",
    "microsoft.sql",
    "sapase",
    "saphana",
    "sqlagworkload",
    "sqldatabase",
    "sqlinstance",
    "storagecontainer",
    "vmappcontainer",
)
"""How the names of other workloads, of what holds them and of what is asked of them begin, in lower case."""


def check(name: str | None) -> None:
    """ServiceError, naming it, where a request is about another workload."""
    if (name or "").lower().startswith(_BEGINNINGS):
        raise operation_not_simulated(f"backup of {str(name).partition(';')[0]}")
