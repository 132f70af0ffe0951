"""The routes of the control API for world time: show it, set it, advance it, and say what lies ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import StrictBool, StrictFloat

from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.writer_held import about_to_wait
from simulator.clock import targets
from simulator.clock.advance import Advance, Reason
from simulator.clock.driver import ClockBusy
from simulator.clock.kept_clock import ClockRefused, ClockSettings
from simulator.clock.targets import Target
from simulator.clock.world_time import WorldTime
from simulator.control.strictness import Refused

MOST_DUE = 10_000
LONGEST_NAME = 200
POLL_SECONDS = 1
"""What somebody is told who asks how far an advance is."""
WORDS = ("next", "idle")

HasEnded = Callable[[str], bool | None]
"""Whether the job of this name has ended; None: there is no such job."""
Read = Callable[[str], Json | None]
"""What ARM answers to a GET of this path; None: there is nothing there."""


@dataclass(frozen=True)
class ClockControls:
    time: WorldTime
    has_ended: HasEnded
    read: Read

    def target(self, asked: Json) -> Target:
        """What a body asks for: one of `by`, `to` and `until`. ClockRefused, Refused."""
        given = {key: value for key, value in asked.items() if value is not None}
        if len(given) != 1:
            raise ClockRefused("an advance takes one of by, to, until and resume")
        (key, value), *_ = given.items()
        if key == "by":
            return targets.by(value)
        if key == "to":
            return targets.to(value)
        return self._until(value)

    def _until(self, asked: Any) -> Target:
        if asked == "next":
            return targets.until_next()
        if asked == "idle":
            return targets.until_idle()
        if isinstance(asked, dict) and set(asked) == {"job"} and isinstance(asked["job"], str):
            return self._until_job(asked["job"].rpartition("/")[2])
        if isinstance(asked, dict) and set(asked) == {"path", "condition"}:
            path, condition = asked["path"], asked["condition"]
            if isinstance(path, str) and isinstance(condition, str):
                return self._until_so(path, condition)
        raise ClockRefused('until takes "next", "idle", {"job": ID} or {"path": ARM-PATH, "condition": JMESPATH}')

    def _until_job(self, job: str) -> Target:
        if self.has_ended(job) is None:
            raise Refused(
                404, "NoSuchJob", f"no job {job} exists in this world; az backup job list shows those of a vault"
            )
        return targets.until_job_ends(job, lambda: self.has_ended(job) is not False)

    def _until_so(self, path: str, condition: str) -> Target:
        if not path.startswith("/") or path.startswith("//"):  # that would be the address of another machine
            raise ClockRefused(f"{path} is no path of ARM; write one as /subscriptions/...")
        is_so = targets.condition_of(path, condition, self.read)
        is_so()  # what cannot be asked now cannot be asked later
        return targets.until_so(path, condition, is_so)


def add(app: FastAPI, clock: Callable[[], ClockControls]) -> None:
    """The routes; `clock` is asked at each request."""
    _add_setting(app, clock)
    _add_advance(app, clock)

    @app.get("/clock/due")
    def due(
        by: str | None = None,
        to: str | None = None,
        until: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_DUE)] = 1000,
    ) -> Json:
        """What an advance would come upon, as far as it is known now."""
        controls = clock()
        target = controls.target({"by": by, "to": to, "until": until})
        if target.is_so is not None:
            raise ClockRefused(
                "nobody knows yet when that will be so; ask what is due by a duration, to a time or until next"
            )
        end, dues = controls.time.due(target, limit + 1)
        return {
            "target": target.words,
            "end": instant(end) if end else None,
            "due": [each.to_json() for each in dues[:limit]],
            "more": len(dues) > limit,
        }


def _add_setting(app: FastAPI, clock: Callable[[], ClockControls]) -> None:
    @app.get("/clock")
    def show() -> Json:
        return clock().time.to_json()

    @app.post("/clock/set")
    def change(mode: Annotated[str | None, Body()] = None, rate: Annotated[StrictFloat | None, Body()] = None) -> Json:
        if mode is None and rate is None:
            raise ClockRefused("a clock is set by its mode, its rate or both")
        controls = clock()
        try:
            controls.time.change(ClockSettings.parse(mode, rate, None))
        except ClockBusy as busy:
            raise _busy(busy) from None
        return controls.time.to_json()


def _add_advance(app: FastAPI, clock: Callable[[], ClockControls]) -> None:
    @app.post("/clock/advance")
    def advance(
        request: Request,
        by: Annotated[str | None, Body()] = None,
        to: Annotated[str | None, Body()] = None,
        until: Annotated[str | dict[str, str] | None, Body()] = None,
        resume: Annotated[StrictBool, Body()] = False,
        asked_by: Annotated[str | None, Body(max_length=LONGEST_NAME)] = None,
        prefer: Annotated[str, Header()] = "",
    ) -> JSONResponse:
        """Answers when the world has settled at the end, or (`Prefer: respond-async`) when it has begun."""
        controls, who = clock(), asked_by or _caller(request)
        asked = {"by": by, "to": to, "until": until}
        try:
            if not resume:
                begun = controls.time.advance(controls.target(asked), who)
            elif any(asked.values()):
                raise ClockRefused("an advance takes one of by, to, until and resume")
            else:
                begun = controls.time.resume(controls.target, who)
        except ClockBusy as busy:
            raise _busy(busy) from None
        if "respond-async" in prefer.lower():
            headers = {
                "Location": str(request.url.replace(query=f"id={begun.id}")),
                "Retry-After": str(POLL_SECONDS),
                "Preference-Applied": "respond-async",
            }
            return JSONResponse(_shown(begun), 202, headers)
        about_to_wait("an advance of world time")
        begun.over.wait()
        return JSONResponse(_shown(begun), _status(begun))

    @app.get("/clock/advance")
    def how_far(id: int | None = None) -> Json:
        """How far an advance is, and once it has ended what it did; without a number the newest one."""
        found = clock().time.advance_of(id)
        if found is None and id is not None:
            raise Refused(404, "NoAdvance", f"advance {id} is none of the last ones of this world")
        if found is None:
            raise Refused(404, "NoAdvance", "this world's time has not been advanced since it was started")
        return _shown(found)

    @app.post("/clock/stop")
    def stop() -> Json:
        """Answers when the advance has ended."""
        stopped = clock().time.stop()
        if stopped is None:
            raise Refused(409, "NoAdvance", "no advance is under way")
        return _shown(stopped)


def _shown(advance: Advance) -> Json:
    """With its jobs once it has ended, however early that is: nobody asks again for one that is ready."""
    if not advance.over.is_set():
        return {"status": "advancing", **advance.progress()}
    return {"status": "internal_failure" if advance.reason is Reason.FAILED else "ready", **advance.to_json()}


def _status(advance: Advance) -> int:
    return {Reason.FAILED: 500, Reason.CLOSED: 503}.get(advance.reason or Reason.REACHED, 200)


def _busy(busy: ClockBusy) -> Refused:
    return Refused(409, "ClockBusy", str(busy))


def _caller(request: Request) -> str:
    place = f" at {request.client.host} port {request.client.port}" if request.client else ""
    return f"{request.headers.get('user-agent', 'a client')[:LONGEST_NAME]}{place}"
