"""The routes of the control API for faults: what there is, what is set, and what it hit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Body, FastAPI
from pydantic import StrictBool

from controlplane.json_object import Json
from simulator.failures import WrongUse
from simulator.faults.faults import Faults, definition, described


def add(app: FastAPI, faults: Callable[[], Faults]) -> None:
    """The routes; `faults` is asked at each request."""

    @app.get("/faults")
    def listed() -> Json:
        return {"catalogue": faults().catalogue(), "set": faults().standing()}

    @app.get("/faults/show")
    def show(fault: str) -> Json:
        return described(definition(fault)) | {"set": [each for each in faults().standing() if each["fault"] == fault]}

    @app.post("/faults/set")
    def set_one(
        fault: Annotated[str, Body()],
        where: Annotated[Json | None, Body()] = None,
        when: Annotated[Json | None, Body()] = None,
        parameters: Annotated[Json | None, Body()] = None,
        dry_run: Annotated[StrictBool, Body()] = False,
    ) -> Json:
        asked = {"fault": fault, "where": where, "when": when, "parameters": parameters}
        return faults().set(asked, dry_run=dry_run)

    @app.post("/faults/clear")
    def clear(
        faults_named: Annotated[list[str | int] | None, Body(alias="faults")] = None,
        everything: Annotated[StrictBool, Body(alias="all")] = False,
    ) -> Json:
        if not faults_named and not everything:
            raise WrongUse("name the faults that are to be cleared, or say that all are")
        names = [str(each) for each in faults_named or ()]
        return {"cleared": faults().clear(names, everything=everything)}

    @app.get("/faults/requests")
    def requests(party: str = "") -> Json:
        return {"requests": faults().requests(party)}

    @app.get("/faults/hits")
    def hits(number: int | None = None) -> Json:
        return {"hits": faults().hits(number)}
