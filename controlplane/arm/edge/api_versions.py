"""api-versions: which are well-formed, and, where a world is strict, which each resource type knows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from controlplane.domain import errors
from controlplane.domain.errors.arm import API_VERSION_MALFORMED, MISSING_API_VERSION_PARAMETER
from controlplane.domain.location import REGIONS

WELL_FORMED = re.compile(r"\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.-]{1,40})?", re.ASCII)

RESOURCES = "Microsoft.Resources"
OF_NAMESPACES: dict[str, tuple[str, ...]] = {
    "Microsoft.AlertsManagement": (
        "2025-05-25-preview",
        "2024-01-01-preview",
        "2023-07-12-preview",
        "2019-05-05-preview",
        "2019-03-01",
        "2018-05-05",
    ),
    "Microsoft.Authorization": ("2020-05-01", "2017-04-01", "2016-09-01"),
    "Microsoft.Compute": (
        "2026-04-01",
        "2026-03-01",
        "2025-11-01",
        "2025-04-01",
        "2024-11-01",
        "2024-07-01",
        "2024-03-01",
        "2023-09-01",
        "2023-07-01",
        "2023-03-01",
        "2022-11-01",
        "2022-08-01",
        "2022-03-01",
        "2021-11-01",
        "2021-07-01",
    ),
    "Microsoft.DataProtection": (
        "2025-07-01",
        "2025-02-01",
        "2025-01-01",
        "2024-04-01",
        "2024-03-01",
        "2023-11-01",
        "2023-05-01",
        "2023-01-01",
        "2022-05-01",
    ),
    "Microsoft.Insights": ("2021-05-01-preview", "2017-05-01-preview"),
    "Microsoft.ManagedIdentity": ("2024-11-30", "2023-07-31-preview", "2023-01-31", "2018-11-30"),
    "Microsoft.Network": (
        "2026-01-01",
        "2025-07-01",
        "2025-05-01",
        "2025-01-01",
        "2024-07-01",
        "2024-05-01",
        "2024-03-01",
        "2024-01-01",
        "2023-11-01",
        "2023-09-01",
        "2022-09-01",
        "2022-07-01",
        "2022-01-01",
        "2021-08-01",
        "2019-11-01",
        "2015-06-15",
    ),
    "Microsoft.RecoveryServices": (
        "2026-08-01",
        "2026-07-01",
        "2026-05-01",
        "2025-08-01",
        "2025-02-01",
        "2024-10-01",
        "2024-04-01",
        "2024-01-01",
        "2023-08-01",
        "2023-06-01",
        "2023-04-01",
        "2023-02-01",
        "2022-10-01",
        "2022-03-01",
        "2021-12-01",
        "2021-08-01",
        "2021-07-01",
        "2021-03-01",
        "2021-02-10",
        "2020-10-01",
        "2018-01-10",
        "2016-12-01",
        "2016-06-01",
    ),
    "Microsoft.ResourceGraph": (
        "2024-04-01",
        "2022-10-01",
        "2021-06-01-preview",
        "2021-03-01",
        "2020-04-01-preview",
        "2019-04-01",
        "2018-09-01-preview",
    ),
    RESOURCES: (
        "2025-04-01",
        "2024-11-01",
        "2024-07-01",
        "2024-03-01",
        "2023-07-01",
        "2022-12-01",
        "2022-09-01",
        "2021-04-01",
        "2020-10-01",
        "2020-06-01",
        "2019-10-01",
        "2019-08-01",
        "2018-05-01",
        "2016-06-01",
        "2016-02-01",
    ),
    "Microsoft.Storage": (
        "2026-09-01",
        "2025-08-01",
        "2025-06-01",
        "2025-01-01",
        "2024-01-01",
        "2023-05-01",
        "2023-01-01",
        "2022-09-01",
        "2022-05-01",
        "2021-09-01",
        "2021-04-01",
        "2019-06-01",
        "2016-01-01",
    ),
}
"""Versions by which clients in use ask, newest first; a strict world serves these and no others."""
DISKS = ("2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02", "2022-07-02", "2022-03-02", "2021-04-01")
METRICS = ("2024-02-01", "2023-10-01", "2021-05-01", "2019-07-01", "2018-01-01", "2017-05-01-preview")
OF_TYPES: dict[str, tuple[str, ...]] = {
    "Microsoft.Authorization/roleAssignments": ("2022-04-01", "2020-10-01-preview", "2018-09-01-preview", "2015-07-01"),
    "Microsoft.Authorization/roleDefinitions": (
        "2022-05-01-preview",
        "2022-04-01",
        "2018-01-01-preview",
        "2015-07-01",
    ),
    "Microsoft.Insights/metrics": METRICS,
    "Microsoft.Insights/metricDefinitions": METRICS,
    "Microsoft.Insights/metricNamespaces": ("2024-02-01", "2017-12-01-preview"),
    "Microsoft.Compute/disks": DISKS,
    "Microsoft.Compute/snapshots": DISKS,
    "Microsoft.Resources/tenants": ("2022-12-01", "2022-09-01", "2021-01-01", "2020-01-01", "2019-06-01", "2016-06-01"),
    "Microsoft.Resources/subscriptions": (
        "2022-12-01",
        "2022-09-01",
        "2021-01-01",
        "2020-01-01",
        "2019-11-01",
        "2019-06-01",
        "2016-06-01",
    ),
}
"""Types whose versions are not those of their namespace."""
OF_PROVIDERS = frozenset({"register", "unregister"})
"""What is done to a whole namespace, by Microsoft.Resources."""


def check(version: str | None) -> None:
    """Any well-formed version is served by the newest behaviour."""
    if not version:
        raise MISSING_API_VERSION_PARAMETER.error()
    if not WELL_FORMED.fullmatch(version):
        raise API_VERSION_MALFORMED.error(version=version)


def check_strictly(version: str, segments: Sequence[str], location: str) -> None:
    """Refuse a version that the resource type at this path (in the documented spelling) does not know."""
    namespace, kind = _type_at(segments)
    supported = versions(namespace, kind)
    if not supported or version.lower() in supported:
        return
    if namespace == RESOURCES:
        raise errors.api_version_unknown(version, supported)
    raise errors.no_registered_provider(location, version, kind, supported, list(REGIONS))


def versions(namespace: str, kind: str) -> tuple[str, ...]:
    """What a type knows, newest first."""
    return OF_TYPES.get(f"{namespace}/{kind.partition('/')[0]}") or OF_NAMESPACES.get(namespace, ())


def _type_at(segments: Sequence[str]) -> tuple[str, str]:
    namespace_and_type = RESOURCES, "/".join(segments[2::2] or segments[:1])
    for index in range(0, len(segments) - 2, 2):
        if segments[index] == "providers" and segments[index + 2] not in OF_PROVIDERS:
            namespace_and_type = segments[index + 1], "/".join(segments[index + 2 :: 2])
    return namespace_and_type
