"""Signing in by each grant and each spelling of the endpoints, and finding those endpoints."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from controlplane.arm.sign_in.aad import CLIENT_ID, DOMAIN, REFRESH_TOKEN_SECONDS, TENANT_ID, USER_NAME, Tokens
from controlplane.arm.sign_in.device_codes import LIFETIME_SECONDS, PENDING_CODES, DeviceCodes
from controlplane.arm.sign_in.grants import PUBLIC_CLIENTS
from tests.unit.controlplane.arm.arm_world import BASE_URL, SECRET, ArmWorld, arm_world, identity

AZ = min(PUBLIC_CLIENTS)
SCOPES = "https://management.azure.com//.default offline_access openid profile"
APPLICATION = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
USER = {"grant_type": "password", "client_id": AZ, "username": USER_NAME, "password": SECRET, "scope": SCOPES}
V1, V2, ADFS = f"/{TENANT_ID}/oauth2", f"/{TENANT_ID}/oauth2/v2.0", "/adfs/oauth2"


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        yield world


class RealTime:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


def claims(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def opens(world: ArmWorld, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return world.send("GET", "/subscriptions?api-version=2022-12-01", headers=headers).status_code == 200


def number(world: ArmWorld, url: str, form: dict[str, str]) -> int:
    response = world.send("POST", url, data=form)
    assert response.status_code in (400, 401)
    assert SECRET not in response.text
    code: int = response.json()["error_codes"][0]
    return code


@pytest.mark.parametrize(
    ("authority", "asks"),
    [
        (V1, {"resource": "https://management.core.windows.net/"}),
        (V2, {"scope": "https://management.core.windows.net//.default"}),
        ("/backupsim.invalid/oauth2/v2.0", {"scope": "https://management.core.windows.net//.default"}),
        (ADFS, {"scope": "https://management.core.windows.net//.default"}),
        (ADFS, {"resource": "https://management.core.windows.net/"}),
    ],
)
def test_the_application_signs_in_at_every_authority(world: ArmWorld, authority: str, asks: dict[str, str]) -> None:
    given = world.send("POST", f"{authority}/token", data=APPLICATION | asks).json()
    assert claims(given["access_token"])["aud"] == "https://management.core.windows.net/"
    assert claims(given["access_token"])["idtyp"] == "app"
    assert opens(world, given["access_token"])
    assert "refresh_token" not in given
    assert number(world, f"{authority}/token", APPLICATION | asks | {"client_secret": "wrong"}) == 7000215


def test_the_first_version_answers_as_old_clients_read_it(world: ArmWorld) -> None:
    asks = {"resource": "https://management.azure.com/"}
    given = world.send("POST", f"{V1}/token", data=APPLICATION | asks).json()
    assert given["resource"] == "https://management.azure.com/"
    lifetime = int(given["expires_on"]) - int(given["not_before"])
    assert (given["expires_in"], lifetime) == ("3599", 3599)


@pytest.mark.parametrize("authority", [V2, "/organizations/oauth2/v2.0", ADFS])
def test_a_user_signs_in_and_stays_signed_in(world: ArmWorld, authority: str) -> None:
    given = world.send("POST", f"{authority}/token", data=USER).json()
    assert opens(world, given["access_token"])
    assert claims(given["access_token"])["upn"] == USER_NAME
    told = claims(given["id_token"])
    assert (told["aud"], told["tid"], told["preferred_username"]) == (AZ, TENANT_ID, USER_NAME)
    whose = json.loads(urlsafe_b64decode(given["client_info"] + "=="))
    assert whose == {"uid": told["oid"], "utid": TENANT_ID}
    again = {"grant_type": "refresh_token", "client_id": AZ, "scope": SCOPES, "refresh_token": given["refresh_token"]}
    refreshed = world.send("POST", f"{authority}/token", data=again).json()
    assert opens(world, refreshed["access_token"])
    assert claims(refreshed["access_token"])["oid"] == told["oid"]


def test_a_refresh_token_is_good_for_its_own_client_and_for_nothing_else(world: ArmWorld) -> None:
    token = world.send("POST", f"{V2}/token", data=USER).json()["refresh_token"]
    assert not opens(world, token)
    form = {"grant_type": "refresh_token", "client_id": AZ, "scope": SCOPES}
    assert number(world, f"{V2}/token", form | {"refresh_token": token, "client_id": CLIENT_ID}) == 70008
    assert number(world, f"{V2}/token", form | {"refresh_token": token[:-8] + "AAAAAAAA"}) == 70008
    access = world.send("POST", f"{V2}/token", data=USER).json()["access_token"]
    assert number(world, f"{V2}/token", form | {"refresh_token": access}) == 70008


def test_a_refresh_token_ends() -> None:
    now = RealTime()
    tokens = Tokens(identity(), now)
    token = tokens.issue_refresh_token(tokens.user(AZ))
    now.seconds += REFRESH_TOKEN_SECONDS - 1
    assert tokens.refreshed(token) == tokens.user(AZ)
    now.seconds += 1
    assert tokens.refreshed(token) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "wrong"}, 50126),
        ({"password": ""}, 900144),
        ({"username": "nobody@backupsim.invalid"}, 50034),
        ({"username": "someone@elsewhere.invalid"}, 50126),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 700016),
    ],
)
def test_a_user_is_refused_as_the_real_one_refuses(world: ArmWorld, changes: dict[str, str], code: int) -> None:
    assert number(world, f"{V2}/token", USER | changes) == code


def test_an_application_has_no_shared_tenant(world: ArmWorld) -> None:
    form = APPLICATION | {"scope": "https://management.azure.com/.default"}
    assert number(world, "/organizations/oauth2/v2.0/token", form) == 90002


@pytest.mark.parametrize(("authority", "key"), [(V2, "verification_uri"), (V1, "verification_url"), (ADFS, None)])
def test_a_person_lets_a_device_in(world: ArmWorld, authority: str, key: str | None) -> None:
    shown = world.send("POST", f"{authority}/devicecode", data={"client_id": AZ, "scope": SCOPES}).json()
    assert shown["user_code"] in shown["message"]
    assert key is None or shown[key] == f"{BASE_URL}/devicelogin"
    form = {"client_id": AZ, "scope": SCOPES, "grant_type": "urn:ietf:params:oauth:grant-type:device_code"}
    form |= {"device_code": shown["device_code"]}
    assert number(world, f"{authority}/token", form) == 70016
    page = {"user_code": shown["user_code"].lower(), "password": SECRET}
    assert world.send("POST", "/devicelogin", data=page | {"password": "wrong"}).status_code == 401
    assert world.send("POST", "/devicelogin", data=page | {"user_code": "AAAAAAAAA"}).status_code == 400
    assert number(world, f"{authority}/token", form) == 70016
    assert world.send("POST", "/devicelogin", data=page).status_code == 200
    assert opens(world, world.send("POST", f"{authority}/token", data=form).json()["access_token"])
    assert number(world, f"{authority}/token", form) == 70019


def test_the_device_page_asks_for_a_code(world: ArmWorld) -> None:
    page = world.send("GET", "/devicelogin")
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r'name="(\w+)"', page.text) == ["user_code", "password"]


def test_a_device_code_ends_and_belongs_to_its_client() -> None:
    now = RealTime()
    codes = DeviceCodes(now)
    code = codes.give("one")
    assert codes.use(code.code, "other") == "unknown"
    now.seconds += LIFETIME_SECONDS
    assert not codes.approve(code.user_code)
    assert codes.use(code.code, "one") == "expired"
    assert codes.use(code.code, "one") == "unknown"
    assert code.code not in repr(code)
    assert code.user_code not in repr(code)


def test_only_so_many_device_codes_are_remembered() -> None:
    codes = DeviceCodes()
    first, *_, last = [codes.give("one") for _ in range(PENDING_CODES + 1)]
    assert codes.use(first.code, "one") == "unknown"
    assert codes.use(last.code, "one") == "pending"


@pytest.mark.parametrize(
    ("path", "token_endpoint", "issuer"),
    [
        (f"/{TENANT_ID}/v2.0", f"{V2}/token", f"{BASE_URL}/{TENANT_ID}/v2.0"),
        (f"/{TENANT_ID}", f"{V1}/token", f"https://sts.windows.net/{TENANT_ID}/"),
        ("/organizations/v2.0", "/organizations/oauth2/v2.0/token", f"{BASE_URL}/{TENANT_ID}/v2.0"),
        ("/adfs", f"{ADFS}/token", f"{BASE_URL}/adfs"),
    ],
)
def test_each_authority_tells_its_endpoints(world: ArmWorld, path: str, token_endpoint: str, issuer: str) -> None:
    told = world.send("GET", f"{path}/.well-known/openid-configuration").json()
    assert told["token_endpoint"] == f"{BASE_URL}{token_endpoint}"
    assert told["issuer"] == issuer
    given = world.send("POST", told["token_endpoint"], data=USER).json()
    assert claims(given["id_token"])["iss"] == issuer
    keys = jwt.PyJWKSet.from_dict(world.send("GET", told["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(given["id_token"])["kid"]]
    assert jwt.decode(given["id_token"], key, audience=AZ, issuer=issuer)


def test_an_authority_is_known_at_this_address_only(world: ArmWorld) -> None:
    url = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
    told = world.send("GET", f"{url}{BASE_URL}/{TENANT_ID}/oauth2/v2.0/authorize").json()
    assert told["tenant_discovery_endpoint"] == f"{BASE_URL}/{TENANT_ID}/v2.0/.well-known/openid-configuration"
    refused = world.send("GET", f"{url}https://elsewhere.invalid/x/oauth2/v2.0/authorize")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_instance")


def test_only_our_own_users_are_managed_here(world: ArmWorld) -> None:
    assert world.send("GET", f"/common/userrealm/{USER_NAME}?api-version=1.0").json()["account_type"] == "Managed"
    assert world.send("GET", "/common/userrealm/a@b.invalid?api-version=1.0").json()["account_type"] == "Unknown"


def test_a_client_finds_this_cloud_and_no_other(world: ArmWorld) -> None:
    cloud = world.send("GET", "/metadata/endpoints?api-version=2022-09-01").json()
    assert cloud["resourceManager"] == cloud["authentication"]["loginEndpoint"] == BASE_URL
    assert cloud["authentication"]["audiences"][0] == BASE_URL
    assert all(suffix.endswith(DOMAIN) for suffix in cloud["suffixes"].values())
    addresses = [value for value in cloud.values() if isinstance(value, str) and value.startswith("https://")]
    assert all(address.startswith(BASE_URL) or address.endswith(f"{DOMAIN}/") for address in addresses)
    assert cloud["authentication"]["tenant"] == "common", "with a tenant's id it would be an Azure Stack"
    assert world.send("GET", "/metadata/endpoints?api-version=2019-05-01").json() == [cloud]
    assert world.send("GET", "/metadata/endpoints?api-version=2018-05-01").json() == [cloud]
    aliases = world.send("GET", cloud["vmImageAliasDoc"]).json()["outputs"]["aliases"]["value"]
    assert aliases["Windows"]["Win2022Datacenter"]["sku"] == "2022-datacenter-g2"
    assert aliases["Linux"]["Ubuntu2204"]["publisher"] == "Canonical"


def test_each_resource_that_the_cloud_names_has_a_token_that_does_not_open_arm(world: ArmWorld) -> None:
    cloud = world.send("GET", "/metadata/endpoints?api-version=2022-09-01").json()
    resources = {value for value in cloud.values() if str(value).endswith(f"{DOMAIN}/")}
    assert len(resources) > 5
    for resource in resources:
        for scope in (f"{resource}/.default", f"{resource.rstrip('/')}/.default"):
            given = world.send("POST", f"{V2}/token", data=APPLICATION | {"scope": scope})
            assert given.status_code == 200, (scope, given.text)
            assert not opens(world, given.json()["access_token"])
    stranger = APPLICATION | {"scope": f"https://stranger.{DOMAIN}/.default"}
    assert number(world, f"{V2}/token", stranger) == 500011


@pytest.mark.parametrize("version", ["1.0", "2015-01-01"])
def test_clients_of_the_first_years_find_this_cloud_too(world: ArmWorld, version: str) -> None:
    """azure.EnvironmentFromURL of Go reads these keys and no others; of a list it makes an error."""
    cloud = world.send("GET", f"/metadata/endpoints?api-version={version}").json()
    assert sorted(cloud) == ["authentication", "galleryEndpoint", "graphEndpoint", "portalEndpoint"]
    assert cloud["authentication"]["loginEndpoint"] == cloud["authentication"]["audiences"][0] == BASE_URL


def test_by_its_public_address_it_is_the_public_cloud(world: ArmWorld) -> None:
    cloud = world.send("GET", "https://management.azure.com/metadata/endpoints?api-version=2022-09-01").json()
    assert (cloud["name"], cloud["suffixes"]["storage"]) == ("AzureCloud", "core.windows.net")
    assert cloud["authentication"]["loginEndpoint"] == "https://login.microsoftonline.com"
