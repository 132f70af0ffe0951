"""Signing in: what tokens are given for, and which ones the service takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import jwt
import pytest

from controlplane.arm.sign_in.aad import (
    CLIENT_ID,
    CLOCK_SKEW_SECONDS,
    TENANT_ID,
    TOKEN_SECONDS,
    VERIFIED_TOKENS,
    Identity,
    Tokens,
)
from controlplane.domain.errors import ServiceError
from tests.unit.controlplane.arm.arm_world import BASE_URL, SECRET, ArmWorld, arm_world, identity, signing_key

ARM = "https://management.azure.com/"
FORM = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": SECRET,
    "scope": "https://management.azure.com/.default",
}
TOKEN_URL = f"/{TENANT_ID}/oauth2/v2.0/token"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        yield world


class RealTime:
    """The machine's clock, in the test's hand."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


def refusal(tokens: Tokens, authorization: str | None) -> str:
    with pytest.raises(ServiceError) as caught:
        tokens.check(authorization)
    assert caught.value.status == 401
    return caught.value.code


def forged(**changes: object) -> str:
    """A token with other claims, signed with the right key."""
    tokens = Tokens(identity())
    claims = jwt.decode(tokens.issue(ARM), options={"verify_signature": False})
    return jwt.encode(claims | changes, signing_key(), algorithm="RS256")


@pytest.mark.parametrize(
    "audience",
    [
        "https://management.azure.com",
        "https://management.azure.com/",
        "https://management.core.windows.net/",
        BASE_URL,
        f"{BASE_URL}/",
        "https://127.0.0.1:7443/",
        "http://[::1]:7080",
        "http://ARM.invalid:7080",
    ],
)
def test_a_token_for_the_service_is_taken_in_every_spelling(audience: str) -> None:
    tokens = Tokens(replace(identity(), hosts=("arm.invalid", "127.0.0.1", "::1")))
    assert tokens.may_ask_for(audience)
    tokens.check(f"Bearer {tokens.issue(audience)}")
    tokens.check(f"bearer {tokens.issue(audience)}")


@pytest.mark.parametrize(
    "audience",
    [
        "https://graph.microsoft.com",
        "https://elsewhere.invalid:7443",
        "https://arm.invalid.evil.invalid",
        "https://evil.invalid@arm.invalid",
        "https://arm.invalid@evil.invalid",
        "https://arm.invalid/path",
        "https://arm.invalid?query",
        "ftp://arm.invalid",
        "arm.invalid",
        "http://[",
        "",
    ],
)
def test_a_token_for_anything_else_is_refused(audience: str) -> None:
    tokens = Tokens(identity())
    assert tokens.may_ask_for(audience) == (audience == "https://graph.microsoft.com")
    assert refusal(tokens, f"Bearer {tokens.issue(audience)}") == "InvalidAuthenticationTokenAudience"


