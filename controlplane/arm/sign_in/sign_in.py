"""The sign-in endpoints of Microsoft Entra ID, in the spellings that clients know; none of them needs a token.

`/{tenant}/oauth2/v2.0/...` takes scopes, `/{tenant}/oauth2/...` takes a resource. The second, with `adfs` in place of
the tenant, is an authority of AD FS, which clients use without asking Microsoft's own servers whether it exists.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from controlplane.arm.sign_in import device_codes, grants
from controlplane.arm.sign_in.aad import DOMAIN, TOKEN_SECONDS, Principal, Tokens
from controlplane.arm.sign_in.device_codes import DeviceCodes
from controlplane.arm.sign_in.grants import ADFS, DEVICE_CODE_GRANT, Refusal, SignIn

DEVICE_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in to the simulator</title>
<h1>Enter the code that your program shows</h1><p>{said}</p>
<form method="post"><p><label>Code <input name="user_code" autofocus></label>
<p><label>Password of {user} (the world's client_secret) <input name="password" type="password"></label>
<p><button>Sign in</button></form></html>"""
NOT_CACHED = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


def open_routes(tokens: Tokens) -> list[BaseRoute]:
    codes = DeviceCodes()
    authorities = [_authority(tokens, codes, version, part) for version, part in ((2, "/v2.0"), (1, ""))]

    async def discover_instance(request: Request) -> Response:
        endpoint = request.query_params.get("authorization_endpoint", "")
        return _instance(request.url.scheme, request.url.netloc, endpoint)

    async def realm(request: Request) -> Response:
        return JSONResponse(_realm(request.path_params["user_name"]))

    return [
        *(route for authority in authorities for route in authority),
        *_device_page(tokens, codes),
        Route("/common/discovery/instance", discover_instance),
        Route("/common/userrealm/{user_name}", realm),
    ]


def _authority(tokens: Tokens, codes: DeviceCodes, version: int, part: str) -> list[BaseRoute]:
    """The endpoints of one version; `part` is what it has in its paths."""

    async def discover(request: Request) -> Response:
        tenant = request.path_params["tenant"]
        try:
            grants.check_tenant(tokens, tenant, "invalid_tenant")
        except Refusal as refusal:
            return _refused(refusal)
        return JSONResponse(_discovery(tokens, _base_url(request), tenant, part))

    async def keys(request: Request) -> Response:
        return JSONResponse(tokens.key_set())

    async def token(request: Request) -> Response:
        tenant, content = request.path_params["tenant"], await request.body()
        try:
            grants.check_tenant(tokens, tenant, "invalid_request")
            sign_in = SignIn(tokens, codes, tenant, version, _base_url(request), _form(content))
            given = _given(sign_in, grants.principal(sign_in), grants.resource(sign_in))
        except Refusal as refusal:
            return _refused(refusal)
        return JSONResponse(given, headers=NOT_CACHED)

    async def device_code(request: Request) -> Response:
        tenant, content = request.path_params["tenant"], await request.body()
        try:
            grants.check_tenant(tokens, tenant, "invalid_request")
            form = _form(content)
            client_id = grants.check_public_client(tokens, tenant, form.get("client_id", ""))
        except Refusal as refusal:
            return _refused(refusal)
        return JSONResponse(_device_code(codes, client_id, _base_url(request), version), headers=NOT_CACHED)

    return [
        Route(f"/{{tenant}}{part}/.well-known/openid-configuration", discover),
        Route(f"/{{tenant}}/discovery{part}/keys", keys),
        Route(f"/{{tenant}}/oauth2{part}/token", token, methods=["POST"]),
        Route(f"/{{tenant}}/oauth2{part}/devicecode", device_code, methods=["POST"]),
    ]


def _device_page(tokens: Tokens, codes: DeviceCodes) -> list[BaseRoute]:
    user = tokens.identity.user_name

    async def ask(request: Request) -> Response:
        return HTMLResponse(DEVICE_PAGE.format(said="", user=user))

    async def approve(request: Request) -> Response:
        content = await request.body()
        try:
            form = _form(content)
            grants.check_password(tokens, user, form.get("password", ""))
        except Refusal as refusal:
            return HTMLResponse(DEVICE_PAGE.format(said=refusal.message, user=user), 401)
        if not codes.approve(form.get("user_code", "")):
            return HTMLResponse(DEVICE_PAGE.format(said="This code is unknown or has expired.", user=user), 400)
        return HTMLResponse("<!doctype html><title>Signed in</title><p>Signed in. You may close this page.")

    return [Route("/devicelogin", ask), Route("/devicelogin", approve, methods=["POST"])]


