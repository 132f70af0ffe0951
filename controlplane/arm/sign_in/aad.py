"""The tokens of Microsoft Entra ID for one tenant with one application and one user: issued and verified.

Tokens are signed JWTs as Azure Resource Manager gets them. They live in real time, whatever the world's clock says,
because the clients that hold them read the machine's clock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

import jwt
from jwt.algorithms import AllowedRSAKeys, RSAAlgorithm

from controlplane.domain.errors.sign_in import (
    AUTHORIZATION_MALFORMED,
    AUTHORIZATION_MISSING,
    EXPIRED_AUTHENTICATION_TOKEN,
    INVALID_AUTHENTICATION_TOKEN,
    INVALID_AUTHENTICATION_TOKEN_AUDIENCE,
    INVALID_AUTHENTICATION_TOKEN_TENANT,
)

TENANT_ID = "5a6f7c11-0b5e-4d3a-9a01-ba0c0a5e0001"
CLIENT_ID = "5a6f7c11-0b5e-4d3a-9a02-ba0c0a5e0002"
SUBSCRIPTION_ID = "5a6f7c11-0b5e-4d3a-9a03-ba0c0a5e0003"
DOMAIN = "backupsim.invalid"
"""The tenant's, and the end of the host names of services that are not here: no such name exists, so that nothing is
asked elsewhere."""
USER_NAME = f"operator@{DOMAIN}"

TOKEN_SECONDS = 3600
REFRESH_TOKEN_SECONDS = 90 * 24 * 3600
REFRESH_AUDIENCE = "urn:backupsim:refresh"
"""No resource has this name, so that a refresh token opens nothing by itself."""
CLOCK_SKEW_SECONDS = 300
"""How much earlier than its first second a token is taken, as Microsoft's own libraries do by default (ClockSkew of
TokenValidationParameters)."""
VERIFIED_TOKENS = 256
"""How many verified tokens are remembered: the signature costs more than the rest of a small answer."""

ARM_AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
OTHER_RESOURCES = frozenset({"https://graph.microsoft.com", "https://storage.azure.com", "https://vault.azure.net"})
"""Resources that every tenant knows: a token for them is given, and refused by ARM for its audience."""
ADVERTISED_SERVICES = {
    "appInsightsResourceId": "appinsights",
    "attestationResourceId": "attest",
    "batch": "batch",
    "graph": "graph",
    "graphAudience": "graph",
    "logAnalyticsResourceId": "loganalytics",
    "media": "media",
    "microsoftGraphResourceId": "microsoftgraph",
    "ossrdbmsResourceId": "ossrdbms",
    "sqlManagement": "sqlmanagement",
    "synapseAnalyticsResourceId": "synapse",
}
"""What the cloud's metadata names besides ARM -> the first part of the name it gives. Clients ask for tokens for these
before they ask anything of them, so each has its token."""
ADVERTISED = {key: f"https://{service}.{DOMAIN}/" for key, service in ADVERTISED_SERVICES.items()}


@dataclass(frozen=True)
class Identity:
    """The one tenant, application, user and subscription of a world. `signing_key` is an RSA key, loaded or as PEM."""

    client_secret: str = field(repr=False)
    """Secret of the application, and password of the user."""
    signing_key: AllowedRSAKeys | str = field(repr=False)
    tenant_id: str = TENANT_ID
    client_id: str = CLIENT_ID
    subscription_id: str = SUBSCRIPTION_ID
    user_name: str = USER_NAME
    hosts: Collection[str] = ()
    """Names and addresses of this machine by which clients reach this service, in lower case. A token for one of them,
    at whatever port and scheme, serves at all; what a request's Host header says besides is no such name."""


@dataclass(frozen=True)
class Principal:
    """Who signed in: the application itself, or the user by means of an application."""

    client_id: str
    object_id: str
    user_name: str | None = None


