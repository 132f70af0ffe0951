"""The routes of the control API by which the files of a recovery point are looked at, without a restore or after one.

They are read from the first place where the point lies: the disks that a restore made of it, the snapshots, or the copy
in the vault. Azure has no such search; there a person restores and looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

from fastapi import FastAPI

from controlplane.json_object import Json
from controlplane.ports import BlockSource
from simulator.control.guests import FileRefused, in_base64
from simulator.control.verify import Verifier
from simulator.guest.disk import file_acts
from simulator.guest.disk.image import mount_all


def add(app: FastAPI, verifier: Callable[[], Verifier]) -> None:
    """The routes. `id` is the point's name or ARM id, `job` the name of a restore of it."""

    @app.get("/recoverypoint/files")
    def files(id: str, name: str = "*", job: str | None = None) -> Json:
        """Files whose names fit the pattern, by disk, each with the digest of its content."""
        place, sources = verifier().images(id, job)
        volumes, problems = mount_all(sources)
        found = [
            {"lun": lun, **asdict(facts)}
            for lun, volume in sorted(volumes.items())
            for facts in file_acts.facts_of(volume, name)
        ]
        return {"recovery_point": id, "place": place, "files": found, "problems": problems}

    @app.get("/recoverypoint/files/content")
    def content(id: str, lun: int, name: str, job: str | None = None) -> Json:
        place, sources = verifier().images(id, job)
        return {"recovery_point": id, "place": place, "content": in_base64(_content(sources, lun, name), name)}


def _content(sources: Mapping[int, BlockSource], lun: int, name: str) -> bytes:
    volumes, problems = mount_all({at: source for at, source in sources.items() if at == lun})
    file = volumes[lun].find(name) if lun in volumes else None
    if file is None:
        raise FileRefused("; ".join(problems) or f"disk {lun} of the recovery point has no file {name}")
    return file.read(0, file.size_bytes)
