"""Microsoft Entra ID for one tenant and one application: discovery, keys, tokens, and their verification.

Tokens are signed JWTs as Azure Resource Manager gets them. They live in real time, whatever the world's clock says,
because the clients that hold them read the machine's clock.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid4, uuid5

import jwt
from fastapi import APIRouter, Request
from jwt.algorithms import RSAAlgorithm
from starlette.responses import JSONResponse

from controlplane.domain import errors

TENANT_ID = "5a6f7c11-0b5e-4d3a-9a01-ba0c0a5e0001"
CLIENT_ID = "5a6f7c11-0b5e-4d3a-9a02-ba0c0a5e0002"
SUBSCRIPTION_ID = "5a6f7c11-0b5e-4d3a-9a03-ba0c0a5e0003"

TOKEN_SECONDS = 3600
VERIFIED_TOKENS = 256
"""How many verified tokens are remembered: the signature costs more than the rest of a small answer."""

ARM_AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
OTHER_RESOURCES = frozenset({"https://graph.microsoft.com", "https://storage.azure.com", "https://vault.azure.net"})
"""Resources that every tenant knows: a token for them is given, and refused by ARM for its audience."""


@dataclass(frozen=True)
class Identity:
    """The one tenant, application and subscription of a world. `signing_key` is an RSA key as PEM."""

    client_secret: str = field(repr=False)
    signing_key: str = field(repr=False)
    tenant_id: str = TENANT_ID
    client_id: str = CLIENT_ID
    subscription_id: str = SUBSCRIPTION_ID
    audiences: tuple[str, ...] = ()
    """Further addresses of this service for which tokens may be issued, besides the one a request came by."""


class Tokens:
    """Issues and verifies access tokens of one identity."""

    def __init__(self, identity: Identity, real_time: Callable[[], float] = time.time) -> None:
        self.identity = identity
        self.issuer = f"https://sts.windows.net/{identity.tenant_id}/"
        self._private_key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(identity.signing_key)
        self._public_key: Any = self._private_key.public_key()  # type: ignore[union-attr]
        self._key: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self._public_key))
        self._key_id = sha256(self._key["n"].encode()).hexdigest()[:27]
        self._real_time = real_time
        self._verified: dict[str, tuple[float, str]] = {}

    def issue(self, audience: str) -> str:
        now = int(self._real_time())
        object_id = str(uuid5(NAMESPACE_URL, f"{self.issuer}{self.identity.client_id}"))
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_SECONDS,
            "appid": self.identity.client_id,
            "appidacr": "1",
            "idp": self.issuer,
            "oid": object_id,
            "sub": object_id,
            "tid": self.identity.tenant_id,
            "uti": uuid4().hex,
            "ver": "1.0",
        }
        return jwt.encode(claims, self._private_key, algorithm="RS256", headers={"kid": self._key_id})  # type: ignore[arg-type]

    def check(self, authorization: str | None, base_url: str) -> None:
        """Raise the 401 that ARM answers unless the header carries a valid token for this service."""
        if not authorization:
            raise errors.token_missing()
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise errors.token_malformed()
        expiry, audience = self._verified.get(token) or self._verify(token)
        now = self._real_time()
        if expiry <= now:
            raise errors.token_expired(_utc(expiry), _utc(now))
        if _resource(audience) not in ARM_AUDIENCES | self._own(base_url):
            raise errors.token_for_other_audience(audience)

    def may_ask_for(self, resource: str, base_url: str) -> bool:
        return _resource(resource) in ARM_AUDIENCES | OTHER_RESOURCES | self._own(base_url)

    def key_set(self) -> dict[str, Any]:
        """The public key, as a JSON Web Key Set."""
        public = {name: self._key[name] for name in ("kty", "n", "e")}
        return {"keys": [{**public, "use": "sig", "alg": "RS256", "kid": self._key_id, "x5t": self._key_id}]}

    def _verify(self, token: str) -> tuple[float, str]:
        # Expiry and audience depend on the moment and on the request, so they are checked at each use.
        options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._public_key, algorithms=["RS256"], options=options)
            verified = float(claims["exp"]), str(claims["aud"])
            issuer, tenant = claims["iss"], claims["tid"]
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise errors.token_invalid() from None
        if issuer != self.issuer or tenant != self.identity.tenant_id:
            raise errors.token_of_other_tenant(str(issuer), self.issuer)
        while len(self._verified) >= VERIFIED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = verified
        return verified

    def _own(self, base_url: str) -> frozenset[str]:
        return frozenset(_resource(each) for each in (base_url, *self.identity.audiences))


@dataclass(eq=False)
class Refusal(Exception):
    """An error of the token endpoint, in its own shape. `number` is the AADSTS code."""

    error: str
    number: int
    message: str
    status: int = 400

    def response(self) -> JSONResponse:
        trace, correlation = str(uuid4()), str(uuid4())
        stamp = _utc(time.time())
        text = f"AADSTS{self.number}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        body = {
            "error": self.error,
            "error_description": text,
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
        return JSONResponse(body, self.status)


def router(tokens: Tokens) -> APIRouter:
    """The sign-in endpoints; they need no token."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/{tenant}/v2.0/.well-known/openid-configuration")
    async def discover(tenant: str, request: Request) -> JSONResponse:
        try:
            _check_tenant(tokens.identity, tenant, "invalid_tenant")
        except Refusal as refusal:
            return refusal.response()
        return JSONResponse(_discovery(f"{request.url.scheme}://{request.url.netloc}/{tenant}"))

    @routes.get("/{tenant}/discovery/v2.0/keys")
    async def keys(tenant: str) -> JSONResponse:
        return JSONResponse(tokens.key_set())

    @routes.post("/{tenant}/oauth2/v2.0/token")
    async def token(tenant: str, request: Request) -> JSONResponse:
        try:
            form = _form(await request.body())
            resource = _check_request(tokens, tenant, form, f"{request.url.scheme}://{request.url.netloc}")
        except Refusal as refusal:
            return refusal.response()
        lifetime = {"expires_in": TOKEN_SECONDS - 1, "ext_expires_in": TOKEN_SECONDS - 1}
        body = {"token_type": "Bearer", **lifetime, "access_token": tokens.issue(resource)}
        return JSONResponse(body, headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})

    return routes


