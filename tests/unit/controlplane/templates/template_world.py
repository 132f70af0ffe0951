"""What tests of templates share: a deployment, ways to write templates, and a shelf of resources to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controlplane.json_object import Json
from controlplane.templates.language.scope import Deployment, Scope
from controlplane.templates.late import settle_body, settle_outputs
from controlplane.templates.planner import Resource, TemplatePlan, plan

GROUP = {"id": "/subscriptions/s/resourceGroups/rg", "name": "rg", "location": "westus", "tags": {"team": "ops"}}
SCOPE = Scope("s", "t", GROUP)
DEPLOYMENT = Deployment(SCOPE, "d", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "seed")
THINGS = "/subscriptions/s/resourceGroups/rg/providers/Contoso.X/things"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(*resources: Json, **sections: Any) -> Json:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **sections}


def symbolic(resources: Json, **sections: Any) -> Json:
    return {**template(**sections), "languageVersion": "2.0", "resources": resources}


def resource(name: str, *after: str, kind: str = "Contoso.X/things", **more: Any) -> Json:
    return {"type": kind, "name": name, "apiVersion": "2024-01-01", "dependsOn": list(after), **more}


def planned(written: Json, values: Json | None = None, deployment: Deployment = DEPLOYMENT) -> TemplatePlan:
    return plan(written, {name: {"value": value} for name, value in (values or {}).items()}, deployment)


def names(resources: Iterable[Resource]) -> list[str]:
    return [each.name for each in resources]


@dataclass
class Shelf:
    """Resources by id, in any case; `asked` is what was read and what was acted on, in turn."""

    resources: dict[str, Json] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def get(self, id: str, api_version: str | None) -> Json:
        self.asked.append(("get", id, api_version or ""))
        return self.resources[id.lower()]

    def act(self, action: str, id: str, api_version: str, body: Json | None) -> Json:
        self.asked.append((action, id, api_version))
        return {"keys": [{"value": f"{action} of {id.rpartition('/')[2]}"}]}

    def put(self, id: str, properties: Json, **more: Any) -> None:
        self.resources[id.lower()] = {"id": id, "name": id.rpartition("/")[2], "properties": properties, **more}


def body_of(found: TemplatePlan, name: str, shelf: Shelf | None = None) -> Json:
    one = next(each for each in found.resources if each.name == name)
    return settle_body(one.id, one.body, SCOPE, shelf or Shelf())


def outputs_of(found: TemplatePlan, shelf: Shelf | None = None) -> Json:
    return {name: each.get("value") for name, each in settle_outputs(found.outputs, SCOPE, shelf or Shelf()).items()}
