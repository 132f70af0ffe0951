"""The routes of the control API for the world as a whole: events, time, limits, reset and purge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Body, FastAPI, Header, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import StrictBool, StrictFloat

from controlplane.arm.edge.rate_limits import RateLimits
from controlplane.json_object import Json
from controlplane.ports import PortError, Store
from simulator.control import clock, listing
from simulator.control.clock import ClockControls
from simulator.control.followers import Followers
from simulator.control.reset import Resetter
from simulator.pace import Pace, PaceSettings

MOST_EVENTS = 10_000
LARGEST_ID = 2**63 - 1
"""What the database can compare an event's number with."""


@dataclass(frozen=True)
class WorldControls:
    store: Store
    clock: ClockControls
    limits: RateLimits
    pace: Pace
    resetter: Resetter
    endpoints: Callable[[], Json]
    write_events: Callable[[], None] = lambda: None
    """Has the store keep what machines have told until now."""
    followers: Followers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "followers", Followers(self.store))

    def page(self, since: int, limit: int, job: str | None) -> Json:
        """Whoever has seen what came of an event finds it on the page, though its host may not have written it yet."""
        with suppress(PortError):  # a store that takes nothing now may still be read
            self.write_events()
        return listing.page(self.store, since, limit, job)


def add(app: FastAPI, world: Callable[[], WorldControls]) -> None:
    """The routes; `world` is asked at each request."""
    _add_events(app, world)
    clock.add(app, lambda: world().clock)
    _add_limits(app, world)
    _add_pace(app, world)

    @app.get("/endpoints")
    def endpoints() -> Json:
        return world().endpoints()

    @app.post("/reset")
    def reset() -> Json:
        return world().resetter.reset()

    @app.post("/purge")
    def purge() -> Json:
        return world().resetter.purge()


def _add_events(app: FastAPI, world: Callable[[], WorldControls]) -> None:
    @app.get("/events")
    async def events(
        since: Annotated[int, Query(le=LARGEST_ID)] = 0,
        limit: Annotated[int, Query(ge=0)] = 1000,
        job: str | None = None,
        follow: bool = False,
        last_event_id: Annotated[int, Header(le=LARGEST_ID)] = 0,
    ) -> Response:
        """A browser that lost the stream says in Last-Event-ID how far it came."""
        begin = max(since, last_event_id)
        if follow:
            return StreamingResponse(world().followers.follow(begin, job), media_type="text/event-stream")
        return JSONResponse(await asyncio.to_thread(world().page, begin, min(limit, MOST_EVENTS), job))


def _add_limits(app: FastAPI, world: Callable[[], WorldControls]) -> None:
    def told() -> Json:
        limits = world().limits
        return {"enforced": limits.enforced, "left": limits.left(), "counted": limits.counted()}

    @app.get("/limits")
    def limits() -> Json:
        return told()

    @app.post("/limits")
    def change(
        enforced: Annotated[StrictBool | None, Body()] = None, refill: Annotated[StrictBool, Body()] = False
    ) -> Json:
        if enforced is not None:
            world().limits.enforced = enforced
        if refill:
            world().limits.refill()
        return told()


def _add_pace(app: FastAPI, world: Callable[[], WorldControls]) -> None:
    @app.get("/pace")
    def pace() -> Json:
        return world().pace.to_json()

    @app.post("/pace")
    def change(
        seconds: Annotated[StrictFloat | None, Body()] = None,
        kinds: Annotated[dict[str, StrictFloat | None] | None, Body()] = None,
        plausible: Annotated[StrictBool | None, Body()] = None,
        hold: Annotated[list[str], Body()] = [],  # noqa: B006 - it is only read
        release: Annotated[list[str], Body()] = [],  # noqa: B006
    ) -> Json:
        """What is not given stays. A kind with null loses its pace of its own."""
        controls = world().pace
        now = controls.settings
        of_kinds = {kind: value for kind, value in {**now.kinds, **(kinds or {})}.items() if value is not None}
        settings = PaceSettings(
            now.seconds if seconds is None else seconds, of_kinds, now.plausible if plausible is None else plausible
        )
        controls.change(settings, hold=hold, release=release)
        return controls.to_json()
