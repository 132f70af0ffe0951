"""What the overview shows, asked of ARM and of the control API."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from urllib.parse import quote

from controlplane.json_object import Json
from simulator.client import API_VERSIONS, Client
from simulator.dashboard import machine as machine_view
from simulator.dashboard import points
from simulator.dashboard.commands import Action, backup_now
from simulator.recorder import story

MOST_ITEMS = 200
"""Of protected items, of jobs and of alerts: what one page shows."""
RECOVERY_SERVICES = API_VERSIONS["Microsoft.RecoveryServices"]


def overview(client: Client) -> Json:
    """`{"clock", "vaults", "items", "jobs", "running", "alerts", "most"}`, each of the lists at most `most` long."""
    vaults = [_vault(vault) for vault in story.vaults(client)]
    jobs = sorted(_first(_jobs(client, vaults)), key=lambda job: job["started"], reverse=True)
    return {
        "clock": client.sim("GET", "/clock"),
        "vaults": vaults,
        "items": _first(_items(client, vaults)),
        "jobs": jobs[:20],
        "running": sum(not job["ended"] for job in jobs),
        "alerts": _alerts(client),
        "most": MOST_ITEMS,
    }


def _first(found: Iterator[Json]) -> list[Json]:
    return list(islice(found, MOST_ITEMS))


def _vault(vault: Json) -> Json:
    group = vault["id"].split("/")[4]
    return {"id": vault["id"], "name": vault["name"], "group": group, "location": vault["location"]}


def _items(client: Client, vaults: list[Json]) -> Iterator[Json]:
    for vault in vaults:
        for item in client.list(f"{vault['id']}/backupProtectedItems"):
            properties = item["properties"]
            machine = str(properties.get("friendlyName", item["name"]))
            yield {
                "id": item["id"],
                "machine": machine,
                "machine_view": machine_view.address(str(properties["virtualMachineId"])),
                "vault": vault["name"],
                "health": properties.get("healthStatus", ""),
                "state": properties.get("protectionState", ""),
                "last_backup": properties.get("lastBackupStatus", ""),
                "last_point": properties.get("lastRecoveryPoint", ""),
                "points": points.address(item["id"]),
                "action": _backup(item["id"], vault, machine),
            }


def _backup(item: str, vault: Json, machine: str) -> Action:
    return backup_now(item, vault["group"], vault["name"], machine)


def _jobs(client: Client, vaults: list[Json]) -> Iterator[Json]:
    for vault in vaults:
        for job in client.list(f"{vault['id']}/backupJobs"):
            properties = job["properties"]
            yield {
                "name": job["name"],
                "operation": properties["operation"],
                "machine": properties["entityFriendlyName"],
                "status": properties["status"],
                "started": properties["startTime"],
                "ended": properties.get("endTime", ""),
                "address": f"jobs/{quote(job['name'])}",
            }


def _alerts(client: Client) -> list[Json]:
    listed = client.list(f"{client.subscription}/providers/Microsoft.AlertsManagement/alerts")
    found = []
    for alert in islice(listed, MOST_ITEMS):
        essentials = alert["properties"]["essentials"]
        if essentials.get("alertState") != "Closed":
            found.append(
                {
                    "rule": essentials.get("alertRule", ""),
                    "severity": essentials.get("severity", ""),
                    "fired": essentials.get("startDateTime", ""),
                    "target": str(essentials.get("targetResourceName", "")),
                }
            )
    return found
