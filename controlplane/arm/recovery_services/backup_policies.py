"""Microsoft.RecoveryServices/vaults/backupPolicies: lists, and the write edge with the service's tolerance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from controlplane.arm.edge.call import Answer, Call, as_json, encode
from controlplane.arm.edge.filters import holds
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services import list_filters, policy_request
from controlplane.arm.recovery_services.policy_request import PolicyRequest
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain.recovery_services import policy, protected_item, provider_answers, schedule
from controlplane.jobs.documents import vault_operations
from controlplane.jobs.documents.vault_operations import POLICY_EDITS
from controlplane.jobs.protection import policy_change, security_alerts, vault_rules
from controlplane.json_object import Json
from controlplane.ports import Document

POLICIES = f"{VAULT}/backupPolicies"
POLICY = f"{POLICIES}/{{policy}}"


def put_policy(call: Call) -> Answer:
    """A change of a policy that protects items is a long-running operation: each item gets a job."""
    policy.check_name(call.names["policy"])
    request = call.read(PolicyRequest)
    properties = policy_request.properties_of(request, _day(call))
    policy.check(properties)
    others = call.ports.providers.others(provider_answers.POLICIES, vault_id(call))
    most = call.ports.settings.limits.policies
    with call.ports.store.transaction():
        require_vault(call)
        existing = call.find(policy.KIND)
        call.check_precondition(existing)
        if existing is None and others:
            policy.check_count(others + len(call.ports.store.find(policy.KIND, vault_id(call))), most)
        requests = request.properties.resource_guard_operation_requests if request.properties else None
        vault_rules.check_policy_put(call.ports, existing, properties, requests)
        vault_operations.count(call.ports, vault_id(call), POLICY_EDITS, call.ports.settings.limits.policy_edits)
        document = _written(call, existing, properties)
        if existing is None or document is existing:
            return as_json(_shown(document, _use(call)))
        policy_change.take_effect(call.ports, document)
        security_alerts.policy_kept_for_less(call.ports.store, existing, document, call.ports.clock.now())
        if items := policy_change.items_under(call.ports.store, document):
            operation = policy_change.configure_anew(call.ports, call.engine, document, items)
            return call.accepted(f"{call.id}/operations/{operation}", f"{call.id}/operationResults/{operation}")
    return as_json(_shown(document, _use(call)))


def _written(call: Call, existing: Document | None, properties: Json) -> Document:
    """The requested policy; the stored document where nothing changes."""
    id, private = call.id, {}
    if existing is not None:
        before, private = existing.json(), existing.private
        id = before["id"]
        if before["properties"] == properties:
            return existing
        policy.check_change(before["properties"], properties)
    else:
        present = len(call.ports.store.find(policy.KIND, vault_id(call)))
        policy.check_count(present, call.ports.settings.limits.policies)
    private = policy.with_change(private, call.ports.clock.now())
    return call.ports.store.put(policy.KIND, id, policy.body(id, properties), parent=vault_id(call), private=private)


def get_policy(call: Call) -> Answer:
    return as_json(_shown(_policy(call), _use(call)))


def list_policies(call: Call) -> Answer:
    require_vault(call)
    filters = list_filters.read(call, list_filters.POLICIES)
    return call.page(_listed(call, filters))


def delete_policy(call: Call) -> Answer:
    others = call.ports.providers.others(provider_answers.ITEMS_OF_POLICY, call.id)
    with call.ports.store.transaction():
        require_vault(call)
        existing = call.find(policy.KIND)
        if existing is None:
            return Answer(204)
        call.check_precondition(existing)
        if others or _use(call)[existing.id]:
            raise policy.in_use()
        if existing.json()["name"] in policy.BUILT_IN:
            raise policy.is_built_in()
        call.ports.store.delete(policy.KIND, existing.id)
    return Answer(200)


def _day(call: Call) -> date:
    """The date before times that a request writes without one: that of the policy as it stands, so that a request which
    changes nothing shows no other policy; for a new one, today's."""
    existing = call.find(policy.KIND)
    return (schedule.date_of(existing.json()["properties"]) if existing else None) or call.ports.clock.now().date()


def _policy(call: Call) -> Document:
    document = call.find(policy.KIND, f"{vault_id(call)}/backupPolicies/{call.names['policy']}")
    if document is None:
        require_vault(call)
        raise policy.unknown(call.names["policy"])
    return document


def _listed(call: Call, filters: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """The policies that came with the vault, then the others by name."""
    use, after = _use(call), call.after
    place = {name.lower(): str(index) for index, name in enumerate(policy.BUILT_IN)}
    documents = {document.id: document for document in call.ports.store.find(policy.KIND, vault_id(call))}
    ordered = sorted((place.get(id.rpartition("/")[2], "9") + id, id) for id in documents)
    for key, id in ordered:
        body = _shown(documents[id], use)
        kinds = {
            "backupmanagementtype": body["properties"]["backupManagementType"],
            "workloadtype": body["properties"].get("workLoadType", "VM"),
        }
        if key > after and holds(filters, kinds):
            yield key, encode(body)


def _shown(document: Document, use: Counter[str]) -> Json:
    body = document.json()
    body["properties"]["protectedItemsCount"] = use[document.id]
    return body


def _use(call: Call) -> Counter[str]:
    """How many items each policy of the vault protects, by the policy's id in lower case."""
    items = call.ports.store.find(protected_item.KIND, vault_id(call))
    return Counter(str(item.json()["properties"].get("policyId", "")).lower() for item in items)


ROUTES = (
    Route("PUT", POLICY, put_policy, body=PolicyRequest, codes=(200, 202)),
    reading(POLICY, get_policy),
    Route("DELETE", POLICY, delete_policy, codes=(200, 204)),
    reading(POLICIES, list_policies),
)
