"""A client of a world: of its ARM service and of its control API `/_sim`.

Command, demo, tests and benchmarks act through this class alone, so that what they can do, a user's own program can do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import httpx

from controlplane.json_object import Json

API_VERSIONS = {
    "Microsoft.Resources": "2024-11-01",
    "Microsoft.Storage": "2024-01-01",
    "Microsoft.Compute": "2024-11-01",
    "Microsoft.RecoveryServices": "2026-05-01",
}
POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 1.0
"""Between two questions of how far an advance is."""
SILENCE_SECONDS = 2.0
"""Between two questions for machines that are silent, while somebody waits."""
READ_SECONDS = 60.0
"""Real time in which a request is answered."""
LIMIT_SECONDS = 3600.0
"""Real time that an operation may take unless the client is built with another limit."""


class RequestFailed(Exception):
    """An answer of 4xx or 5xx, with the service's own code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code


class Unreachable(Exception):
    """Nothing answers at the world's address."""


class StillRunning(Exception):
    """An operation or a resource did not reach its end within the client's time limit."""


class Client:
    """Talks to one world. `endpoints` holds the keys of endpoints.json.

    `limit_seconds` bounds each wait for an operation or a resource, `read_seconds` that for an answer, in real time.
    `pause` and `monotonic` are the
    clock of those waits, `transport` is how requests travel (None: over HTTP); tests replace them. `on_silence` is
    called while something is waited for, once for each time that a machine with work to do falls silent, with an entry
    of `GET /_sim/handlers/silent`.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Any],
        pause: Callable[[float], None] = time.sleep,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        read_seconds: float = READ_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
        on_silence: Callable[[Json], None] | None = None,
    ) -> None:
        self.endpoints = endpoints
        self._on_silence = on_silence
        self._listen_at = 0.0
        self._silent: set[str] = set()
        self.subscription = f"/subscriptions/{endpoints['subscription_id']}"
        self._pause = pause
        self._limit_seconds = limit_seconds
        self._monotonic = monotonic
        self._token = ""
        self._http = httpx.Client(timeout=httpx.Timeout(read_seconds), trust_env=False, transport=transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # ------------------------------------------------------------------------------------------------------------ ARM

    def group(self, name: str) -> str:
        return f"{self.subscription}/resourceGroups/{name}"

    def get(self, path: str, **query: str) -> Json:
        return self._json(self.arm("GET", path, query=query))

    def find(self, path: str, **query: str) -> Json | None:
        """What is there; None where the service says that nothing is."""
        try:
            return self.get(path, **query)
        except RequestFailed as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def list(self, path: str, **query: str) -> Iterator[Json]:
        """All items of a list, page after page."""
        page = self.get(path, **query)
        while True:
            yield from page["value"]
            if not page.get("nextLink"):
                return
            page = self._json(self.arm("GET", page["nextLink"]))

    def put(self, path: str, body: Json) -> Json:
        """Create or replace, wait for the operation if there is one, and return the resource."""
        response = self.arm("PUT", path, body)
        self.finish(response)
        return self.get(path)

    def post(self, path: str, body: Json | None = None) -> httpx.Response:
        return self.arm("POST", path, body or {})

    def arm(
        self, method: str, path: str, body: Json | None = None, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One ARM request; raises RequestFailed for 4xx and 5xx. `path` may be a whole URL of this world."""
        if path.startswith("http"):
            url, parameters = path, dict(query or {})
        else:
            _check_path(path)
            url = f"{self.endpoints['arm_http']}{path}"
            parameters = {"api-version": api_version(path), **(query or {})}
        for attempt in (1, 2):
            headers = {"Authorization": f"Bearer {self._bearer()}"}
            response = self._send(method, url, parameters or None, headers, body)
            if response.status_code != 401 or attempt == 2:
                break
            self._token = ""
        return _checked(response)

    def finish(self, response: httpx.Response) -> Json:
        """Follow Azure-AsyncOperation, or Location where only that is told, to its end; returns the last status body
        (empty without such a header)."""
        address = response.headers.get("Azure-AsyncOperation")
        if not address:
            self._await_result(response)
            return {}
        status = self._poll(address, lambda operation: operation["status"] in {"Succeeded", "Failed", "Canceled"})
        if status["status"] != "Succeeded":
            error = status.get("error") or {}
            raise RequestFailed(200, error.get("code", "OperationFailed"), error.get("message", "no message"))
        return status

    def wait_for(self, path: str, until: Callable[[Json], bool], **query: str) -> Json:
        """GET again and again until `until` holds of the resource; StillRunning when the time limit passes."""
        return self._poll(path, until, query)

    def _await_result(self, response: httpx.Response) -> None:
        """Until what the request began has its result: a failed one is raised."""
        end = self._monotonic() + self._limit_seconds
        while response.status_code == 202 and (address := response.headers.get("Location")):
            self._check_limit(address, end)
            self._pause(POLL_SECONDS)
            response = self.arm("GET", address)

    def _poll(self, path: str, until: Callable[[Json], bool], query: Mapping[str, str] | None = None) -> Json:
        end = self._monotonic() + self._limit_seconds
        while True:
            resource = self._json(self.arm("GET", path, query=query))
            if until(resource):
                return resource
            self._check_limit(path, end)
            self._listen()
            self._pause(POLL_SECONDS)

    def _listen(self) -> None:
        """Tell of machines that have fallen silent since the last look."""
        now = self._monotonic()
        if self._on_silence is None or now < self._listen_at:
            return
        self._listen_at = now + SILENCE_SECONDS
        silent = {each["vm"]: each for each in self.sim("GET", "/handlers/silent")["silent"]}
        for vm in silent.keys() - self._silent:
            self._on_silence(silent[vm])
        self._silent = set(silent)

    def _check_limit(self, path: str, end: float) -> None:
        if self._monotonic() >= end:
            where = httpx.URL(path).path
            raise StillRunning(f"{where} did not reach its end within {self._limit_seconds:.0f} s; look at its job")

    def _bearer(self) -> str:
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.endpoints["client_id"],
                "client_secret": self.endpoints["client_secret"],
                "scope": "https://management.azure.com/.default",
            }
            url = f"{self.endpoints['arm_http']}/{self.endpoints['tenant_id']}/oauth2/v2.0/token"
            with _reachable(url):
                response = self._http.post(url, data=form)
            if response.status_code != 200:
                answer = response.json()
                raise RequestFailed(response.status_code, answer["error"], answer.get("error_description", ""))
            self._token = response.json()["access_token"]
        return self._token

    # -------------------------------------------------------------------------------------------------------- control

    def sim(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """One request to the control API, for instance `sim("GET", "/vms")`."""
        return self._json(self._sim(method, path, body, query))

    def advance(self, on_progress: Callable[[Json], None] = lambda progress: None, **asked: Any) -> Json:
        """Advance world time and wait until that has ended: `advance(by="30d")`, `advance(to="2026-03-01")`,
        `advance(until="next")`, `advance(resume=True)`. What ran, and where and why it stopped; a failed one is raised.
        """
        progress = self.sim_begin("/clock/advance", asked)
        number, began = str(progress["id"]), self._monotonic()
        while progress["status"] == "advancing":
            on_progress(progress)
            self._check_limit("/_sim/clock/advance", began + self._limit_seconds)
            self._listen()
            # The longer it has taken, the less often: who asks takes time from the world that advances.
            waited = self._monotonic() - began
            self._pause(max(POLL_SECONDS, min(waited / 10, LONGEST_POLL_SECONDS)))
            progress = self.sim("GET", "/clock/advance", id=number)
        if progress["status"] != "ready":
            raise RequestFailed(500, "AdvanceFailed", str(progress["problem"]))
        return progress

    def sim_begin(self, path: str, body: Json) -> Json:
        """A request to the control API that is answered once it has begun, and not when it has ended."""
        return self._json(self._sim("POST", path, body, {}, {"Prefer": "respond-async"}))

    def sim_text(self, path: str, **query: str) -> str:
        """A control API answer that is text."""
        return self._sim("GET", path, None, query).text

    def page_address(self) -> str:
        """An address of the world's page that signs in whoever opens it: once, within a minute."""
        headers = {"Authorization": f"Bearer {self.endpoints['sim_token']}"}
        answer = _checked(self._send("POST", f"{self.endpoints['dashboard']}codes", None, headers, None))
        return str(self._json(answer)["url"])

    # --------------------------------------------------------------------------------------------------------- inside

    def _sim(
        self, method: str, path: str, body: Json | None, query: Mapping[str, str], headers: Json | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.endpoints['sim_token']}", **(headers or {})}
        return _checked(self._send(method, f"{self.endpoints['sim']}{path}", query or None, headers, body))

    def _send(
        self, method: str, url: str, query: Mapping[str, str] | None, headers: Json, body: Json | None
    ) -> httpx.Response:
        with _reachable(url):
            return self._http.request(method, url, params=query, headers=headers, json=body)

    @staticmethod
    def _json(response: httpx.Response) -> Json:
        decoded: Json = response.json()
        return decoded


def api_version(path: str) -> str:
    """The version by which this client asks for a path."""
    provider = path.rpartition("/providers/")[2].partition("/")[0] if "/providers/" in path else "Microsoft.Resources"
    return API_VERSIONS.get(provider, API_VERSIONS["Microsoft.Resources"])


def _check_path(path: str) -> None:
    """httpx takes no other characters. A path with a dot segment, an empty one or an encoded slash stands for another
    path than it says."""
    plain = path.partition("?")[0]
    meant = unquote(plain)
    is_another = {"", ".", ".."} & set(meant.split("/")[1:]) or meant.count("/") != plain.count("/")
    if not plain.isprintable() or is_another:
        raise RequestFailed(HTTPStatus.BAD_REQUEST, "InvalidResourcePath", f"{plain!r} is not the path of a resource")


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code < 400:
        return response
    try:
        error = response.json()["error"]
        code, message = error["code"], error["message"]
    except (ValueError, KeyError, TypeError):
        request = response.request
        code = f"HTTP{response.status_code}"
        message = f"{response.reason_phrase}, to {request.method} {request.url.path}"
    raise RequestFailed(response.status_code, code, message)


@contextmanager
def _reachable(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        place = httpx.URL(url)
        raise Unreachable(f"no answer from {place.host}:{place.port} ({type(error).__name__})") from None
