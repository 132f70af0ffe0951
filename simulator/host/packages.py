"""The published handler packages, and the choice of one for a requested version.

A blocked version stays with its publisher and is chosen for nobody; a withdrawn one is gone. Machines that have either
keep it until their next order, for which another version is chosen: up or down, by the updates of the handler protocol.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from controlplane.ports import PublishedHandler, version_numbers
from extension.contract.protocol import MANIFEST_FILE, HandlerManifest, ProtocolError
from extension.contract.settings import LINUX_EXTENSION_TYPE, canonical_publisher
from simulator.handlers.package_check import PackageRefused


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a handler. `name` is Publisher.Type; `read` gives its zip, from wherever that is kept."""

    name: str
    version: str
    read: Callable[[], bytes] = field(repr=False)

    @property
    def content(self) -> bytes:
        return self.read()


class PackageRepository:
    """Published packages by name and version. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packages: dict[str, dict[str, Package]] = {}
        self._blocked: set[tuple[str, str]] = set()
        self._inert: dict[str, PublishedHandler] = {}
        self.revision = 0
        """Another number whenever something else is published than before."""

    def publish(self, content: bytes, *, name: str | None = None, version: str | None = None) -> Package:
        """Offer this zip. Name and version are those of its manifest where they are not given.

        A version that was published before is replaced; machines that have it keep what they have.
        """
        manifest = _manifest(content)
        package = Package(name or manifest.name, version or manifest.version, lambda: content)
        if not package.name:
            raise PackageRefused(f"{MANIFEST_FILE} has no name and none was given")
        if not version_numbers(package.version):
            raise PackageRefused(f"the version of {package.name} is not a dotted number")
        self.offer(package)
        return package

    def offer(self, package: Package) -> None:
        """Offer a package that was checked, in place of one of the same name and version, blocked or not."""
        with self._lock:
            self._packages.setdefault(package.name.lower(), {})[package.version] = package
            self._blocked.discard((package.name.lower(), package.version))
            self.revision += 1

    def block(self, name: str, version: str, *, blocked: bool = True) -> bool:
        """Choose this version for nobody, or again; whether there is such a version."""
        with self._lock:
            there = version in self._packages.get(name.lower(), {})
            if there:
                (self._blocked.add if blocked else self._blocked.discard)((name.lower(), version))
                self.revision += 1
            return there

    def withdraw(self, name: str, version: str) -> bool:
        """Offer this version no more; whether there was one."""
        with self._lock:
            of_name = self._packages.get(name.lower(), {})
            there = of_name.pop(version, None) is not None
            if there:
                self._blocked.discard((name.lower(), version))
                self.revision += 1
            if not of_name:
                self._packages.pop(name.lower(), None)
            return there

    def all(self) -> list[tuple[Package, bool]]:
        """Every package with whether it is blocked, by name and then oldest first."""
        with self._lock:
            packages = [each for of_name in self._packages.values() for each in of_name.values()]
            packages.sort(key=lambda each: (each.name.lower(), version_numbers(each.version)))
            return [(each, (each.name.lower(), each.version) in self._blocked) for each in packages]

    def offer_inert(self, handlers: Iterable[PublishedHandler]) -> None:
        """Offer these handlers without packages: who asks for one is told that it is installed, and nothing runs."""
        with self._lock:
            self._inert |= {handler_name(each.publisher, each.type).lower(): each for each in handlers}
            self.revision += 1

    def inert(self, publisher: str, type: str) -> PublishedHandler | None:
        """The handler, if it is one that nothing is published of and that is offered all the same."""
        name = handler_name(publisher, type).lower()
        with self._lock:
            return None if name in self._packages else self._inert.get(name)

    def get(self, name: str, version: str) -> Package | None:
        """One that is offered."""
        with self._lock:
            is_blocked = (name.lower(), version) in self._blocked
            return None if is_blocked else self._packages.get(name.lower(), {}).get(version)

    def versions(self, name: str) -> list[str]:
        """Those that are offered, oldest first."""
        with self._lock:
            versions = self._packages.get(name.lower(), {})
            return sorted((each for each in versions if (name.lower(), each) not in self._blocked), key=version_numbers)

    def resolve(self, publisher: str, type: str, version: str, auto_upgrade_minor_version: bool) -> Package | None:
        """The package a request means; None when nothing published fits."""
        name = handler_name(publisher, type)
        handler = PublishedHandler(publisher, type, tuple(self.versions(name)))
        chosen = handler.choose(version, auto_upgrade_minor_version)
        return self.get(name, chosen) if chosen else None

    def handlers(self) -> Sequence[PublishedHandler]:
        """Everything that is published or offered, by name."""
        with self._lock:
            names = [next(iter(self._packages[key].values())).name for key in self._packages]
            inert = [handler for name, handler in self._inert.items() if name not in self._packages]
        published = [_published(name, tuple(self.versions(name))) for name in names]
        return sorted([*published, *inert], key=lambda each: f"{each.publisher}.{each.type}".lower())


def handler_name(publisher: str, type: str) -> str:
    """Name of the handler's folders, however the publisher was written."""
    return f"{canonical_publisher(publisher, type) or publisher}.{type}"


def _published(name: str, versions: tuple[str, ...]) -> PublishedHandler:
    """Only a publisher has dots inside. Of foreign packages nobody knows for which system they are."""
    publisher, _, type = name.rpartition(".")
    ours = canonical_publisher(publisher, type) is not None
    os_type = ("Linux" if type.lower() == LINUX_EXTENSION_TYPE.lower() else "Windows") if ours else ""
    return PublishedHandler(publisher, type, versions, os_type)


def _manifest(content: bytes) -> HandlerManifest:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return HandlerManifest.parse(archive.read(MANIFEST_FILE))
    except zipfile.BadZipFile:
        raise PackageRefused("a handler package must be a zip file") from None
    except KeyError:
        raise PackageRefused(f"a handler package must have {MANIFEST_FILE} at its root") from None
    except ProtocolError as problem:
        raise PackageRefused(str(problem)) from None
