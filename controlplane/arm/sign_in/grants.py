"""Decides whom a sign-in request may have a token for: one rule for each grant of Microsoft Entra ID."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from controlplane.arm.sign_in.aad import DOMAIN, Principal, Tokens, utc
from controlplane.arm.sign_in.device_codes import DeviceCodes

ADFS = "adfs"
"""Clients take an authority with this in place of the tenant for one of AD FS."""
SHARED_TENANTS = frozenset({"common", "organizations"})
"""Where users of every tenant sign in."""
PUBLIC_CLIENTS = frozenset({"04b07795-8ddb-461a-bbee-02f9e1bf7b46", "1950a258-227b-4e31-a9cf-717495945fc2"})
"""Ids of the Azure CLI and of Azure PowerShell, the same in every tenant; they sign users in and have no secret."""
OTHER_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(eq=False)
class Refusal(Exception):
    """An error of the sign-in endpoints, in their own shape. `number` is the AADSTS code."""

    error: str
    number: int
    message: str
    status: int = 400

    def body(self) -> dict[str, Any]:
        trace, correlation = str(uuid4()), str(uuid4())
        stamp = utc(time.time())
        text = f"AADSTS{self.number}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        return {
            "error": self.error,
            "error_description": text,
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }


@dataclass(frozen=True)
class SignIn:
    """One request to a token endpoint. `version` is the endpoint's: 1 takes a resource, 2 takes scopes."""

    tokens: Tokens
    codes: DeviceCodes
    tenant: str
    version: int
    base_url: str
    form: Mapping[str, str] = field(repr=False)

    def need(self, *keys: str) -> None:
        for key in keys:
            if not self.form.get(key):
                message = f"The request body must contain the following parameter: '{key}'."
                raise Refusal("invalid_request", 900144, message)


def principal(request: SignIn) -> Principal:
    """Who may have a token, or Refusal."""
    request.need("grant_type", "client_id")
    grant = GRANTS.get(request.form["grant_type"])
    if grant is None:
        message = f"The app requested an unsupported grant type '{request.form['grant_type']}'."
        raise Refusal("unsupported_grant_type", 70003, message)
    return grant(request)


def resource(request: SignIn) -> str:
    """What the token is to be for, or Refusal."""
    name = request.form.get("resource") if request.version == 1 else None
    if name is None:
        name = _resource_of_scope(request)
    if not request.tokens.may_ask_for(name):
        message = f"The resource principal named {name} was not found in the tenant named {request.tenant}."
        raise Refusal("invalid_resource", 500011, message)
    return name


def check_tenant(tokens: Tokens, tenant: str, error: str, users: bool = True) -> None:
    """Refuse a tenant that is not here; the shared ones are there for users alone."""
    tenants = {tokens.identity.tenant_id, DOMAIN, ADFS} | (SHARED_TENANTS if users else frozenset())
    if tenant.lower() not in tenants:
        message = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
        raise Refusal(error, 90002, message)


def check_password(tokens: Tokens, user_name: str, password: str) -> None:
    is_user = user_name.lower() == tokens.identity.user_name
    if not is_user and user_name.lower().endswith(f"@{DOMAIN}"):
        message = f"The user account '{user_name}' does not exist in the {DOMAIN} directory."
        raise Refusal("invalid_grant", 50034, message)
    if not is_user or not _same(password, tokens.identity.client_secret):
        raise Refusal("invalid_grant", 50126, "Error validating credentials due to invalid username or password.")


def check_public_client(tokens: Tokens, tenant: str, client_id: str) -> str:
    """An application that may sign users in, in lower case."""
    if client_id.lower() not in PUBLIC_CLIENTS | {tokens.identity.client_id}:
        raise _unknown_client(client_id, tenant)
    return client_id.lower()


# ----------------------------------------------------------------------------------------------------------- the grants


def _by_secret(request: SignIn) -> Principal:
    identity, form = request.tokens.identity, request.form
    check_tenant(request.tokens, request.tenant, "invalid_request", users=False)
    if form["client_id"].lower() != identity.client_id:
        raise _unknown_client(form["client_id"], request.tenant)
    if not form.get("client_secret"):
        message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise Refusal("invalid_client", 7000218, message, status=401)
    if not _same(form["client_secret"], identity.client_secret):
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{identity.client_id}'."
        )
        raise Refusal("invalid_client", 7000215, message, status=401)
    return request.tokens.application


def _by_password(request: SignIn) -> Principal:
    request.need("username", "password")
    client_id = check_public_client(request.tokens, request.tenant, request.form["client_id"])
    check_password(request.tokens, request.form["username"], request.form["password"])
    return request.tokens.user(client_id)


def _by_device_code(request: SignIn) -> Principal:
    client_id = check_public_client(request.tokens, request.tenant, request.form["client_id"])
    code = request.form.get("device_code") or request.form.get("code", "")
    match request.codes.use(code, client_id):
        case "approved":
            return request.tokens.user(client_id)
        case "pending":
            message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            raise Refusal("authorization_pending", 70016, message)
        case "expired":
            raise Refusal(
                "expired_token", 70020, "The provided value for the input parameter 'device_code' is expired."
            )
        case "unknown":
            message = "The provided value for the input parameter 'device_code' is not valid."
            raise Refusal("bad_verification_code", 70019, message)


def _by_refresh_token(request: SignIn) -> Principal:
    request.need("refresh_token")
    client_id = check_public_client(request.tokens, request.tenant, request.form["client_id"])
    user = request.tokens.refreshed(request.form["refresh_token"])
    if user is None or user.client_id != client_id:
        message = "The provided authorization code or refresh token has expired or is invalid. Sign in again."
        raise Refusal("invalid_grant", 70008, message)
    return user


GRANTS: Mapping[str, Callable[[SignIn], Principal]] = {
    "client_credentials": _by_secret,
    "password": _by_password,
    DEVICE_CODE_GRANT: _by_device_code,
    "device_code": _by_device_code,
    "refresh_token": _by_refresh_token,
}


# --------------------------------------------------------------------------------------------------------------- inside


def _resource_of_scope(request: SignIn) -> str:
    scope = request.form.get("scope", "")
    if request.form["grant_type"] == "client_credentials":
        if not scope.endswith("/.default"):
            message = (
                f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
                "with /.default suffixed to the resource identifier (application ID URI)."
            )
            raise Refusal("invalid_scope", 1002012, message)
        return scope.removesuffix("/.default")
    first = next((each for each in scope.split() if each not in OTHER_SCOPES), "https://graph.microsoft.com/.default")
    return first.rpartition("/")[0]


def _unknown_client(client_id: str, tenant: str) -> Refusal:
    message = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
    return Refusal("unauthorized_client", 700016, message)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())