# ---------------------------------------------------------------------------------------------------------- the answers


def _discovery(tokens: Tokens, base_url: str, tenant: str, part: str) -> dict[str, Any]:
    authority = f"{base_url}/{tenant}"
    return {
        "issuer": _issuer(tokens, base_url, tenant, 2 if part else 1),
        "authorization_endpoint": f"{authority}/oauth2{part}/authorize",
        "token_endpoint": f"{authority}/oauth2{part}/token",
        "device_authorization_endpoint": f"{authority}/oauth2{part}/devicecode",
        "jwks_uri": f"{authority}/discovery{part}/keys",
        "grant_types_supported": ["client_credentials", "password", "refresh_token", DEVICE_CODE_GRANT],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "offline_access"],
    }


def _issuer(tokens: Tokens, base_url: str, tenant: str, version: int) -> str:
    if tenant.lower() == ADFS:
        return f"{base_url}/{ADFS}"
    return f"{base_url}/{tokens.identity.tenant_id}/v2.0" if version == 2 else tokens.issuer


def _given(sign_in: SignIn, principal: Principal, resource: str) -> dict[str, Any]:
    tokens = sign_in.tokens
    lifetime: dict[str, Any] = {"expires_in": TOKEN_SECONDS - 1, "ext_expires_in": TOKEN_SECONDS - 1}
    if sign_in.version == 1 and sign_in.tenant.lower() != ADFS:
        now = int(time.time())
        moments = {**lifetime, "expires_on": now + TOKEN_SECONDS - 1, "not_before": now}
        lifetime = {**{name: str(seconds) for name, seconds in moments.items()}, "resource": resource}
    given = {"token_type": "Bearer", **lifetime, "access_token": tokens.issue(resource, principal)}
    if principal.user_name is None:
        return given
    whose = {"uid": principal.object_id, "utid": tokens.identity.tenant_id}
    return given | {
        "scope": sign_in.form.get("scope") or "user_impersonation",
        "refresh_token": tokens.issue_refresh_token(principal),
        "id_token": tokens.issue_id_token(
            _issuer(tokens, sign_in.base_url, sign_in.tenant, sign_in.version), principal
        ),
        "client_info": urlsafe_b64encode(json.dumps(whose).encode()).decode().rstrip("="),
    }


def _device_code(codes: DeviceCodes, client_id: str, base_url: str, version: int) -> dict[str, Any]:
    given = codes.give(client_id)
    page = f"{base_url}/devicelogin"
    return {
        "user_code": given.user_code,
        "device_code": given.code,
        "verification_uri" if version == 2 else "verification_url": page,
        "expires_in": device_codes.LIFETIME_SECONDS,
        "interval": device_codes.POLL_SECONDS,
        "message": f"To sign in, open the page {page} and enter the code {given.user_code} to authenticate.",
    }


def _instance(scheme: str, netloc: str, authorization_endpoint: str) -> Response:
    """Whether an authority is known, which is so for this very address."""
    try:
        url = urlsplit(authorization_endpoint)
    except ValueError:  # a host in brackets that is none
        url = urlsplit("")
    if url.netloc.lower() != netloc.lower():
        return _refused(Refusal("invalid_instance", 50049, "Unknown or invalid instance."))
    tenant = url.path.strip("/").partition("/")[0]
    names = {"preferred_network": netloc, "preferred_cache": netloc, "aliases": [netloc]}
    endpoint = f"{scheme}://{netloc}/{tenant}/v2.0/.well-known/openid-configuration"
    return JSONResponse({"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [names]})


def _realm(user_name: str) -> dict[str, str]:
    """Who signs this user in."""
    if user_name.rpartition("@")[2].lower() != DOMAIN:
        return {"ver": "1.0", "account_type": "Unknown", "cloud_instance_name": "microsoftonline.com"}
    return {
        "ver": "1.0",
        "account_type": "Managed",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        "domain_name": DOMAIN,
        "cloud_instance_name": "microsoftonline.com",
    }


def _refused(refusal: Refusal) -> Response:
    return JSONResponse(refusal.body(), refusal.status)


def _form(content: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(content.decode(), max_num_fields=50))
    except ValueError:
        raise Refusal("invalid_request", 9002313, "Invalid request. Request is malformed or invalid.") from None


def _base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