def _form(content: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(content.decode(), max_num_fields=50))
    except ValueError:
        raise Refusal("invalid_request", 9002313, "Invalid request. Request is malformed or invalid.") from None


def _check_request(tokens: Tokens, tenant: str, form: Mapping[str, str], base_url: str) -> str:
    """The resource a token may be issued for, or Refusal."""
    identity = tokens.identity
    _check_tenant(identity, tenant, "invalid_request")
    for key in ("grant_type", "client_id"):
        if not form.get(key):
            message = f"The request body must contain the following parameter: '{key}'."
            raise Refusal("invalid_request", 900144, message)
    if form["grant_type"] != "client_credentials":
        message = f"The app requested an unsupported grant type '{form['grant_type']}'."
        raise Refusal("unsupported_grant_type", 70003, message)
    if form["client_id"].lower() != identity.client_id:
        message = f"Application with identifier '{form['client_id']}' was not found in the directory '{tenant}'."
        raise Refusal("unauthorized_client", 700016, message)
    if not form.get("client_secret"):
        message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise Refusal("invalid_client", 7000218, message, status=401)
    if not hmac.compare_digest(form["client_secret"].encode(), identity.client_secret.encode()):
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{identity.client_id}'."
        )
        raise Refusal("invalid_client", 7000215, message, status=401)
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        message = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        raise Refusal("invalid_scope", 1002012, message)
    resource = scope.removesuffix("/.default")
    if not tokens.may_ask_for(resource, base_url):
        message = f"The resource principal named {resource} was not found in the tenant named {tenant}."
        raise Refusal("invalid_resource", 500011, message)
    return resource


def _check_tenant(identity: Identity, tenant: str, error: str) -> None:
    if tenant.lower() != identity.tenant_id:
        message = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
        raise Refusal(error, 90002, message)


def _discovery(authority: str) -> dict[str, Any]:
    return {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }


def _resource(audience: str) -> str:
    """Audiences that mean the same resource, made equal."""
    return audience.rstrip("/").lower()


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
