"""What a template may know of its deployment: scope, name, time, and who deploys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from controlplane.json_object import Json


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a template is deployed to. `group` is the resource group as ARM shows it, with id, name, location, tags and
    properties; None for a deployment to the subscription itself."""

    subscription_id: str
    tenant_id: str
    group: Mapping[str, Any] | None = None
    subscription_name: str = ""

    @property
    def group_name(self) -> str | None:
        return None if self.group is None else str(self.group["name"])

    @property
    def id(self) -> str:
        """What the ids of its resources begin with."""
        base = f"/subscriptions/{self.subscription_id}"
        return base if self.group is None else f"{base}/resourceGroups/{self.group_name}"

    def to_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> Scope:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of a template.

    `now` is the instant of `utcNow()`, with its time zone. From `seed` come the values of `newGuid()`: the same seed,
    the same values. `location` is that of a deployment to a subscription. `environment` and `deployer` are what the
    functions of these names return. `template_link` is where the template was read from, without a signature.
    """

    scope: Scope
    name: str
    now: datetime
    seed: str
    location: str | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    deployer: Mapping[str, Any] = field(default_factory=dict)
    template_link: Mapping[str, Any] = field(default_factory=dict)
