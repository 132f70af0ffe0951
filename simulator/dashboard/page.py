"""What the views of the page share: a client of the world, templates, and the language of who asks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.json_object import Json
from simulator.client import Client
from simulator.dashboard.guard import LOOPBACK_NAMES, SESSION
from simulator.dashboard.journal import Journal
from simulator.dashboard.sessions import Sessions
from simulator.dashboard.words import language_of, words
from simulator.recorder import recording
from simulator.recorder.recording import ASSETS
from simulator.serving import Application

PREFIX = "/_page"
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class PageContext:
    """What the page is built on: the applications behind it, and how a client reaches them."""

    endpoints: Callable[[], Json]
    arm: Application
    controls: Application
    arm_token: Callable[[], str]
    """A new token for ARM."""
    names: Collection[str] = LOOPBACK_NAMES
    """By which names this machine is reached."""
    sessions: Sessions = field(default_factory=Sessions)


class Page:
    """The views. They act through a client of the world's own addresses."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.client = Client(context.endpoints())
        self.journal = Journal(self.client)
        self._templates = recording.environment(FOLDER / "templates", ASSETS)

    def close(self) -> None:
        self.client.close()

    def show(
        self, request: Request, template: str, *, status: int = 200, view: str = "", **values: object
    ) -> HTMLResponse:
        language = self.language(request)
        of_language = words(language)
        text = self._templates.get_template(template).render(
            prefix=PREFIX,
            language=language,
            other_language="en" if language == "zh-cn" else "zh-cn",
            words=recording.in_template(of_language),
            words_json=recording.in_html(of_language),
            kinds_json=recording.in_html({"kinds": list(CATALOGUE)}),
            language_link=_with_language(request, "en" if language == "zh-cn" else "zh-cn"),
            view=view,
            **values,
        )
        return HTMLResponse(text, status)

    def language(self, request: Request) -> str:
        session = request.scope.get(SESSION)
        asked = request.query_params.get("lang")
        language = language_of(asked, session and session.language, request.headers.get("accept-language", ""))
        if session is not None and asked is not None:
            session.language = language
        return language


def _with_language(request: Request, language: str) -> str:
    """The address of what is shown, in another language."""
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    return f"{request.url.path}?{urlencode([*query, ('lang', language)])}"
