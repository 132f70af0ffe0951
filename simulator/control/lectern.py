"""The control API's part of the lectern: jobs that are paused, stepped and slowed, and stories told in this world.

GET  /_sim/lectern          {"mode", "seconds", "held"}
POST /_sim/lectern          {"mode": run, slow or step, "seconds"?}
POST /_sim/lectern/go       {"job"?}: let on what waits, or one job of it
GET  /_sim/stories          {"stories", "told", "step", "slow"}
POST /_sim/stories/tell     {"story", "step"?, "slow"?}: begin one, in an empty world
POST /_sim/stories/change   {"step"?, "slow"?}
POST /_sim/stories/go, /_sim/stories/stop   the next sentence; the end
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Body, FastAPI
from pydantic import StrictBool, StrictFloat

from controlplane.json_object import Json
from simulator.lectern.lectern import USUAL_SECONDS, Lectern
from simulator.stories.live import Storyteller


def add(app: FastAPI, lectern: Callable[[], Lectern], teller: Callable[[], Storyteller]) -> None:
    """The routes; both are asked for at each request."""
    _add_lectern(app, lectern)
    _add_stories(app, teller)


def _add_lectern(app: FastAPI, lectern: Callable[[], Lectern]) -> None:
    @app.get("/lectern")
    def shown() -> Json:
        return lectern().to_json()

    @app.post("/lectern")
    def change(mode: Annotated[str, Body()], seconds: Annotated[StrictFloat, Body()] = USUAL_SECONDS) -> Json:
        lectern().set(mode, seconds)
        return lectern().to_json()

    @app.post("/lectern/go")
    def go(job: Annotated[str, Body(embed=True)] = "") -> Json:
        return {"let_on": lectern().go(job), **lectern().to_json()}


def _add_stories(app: FastAPI, teller: Callable[[], Storyteller]) -> None:
    @app.get("/stories")
    def shown() -> Json:
        return teller().to_json()

    @app.post("/stories/tell")
    def tell(
        story: Annotated[str, Body()],
        step: Annotated[StrictBool, Body()] = False,
        slow: Annotated[StrictFloat, Body()] = 0.0,
    ) -> Json:
        teller().tell(story, step, slow)
        return teller().to_json()

    @app.post("/stories/change")
    def change(
        step: Annotated[StrictBool | None, Body()] = None, slow: Annotated[StrictFloat | None, Body()] = None
    ) -> Json:
        teller().change(step, slow)
        return teller().to_json()

    @app.post("/stories/go")
    def go() -> Json:
        teller().go()
        return teller().to_json()

    @app.post("/stories/stop")
    def stop() -> Json:
        teller().stop()
        return teller().to_json()
