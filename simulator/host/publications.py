"""The handlers that were published by somebody, kept in the state folder, and what was blocked and withdrawn.

A package is written to a file named after its digest before the store names it, so that a world that is killed between
the two has one file too many and never one too few. A world that is started again publishes its own packages first,
then these: so ours stay replaced where somebody replaced them.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from controlplane.domain.events.handlers import HandlerPackage
from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.guest.files import write_private
from simulator.handlers.package_check import CheckedPackage
from simulator.host.packages import Package, PackageRepository

WORLD_KIND, DOCUMENT = "world", "handlers"


class NotPublished(LookupError):
    """The world publishes no such version."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A package that somebody published; its zip is in the file named after the digest."""

    name: str
    version: str
    sha256: str
    size_bytes: int


class Publications:
    """Thread-safe. `changed` is called after each change, and `note` is told at once of kept packages that are lost."""

    def __init__(
        self, repository: PackageRepository, store: Store, folder: Path, note: Callable[[str], None] = lambda lost: None
    ) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.repository = repository
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        document = store.get(WORLD_KIND, DOCUMENT)
        kept: Json = document.json() if document is not None else {}
        self._given = {_key(each["name"], each["version"]): Publication(**each) for each in kept.get("given", ())}
        self._blocked = {_key(*each) for each in kept.get("blocked", ())}
        self._withdrawn = {_key(*each) for each in kept.get("withdrawn", ())}
        for publication in self._given.values():
            if self._is_whole(publication):
                self._offer(publication)
            else:
                note(
                    f"the package of {publication.name} {publication.version} is gone or damaged; "
                    "publish it again with backupsim handler publish"
                )
        for name, version in self._withdrawn:
            repository.withdraw(name, version)
        for name, version in self._blocked:
            repository.block(name, version)

    def publish(self, package: CheckedPackage) -> Publication:
        """Offer it from now on, in place of one of the same name and version. Machines that have that keep it."""
        sha256 = hashlib.sha256(package.content).hexdigest()
        publication = Publication(package.name, package.version, sha256, len(package.content))
        key = _key(package.name, package.version)
        with self._lock:
            before = self._given.get(key)
            if before == publication and key not in self._blocked | self._withdrawn and self._is_whole(publication):
                return publication
            write_private(self._file(sha256), package.content)
            self._given[key] = publication
            self._blocked.discard(key)
            self._withdrawn.discard(key)
            self._keep(HandlerPackage("published", package.name, package.version, sha256))
            self._offer(publication)
            self._forget(before)
        self.changed()
        return publication

    def block(self, name: str, version: str, *, blocked: bool = True) -> None:
        """Choose a version for no order any more, or again. Raises NotPublished."""
        with self._lock:
            if not self.repository.block(name, version, blocked=blocked):
                raise NotPublished(f"no version {version} of {name} is published")
            key = _key(name, version)
            (self._blocked.add if blocked else self._blocked.discard)(key)
            self._keep(HandlerPackage("blocked" if blocked else "unblocked", name, version))
        self.changed()

    def withdraw(self, name: str, version: str) -> None:
        """Publish a version no more, and keep nothing of it. Raises NotPublished."""
        with self._lock:
            if not self.repository.withdraw(name, version):
                raise NotPublished(f"no version {version} of {name} is published")
            key = _key(name, version)
            self._blocked.discard(key)
            self._withdrawn.add(key)
            gone = self._given.pop(key, None)
            self._keep(HandlerPackage("withdrawn", name, version))
            self._forget(gone)
        self.changed()

    def listed(self) -> list[Json]:
        """Every package, by name and then the oldest first."""
        with self._lock:
            given = dict(self._given)
        return [
            {
                "name": package.name,
                "version": package.version,
                "status": "blocked" if blocked else "published",
                **_origin(given.get(_key(package.name, package.version))),
            }
            for package, blocked in self.repository.all()
        ]

    # ---------------------------------------------------------------------------------------------------------- inside

    def _offer(self, publication: Publication) -> None:
        file = self._file(publication.sha256)
        self.repository.offer(Package(publication.name, publication.version, file.read_bytes))

    def _keep(self, fact: HandlerPackage) -> None:
        body = {
            "given": [asdict(each) for each in self._given.values()],
            "blocked": sorted(map(list, self._blocked)),
            "withdrawn": sorted(map(list, self._withdrawn)),
        }
        with self._store.transaction():
            self._store.put(WORLD_KIND, DOCUMENT, body)
            self._store.record(fact.event())

    def _forget(self, publication: Publication | None) -> None:
        """Remove the file that nothing names any more."""
        if publication is not None and publication.sha256 not in {each.sha256 for each in self._given.values()}:
            with suppress(OSError):
                self._file(publication.sha256).unlink()

    def _file(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.zip"

    def _is_whole(self, publication: Publication) -> bool:
        try:
            content = self._file(publication.sha256).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == publication.sha256


def _key(name: str, version: str) -> tuple[str, str]:
    """Names are the same however they are spelled."""
    return name.lower(), version


def _origin(publication: Publication | None) -> Json:
    if publication is None:
        return {"given": False}
    return {"given": True, "sha256": publication.sha256, "size_bytes": publication.size_bytes}
