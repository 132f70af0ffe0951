"""The published handler packages, and the choice of one for a requested version."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from controlplane.ports import PublishedHandler, version_numbers
from extension.contract.protocol import MANIFEST_FILE, HandlerManifest, ProtocolError
from extension.contract.settings import canonical_publisher


class PackageRefused(ValueError):
    """What was to be published is not a handler package."""


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a handler. `name` is Publisher.Type."""

    name: str
    version: str
    content: bytes = field(repr=False)


class PackageRepository:
    """Published packages by name and version. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packages: dict[str, dict[str, Package]] = {}
        self.revision = 0
        """Another number whenever something else is published than before."""

    def publish(self, content: bytes, *, name: str | None = None, version: str | None = None) -> Package:
        """Offer this zip. Name and version are those of its manifest where they are not given.

        A version that was published before is replaced; machines that have it keep what they have.
        """
        manifest = _manifest(content)
        package = Package(name or manifest.name, version or manifest.version, content)
        if not package.name:
            raise PackageRefused(f"{MANIFEST_FILE} has no name and none was given")
        if not version_numbers(package.version):
            raise PackageRefused(f"the version of {package.name} is not a dotted number")
        with self._lock:
            self._packages.setdefault(package.name.lower(), {})[package.version] = package
            self.revision += 1
        return package

    def get(self, name: str, version: str) -> Package | None:
        with self._lock:
            return self._packages.get(name.lower(), {}).get(version)

    def versions(self, name: str) -> list[str]:
        """Oldest first."""
        with self._lock:
            return sorted(self._packages.get(name.lower(), {}), key=version_numbers)

    def resolve(self, publisher: str, type: str, version: str, auto_upgrade_minor_version: bool) -> Package | None:
        """The package a request means; None when nothing published fits."""
        name = handler_name(publisher, type)
        handler = PublishedHandler(publisher, type, tuple(self.versions(name)))
        chosen = handler.choose(version, auto_upgrade_minor_version)
        return self.get(name, chosen) if chosen else None

    def handlers(self) -> Sequence[PublishedHandler]:
        """Everything that is published, by name."""
        with self._lock:
            names = [next(iter(self._packages[key].values())).name for key in sorted(self._packages)]
        return [PublishedHandler(*_parted(name), tuple(self.versions(name))) for name in names]


def handler_name(publisher: str, type: str) -> str:
    """Name of the handler's folders, however the publisher was written."""
    return f"{canonical_publisher(publisher, type) or publisher}.{type}"


def _parted(name: str) -> tuple[str, str]:
    """Publisher and type; only a publisher has dots inside."""
    publisher, _, type = name.rpartition(".")
    return publisher, type


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
