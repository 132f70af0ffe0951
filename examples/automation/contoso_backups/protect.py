"""Protects every virtual machine that asks for it by its tag `backup`, whose value names the policy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from contoso_backups.azure import BACKUP, COMPUTE, finish, pages

TAG = "backup"


def protect_tagged(
    arm: httpx.Client, subscription: str, vault: str, pause: Callable[[float], object] = time.sleep
) -> list[str]:
    """Protect those that are not; `vault` is its ARM id. The names of the machines that are protected now for the first
    time. Raises RuntimeError for one that could not be protected, with Azure's own code."""
    protected = set(protected_machines(arm, vault))
    done = []
    for machine in pages(arm, f"/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines", COMPUTE):
        policy = (machine.get("tags") or {}).get(TAG)
        if policy is None or machine["id"].lower() in protected:
            continue
        body = {
            "properties": {
                "protectedItemType": "Microsoft.Compute/virtualMachines",
                "sourceResourceId": machine["id"],
                "policyId": f"{vault}/backupPolicies/{policy}",
            }
        }
        ended = finish(arm, arm.put(item_of(vault, machine), params=BACKUP, json=body), pause)
        if ended["status"] != "Succeeded":
            raise RuntimeError(f"{machine['name']}: {ended['error']['code']}")
        done.append(str(machine["name"]))
    return done


def protected_machines(arm: httpx.Client, vault: str) -> Iterator[str]:
    """The ARM ids of the machines in a vault, in lower case."""
    for item in pages(arm, f"{vault}/backupProtectedItems", BACKUP):
        yield item["properties"]["sourceResourceId"].lower()


def item_of(vault: str, machine: dict[str, Any]) -> str:
    """The path of a machine's protected item."""
    group = machine["id"].split("/")[4]
    name = f"iaasvmcontainerv2;{group};{machine['name']}"
    container = f"{vault}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{name}"
    return f"{container}/protectedItems/VM;{name}"
