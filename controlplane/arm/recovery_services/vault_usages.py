"""Usages of a vault, counted when requested; and its replication usages, which are empty."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.filters import check_keys, terms
from controlplane.arm.edge.routing import reading
from controlplane.arm.recovery_services.vaults import VAULT, check_region, require_vault
from controlplane.domain.recovery_services import policy, protected_item, vault_usage
from controlplane.jobs.documents import points


def list_usages(call: Call) -> Answer:
    vault, store = require_vault(call), call.ports.store
    items = store.find(protected_item.KIND, vault)
    held = [point for item in items for point in points.of_item(store, item.id)]
    limits, policies = call.ports.settings.limits, len(store.find(policy.KIND, vault))
    usages = vault_usage.of_vault(
        len(items), policies, held, most_items=limits.protected, most_policies=limits.policies
    )
    return as_json({"value": usages})


def list_summaries(call: Call) -> Answer:
    check_region(call)
    vault = require_vault(call)
    filters = terms(call.query.get("$filter", ""))
    check_keys(filters, {"type"})
    machines = len(call.ports.store.find(protected_item.KIND, vault))
    return as_json({"value": vault_usage.summary(machines, filters.get("type", vault_usage.ITEMS))})


def list_replication_usages(call: Call) -> Answer:
    """No vault replicates anything here."""
    require_vault(call)
    return as_json({"value": []})


ROUTES = (
    reading(f"{VAULT}/usages", list_usages),
    reading(f"{VAULT}/backupUsageSummaries", list_summaries),
    reading(f"{VAULT}/replicationUsages", list_replication_usages),
)
