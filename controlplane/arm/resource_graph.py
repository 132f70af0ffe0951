"""Microsoft.ResourceGraph/resources: queries for the protected items of vaults, deleted vaults among them."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.arm.call import Answer, Call, RequestBody, as_json
from controlplane.arm.routing import Route
from controlplane.domain import deleted_vault, errors, graph_query, protected_item, vault
from controlplane.domain.protected_item import as_of, state_of
from controlplane.ports import Json

TABLE = "recoveryservicesresources"
DELETED_TYPE = f"{deleted_vault.KIND}/backupfabrics/protectioncontainers/protecteditems"


class QueryRequest(RequestBody):
    query: str = ""
    subscriptions: list[str] | None = None


def post_query(call: Call) -> Answer:
    query = call.read(QueryRequest).query
    if graph_query.table_of(query) != TABLE:
        raise errors.operation_not_simulated("a Resource Graph query of another table than that of Recovery Services")
    try:
        found = graph_query.run(query, _rows(call))
    except graph_query.NotUnderstood as problem:
        raise errors.operation_not_simulated(f"the part '{problem}' of a Resource Graph query") from None
    count = {"totalRecords": len(found), "count": len(found)}
    return as_json(count | {"data": found, "facets": [], "resultTruncated": "false"})


def _rows(call: Call) -> Iterator[Json]:
    """The items of all vaults, each with what Resource Graph adds to what ARM shows."""
    for item in call.ports.store.find(protected_item.KIND):
        body = item.json()
        deleted = deleted_vault.is_below(item.id)
        home = call.find(deleted_vault.KIND if deleted else vault.KIND, item.parent)
        if home is None:
            continue
        if state_of(body) == "SoftDeleted":
            body = as_of(body, call.ports.clock.now())
        yield body | {
            "type": DELETED_TYPE if deleted else protected_item.KIND,
            "location": home.json()["location"],
            "resourceGroup": "" if deleted else body["id"].split("/")[4].lower(),
            "subscriptionId": call.identity.subscription_id,
            "tags": None,
        }


ROUTES = (Route("POST", "/providers/Microsoft.ResourceGraph/resources", post_query, body=QueryRequest),)
