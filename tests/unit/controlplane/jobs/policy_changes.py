"""Changes of a policy in a BackupWorld, as a request makes them."""

from __future__ import annotations

from typing import Any

from controlplane.domain.recovery_services import policy
from controlplane.jobs.protection import policy_change
from controlplane.json_object import Json
from tests.unit.controlplane.jobs.backup_world import POLICY, VAULT, BackupWorld

HOUR = 3600.0
DAY = 24 * HOUR


def kept(count: int, unit: str, at: str = "2026-11-22T21:00:00Z", **more: Any) -> Json:
    return {"retentionTimes": [at], "retentionDuration": {"count": count, "durationType": unit}, **more}


def keeping(**rules: Json) -> Json:
    """The part of a policy that says how long points are kept."""
    return {"retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy", **rules}}


def change_policy(world: BackupWorld, id: str = POLICY, **changes: Any) -> None:
    """A request that changes a policy, and the end of the jobs by which its items follow it."""
    found = world.store.get(policy.KIND, id)
    assert found is not None
    properties = found.json()["properties"] | changes
    policy.check(properties)
    with world.store.transaction():
        private = policy.with_change(found.private, world.clock.now())
        body = policy.body(found.json()["id"], properties)
        document = world.store.put(policy.KIND, id, body, parent=VAULT, private=private)
        policy_change.take_effect(world.ports, document)
        items = policy_change.items_under(world.store, document)
        if items:
            policy_change.configure_anew(world.ports, world.engine, document, items)
    world.engine.settle()