class Tokens:
    """Issues and verifies the tokens of one identity."""

    def __init__(self, identity: Identity, real_time: Callable[[], float] = time.time) -> None:
        self.identity = identity
        self.issuer = f"https://sts.windows.net/{identity.tenant_id}/"
        self._private_key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(identity.signing_key)
        self._public_key: Any = self._private_key.public_key()  # type: ignore[union-attr]
        self._key: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self._public_key))
        self._key_id = sha256(self._key["n"].encode()).hexdigest()[:27]
        self._real_time = real_time
        self._verified: dict[str, _Verified] = {}

    @property
    def application(self) -> Principal:
        client_id = self.identity.client_id
        return Principal(client_id, str(uuid5(NAMESPACE_URL, f"{self.issuer}{client_id}")))

    def user(self, client_id: str) -> Principal:
        name = self.identity.user_name
        return Principal(client_id, str(uuid5(NAMESPACE_URL, f"{self.issuer}{name}")), name)

    def issue(self, audience: str, principal: Principal | None = None) -> str:
        """An access token; the application's own unless a principal is given."""
        subject = principal or self.application
        claims = {"appid": subject.client_id, "idp": self.issuer, "uti": uuid4().hex, "ver": "1.0"}
        if subject.user_name:
            claims |= {"appidacr": "0", "idtyp": "user", "scp": "user_impersonation", **_names_of(subject.user_name)}
        else:
            claims |= {"appidacr": "1", "idtyp": "app"}
        return self._signed(audience, self.issuer, TOKEN_SECONDS, subject, claims)

    def issue_id_token(self, issuer: str, user: Principal) -> str:
        """What tells the application who signed in."""
        assert user.user_name
        claims = {"preferred_username": user.user_name, "ver": "2.0", **_names_of(user.user_name)}
        return self._signed(user.client_id, issuer, TOKEN_SECONDS, user, claims)

    def issue_refresh_token(self, user: Principal) -> str:
        claims = {"appid": user.client_id, "uti": uuid4().hex}
        return self._signed(REFRESH_AUDIENCE, self.issuer, REFRESH_TOKEN_SECONDS, user, claims)

    def refreshed(self, refresh_token: str) -> Principal | None:
        """Whom a refresh token was given to; None where it is none of ours, or too old."""
        options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims = jwt.decode(
                refresh_token, self._public_key, algorithms=["RS256"], audience=REFRESH_AUDIENCE, options=options
            )
        except jwt.PyJWTError:
            return None
        return self.user(claims["appid"]) if claims["exp"] > self._real_time() else None

    def _signed(
        self, audience: str, issuer: str, lifetime_seconds: int, subject: Principal, claims: Mapping[str, str]
    ) -> str:
        now = int(self._real_time())
        every = {
            "aud": audience,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_seconds,
            "oid": subject.object_id,
            "sub": subject.object_id,
            "tid": self.identity.tenant_id,
        }
        key: Any = self._private_key
        return jwt.encode({**every, **claims}, key, algorithm="RS256", headers={"kid": self._key_id})

    def check(self, authorization: str | None) -> str:
        """Whose token the header carries (an object id); raises the 401 of ARM unless it is valid for this service."""
        if not authorization:
            raise AUTHORIZATION_MISSING.error()
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise AUTHORIZATION_MALFORMED.error()
        verified = self._verified.get(token) or self._verify(token)
        now = self._real_time()
        if verified.begins > now + CLOCK_SKEW_SECONDS:
            raise INVALID_AUTHENTICATION_TOKEN.error()
        if verified.ends <= now:
            raise EXPIRED_AUTHENTICATION_TOKEN.error(expiry=utc(verified.ends), now=utc(now))
        if not self._is_own(_resource(verified.audience)):
            raise INVALID_AUTHENTICATION_TOKEN_AUDIENCE.error(audience=verified.audience)
        return verified.caller

    def may_ask_for(self, resource: str) -> bool:
        named = _resource(resource)
        return named in OTHER_RESOURCES or named in _ADVERTISED_RESOURCES or self._is_own(named)

    def key_set(self) -> dict[str, Any]:
        """The public key, as a JSON Web Key Set."""
        public = {name: self._key[name] for name in ("kty", "n", "e")}
        return {"keys": [{**public, "use": "sig", "alg": "RS256", "kid": self._key_id, "x5t": self._key_id}]}

    def _verify(self, token: str) -> _Verified:
        # Times and audience depend on the moment and on the request, so they are checked at each use.
        options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._public_key, algorithms=["RS256"], options=options)
            times = float(claims["nbf"]), float(claims["exp"])
            verified = _Verified(*times, audience=str(claims["aud"]), caller=str(claims["oid"]))
            issuer, tenant = claims["iss"], claims["tid"]
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            raise INVALID_AUTHENTICATION_TOKEN.error() from None
        if issuer != self.issuer or tenant != self.identity.tenant_id:
            raise INVALID_AUTHENTICATION_TOKEN_TENANT.error(issuer=issuer, tenant=self.issuer)
        while len(self._verified) >= VERIFIED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = verified
        return verified

    def _is_own(self, resource: str) -> bool:
        """Whether it means this service."""
        if resource in ARM_AUDIENCES:
            return True
        try:
            parts = urlsplit(resource)
        except ValueError:  # a host in brackets that is none
            return False
        is_address = parts.scheme in {"http", "https"} and "@" not in parts.netloc and not parts.query
        return is_address and not parts.path and parts.hostname in self.identity.hosts


@dataclass(frozen=True, slots=True)
class _Verified:
    """What is remembered of a token with a good signature. Times in seconds since 1970."""

    begins: float
    ends: float
    audience: str
    caller: str
    """Object id of whom it was issued to."""


def _names_of(user_name: str) -> dict[str, str]:
    return {"name": user_name.partition("@")[0].capitalize(), "unique_name": user_name, "upn": user_name}


def _resource(audience: str) -> str:
    """Audiences that mean the same resource, made equal."""
    return audience.rstrip("/").lower()


_ADVERTISED_RESOURCES = frozenset(_resource(each) for each in ADVERTISED.values())


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