@pytest.mark.parametrize("host", ["graph.microsoft.com", "evil.invalid:7443", "[", 'x"'])
def test_what_a_client_calls_the_service_opens_nothing(world: ArmWorld, host: str) -> None:
    audience = f"https://{host}"
    asked = world.send("POST", TOKEN_URL, data=FORM | {"scope": f"{audience}/.default"}, headers={"Host": host})
    assert asked.status_code == (200 if host == "graph.microsoft.com" else 400)
    headers = {"Host": host, "Authorization": f"Bearer {Tokens(identity()).issue(audience)}"}
    refused = world.send("GET", "/subscriptions?api-version=2022-12-01", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")


def test_a_token_begins_when_it_says_and_a_little_earlier() -> None:
    now = RealTime()
    tokens = Tokens(identity(), now)
    token = f"Bearer {tokens.issue(ARM)}"
    now.seconds -= CLOCK_SKEW_SECONDS
    tokens.check(token)
    now.seconds -= 1
    assert refusal(tokens, token) == "InvalidAuthenticationToken"
    assert refusal(tokens, f"Bearer {forged(nbf='soon')}") == "InvalidAuthenticationToken"


def test_what_is_no_valid_token_is_refused_with_the_real_codes() -> None:
    tokens = Tokens(identity())
    assert refusal(tokens, None) == "AuthenticationFailed"
    assert refusal(tokens, "Basic dXNlcjpwYXNz") == "AuthenticationFailed"
    assert refusal(tokens, "Bearer not-a-token") == "InvalidAuthenticationToken"
    assert refusal(tokens, f"Bearer {tokens.issue(ARM)[:-8]}AAAAAAAA") == "InvalidAuthenticationToken"
    unsigned = jwt.encode({"aud": ARM, "iss": tokens.issuer, "tid": TENANT_ID, "exp": 9e9}, "", algorithm="none")
    assert refusal(tokens, f"Bearer {unsigned}") == "InvalidAuthenticationToken"
    by_secret = jwt.encode({"aud": ARM, "iss": tokens.issuer, "tid": TENANT_ID, "exp": 9e9}, "k" * 32)
    assert refusal(tokens, f"Bearer {by_secret}") == "InvalidAuthenticationToken"
    assert (
        refusal(tokens, f"Bearer {forged(aud='https://graph.microsoft.com')}") == "InvalidAuthenticationTokenAudience"
    )
    assert refusal(tokens, f"Bearer {forged(tid='other')}") == "InvalidAuthenticationTokenTenant"
    assert refusal(tokens, f"Bearer {forged(iss='https://sts.windows.net/x/')}") == "InvalidAuthenticationTokenTenant"


def test_a_token_ends_in_real_time_although_it_was_verified_before() -> None:
    now = RealTime()
    tokens = Tokens(identity(), now)
    token = f"Bearer {tokens.issue(ARM)}"
    tokens.check(token)
    now.seconds += TOKEN_SECONDS - 1
    tokens.check(token)
    now.seconds += 1
    assert refusal(tokens, token) == "ExpiredAuthenticationToken"


def test_only_so_many_verified_tokens_are_remembered() -> None:
    tokens = Tokens(identity())
    for _ in range(VERIFIED_TOKENS + 10):
        tokens.check(f"Bearer {tokens.issue(ARM)}")
    assert len(tokens._verified) == VERIFIED_TOKENS


def test_an_identity_shows_neither_secret_nor_key() -> None:
    shown = repr(Identity(client_secret="the-secret", signing_key="the-key"))
    assert "the-secret" not in shown
    assert "the-key" not in shown


def test_a_client_signs_in_and_its_token_opens_the_service(world: ArmWorld) -> None:
    response = world.send("POST", TOKEN_URL, data=FORM)
    assert response.status_code == 200
    given = response.json()
    assert given["token_type"] == "Bearer"
    assert 0 < given["expires_in"] <= TOKEN_SECONDS
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert world.send("GET", "/subscriptions?api-version=2022-12-01", headers=headers).status_code == 200


def test_the_double_slash_of_a_resource_with_a_slash_is_kept_apart(world: ArmWorld) -> None:
    response = world.send("POST", TOKEN_URL, data=FORM | {"scope": f"{BASE_URL}//.default"})
    claims = jwt.decode(response.json()["access_token"], options={"verify_signature": False})
    assert claims["aud"] == f"{BASE_URL}/"
    assert claims["tid"] == TENANT_ID
    assert claims["appid"] == CLIENT_ID


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"scope": "https://management.azure.com"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://nobody.invalid/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_a_sign_in_is_refused_as_the_real_one_refuses(
    world: ArmWorld, changes: dict[str, str], status: int, error: str, number: int
) -> None:
    response = world.send("POST", TOKEN_URL, data=FORM | changes)
    body = response.json()
    assert (response.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert SECRET not in response.text
    assert "access_token" not in body


def test_another_tenant_is_unknown(world: ArmWorld) -> None:
    response = world.send("POST", "/other/oauth2/v2.0/token", data=FORM)
    assert response.json()["error_codes"] == [90002]
    response = world.send("GET", "/other/v2.0/.well-known/openid-configuration")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_tenant")


def test_a_form_that_cannot_be_read_is_refused(world: ArmWorld) -> None:
    assert world.send("POST", TOKEN_URL, content=b"\xff\xfe").json()["error"] == "invalid_request"
    assert world.send("POST", TOKEN_URL, content=b"a=1&" * 100).json()["error"] == "invalid_request"


def test_discovery_leads_to_the_key_that_verifies_a_token(world: ArmWorld) -> None:
    discovery = world.send("GET", f"/{TENANT_ID}/v2.0/.well-known/openid-configuration").json()
    assert discovery["issuer"] == f"{BASE_URL}/{TENANT_ID}/v2.0"
    assert discovery["token_endpoint"] == f"{BASE_URL}{TOKEN_URL}"
    keys = jwt.PyJWKSet.from_dict(world.send("GET", discovery["jwks_uri"]).json())
    token = world.send("POST", discovery["token_endpoint"], data=FORM).json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, audience="https://management.azure.com")["ver"] == "1.0"


def test_the_private_part_of_the_key_stays_here() -> None:
    (key,) = Tokens(identity()).key_set()["keys"]
    assert set(key) == {"kty", "n", "e", "use", "alg", "kid", "x5t"}
