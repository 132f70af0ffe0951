"""How a test's own code reaches a world: an HTTP client for ARM, a credential for SDKs, and the real az."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from collections.abc import Generator
from threading import Lock
from typing import Any, NamedTuple

import httpx

from extension.contract.redaction import redact
from simulator.client import API_VERSIONS
from simulator.failures import Failure
from simulator.testing.launcher import command
from simulator.testing.world import BackupWorld

SCOPE = "https://management.azure.com/.default"
EARLY_SECONDS = 300.0
"""A token is asked for anew so long before its end."""
TIMEOUT_SECONDS = 60.0
AZ_SECONDS = 600.0


class AccessToken(NamedTuple):
    """As azure.core has it."""

    token: str
    expires_on: int
    """Seconds since 1970, real time."""


class AccessTokenInfo(NamedTuple):
    """As newer releases of azure.core ask for it."""

    token: str
    expires_on: int
    token_type: str = "Bearer"
    refresh_on: int | None = None


class BackupCredential:
    """A credential as the SDKs take it, for the service principal of a world. Thread-safe."""

    def __init__(self, world: BackupWorld) -> None:
        self._world = world
        self._lock = Lock()
        self._known: dict[str, AccessToken] = {}
        self._http = httpx.Client(verify=trust(world), trust_env=False, timeout=TIMEOUT_SECONDS)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for these scopes. SDKs hand over more keywords, of which none makes a difference here."""
        scope = " ".join(scopes) or SCOPE
        with self._lock:
            known = self._known.get(scope)
            if known is None or known.expires_on < time.time() + EARLY_SECONDS:
                known = self._known[scope] = self._ask(scope)
            return known

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        return AccessTokenInfo(*self.get_token(*scopes))

    def forget(self) -> None:
        """Ask for new tokens from now on."""
        with self._lock:
            self._known.clear()

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> BackupCredential:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, scope: str) -> AccessToken:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._world.client_id,
            "client_secret": self._world.client_secret,
            "scope": scope,
        }
        answer = self._http.post(
            f"{self._world.endpoints['login']}/{self._world.tenant_id}/oauth2/v2.0/token", data=form
        )
        answer.raise_for_status()
        told = answer.json()
        return AccessToken(told["access_token"], int(time.time()) + int(told["expires_in"]))


class _Authorised(httpx.Auth):
    """Adds the token, a new one where the first is refused, and an api-version where the request has none."""

    def __init__(self, credential: BackupCredential) -> None:
        self._credential = credential

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._credential.get_token(SCOPE).token}"
        response = yield request
        if response.status_code == 401:
            self._credential.forget()
            request.headers["Authorization"] = f"Bearer {self._credential.get_token(SCOPE).token}"
            yield request


def _with_version(request: httpx.Request) -> None:
    if "api-version" not in request.url.params:
        request.url = request.url.copy_merge_params({"api-version": version_for(request.url.path)})


def version_for(path: str) -> str:
    """The api-version that goes with a path, by the provider that stands last in it."""
    provider = path.rpartition("/providers/")[2].partition("/")[0] if "/providers/" in path else ""
    known = {name.lower(): version for name, version in API_VERSIONS.items()}
    return known.get(provider.lower(), API_VERSIONS["Microsoft.Resources"])


def trust(world: BackupWorld) -> ssl.SSLContext:
    """The world's own authority and no other."""
    return ssl.create_default_context(cafile=str(world.ca_file))


def arm_client(world: BackupWorld, credential: BackupCredential) -> httpx.Client:
    """A client whose paths begin at ARM's root, `/subscriptions/...`."""
    return httpx.Client(
        base_url=world.arm,
        auth=_Authorised(credential),
        event_hooks={"request": [_with_version]},
        verify=trust(world),
        trust_env=False,
        timeout=TIMEOUT_SECONDS,
    )


class AzFailed(Failure):
    """An az command ended with another code than 0; the sentence is what it wrote."""


class BackupAz:
    """The real az, signed in to a world, with a configuration of its own."""

    def __init__(self, world: BackupWorld) -> None:
        self._world = world

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run az to its end, however it ends."""
        return subprocess.run(
            command("simulator.command.cli", "az", "--state", str(self._world.state), *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=AZ_SECONDS,
            check=False,
        )

    def __call__(self, *arguments: str) -> Any:
        """Run az with `--output json`; what it printed, decoded, None where that is nothing. AzFailed."""
        done = self.run(*arguments, "--output", "json")
        if done.returncode:
            raise AzFailed(f"az {' '.join(arguments[:3])} ended with {done.returncode}: {redact(done.stderr).strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None
