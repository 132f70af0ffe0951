"""The OpenAPI document of this service at `/openapi.json`, read off the table of operations; it needs no token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette import routing
from starlette.requests import Request
from starlette.responses import Response

from controlplane.arm.edge.call import RequestBody, encode
from controlplane.arm.edge.routing import Route, operation_name, split
from controlplane.json_object import Json

SCHEMAS = "#/components/schemas/"
ERRORS = {
    400: "The request is invalid.",
    401: "The token is missing or not valid.",
    403: "A lock or a guard of the resource forbids the operation.",
    404: "The resource or its parent does not exist.",
    405: "The path does not support the method.",
    409: "The request conflicts with the state of the resource.",
    412: "The condition of If-Match or If-None-Match is not met.",
    413: "The body is too large.",
    429: "Too many requests; only in a world that limits them.",
    501: "Not simulated; the message names the operation.",
    503: "The blob storage does not answer at the moment.",
}
SUCCESSES = {
    200: "Done.",
    201: "Created.",
    202: "Accepted; the headers have the URL of its status.",
    204: "Done, or there was nothing to do.",
    304: "Unchanged.",
}
POLLING = {"Azure-AsyncOperation", "Location", "Retry-After"}
QUERY = {
    "$filter": "Terms `key eq 'value'`, joined by `and`.",
    "$expand": "What to include that is left out by default.",
    "$skipToken": "Where this page begins, from the `nextLink` of the page before.",
}
TEXT = {"type": "string"}
OBJECT = {"type": "object"}
ERROR_SCHEMA: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": TEXT,
                "message": TEXT,
                "target": TEXT,
                "details": {"type": "array", "items": OBJECT},
            },
        }
    },
}
FORM = {"grant_type": TEXT, "client_id": TEXT, "client_secret": TEXT, "scope": TEXT, "resource": TEXT}
WITHOUT_TOKEN: tuple[tuple[str, str, str], ...] = (
    ("get", "/healthz", "Health of the service."),
    ("get", "/metadata/endpoints", "The endpoints of this cloud."),
    ("get", "/metadata/imageAliases", "Short names of images."),
    ("get", "/{tenant}/v2.0/.well-known/openid-configuration", "The OpenID configuration of a tenant."),
    ("get", "/{tenant}/discovery/v2.0/keys", "The public keys that verify tokens."),
    (
        "post",
        "/{tenant}/oauth2/v2.0/token",
        "A token in exchange for the secret, password, code or refresh token of the form.",
    ),
    ("post", "/{tenant}/oauth2/token", "The same for a `resource` in place of a `scope`."),
    ("post", "/{tenant}/oauth2/v2.0/devicecode", "A device code, which a person approves on another page."),
)


def open_routes(routes: Sequence[Route]) -> list[routing.BaseRoute]:
    """The one route that serves the document, which is made when it is first asked for."""

    @cache
    def content() -> bytes:
        return encode(document(routes))

    async def openapi(request: Request) -> Response:
        return Response(content(), media_type="application/json")

    return [routing.Route("/openapi.json", openapi)]


def document(routes: Sequence[Route]) -> Json:
    """OpenAPI 3.1 of these operations and of signing in."""
    schemas, references = _schemas({route.body for route in routes if route.body is not None})
    paths: dict[str, Json] = {}
    for method, path, summary in WITHOUT_TOKEN:
        paths.setdefault(path, {})[method] = _without_token(method, path, summary)
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Azure Backup simulator",
            "version": "1",
            "description": "Azure Resource Manager as far as backups of virtual machines need it.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR_SCHEMA, **schemas},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"token": []}],
    }


def _schemas(models: Iterable[type[RequestBody]]) -> tuple[Json, dict[type[RequestBody], Json]]:
    """The schemas of all bodies with what they are made of, and each body's reference to its own."""
    ordered = sorted(models, key=lambda model: f"{model.__module__} {model!r}")
    inputs: list[tuple[type[BaseModel], Literal["validation"]]] = [(model, "validation") for model in ordered]
    schemas, definitions = models_json_schema(inputs, by_alias=True, ref_template=f"{SCHEMAS}{{model}}")
    return definitions.get("$defs", {}), {model: schemas[model, "validation"] for model in ordered}


def _operation(route: Route, references: dict[type[RequestBody], Json]) -> Json:
    described: Json = {
        "operationId": _identifier(route.method, route.path),
        "summary": operation_name(route.method, split(route.path)),
        "parameters": [*_path_parameters(route.path), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route),
    }
    if route.method in {"PUT", "PATCH", "POST"}:
        schema = references[route.body] if route.body is not None else OBJECT
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"content": content, "required": route.body is not None and route.method != "POST"}
    return described


def _path_parameters(path: str) -> list[Json]:
    names = [segment[1:-1] for segment in split(path) if segment[0] == "{"]
    return [
        {"name": name, "in": "path", "required": True, "schema": {**TEXT, "minLength": 1, "maxLength": 260}}
        for name in names
    ]


def _query_parameters(route: Route) -> list[Json]:
    version = {"name": "api-version", "in": "query", "required": True, "schema": {**TEXT, "format": "date"}}
    if route.method != "GET":
        return [version]
    more = [{"name": name, "in": "query", "description": text, "schema": TEXT} for name, text in QUERY.items()]
    return [version, *more]


def _header_parameters(route: Route) -> list[Json]:
    names = ("If-None-Match",) if route.method == "GET" else ("If-Match",)
    return [{"name": name, "in": "header", "schema": TEXT} for name in names]


def _responses(route: Route) -> Json:
    successes = {status for status in route.successes if status < 400}
    if route.method == "GET" and successes:
        successes.add(304)
    answers = {str(status): _success(status) for status in sorted(successes)}
    return answers | {str(status): _failure(text) for status, text in ERRORS.items()}


def _success(status: int) -> Json:
    answer: Json = {"description": SUCCESSES.get(status, HTTPStatus(status).phrase)}
    if status in {200, 201, 202}:
        answer["content"] = {"application/json": {"schema": OBJECT}}
    if status in {201, 202}:
        answer["headers"] = {name: {"schema": TEXT} for name in sorted(POLLING)}
    return answer


def _failure(text: str) -> Json:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": f"{SCHEMAS}Error"}}}}


def _without_token(method: str, path: str, summary: str) -> Json:
    described: Json = {
        "operationId": _identifier(method, path),
        "summary": summary,
        "security": [],
        "parameters": _path_parameters(path),
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": {}}}},
            **{
                str(status): {"description": ERRORS[status], "content": {"application/json": {"schema": OBJECT}}}
                for status in (400, 401, 404)
            },
        },
    }
    if method == "post":
        form = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": FORM}}}
        described["requestBody"] = {"content": form}
    return described


def _identifier(method: str, path: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", f"{method.lower()}{path}").strip("_")
