"""Sizes of virtual machines: by location, for a machine, as SKUs; and the usage of cores."""

from __future__ import annotations

from collections import Counter

from controlplane.arm.compute.virtual_machines import MACHINE
from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, reading
from controlplane.domain import location as locations
from controlplane.domain.compute import managed_disk, vm_sizes
from controlplane.domain.compute.virtual_machine import KIND, TYPE
from controlplane.domain.compute.vm_sizes import SIZES, Size
from controlplane.json_object import Json

LOCATION = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{{location}}"
SKUS = f"{SUBSCRIPTION}/providers/Microsoft.Compute/skus"
CORES = 100
"""What a subscription may use of cores in a region, all together and of each family."""
MACHINES, DISKS = 25_000, 50_000


def list_sizes(call: Call) -> Answer:
    locations.normalised(call.names["location"], f"{TYPE}/vmSizes")
    return as_json({"value": [_size(size) for size in SIZES]})


def list_sizes_for_machine(call: Call) -> Answer:
    """It can become any of them: machines of all sizes are run alike."""
    call.get(KIND, call.id.rpartition("/")[0])
    return as_json({"value": [_size(size) for size in SIZES]})


def list_skus(call: Call) -> Answer:
    """Of machines alone; `$filter` may name a location, as `location eq 'westus'`."""
    filter_text = call.query.get("$filter", "").replace(" ", "").lower()
    regions = [name for name in locations.REGIONS if not filter_text or filter_text == f"locationeq'{name}'"]
    return as_json({"value": [_sku(size, region) for region in regions for size in SIZES]})


def list_usages(call: Call) -> Answer:
    region = locations.normalised(call.names["location"], "Microsoft.Compute/locations/usages")
    machines = [
        machine for machine in (each.json() for each in call.by_id(KIND, None)) if machine["location"] == region
    ]
    disks = sum(each.json()["location"] == region for each in call.by_id(managed_disk.KIND, None))
    cores: Counter[str] = Counter()
    for machine in machines:
        size = vm_sizes.find(machine["properties"]["hardwareProfile"]["vmSize"])
        cores[size.family if size else ""] += size.cores if size else 0
    usages = [
        _usage("cores", "Total Regional vCPUs", cores.total(), CORES),
        _usage("virtualMachines", "Virtual Machines", len(machines), MACHINES),
        _usage("PremiumDiskCount", "Premium Storage Managed Disks", disks, DISKS),
    ]
    for family in dict.fromkeys(size.family for size in SIZES):
        usages.append(_usage(f"standard{family}Family", f"Standard {family} Family vCPUs", cores[family], CORES))
    return as_json({"value": usages})


def _in_region(call: Call, kind: str, region: str) -> list[Json]:
    return [body for body in (each.json() for each in call.by_id(kind, None)) if body["location"] == region]


def _size(size: Size) -> Json:
    return {
        "name": size.name,
        "numberOfCores": size.cores,
        "osDiskSizeInMB": vm_sizes.OS_DISK_MIB,
        "resourceDiskSizeInMB": size.resource_disk_mib,
        "memoryInMB": size.memory_mib,
        "maxDataDiskCount": size.data_disks,
    }


def _sku(size: Size, region: str) -> Json:
    capabilities = {
        "MaxResourceVolumeMB": size.resource_disk_mib,
        "OSVhdSizeMB": vm_sizes.OS_DISK_MIB,
        "vCPUs": size.cores,
        "MemoryGB": f"{size.memory_mib / 1024:g}",
        "MaxDataDiskCount": size.data_disks,
        "HyperVGenerations": "V1,V2",
        "CpuArchitectureType": "x64",
        "PremiumIO": True,
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.partition("_")[2],
        "family": f"standard{size.family}Family",
        "locations": [region],
        "locationInfo": [{"location": region, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": name, "value": str(value)} for name, value in capabilities.items()],
        "restrictions": [],
    }


def _usage(name: str, for_people: str, used: int, limit: int) -> Json:
    return {
        "limit": limit,
        "unit": "Count",
        "currentValue": used,
        "name": {"value": name, "localizedValue": for_people},
    }


ROUTES = (
    reading(f"{LOCATION}/vmSizes", list_sizes),
    reading(f"{MACHINE}/vmSizes", list_sizes_for_machine),
    reading(SKUS, list_skus),
    reading(f"{LOCATION}/usages", list_usages),
)
