"""The page of a world as an application: its views, what they show, and the way to ARM and the control API.

GET  /_page/                   the overview
GET  /_page/jobs/JOB           the story of a job, live
GET  /_page/jobs/JOB/story     the same as JSON
GET  /_page/jobs/JOB/recording the same as one file
GET  /_page/clock, /_page/faults  the world's time; what is made to fail
GET  /_page/parts/VIEW         the part of a view that changes
POST /_page/codes              a one-use code, for whoever has sim_token of endpoints.json
GET  /_page/sign-in?code=CODE  make the code a session
GET  /_page/static/NAME        scripts and styles
ANY  /_page/arm/..., /_page/sim/...  what the scripts ask, passed on
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.requests import ClientDisconnect

from simulator.client import RequestFailed
from simulator.dashboard import views
from simulator.dashboard.guard import Guard, cookie_name
from simulator.dashboard.page import FOLDER, PREFIX, Page
from simulator.dashboard.relay import HIDDEN, AtOnce, Relay, Target
from simulator.dashboard.sessions import CODE_SECONDS
from simulator.failures import Failure
from simulator.recorder.recording import ASSETS
from simulator.serving import Application

KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
MISSING, REFUSED = 404, 403
LONGEST_FORM = 4096


def build(page: Page) -> Application:
    """The application to be mounted at PREFIX, behind its guard."""
    context = page.context
    app = FastAPI(title="backupsim page", openapi_url=None, redirect_slashes=False)
    _add_sign_in(app, page)
    views.add(app, page)
    _add_files(app)
    app.add_exception_handler(Failure, lambda request, error: _failed(page, request, str(error)))
    app.add_exception_handler(RequestFailed, lambda request, error: _failed(page, request, str(error)))
    app.add_exception_handler(ClientDisconnect, lambda request, error: Response(status_code=400))  # nobody hears it
    sim_token = str(context.endpoints()["sim_token"])
    targets = {
        "arm": Target(context.arm, "", context.arm_token),
        "sim": Target(context.controls, "/_sim", lambda: sim_token, HIDDEN),
    }
    return Guard(Relay(AtOnce(app), PREFIX, targets), context.sessions, PREFIX, context.names)


def _failed(page: Page, request: Request, sentence: str) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return page.show(request, "missing.html", status=MISSING, sentence=sentence)
    return JSONResponse({"error": {"code": "NotFound", "message": sentence}}, MISSING)


def _add_sign_in(app: FastAPI, page: Page) -> None:
    sessions = page.context.sessions

    @app.post("/codes")
    def codes(request: Request) -> Response:
        endpoints = page.context.endpoints()
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), str(endpoints["sim_token"]).encode()):
            message = "A code is given for sim_token of endpoints.json as bearer token."
            return JSONResponse({"error": {"code": "InvalidToken", "message": message}}, 401)
        address = f"{endpoints['dashboard']}sign-in?code={sessions.new_code()}"
        return JSONResponse({"url": address, "valid_seconds": CODE_SECONDS})

    @app.get("/sign-in")
    def sign_in(request: Request, code: str | None = None) -> Response:
        return shown(request, refused=False) if code is None else opened(request, sessions.redeem(code))

    @app.post("/sign-in")
    async def typed(request: Request) -> Response:
        """The form of that page, with a code or the password."""
        body = parse_qs((await request.body())[:LONGEST_FORM].decode(errors="replace"))
        if password := body.get("password", [""])[0]:
            return opened(request, sessions.admit(password))
        return opened(request, sessions.redeem(body.get("code", [""])[0].strip()))

    def shown(request: Request, *, refused: bool) -> Response:
        status = REFUSED if refused else 200
        return page.show(request, "sign_in.html", status=status, refused=refused, with_password=sessions.has_password)

    def opened(request: Request, token: str | None) -> Response:
        if token is None:
            return shown(request, refused=True)
        answer = RedirectResponse(f"{PREFIX}/", 303)
        answer.set_cookie(
            cookie_name(request.headers),
            token,
            path=PREFIX,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


def _add_files(app: FastAPI) -> None:
    files = {path.name: path for folder in (FOLDER / "static", ASSETS) for path in folder.iterdir()}

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        path = files.get(name)
        kind = KINDS.get(path.suffix) if path else None
        if path is None or kind is None:
            return Response(status_code=MISSING)
        return Response(path.read_bytes(), media_type=kind)
