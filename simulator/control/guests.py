"""The route of the control API by which a line is run in the shell of a guest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Body, FastAPI

from controlplane.json_object import Json
from simulator.failures import Failure, WrongUse
from simulator.host.host import Host

MOST_BYTES = 1024 * 1024
"""Of what a line writes to one stream, the end is kept."""


class NoSuchGuest(Failure):
    """The world has no machine of this name, or it is off."""


def add(app: FastAPI, host: Callable[[], Host]) -> None:
    """The route; `host` is asked at each request."""

    @app.post("/vms/run")
    def run(
        vm: Annotated[str, Body()],
        line: Annotated[str, Body()],
        language: Annotated[Literal["en-us", "zh-cn"], Body()] = "en-us",
    ) -> Json:
        """`vm`: its ARM id, or its name where no other machine has that."""
        machines = [each for each in host().machines() if vm.lower() in {each.lower(), each.lower().rpartition("/")[2]}]
        if len(machines) > 1:
            raise WrongUse(f"{len(machines)} machines are called {vm}; name one by its ARM id")
        guest = host().guest(machines[0]) if machines else None
        if guest is None:
            raise NoSuchGuest(f"no machine {vm} is running in this world; GET /_sim/vms lists them")
        output, errors = guest.run_script([line], language, MOST_BYTES)
        return {"vm": machines[0], "output": output, "errors": errors}
