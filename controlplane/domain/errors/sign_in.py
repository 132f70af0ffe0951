"""Errors of a token that ARM does not accept."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, KNOWN

AUTHORIZATION_MISSING = ErrorKind(
    code="AuthenticationFailed",
    message="Authentication failed. The 'Authorization' header is missing.",
    status=401,
    source=KNOWN,
)

AUTHORIZATION_MALFORMED = ErrorKind(
    code="AuthenticationFailed",
    message="Authentication failed. The 'Authorization' header is provided in an invalid format.",
    status=401,
    source=KNOWN,
)

INVALID_AUTHENTICATION_TOKEN = ErrorKind(
    code="InvalidAuthenticationToken",
    message="The access token is invalid.",
    status=401,
    source=KNOWN,
)

EXPIRED_AUTHENTICATION_TOKEN = ErrorKind(
    code="ExpiredAuthenticationToken",
    message="The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'.",
    status=401,
    source=KNOWN,
)

INVALID_AUTHENTICATION_TOKEN_AUDIENCE = ErrorKind(
    code="InvalidAuthenticationTokenAudience",
    message=(
        "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with "
        "one of the allowed audiences "
        "'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'."
    ),
    status=401,
    source=KNOWN,
)

INVALID_AUTHENTICATION_TOKEN_TENANT = ErrorKind(
    code="InvalidAuthenticationTokenTenant",
    message=(
        "The access token is from the wrong issuer '{issuer}'. It must match the tenant '{tenant}' associated with "
        "this subscription."
    ),
    status=401,
    source=DEPLOYMENT_ERRORS,
)
