"""The tables that queries are about, filled from the documents as they are now.

Facts: tables and what is in them from "Azure Resource Graph table and resource type reference"; types and groups stand
in lower case. Jobs are there for 14 days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from controlplane.arm.resource_graph import backup_rows
from controlplane.arm.resource_graph.rows import COLUMNS, Owner, row, top_level
from controlplane.arm.resources import subscriptions
from controlplane.arm.sign_in.aad import Identity
from controlplane.domain import errors
from controlplane.domain.errors.queries import UNKNOWN_TABLE
from controlplane.domain.monitoring import alert
from controlplane.domain.monitoring.alert import essentials
from controlplane.domain.resources import resource_group
from controlplane.json_object import Json
from controlplane.kusto.failure import QueryError
from controlplane.kusto.operators import Table, Tables
from controlplane.ports import StoreView

DEFAULT = "resources"
_NOT_HERE = """
advisorresources aksresources appserviceresources authorizationresources awsresources
azurebusinesscontinuityresources azuredevopsplatformresources capabilityresources chaosresources
communitygalleryresources computeresources databasebackupresources desktopvirtualizationresources dnsresources
edgeorderresources elasticsanresources extendedlocationresources extensibilityresourcechanges featureresources
guestconfigurationresources healthresourcechanges healthresources impactreportresources insightresources
insightsresources iotsecurityresources kubernetesconfigurationresources kustoresources maintenanceresources
managedserviceresources migrateresources networkresourcechanges networkresources orbitalresources
patchassessmentresources patchinstallationresources policyresources quotaresourcechanges quotaresources
resourcechanges resourcecontainerchanges securityresources servicefabricresources servicehealthresources
spotresources sportresources supportresources tagsresources workloadmonitorresources
"""
ELSEWHERE = frozenset(_NOT_HERE.split())
"""Tables that Azure has and this service has not."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows come from: documents, read as they are needed."""

    view: StoreView
    identity: Identity
    now: datetime
    kinds: Sequence[str]
    """Of the resources that lie directly in groups."""

    def tables(self) -> Tables:
        return Tables(self._find, DEFAULT, self.now)

    def _find(self, name: str) -> Table:
        if name in TABLES:
            return Table(COLUMNS, partial(TABLES[name], self))
        if name in ELSEWHERE:
            raise errors.operation_not_simulated(f"Resource Graph table {name}")
        raise QueryError(UNKNOWN_TABLE.error(name=name[:80]))

    @property
    def owner(self) -> Owner:
        return Owner(self.identity.tenant_id, self.identity.subscription_id)


def _resources(source: Source) -> Iterator[Json]:
    for kind in source.kinds:
        for document in source.view.find(kind):
            yield top_level(source.owner, document.json())


def _containers(source: Source) -> Iterator[Json]:
    subscription = source.identity.subscription_id
    yield row(
        source.owner,
        {
            "id": f"/subscriptions/{subscription}",
            "name": subscriptions.NAME,
            "type": "microsoft.resources/subscriptions",
            "properties": {"state": "Enabled"},
        },
    )
    for document in source.view.find(resource_group.KIND):
        body = document.json()
        kind = "microsoft.resources/subscriptions/resourcegroups"
        yield row(source.owner, body | {"type": kind}, resourceGroup=str(body["name"]).lower())


def _alerts(source: Source) -> Iterator[Json]:
    for document in source.view.find(alert.KIND):
        body = document.json()
        if not alert.is_over(body, source.now):
            yield row(source.owner, body, resourceGroup=essentials(body)["targetResourceGroup"])


def _backups(source: Source) -> Iterator[Json]:
    yield from backup_rows.items(source.view, source.owner)
    yield from backup_rows.policies(source.view, source.owner)
    yield from backup_rows.jobs(source.view, source.owner, source.now)


TABLES: Mapping[str, Callable[[Source], Iterator[Json]]] = {
    DEFAULT: _resources,
    "resourcecontainers": _containers,
    "recoveryservicesresources": _backups,
    "alertsmanagementresources": _alerts,
}
"""Names in lower case: in a query they match in any."""
