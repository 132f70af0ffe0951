"""Source scan of an item: switched on and off. What it finds is not simulated, so it finds nothing."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.arm.edge.routing import Route
from controlplane.arm.recovery_services.protected_items import ITEM, require_item
from controlplane.domain import errors
from controlplane.domain.recovery_services.protected_item import KIND, SCAN_STATES, check_alive, with_source_scan
from controlplane.domain.resources import operation
from controlplane.domain.times import instant


class ScanRequest(RequestBody):
    source_scan_action: str | None = None


def post_scan(call: Call) -> Answer:
    """Done at once; the operation has already succeeded."""
    action = call.read(ScanRequest).source_scan_action
    if action not in SCAN_STATES:
        raise errors.invalid_backup_input("sourceScanAction", f"it must be one of {', '.join(SCAN_STATES)}")
    store, id = call.ports.store, call.new_guid()
    with store.transaction():
        item = require_item(call)
        check_alive(item.json())
        store.put(KIND, item.id, with_source_scan(item.json(), action))
        body = operation.succeeded(id, instant(call.ports.clock.now()))
        store.put(operation.KIND, id, body, parent=item.id)
    return call.accepted(f"{call.id.removesuffix('/configureSourceScan')}/operationsStatus/{id}")


ROUTES = (Route("POST", f"{ITEM}/configureSourceScan", post_scan, body=ScanRequest, codes=(202,)),)
