"""The forecast of a policy of the world, or of one that a request brings along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, FastAPI
from pydantic import StrictFloat, StrictInt

from controlplane.domain.recovery_services import policy as policies
from controlplane.json_object import Json
from controlplane.ports import Limits, Store
from simulator import forecast_question, forecasting
from simulator.control.strictness import Refused
from simulator.failures import Failure
from simulator.forecast_question import Question


class NoSuchPolicy(Failure):
    """No vault of the world has this policy."""


def add(app: FastAPI, store: Callable[[], Store], now: Callable[[], datetime], limits: Callable[[], Limits]) -> None:
    """The route; all are asked for at each request. `limits` are those of the service."""

    @app.post("/forecast")
    def forecast(
        policy: Annotated[str | None, Body()] = None,
        vault: Annotated[str | None, Body()] = None,
        body: Annotated[dict[str, Any] | None, Body()] = None,
        start: Annotated[str | None, Body(alias="from")] = None,
        years: Annotated[StrictInt, Body(ge=1, le=forecast_question.MOST_YEARS)] = forecast_question.YEARS,
        disk_gib: Annotated[StrictFloat, Body(ge=0, le=forecast_question.MOST_GIB)] = forecast_question.DISK_GIB,
        change_percent_per_day: Annotated[StrictFloat, Body(ge=0, le=100)] = forecast_question.CHANGE_PERCENT_PER_DAY,
    ) -> Json:
        """A forecast begins at the world's time, unless told otherwise."""
        if (policy is None) == (body is None):
            raise Refused(
                400, "InvalidRequest", "a forecast is asked for with either policy, a name, or body, a policy"
            )
        if body is not None:
            name, properties = str(body.get("name") or "body"), forecasting.read(body, "body")
        else:
            name, properties = _find(store(), str(policy), vault)
        question = Question(start, years, disk_gib, change_percent_per_day)
        return forecasting.report(properties, name, question, now(), limits())


def _find(store: Store, policy: str, vault: str | None) -> tuple[str, Json]:
    """The name and the properties of a policy by its name or ARM id."""
    wanted = policy.lower()
    named = [each.json() for each in store.find(policies.KIND) if wanted in {each.id.lower(), _last(each.id)}]
    found = [body for body in named if vault is None or _vault(body) == vault.lower()]
    if not found:
        where = f"vault {vault}" if vault is not None else "this world"
        raise NoSuchPolicy(f"no policy {policy} exists in {where}; az backup policy list shows those of a vault")
    if len(found) > 1:
        vaults = ", ".join(sorted(_vault(body) for body in found))
        raise Refused(400, "AmbiguousPolicy", f"several vaults have a policy {policy}; name one of {vaults}")
    name = str(found[0]["name"])
    return name, forecasting.read(found[0], name)


def _last(id: str) -> str:
    return id.rpartition("/")[2].lower()


def _vault(body: Json) -> str:
    return str(body["id"]).lower().partition("/vaults/")[2].partition("/")[0]
