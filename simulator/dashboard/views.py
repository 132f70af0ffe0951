"""The views of the page."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from controlplane.json_object import Json
from simulator.client import Client
from simulator.dashboard import commands, lectern, machine, point_files, points, policies
from simulator.dashboard.overview import overview
from simulator.dashboard.page import Page
from simulator.dashboard.remedies import remedy_of
from simulator.dashboard.resources import asked_for, resource
from simulator.dashboard.world_views import clock, faults
from simulator.recorder import recording, story

MOST_EVENTS, MOST_KEPT_EVENTS = 500, 5000
"""In the view of events: at first, and as they come."""
LIVE: dict[str, tuple[Callable[[Client, Request], Json], str]] = {
    "overview": (lambda client, request: overview(client), "job item vault alert recovery_point clock world schedule"),
    "machines": (
        lambda client, request: machine.machines(client, machine.asked_for(request.query_params)),
        "machine vss filesystem guest agent handler recovery_point item",
    ),
    "policies": (lambda client, request: policies.listed(client), "vault item"),
    "lectern": (lambda client, request: lectern.lectern(client), "lectern story world"),
    "clock": (lambda client, request: clock(client), "clock"),
    "faults": (lambda client, request: faults(client), "fault"),
    "points": (
        lambda client, request: points.calendar(
            client, points.item_of(request.query_params), request.query_params.get("at", "")
        ),
        "recovery_point",
    ),
    "files": (lambda client, request: point_files.versions(client, request.query_params), ""),
    "resources": (lambda client, request: resource(client, asked_for(request.query_params)), ""),
}
"""Views that are asked for anew when the world changes: what they show, and the events that may change it."""


def add(app: FastAPI, page: Page) -> None:
    for name in LIVE:
        _add_live(app, page, name)
    _add_files(app, page)
    _add_policy(app, page)
    _add_events(app, page)
    _add_job(app, page)


def _add_live(app: FastAPI, page: Page, name: str) -> None:
    data, changes = LIVE[name]

    @app.get("/" if name == "overview" else f"/{name}", name=name)
    def whole(request: Request) -> Response:
        newest = page.journal.newest()  # before what is shown, so that the page hears of what came meanwhile
        return page.show(
            request,
            "live.html",
            view=name,
            data=data(page.client, request),
            since=newest,
            changes=changes,
            part=f"parts/{name}?{request.url.query}",
        )

    @app.get(f"/parts/{name}", name=f"part of {name}")
    def part(request: Request) -> Response:
        return page.show(request, f"{name}_part.html", data=data(page.client, request))


def _add_files(app: FastAPI, page: Page) -> None:
    @app.get("/files/content")
    def content(request: Request) -> Response:
        name, held = point_files.content(page.client, request.query_params)
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return Response(held, media_type="application/octet-stream", headers={"Content-Disposition": disposition})


def _add_policy(app: FastAPI, page: Page) -> None:
    @app.get("/policy")
    def policy(request: Request) -> Response:
        data = policies.editor(page.client, request.query_params.multi_items())
        return page.show(request, "policy.html", view="policies", data=data)

    @app.get("/parts/policy")
    def preview(request: Request) -> Response:
        data = policies.previewed(page.client, request.query_params.multi_items())
        return page.show(request, "policy_preview.html", data=data)

    @app.get("/remedies/{code}")
    def remedy(code: str, message: str = "") -> Response:
        """For the scripts, which show it with an error."""
        return JSONResponse({"remedy": remedy_of(code, message)})


def _add_events(app: FastAPI, page: Page) -> None:
    @app.get("/events")
    def events(request: Request) -> Response:
        newest = page.journal.newest()
        since = max(0, newest - MOST_EVENTS)
        found = page.client.sim("GET", "/events", since=str(since), limit=str(MOST_EVENTS))["events"]
        shown = sorted((event for event in found if event["id"] <= newest), key=lambda event: -event["id"])
        return page.show(
            request,
            "events.html",
            view="events_view",
            events=shown,
            first_json=recording.in_html({"events": shown}),
            since=newest,
            most=MOST_KEPT_EVENTS,
        )


def _add_job(app: FastAPI, page: Page) -> None:
    @app.get("/jobs/{name}")
    def job(request: Request, name: str) -> Response:
        found = story.find_job(page.client, name)
        told = story.collect(page.client, found, with_verdict=False)
        return page.show(
            request,
            "job.html",
            view="job",
            story=told,
            story_json=recording.in_html(told),
            job=told["job"]["properties"],
            name=found.name,
            cancel=commands.cancel_job(found.vault, found.name),
            record=commands.record(found.name),
            lectern=lectern.of_job(page.client, found.name),
            is_over=story.is_over(found.body),
        )

    @app.get("/jobs/{name}/story")
    def as_json(name: str) -> Response:
        found = story.find_job(page.client, name)
        return JSONResponse(story.collect(page.client, found, with_verdict=False))

    @app.get("/jobs/{name}/recording")
    def as_file(request: Request, name: str) -> Response:
        found = story.find_job(page.client, name)
        told = story.collect(page.client, found, with_verdict=story.is_over(found.body))
        disposition = f'attachment; filename="{found.name}.html"'
        text = recording.html(told, page.language(request))
        return HTMLResponse(text, headers={"Content-Disposition": disposition})
