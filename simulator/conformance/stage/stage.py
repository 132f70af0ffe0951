"""One scene's world: machine, guest, host and storage, and the verbs by which a scene is told."""

from __future__ import annotations

import base64
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.conformance.recording import Recording, TaskGiven
from simulator.conformance.stage.guest import Guest
from simulator.conformance.stage.host import SYSTEM_DISK, Host
from simulator.conformance.stage.machine import Machine
from simulator.conformance.stage.observer import Observer
from simulator.conformance.stage.sealing import TRIPLE_DES, Certificate, made, sealed
from simulator.conformance.stage.storage import Blob, Storage

WORK_SECONDS = 60.0
"""How long a handler may work on a task in which nothing is slow."""
MANIFEST = "HandlerManifest.json"
UNKNOWN = "Unknown.Handler"
LARGEST_UNPACKED_BYTES = 512 * 1024 * 1024
FIRST_TICK = datetime(1, 1, 1, tzinfo=UTC)
METADATA = (("rptype", "Full"), ("ResourceName", "sql01"), ("JobId", "job-1"))


class Unreadable(Exception):
    """What was given is no package."""


@dataclass(frozen=True)
class Package:
    """A handler as it is given to the suite."""

    name: str
    version: str
    content: bytes = field(repr=False)
    manifest: str = ""
    files: Sequence[str] = ()

    @classmethod
    def read(cls, content: bytes) -> Package:
        """A zip. A manifest that cannot be read is for the suite to judge; it leaves a name that nobody has."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED_BYTES:
                    raise Unreadable(f"it unpacks to more than {LARGEST_UNPACKED_BYTES >> 20} MiB")
                files = tuple(entry.filename.replace("\\", "/") for entry in entries)
                text = archive.read(MANIFEST).decode("utf-8-sig", "replace") if MANIFEST in files else ""
        except zipfile.BadZipFile:
            raise Unreadable("it is no zip") from None
        try:
            entry = json.loads(text)
            entry = entry[0] if isinstance(entry, list) else entry
            name, version = str(entry["name"]), str(entry["version"])
        except (ValueError, LookupError, TypeError):
            name = version = ""
        named = name if re.fullmatch(r"[\w.-]+", name) and name.strip(".") else UNKNOWN
        return cls(named, version if re.fullmatch(r"[\d.]*\d", version) else "1.0", content, text, files)


class Certificates:
    """Those of a run: that of the machine, another one of it, and one whose key it does not have.

    Each is made when a scene first asks for it, since an RSA key takes a while. Raises OpensslMissing then."""

    def __init__(self, folder: Path) -> None:
        """`folder` must be private."""
        self._folder = folder

    @cached_property
    def own(self) -> Certificate:
        return made(self._folder, "own")

    @cached_property
    def second(self) -> Certificate:
        return made(self._folder, "second")

    @cached_property
    def foreign(self) -> Certificate:
        return made(self._folder, "foreign")


def ticks(time: datetime) -> str:
    """.NET ticks: 100 ns each, since the year 1 in UTC."""
    return str((time - FIRST_TICK) // timedelta(microseconds=1) * 10)


class Stage:
    def __init__(
        self,
        folder: Path,
        package: Package,
        profile: str,
        scene: str,
        seed: int,
        certificates: Certificates,
        former: Package | None = None,
        served: str = "",
    ) -> None:
        self.former = former or package
        self.folder, self.package, self.profile, self.scene, self.seed = folder, package, profile, scene, seed
        self.certificates = certificates
        self.chance = random.Random(f"{seed} {scene}")
        self.observer = Observer()
        self.storage = Storage(self.observer)
        self.guest = Guest(self.observer, profile)
        disk = folder / "disk"
        disk.mkdir(parents=True)
        (disk / "bridge.token").write_text(self.guest.token, encoding="ascii")
        self.machine = Machine(disk, package.name, package.version, profile, self.observer, scene, served)
        self.tasks: list[TaskGiven] = []
        self.host: Host | None = None

    def close(self) -> None:
        self.machine.end()
        self.guest.close()
        self.storage.close()

    # ------------------------------------------------------------------------------------------------------- the verbs

    def install(self, **options: Any) -> None:
        self.begin(self.package, **options)

    def begin(self, package: Package, **options: Any) -> None:
        """The machine has its certificate, and installs a package."""
        self.certificates.own.put_into(self.machine.certificates)
        self.machine.unpack(package.content, **options)
        self.run("install", 0)

    def run(self, verb: str, number: int = 0, **more: str) -> None:
        self.machine.run(verb, number, self.guest.address, more)

    def enable(self, number: int, seconds: float = WORK_SECONDS, returned: Callable[[], None] = lambda: None) -> None:
        """Run `enable`, wait until the handler has ended, and keep its files before and after."""
        self.run("enable", number)
        self.machine.look(f"enable {number} returned")
        returned()
        if not self.machine.wait(seconds):
            self.observer.happened("did not end", f"task {number}")
            self.machine.end()
        self.machine.look(f"task {number} ended")

    def disks(self, count: int) -> list[str]:
        names = [f"disk{place}" for place in range(count)]
        for name in names:
            if name not in self.storage.blobs:
                self.storage.add(Blob(name, "PageBlob", self._signature(), b"\0" * 512))
        return names

    def serve_host(self, count: int = 2) -> Host:
        """From now on the host takes snapshots: of the first disk as the system's, of others by their places."""
        names = self.disks(count)
        numbers = [SYSTEM_DISK, *range(count - 1)]
        host = self.host = Host(self.storage, dict(zip(numbers, names, strict=True)), self._signature())
        self.guest.host = {"presnapshot": host.presnapshot, "dosnapshot": host.dosnapshot}
        return host

    def task(
        self,
        number: int = 1,
        disks: int | Sequence[str] = 2,
        *,
        task_id: str | None = None,
        started: datetime | None = None,
        tick_text: str | None = None,
        public: Mapping[str, Any] | None = None,
        objects: Mapping[str, Any] | None = None,
        public_objects: Mapping[str, Any] | None = None,
        protected: Mapping[str, Any] | None = None,
        uris_public: bool = False,
        certificate: Certificate | None = None,
        cipher: str = TRIPLE_DES,
        quotes: bool = False,
        kind: str = "BlockBlob",
        content: bytes = b"",
        locale: str = "en-us",
    ) -> TaskGiven:
        """Make report blobs and write the settings of a task. A value None in a mapping takes the key out."""
        names = self.disks(disks) if isinstance(disks, int) else list(disks)
        status, log = f"status{number}", f"log{number}"
        for blob in (status, log):
            self.storage.add(Blob(blob, kind, self._signature(), content))
        given = TaskGiven(
            number=number,
            task_id=task_id or f"{self._guid()}_1",
            locale=locale,
            ticks=tick_text or ticks(started or datetime.now(UTC)),
            disks=tuple(names),
            uris=tuple(self.storage.plain_uri(name) for name in names),
            queries=tuple(self.storage.uri(name).partition("?")[2] for name in names),
            metadata=METADATA,
            status_blob=status,
            log_blob=log,
        )
        self.tasks.append(given)
        pairs = [{"Key": key, "Value": value} for key, value in METADATA]
        inner: dict[str, Any] = {"blobSASUri": [self.storage.uri(name) for name in names], "backupMetadata": pairs}
        open_part: dict[str, Any] = {
            "locale": locale,
            "taskId": given.task_id,
            "commandToExecute": "snapshot",
            "commandStartTimeUTCTicks": given.ticks,
            "vmType": "microsoft.compute/virtualmachines",
        }
        uris = {"logsBlobUri": self.storage.uri(log), "statusBlobUri": self.storage.uri(status)}
        closed: dict[str, Any] = {"objectStr": _encoded(_changed(inner, objects), quotes=quotes)}
        if uris_public:
            open_part |= uris
        else:
            closed |= uris
        if public_objects is not None:
            open_part["objectStr"] = _encoded(public_objects, quotes=False)
        self._settle(number, _changed(open_part, public), _changed(closed, protected), certificate, cipher)
        return given

    def _settle(
        self, number: int, public: object, protected: object, certificate: Certificate | None, cipher: str
    ) -> None:
        chosen = certificate or self.certificates.own
        text = json.dumps(protected)
        handler = {
            "publicSettings": public,
            "protectedSettings": sealed(text, chosen, self.folder, cipher),
            "protectedSettingsCertThumbprint": chosen.thumbprint,
        }
        self.settings_text(number, json.dumps({"runtimeSettings": [{"handlerSettings": handler}]}))

    def settings_text(self, number: int, text: str) -> None:
        self.machine.settings_folder.mkdir(parents=True, exist_ok=True)
        (self.machine.settings_folder / f"{number}.settings").write_text(text, encoding="utf-8")

    def recording(self) -> Recording:
        return Recording(
            scene=self.scene,
            profile=self.profile,
            seed=self.seed,
            handler=self.package.name,
            version=self.package.version,
            manifest=self.package.manifest,
            package_files=tuple(self.package.files),
            tasks=tuple(self.tasks),
            commands=tuple(self.machine.commands),
            exchanges=tuple(self.observer.exchanges),
            happenings=tuple(self.observer.happenings),
            files=tuple(self.machine.files),
            blobs=self.storage.seen(),
            secrets=self._secrets(),
            left_running=self.machine.left_running,
        )

    def _secrets(self) -> dict[str, str]:
        signatures = {f"the signature of {blob.name}": blob.signature for blob in self.storage.blobs.values()}
        by_host = {} if self.host is None else {"the token of the host's snapshots": self.host.token}
        return {**signatures, "the token of the machine": self.guest.token, **by_host}

    def _signature(self) -> str:
        return base64.b64encode(self.chance.randbytes(32)).decode()

    def _guid(self) -> str:
        text = self.chance.randbytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _encoded(value: Mapping[str, Any], *, quotes: bool) -> str:
    text = json.dumps(value)
    return base64.b64encode((f" '{text}' " if quotes else text).encode()).decode()


def _changed(values: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    merged = {**values, **(changes or {})}
    return {key: value for key, value in merged.items() if value is not None}
