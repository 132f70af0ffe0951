"""Planning a template with 800 resources in copy loops, the most that a template can have, against one with 80.

Five loops of the same length make machines with their cards, disks, extensions and protected items; each resource has
expressions as templates have them, and waits for others. Planning is pure: the clock and the seed are given. Memory is
measured in runs of its own, since measuring it takes time.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tracemalloc
from datetime import UTC, datetime
from statistics import median
from time import process_time

from bench.report import Aim, finish, say
from controlplane.json_object import Json
from controlplane.templates.language.scope import Deployment, Scope
from controlplane.templates.planner import plan

MANY, FEW = 800, 80
MOST_GROWTH = 12.0
MOST_SECONDS = 1.0
MOST_MEBIBYTES = 16.0

GROUP = {"id": "/subscriptions/s/resourceGroups/rg", "name": "rg", "location": "westus"}
DEPLOYMENT = Deployment(Scope("s", "t", GROUP), "bench", datetime(2026, 1, 1, tzinfo=UTC), "seed")
NAME = "[format('{0}-{1}', parameters('prefix'), copyIndex())]"
VM_ID = "[resourceId('Microsoft.Compute/virtualMachines', format('{0}-{1}', parameters('prefix'), copyIndex()))]"


def template(resources: int) -> Json:
    """With so many resources, a multiple of 5."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "prefix": {"type": "string", "defaultValue": "vm"},
            "count": {"type": "int", "defaultValue": resources // 5},
            "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
        },
        "variables": {
            "vault": "[concat('vault-', uniqueString(resourceGroup().id))]",
            "container": "[concat('iaasvmcontainer;iaasvmcontainerv2;', resourceGroup().name, ';')]",
            "item": "[concat('vm;iaasvmcontainerv2;', resourceGroup().name, ';')]",
            "tags": {"team": "ops", "deployed": "[parameters('prefix')]"},
        },
        "resources": [_disk(), _card(), _machine(), _extension(), _item()],
        "outputs": {"first": {"type": "string", "value": "[reference(format('{0}-0', parameters('prefix'))).vmId]"}},
    }


def _looped(loop: str, kind: str, name: str, properties: Json, *after: str) -> Json:
    return {
        "copy": {"name": loop, "count": "[parameters('count')]"},
        "type": kind,
        "apiVersion": "2024-07-01",
        "name": name,
        "location": "[parameters('location')]",
        "tags": "[union(variables('tags'), createObject('number', string(copyIndex(1))))]",
        "properties": properties,
        "dependsOn": list(after),
    }


def _disk() -> Json:
    properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": "[add(mul(copyIndex(), 2), 32)]"}
    return _looped("disks", "Microsoft.Compute/disks", _named("-disk"), properties)


def _card() -> Json:
    return _looped(
        "cards", "Microsoft.Network/networkInterfaces", _named("-nic"), {"enableAcceleratedNetworking": True}
    )


def _machine() -> Json:
    disk = _id("Microsoft.Compute/disks", "-disk")
    card = _id("Microsoft.Network/networkInterfaces", "-nic")
    disks = {
        "name": "dataDisks",
        "count": 2,
        "input": {"lun": "[copyIndex('dataDisks')]", "createOption": "Attach", "managedDisk": {"id": disk}},
    }
    properties = {
        "hardwareProfile": {"vmSize": "[if(equals(mod(copyIndex(), 2), 0), 'Standard_B2s', 'Standard_B4ms')]"},
        "storageProfile": {"copy": [disks]},
        "networkProfile": {"networkInterfaces": [{"id": card}]},
    }
    return _looped("machines", "Microsoft.Compute/virtualMachines", NAME, properties, disk, card)


def _extension() -> Json:
    machine = "[reference(format('{0}-{1}', parameters('prefix'), copyIndex())).vmId]"
    properties = {"publisher": "Contoso", "settings": {"machine": machine}}
    return _looped("extensions", "Microsoft.Compute/virtualMachines/extensions", _named("/agent"), properties, VM_ID)


def _item() -> Json:
    name = (
        "[format('{0}/Azure/{1}{2}-{4}/{3}{2}-{4}', variables('vault'), variables('container'), parameters('prefix'), "
        "variables('item'), copyIndex())]"
    )
    kind = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
    return _looped("items", kind, name, {"sourceResourceId": VM_ID}, VM_ID)


def _named(suffix: str) -> str:
    return f"[format('{{0}}-{{1}}{suffix}', parameters('prefix'), copyIndex())]"


def _id(kind: str, suffix: str) -> str:
    return f"[resourceId('{kind}', {_named(suffix)[1:-1]})]"


def seconds(resources: int, runs: int) -> float:
    """Median of the processor time of one plan; the first, which fills the cache of expressions, doesn't count."""
    written = template(resources)
    taken: list[float] = []
    for _ in range(runs + 1):
        gc.collect()
        began = process_time()
        planned = plan(written, {}, DEPLOYMENT)
        taken.append(process_time() - began)
        assert len(planned.resources) == resources
    return median(taken[1:])


def peak_mebibytes(resources: int) -> float:
    written = template(resources)
    tracemalloc.start()
    try:
        plan(written, {}, DEPLOYMENT)
        return tracemalloc.get_traced_memory()[1] / 1024**2
    finally:
        tracemalloc.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    many, few = seconds(MANY, options.runs), seconds(FEW, options.runs)
    peaks = {str(each): round(peak_mebibytes(each), 1) for each in (FEW, MANY)}
    say(f"{MANY} resources {many * 1000:.0f} ms, {FEW} resources {few * 1000:.0f} ms; peaks {peaks} MiB")
    numbers: Json = {
        "runs": options.runs,
        "milliseconds": {str(FEW): round(few * 1000, 1), str(MANY): round(many * 1000, 1)},
        "peak_mebibytes": peaks,
    }
    aims = [
        Aim(f"plan of {MANY} resources / of {FEW}", round(many / few, 2), MOST_GROWTH, "at most"),
        Aim(f"plan of {MANY} resources", round(many, 3), MOST_SECONDS, "at most", "s"),
        Aim(f"peak memory, {MANY} resources", peaks[str(MANY)], MOST_MEBIBYTES, "at most", "MiB"),
    ]
    return finish("template", aims, numbers)


if __name__ == "__main__":
    sys.exit(main())
