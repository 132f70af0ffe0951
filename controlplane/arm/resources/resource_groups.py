"""Microsoft.Resources/resourceGroups: what every other resource lies in."""

from __future__ import annotations

import re

from controlplane.arm.edge.call import GROUP_KIND, Answer, Call, RequestBody, rows
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.edge.tags import tagged
from controlplane.domain import errors, location
from controlplane.domain.errors.arm import INVALID_RESOURCE_GROUP_LOCATION
from controlplane.domain.resources.resource_group import TYPE, body, check_stays

_NAME = re.compile(r"[-\w.()]{1,89}[-\w()]|[-\w()]")


class GroupRequest(RequestBody):
    decided = ("properties",)
    also_read = ("location",)

    location: str | None = None
    tags: dict[str, str] | None = None


def put_group(call: Call) -> Answer:
    if not _NAME.fullmatch(call.group):
        rule = "up to 90 letters, digits, '-', '_', '.' and parentheses, with no '.' at the end"
        raise errors.invalid_resource_name(call.group, rule)
    request = call.read(GroupRequest)
    place = location.normalised(request.location, TYPE)
    with call.ports.store.transaction():
        document = call.find(GROUP_KIND)
        call.check_precondition(document)
        existing = document.json() if document else None
        if existing:
            check_stays(existing)
        if existing and existing["location"] != place:
            raise INVALID_RESOURCE_GROUP_LOCATION.error(requested=place, location=existing["location"])
        group = body(existing["id"] if existing else call.id, place, request.tags or {})
        group = call.with_kept(GroupRequest, group)
        document = call.ports.store.put(GROUP_KIND, call.id, group, parent=call.subscription_id)
    return call.stored(document, 200 if existing else 201)


def get_group(call: Call) -> Answer:
    return call.stored(call.get_group())


def patch_group(call: Call) -> Answer:
    tags = call.read(GroupRequest).tags
    with call.ports.store.transaction():
        document = call.get_group()
        call.check_precondition(document)
        changed = call.with_kept(GroupRequest, document.json() if tags is None else tagged(document, tags))
        return call.stored(
            document if changed == document.json() else call.ports.store.put(GROUP_KIND, call.id, changed)
        )


def has_group(call: Call) -> Answer:
    return Answer(404 if call.find(GROUP_KIND) is None else 204)


def list_groups(call: Call) -> Answer:
    return call.page(rows(call.by_id(GROUP_KIND, call.subscription_id)))


ROUTES = (
    Route("PUT", GROUP, put_group, body=GroupRequest),
    reading(GROUP, get_group),
    Route("HEAD", GROUP, has_group, blocks=False),
    Route("PATCH", GROUP, patch_group, body=GroupRequest),
    reading(f"{SUBSCRIPTION}/resourceGroups", list_groups),
)
