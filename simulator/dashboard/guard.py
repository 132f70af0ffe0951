"""Stands before the page: who may ask, by what name, and what a browser may do with the answer.

Refused are callers from elsewhere than this machine, unless they come by HTTPS to a world that has a password for its
page and have signed in with it; names that are not this machine's (a site that has its own name
resolve to 127.0.0.1 sends that name), whoever has no session, and requests that change something and were not made by
the page itself. Every answer says that a browser may load nothing from elsewhere and put the page into no frame.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from simulator.dashboard.sessions import Session, Sessions
from simulator.serving import Application, Message, Receive, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE_METHODS = frozenset({"GET", "HEAD"})
OWN_HEADER = "x-backupsim-page"
"""The page's scripts send it. A form of another site cannot; its script would have to ask first, and gets no leave."""
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = ("/sign-in", "/codes", "/static/")
FAR_WITHOUT_PASSWORD = (
    "The page answers this machine only. backupsim up --page-password-file FILE opens it to others, by HTTPS alone."
)
FAR_WITHOUT_TLS = "Others than this machine reach the page by HTTPS alone; use the https port of this world."
FAR_CODES = "A code is given to this machine alone; others sign in with the password."
SESSION = "backupsim.session"
"""The key of the session in a request's scope."""


class Guard:
    """An application behind these rules. `prefix` is where it is mounted."""

    def __init__(
        self, app: Application, sessions: Sessions, prefix: str, names: Collection[str] = LOOPBACK_NAMES
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._prefix = prefix
        self._names = names

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Message) -> Response | None:
        headers = Headers(scope=scope)
        is_far = not _is_loopback((scope.get("client") or ("",))[0])
        path = scope["path"].removeprefix(self._prefix)
        refusal = self._refusal_of_far(scope, path) if is_far else None
        if refusal is not None:
            return PlainTextResponse(f"{refusal}\n", 403)
        if not self._is_own_name(_name_in(headers.get("host", "")), is_far=is_far):
            return PlainTextResponse("The page is reached as localhost or by its loopback address.\n", 421)
        if not path:
            return RedirectResponse(f"{self._prefix}/", 307)
        session = self._session(headers)
        if session is not None and is_far and not session.by_password:
            session = None
        if session is None and not path.startswith(OPEN_PATHS):
            return self._to_sign_in(scope, headers)
        scope[SESSION] = session
        changes = scope["method"] not in SAFE_METHODS
        if changes and path != "/codes" and not _is_of_the_page(headers, path):
            return PlainTextResponse("Only the page itself may ask for changes.\n", 403)
        return None

    def _refusal_of_far(self, scope: Message, path: str) -> str | None:
        if not self._sessions.has_password:
            return FAR_WITHOUT_PASSWORD
        if scope.get("scheme") != "https":
            return FAR_WITHOUT_TLS
        return FAR_CODES if path == "/codes" else None

    def _is_own_name(self, name: str, *, is_far: bool) -> bool:
        """An address cannot be the name of another site; from elsewhere this machine is reached by any of its own."""
        return name in self._names or (is_far and _is_address(name))

    def _session(self, headers: Headers) -> Session | None:
        token = session_token(headers)
        return self._sessions.find(token) if token else None

    def _to_sign_in(self, scope: Message, headers: Headers) -> Response:
        wants_page = scope["method"] in SAFE_METHODS and "text/html" in headers.get("accept", "")
        if wants_page:
            return RedirectResponse(f"{self._prefix}/sign-in", 303)
        return PlainTextResponse("Sign in first: backupsim dashboard gives an address.\n", 401)


def cookie_name(headers: Mapping[str, str]) -> str:
    """Cookies know no ports: each world of a machine has a name of its own."""
    port = headers.get("host", "").rpartition("]")[2].rpartition(":")[2]
    return f"backupsim_page_{port}" if port.isdigit() else "backupsim_page"


def session_token(headers: Headers) -> str | None:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(cookie_name(headers))
    except CookieError:
        return None
    return cookie.value if cookie else None


def _is_of_the_page(headers: Headers, path: str) -> bool:
    site = headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"}:
        return False
    if path == "/sign-in":  # a form, in which a person types a code
        return True
    return headers.get(OWN_HEADER) == "1"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name_in(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Cache-Control"] = "no-store"
        await send(message)

    return sending
