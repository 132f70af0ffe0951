"""Validating templates of 80 and 800 resources and ten nested ones of 800, and how long a PUT waits meanwhile.

Two more templates have as many public and private addresses, each of which must differ from all others.

The time of a validation is that of the quickest of three by itself; the wait is the longest of any PUT. A world in a
process of its own is asked over HTTP, while one client after another writes a resource group.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from bench.arm_servers import VERSION, RunningWorld
from bench.report import Aim, finish, say
from controlplane.json_object import Json
from simulator.client import Client

FEW, MANY, NESTED = 80, 800, 10
WITH_ADDRESSES = "{} with addresses"
RUNS = 3
MOST_GROWTH = 15.0
MOST_WAIT_SECONDS = 0.1
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(resources: int) -> Json:
    """With so many resources, half of them storage accounts and half security groups."""
    half = resources // 2
    account = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    return _template(
        _looped("Microsoft.Storage/storageAccounts", "acct", half) | account,
        _looped("Microsoft.Network/networkSecurityGroups", "group", half) | {"properties": {}},
    )


def with_addresses(resources: int) -> Json:
    """With so many resources, half of them public addresses and half interfaces in one subnet."""
    subnet = {"name": "front", "properties": {"addressPrefix": "10.0.0.0/16"}}
    network = {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2024-11-01",
        "name": "net",
        "location": "westus",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]},
    }
    id = "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'front')]"
    configuration = {"name": "first", "properties": {"subnet": {"id": id}}}
    interface = {"dependsOn": ["net"], "properties": {"ipConfigurations": [configuration]}}
    return _template(
        network,
        _looped("Microsoft.Network/publicIPAddresses", "address", resources // 2),
        _looped("Microsoft.Network/networkInterfaces", "nic", resources // 2 - 1) | interface,
    )


def nested(count: int, resources: int) -> Json:
    """So many deployments with so many resources each."""
    properties = {
        "mode": "Incremental",
        "expressionEvaluationOptions": {"scope": "inner"},
        "template": template(resources),
    }
    kind = "Microsoft.Resources/deployments"
    return _template(
        *({"type": kind, "apiVersion": "2024-11-01", "name": f"n{n}", "properties": properties} for n in range(count))
    )


def _template(*resources: Json) -> Json:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources)}


def _looped(kind: str, name: str, count: int) -> Json:
    return {
        "type": kind,
        "apiVersion": "2024-11-01",
        "name": f"[concat('{name}', copyIndex())]",
        "location": "westus",
        "copy": {"name": name, "count": count},
    }


def _validate(client: httpx.Client, group: str, written: Json) -> float:
    """Seconds of one validation."""
    path = f"{group}/providers/Microsoft.Resources/deployments/d/validate"
    began = time.perf_counter()
    answer = client.post(path, json={"properties": {"mode": "Incremental", "template": written}}, timeout=600)
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - began


def _longest_wait(client: httpx.Client, group: str, work: Callable[[], float]) -> tuple[float, float]:
    """Seconds of the work, and of the slowest PUT while it went on."""
    ended, waits = threading.Event(), [0.0]

    def write() -> None:
        while not ended.is_set():
            began = time.perf_counter()
            client.put(f"{group}-other", json={"location": "westus"}).raise_for_status()
            waits.append(time.perf_counter() - began)
            time.sleep(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return work(), max(waits)
    finally:
        ended.set()
        writer.join()


def measure() -> Json:
    numbers: Json = {}
    with TemporaryDirectory() as folder, closing(RunningWorld(Path(folder))) as world:
        with Client(world.endpoints) as client:
            group = client.group("bench")
            client.put(group, {"location": "westus"})
        options: Json = {
            "base_url": world.endpoints["arm_http"],
            "headers": world.headers,
            "params": {"api-version": VERSION},
            "trust_env": False,
        }
        with httpx.Client(**options) as asking, httpx.Client(**options) as writing:
            _validate(asking, group, template(FEW))
            sizes = {
                str(FEW): template(FEW),
                str(MANY): template(MANY),
                f"{NESTED} x {MANY}": nested(NESTED, MANY),
                WITH_ADDRESSES.format(FEW): with_addresses(FEW),
                WITH_ADDRESSES.format(MANY): with_addresses(MANY),
            }
            for name, written in sizes.items():
                alone = min(_validate(asking, group, written) for _ in range(RUNS))
                busy, wait = _longest_wait(writing, group, partial(_validate, asking, group, written))
                numbers[name] = {
                    "seconds": round(alone, 3),
                    "seconds_beside_writes": round(busy, 3),
                    "longest_put_seconds": round(wait, 3),
                }
                say(f"{name}: {numbers[name]}")
    return numbers


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    numbers = measure()
    longest = max(each["longest_put_seconds"] for each in numbers.values())

    def growth(kind: str) -> float:
        many, few = numbers[kind.format(MANY)], numbers[kind.format(FEW)]
        return round(float(many["seconds"] / few["seconds"]), 2)

    aims = [
        Aim(f"preflight of {MANY} resources / of {FEW}", growth("{}"), MOST_GROWTH, "at most"),
        Aim(f"preflight of {MANY} with addresses / of {FEW}", growth(WITH_ADDRESSES), MOST_GROWTH, "at most"),
        Aim("longest wait of a PUT during a preflight", longest, MOST_WAIT_SECONDS, "at most", "s"),
    ]
    return finish("preflight", aims, {"templates": numbers})


if __name__ == "__main__":
    sys.exit(main())
