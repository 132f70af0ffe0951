"""Published handler packages, and which version a request means."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from controlplane.ports import PublishedHandler
from simulator.handlers.package_check import PackageRefused
from simulator.host.packages import PackageRepository

NAME = "Microsoft.Azure.RecoveryServices.VMSnapshot"
COMMANDS = {f"{verb}Command": f"bin\\{verb}.cmd" for verb in ("install", "enable", "disable", "update", "uninstall")}


def zipped(manifest: object, name: str = "HandlerManifest.json") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, json.dumps(manifest))
    return content.getvalue()


def package(version: str, name: str = NAME) -> bytes:
    return zipped([{"name": name, "version": version, "handlerManifest": COMMANDS}])


@pytest.mark.parametrize(
    ("asked", "auto", "chosen"),
    [
        ("1.9", True, "1.12.0.0"),
        ("1.9", False, "1.9.10.0"),
        ("1.9.2.0", False, "1.9.2.0"),
        ("1.9.2.0", True, "1.12.0.0"),
        ("1.13", True, None),
        ("1.9.3.0", False, None),
        ("2", True, "2.0.0.0"),
        ("0.9", True, None),
        ("", True, None),
        ("1.x", True, None),
    ],
)
def test_the_version_a_request_means(asked: str, auto: bool, chosen: str | None) -> None:
    handler = PublishedHandler("Publisher", "Type", ("1.9.2.0", "1.9.10.0", "1.12.0.0", "2.0.0.0"))
    assert handler.choose(asked, auto) == chosen


def test_a_package_is_found_by_what_arm_says() -> None:
    packages = PackageRepository()
    packages.publish(package("1.9.0.0"))
    found = packages.resolve("microsoft.azure.recoveryservices", "vmsnapshot", "1.9", True)
    assert found is not None
    assert (found.name, found.version) == (NAME, "1.9.0.0")
    assert packages.resolve("Microsoft.RecoveryServices", "VMSnapshot", "1.9", False) == found
    assert packages.resolve("Somebody", "VMSnapshot", "1.9", True) is None


def test_versions_stand_in_the_order_of_their_numbers() -> None:
    packages = PackageRepository()
    for version in ("1.10.0.0", "1.9.0.0", "1.9.0.10"):
        packages.publish(package(version))
    assert packages.versions(NAME) == ["1.9.0.0", "1.9.0.10", "1.10.0.0"]


def test_what_is_published_is_told_by_publisher_and_type() -> None:
    packages = PackageRepository()
    before = packages.revision
    for version in ("1.10.0.0", "1.9.0.0"):
        packages.publish(package(version))
    packages.publish(package("2.0.0.0", "Contoso.Agent"))
    assert packages.handlers() == [
        PublishedHandler("Contoso", "Agent", ("2.0.0.0",)),
        PublishedHandler("Microsoft.Azure.RecoveryServices", "VMSnapshot", ("1.9.0.0", "1.10.0.0"), "Windows"),
    ]
    assert packages.revision > before


def test_a_version_published_again_is_replaced() -> None:
    packages = PackageRepository()
    packages.publish(package("1.9.0.0"))
    newer = zipped({"name": NAME, "version": "1.9.0.0", "handlerManifest": COMMANDS})
    packages.publish(newer)
    found = packages.get(NAME, "1.9.0.0")
    assert found is not None
    assert found.content == newer


def test_a_manifest_without_a_name_needs_one_from_outside() -> None:
    nameless = zipped([{"version": 1.0, "handlerManifest": COMMANDS}])
    with pytest.raises(PackageRefused, match="no name"):
        PackageRepository().publish(nameless)
    published = PackageRepository().publish(nameless, name="Some.Handler", version="1.2.3.4")
    assert (published.name, published.version) == ("Some.Handler", "1.2.3.4")


@pytest.mark.parametrize(
    "content",
    [
        b"no zip",
        zipped({}, name="folder/HandlerManifest.json"),
        zipped([]),
        zipped([{"name": NAME, "version": "1.0"}]),
        zipped([{"name": NAME, "version": "latest", "handlerManifest": COMMANDS}]),
    ],
)
def test_what_is_no_package_is_refused(content: bytes) -> None:
    with pytest.raises(PackageRefused):
        PackageRepository().publish(content)
