"""Files first, then versions: a file found by its name in the recovery points of an item, and where it differs."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from itertools import islice
from urllib.parse import urlencode

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.dashboard import points
from simulator.dashboard.commands import Action, of_az
from simulator.failures import Failure

MOST_POINTS = 30
"""In which a file is looked for, the newest: each is read for it."""
MOST_FILES = 200
LARGEST_PATTERN = 200


class NoSuchVersion(Failure):
    """The address names no file of a recovery point."""


def versions(client: Client, query: Mapping[str, str]) -> Json:
    """`{"item", "machine", "name", "looked", "files", "problems"}`. A file has versions, the newest first: the points
    that hold the same content one after another. Without a name nothing is looked for."""
    item = points.item_of(query)
    name = query.get("name", "").strip()[:LARGEST_PATTERN]
    body = client.get(item)
    shown: Json = {
        "item": item,
        "machine": body["properties"].get("friendlyName", body["name"]),
        "name": name,
        "looked": 0,
        "most": MOST_POINTS,
        "files": [],
        "problems": [],
        "points": points.address(item),
    }
    if not name:
        return shown
    listed = sorted(
        islice(client.list(f"{item}/recoveryPoints"), points.MOST_POINTS),
        key=lambda point: str(point["properties"]["recoveryPointTime"]),
        reverse=True,
    )[:MOST_POINTS]
    found, problems = _found(client, listed, _pattern(name))
    volumes = _volumes(client, str(body["properties"].get("virtualMachineId", "")))
    files = [_file(body, volumes, key, of_points) for key, of_points in sorted(found.items())[:MOST_FILES]]
    return shown | {"looked": len(listed), "files": files, "problems": problems}


def _pattern(name: str) -> str:
    """A name without wildcards is looked for as a part of a name."""
    return name if set(name) & set("*?[") else f"*{name}*"


Found = dict[tuple[int, str], list[tuple[Json, Json | None]]]
"""By LUN and name: each point, the newest first, with the file in it."""


def _found(client: Client, listed: list[Json], pattern: str) -> tuple[Found, list[str]]:
    of_point: list[tuple[Json, dict[tuple[int, str], Json]]] = []
    problems: list[str] = []
    for point in listed:
        try:
            told = client.sim("GET", "/recoverypoint/files", id=point["id"], name=pattern)
        except RequestFailed as problem:
            problems.append(f"{point['properties']['recoveryPointTime']}: {problem}")
            continue
        problems += [f"{point['properties']['recoveryPointTime']}: {each}" for each in told["problems"]]
        of_point.append((point, {(each["lun"], each["name"]): each for each in told["files"]}))
    keys = {key for _, files in of_point for key in files}
    return {key: [(point, files.get(key)) for point, files in of_point] for key in keys}, problems


def _volumes(client: Client, vm: str) -> dict[int, str]:
    """Where the volumes of a machine that runs are mounted, by LUN."""
    try:
        disks = client.sim("GET", "/vms/show", vm=vm)["disks"]
    except RequestFailed:
        return {}
    return {disk["lun"]: disk["volume"]["name"] for disk in disks if disk["volume"]}


def _file(
    item: Json, volumes: Mapping[int, str], key: tuple[int, str], of_points: list[tuple[Json, Json | None]]
) -> Json:
    lun, name = key
    runs: list[Json] = []
    for point, file in of_points:
        digest = file["sha256"] if file else ""
        if not runs or runs[-1]["digest"] != digest:
            runs.append({"digest": digest, "size_bytes": file["size_bytes"] if file else None, "points": []})
        runs[-1]["points"].append(point)
    mount = volumes.get(lun, "")
    return {
        "lun": lun,
        "name": name,
        "path": f"{_with_end(mount)}{name}" if mount else "",
        "versions": [_version(item, mount, key, run) for run in runs],
    }


def _with_end(mount: str) -> str:
    return mount if mount.endswith(("\\", "/")) else f"{mount}/"


def _version(item: Json, mount: str, key: tuple[int, str], run: Json) -> Json:
    """Of a run of points: when, which content, and how it is brought back."""
    lun, name = key
    newest, oldest = run["points"][0], run["points"][-1]
    told: Json = {
        "newest": newest["properties"]["recoveryPointTime"],
        "oldest": oldest["properties"]["recoveryPointTime"],
        "count": len(run["points"]),
        "digest": run["digest"],
        "size_bytes": run["size_bytes"],
    }
    if not run["digest"]:
        return told
    asked = urlencode({"id": newest["id"], "lun": lun, "name": name})
    mounting = ("backup", "restore", "files", "mount-rp", *_of_az(item), "--rp-name", newest["name"])
    return told | {
        "content": f"files/content?{asked}",
        "commands": (*of_az(*mounting), _cat(newest["name"], lun, name)),
        "put": _put(item, f"{_with_end(mount)}{name}", name, asked) if mount else None,
    }


def _cat(point: str, lun: int, name: str) -> str:
    quoted = shlex.quote(name)
    return f"backupsim vault cat {shlex.quote(point)} {quoted} --disk {lun} --to {quoted}"


def _of_az(item: Json) -> tuple[str, ...]:
    return points.of_item(item)[:-2]  # mount-rp knows machines only, and takes no kind


def _put(item: Json, path: str, name: str, asked: str) -> Action:
    """Write the version to where the file lies in the machine."""
    machine = str(item["properties"]["virtualMachineId"])
    line = f"backupsim guest {shlex.quote(machine.rpartition('/')[2])} put {shlex.quote(name)} {shlex.quote(path)}"
    body = {"vm": machine, "act": "put", "path": path}
    return Action("POST", "sim/vms/files/act", body, (line,), "stay", f"sim/recoverypoint/files/content?{asked}")


def content(client: Client, query: Mapping[str, str]) -> tuple[str, bytes]:
    """The name of a file in a recovery point, and what it holds. Raises NoSuchVersion, RequestFailed."""
    id, lun, name = query.get("id", ""), query.get("lun", ""), query.get("name", "")
    if not id or not name or not lun.lstrip("-").isdigit():
        raise NoSuchVersion("name a recovery point, a disk and a file; the list of files has a link for each version")
    told = client.sim("GET", "/recoverypoint/files/content", id=id, lun=lun, name=name)
    return name, base64.b64decode(told["content"])
