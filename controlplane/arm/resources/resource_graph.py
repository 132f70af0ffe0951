"""Microsoft.ResourceGraph: the query by which the command line lists what a deleted vault holds.

Facts: the body is `{"query", "subscriptions"?, "options"?}`; rows come as objects, unless a table is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId, vault_id_of
from controlplane.domain.recovery_services import job, policy, protected_item
from controlplane.domain.recovery_services.deleted_vault import is_below
from controlplane.domain.recovery_services.vault import KIND as VAULTS
from controlplane.domain.resources import resource_query
from controlplane.json_object import Json

_ITEMS = "backupfabrics/protectioncontainers/protecteditems"


class OptionsRequest(RequestBody):
    result_format: str = "objectArray"


class QueryRequest(RequestBody):
    query: str = Field(max_length=4_000)
    options: OptionsRequest = OptionsRequest()


def ask(call: Call) -> Answer:
    request = call.read(QueryRequest)
    if request.options.result_format.lower() != "objectarray":
        raise errors.operation_not_simulated("Resource Graph result in the form of a table")
    rows = resource_query.run(request.query, _rows(call))
    counts = {"totalRecords": len(rows), "count": len(rows), "resultTruncated": "false"}
    return as_json({**counts, "data": rows, "facets": []})


def _rows(call: Call) -> Iterator[Json]:
    """Everything in the vaults of the subscription, and in its deleted ones."""
    yield from _items(call)
    for kind, name in ((job.KIND, "backupjobs"), (policy.KIND, "backuppolicies")):
        for document in call.ports.store.find(kind):
            if not is_below(document.id):
                yield _row(call, document.json(), name)


def _row(call: Call, body: Json, kind: str) -> Json:
    """A job or a policy of a vault; its group and place are the vault's."""
    home = ResourceId.parse(vault_id_of(body["id"]))
    vault = call.ports.store.get(VAULTS, str(home))
    return {
        "id": body["id"],
        "type": f"microsoft.recoveryservices/vaults/{kind}",
        "name": body["name"],
        "location": vault.json()["location"] if vault else "",
        "resourceGroup": home.group.lower(),
        "subscriptionId": call.identity.subscription_id,
        "properties": body["properties"],
        "tags": None,
    }


def _items(call: Call) -> Iterator[Json]:
    for item in call.ports.store.find(protected_item.KIND):
        body = item.json()
        deleted = is_below(body["id"])
        kept = "locations/deletedvaults" if deleted else "vaults"
        yield {
            "id": body["id"],
            "type": f"microsoft.recoveryservices/{kept}/{_ITEMS}",
            "name": body["name"],
            "location": body["properties"].get("sourceLocation", ""),
            "resourceGroup": ResourceId.parse(body["properties"]["sourceResourceId"]).group.lower(),
            "subscriptionId": call.identity.subscription_id,
            "properties": body["properties"],
            "tags": None,
        }


ROUTES = (Route("POST", "/providers/Microsoft.ResourceGraph/resources", ask, body=QueryRequest),)
