"""Refuses what the control API does not know, keys and routes alike, with a hint at what it knows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from email.message import Message

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from controlplane.json_object import Json

PREFIX = "/_sim"


class Refused(Exception):
    """A request that the control API refuses, with HTTP status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


async def refuse_unknown_keys(request: Request) -> None:
    """Raise Refused for a key of the query or of the body that the route does not take, and for a body that is no JSON
    object. None is needed where the route takes no key."""
    route: APIRoute = request.scope["route"]
    parts = route.dependant
    in_query = {parameter.alias for parameter in parts.query_params}
    in_body = {parameter.alias for parameter in parts.body_params}
    _refuse("query parameter", set(request.query_params) - in_query, in_query, in_body, _name(request))
    if request.method == "POST":
        body = _object(await request.body(), _name(request))
        if body:
            _refuse_another_type(request)
        _refuse("key", set(body) - in_body, in_body, in_query, _name(request))


def _refuse_another_type(request: Request) -> None:
    """Raise Refused for a body that does not say that it is JSON, in which the route would see no keys. curl and urllib
    call a body a form unless told otherwise."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "application/octet-stream")
    if header.get_content_type() != "application/json":
        message = f"{_name(request)} takes JSON; send it with the header Content-Type: application/json"
        raise Refused(415, "UnsupportedMediaType", message)


def _object(body: bytes, route: str) -> Json:
    """The object that a body is; {} without a body. Refused for another body, and for text that is no Unicode, which no
    answer could show."""
    if not body:
        return {}
    try:
        given = json.loads(body)
        json.dumps(given, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refused(400, "InvalidRequest", f"the body of {route} is no JSON in UTF-8") from None
    if not isinstance(given, dict):
        raise Refused(400, "InvalidRequest", f"the body of {route} is no JSON object")
    return given


def not_served(app: FastAPI, request: Request, error: HTTPException) -> tuple[str, str]:
    """Code and message for a body that cannot be read, and for a path that the control API has not, or has for another
    method."""
    if error.status_code == 400:
        return "InvalidRequest", error.detail
    path = request.url.path.removeprefix(PREFIX)
    routes = {f"{PREFIX}{route.path}": route.methods for route in app.routes if isinstance(route, APIRoute)}
    if methods := _methods(app, path):
        return "MethodNotAllowed", f"{PREFIX}{path} does not take {request.method}; use {' or '.join(methods)}"
    near = get_close_matches(f"{PREFIX}{path}", routes, n=1) if path.strip("/") else []
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(routes))}"
    return "NotFound", f"the control API has no {PREFIX}{path}; {hint}"


def _methods(app: FastAPI, path: str) -> list[str]:
    of_path = (route.methods for route in app.routes if isinstance(route, APIRoute) and route.path == path)
    return sorted({method for methods in of_path for method in methods or ()})


def _refuse(
    what: str, unknown: Iterable[str], accepted: Collection[str], elsewhere: Collection[str], route: str
) -> None:
    first = min(unknown, default=None)
    if first is None:
        return
    takes = f"it takes {', '.join(sorted(accepted))}" if accepted else "it takes none"
    if first in elsewhere:
        takes = f"send it in the {'body' if what == 'query parameter' else 'query'}"
    raise Refused(400, "UnknownKey", f"{route} does not know the {what} {first}; {takes}")


def _name(request: Request) -> str:
    return f"{request.method} {PREFIX}{request.scope['route'].path}"
