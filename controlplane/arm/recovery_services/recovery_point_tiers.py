"""Moves of recovery points between tiers: which points can be archived, and the move."""

from __future__ import annotations

from pydantic import Field

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route
from controlplane.arm.recovery_services.protected_items import ITEM, require_item, started
from controlplane.arm.recovery_services.recovery_points import POINT, require_point
from controlplane.domain.recovery_services.recovery_point import body, with_readiness
from controlplane.jobs.retention import archive


class RecommendedRequest(RequestBody):
    object_type: str | None = None
    excluded_rp_list: list[str] | None = Field(default=None, alias="excludedRPList")


class MoveRequest(RequestBody):
    object_type: str | None = None
    source_tier_type: str | None = None
    target_tier_type: str | None = None


def post_recommended(call: Call) -> Answer:
    item = require_item(call)
    excluded = set(call.read(RecommendedRequest).excluded_rp_list or [])
    movable = archive.ready(call.ports.store, item.id, call.ports.clock.now())
    return as_json({"value": [with_readiness(body(point), None) for point in movable if point.id not in excluded]})


def post_move(call: Call) -> Answer:
    request = call.read(MoveRequest)
    point = require_point(call).json()["id"]
    source, target = request.source_tier_type or "", request.target_tier_type or ""
    ticket = archive.move(call.ports, call.engine, point, source, target)
    return started(call, ticket, call.id.rpartition("/recoveryPoints/")[0])


ROUTES = (
    Route("POST", f"{ITEM}/recoveryPointsRecommendedForMove", post_recommended, body=RecommendedRequest),
    Route("POST", f"{POINT}/move", post_move, body=MoveRequest, codes=(202,)),
)
