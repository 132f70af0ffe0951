"""The variables that point a program at a world: at its own addresses, or by a proxy that stands for the real ones."""

from __future__ import annotations

import json
import shlex
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.failures import WrongUse
from simulator.state.folder import write_private

REAL_AZURE = (
    "azure.cn",
    "azure.com",
    "azure.us",
    "chinacloudapi.cn",
    "microsoft.com",
    "microsoftonline.cn",
    "microsoftonline.com",
    "microsoftonline.us",
    "usgovcloudapi.net",
    "windows.net",
)
LOOPBACK = "localhost,127.0.0.1,::1"
CLOUD = "BackupSimulator"
"""Name under which az knows the world."""

OF_AZURE = ("AZURE_", "ARM_", "GO_AZURE_SDK_", "MSI_", "IDENTITY_")
OF_PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

AZ_SETTINGS = {
    "AZURE_CORE_COLLECT_TELEMETRY": "false",
    "AZURE_CORE_LOGIN_EXPERIENCE_V2": "off",
    "AZURE_CORE_SURVEY_MESSAGE": "false",
    "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
}


def is_real_azure(address: str) -> bool:
    """Whether a URL or a host name is one of Microsoft's own."""
    host = (urlsplit(address).hostname or "") if "//" in address else address
    host = host.lower().rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in REAL_AZURE)


def check_target(endpoints: Mapping[str, Any]) -> None:
    """Raise WrongUse for a world whose addresses are those of the real Azure."""
    for key in ("arm", "arm_http", "login", "blob"):
        if is_real_azure(endpoints.get(key) or ""):
            raise WrongUse(f"{key} of this world is {endpoints[key]}, the real Azure; use a simulated world")


def direct(endpoints: Mapping[str, Any], az_folder: Path, bundle: Path) -> dict[str, str]:
    """For a program whose Azure addresses can be set. `bundle` holds the certificates it trusts."""
    arm = str(endpoints["arm"])
    return {
        "BACKUPSIM_ARM": arm,
        **_of_world(endpoints),
        **_application(endpoints),
        "AZURE_AUTHORITY_HOST": str(endpoints["login"]),
        **_terraform(endpoints),
        "ARM_METADATA_HOSTNAME": urlsplit(arm).netloc,
        **_trust(bundle, Path(endpoints["ca_file"])),
        **_both_cases("NO_PROXY", LOOPBACK),
        **az(az_folder),
    }


def az(folder: Path) -> dict[str, str]:
    """For az, whose configuration lies in `folder` and names the world as its cloud, whatever `az cloud set` says."""
    instance = {"AZURE_CORE_INSTANCE_DISCOVERY": "false"}
    return {"AZURE_CONFIG_DIR": str(folder), "AZURE_CLOUD_NAME": CLOUD, **AZ_SETTINGS, **instance}


def proxied(endpoints: Mapping[str, Any], az_folder: Path, proxy: str) -> dict[str, str]:
    """For a program with fixed Azure addresses. It trusts the world's own authority only."""
    ca_file = Path(endpoints["ca_file"])
    variables = {
        **_of_world(endpoints),
        **_application(endpoints),
        **_terraform(endpoints),
        **_trust(ca_file, ca_file),
        "NODE_USE_ENV_PROXY": "1",
        "AZURE_CONFIG_DIR": str(az_folder),
        **AZ_SETTINGS,
    }
    return variables | through(proxy)


def through(proxy: str) -> dict[str, str]:
    """All requests go through the proxy, except those to this machine."""
    variables = _both_cases("NO_PROXY", LOOPBACK)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        variables |= _both_cases(name, proxy)
    return variables


def without_others(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without variables of another Azure and of other proxies."""
    return {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(OF_AZURE) and name.upper() not in OF_PROXIES
    }


def trust_bundle(ca_file: Path) -> Path:
    """What this machine trusts, and the world's authority besides: for programs that go on to reach other places."""
    import httpx  # a third of what starting az with us takes, and az needs no bundle

    bundle = ca_file.with_name("bundle.pem")
    certificates = httpx.create_ssl_context().get_ca_certs(binary_form=True)
    content = "".join([ca_file.read_text(encoding="ascii"), *map(ssl.DER_cert_to_PEM_cert, certificates)])
    if not bundle.exists() or bundle.read_text(encoding="ascii") != content:
        write_private(bundle, content)
    return bundle


def render(variables: Mapping[str, str], shell: str) -> str:
    """The variables as commands of a shell."""
    if shell == "json":
        return json.dumps(dict(variables), indent=2) + "\n"
    return "".join(f"{SHELLS[shell](name, value)}\n" for name, value in variables.items())


def _powershell(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"$env:{name} = '{quoted}'"


SHELLS: Mapping[str, Callable[[str, str], str]] = {
    "sh": lambda name, value: f"export {name}={shlex.quote(value)}",
    "pwsh": _powershell,
    "cmd": lambda name, value: f'set "{name}={value}"',
}


def _of_world(endpoints: Mapping[str, Any]) -> dict[str, str]:
    """So that commands of ours in a program ask the same world, for its time above all."""
    return {"BACKUPSIM_STATE": str(endpoints["state"])}


def _application(endpoints: Mapping[str, Any]) -> dict[str, str]:
    keys = ("tenant_id", "client_id", "client_secret", "subscription_id")
    return {f"AZURE_{key.upper()}": str(endpoints[key]) for key in keys}


def _terraform(endpoints: Mapping[str, Any]) -> dict[str, str]:
    keys = ("tenant_id", "client_id", "client_secret", "subscription_id")
    names = {f"ARM_{key.upper()}": str(endpoints[key]) for key in keys}
    # Nothing has to be registered here, and nothing takes so long that its end is worth waiting ten seconds for.
    settings = {
        "ARM_RESOURCE_PROVIDER_REGISTRATIONS": "none",
        "ARM_USE_CLI": "false",
        "GO_AZURE_SDK_SKIP_POLLING_DELAY": "true",
    }
    return {**names, **settings}


def _trust(bundle: Path, ca_file: Path) -> dict[str, str]:
    """Node adds its bundle to its own certificates; the other variables replace them."""
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
    return {**dict.fromkeys(names, str(bundle)), "NODE_EXTRA_CA_CERTS": str(ca_file)}


def _both_cases(name: str, value: str) -> dict[str, str]:
    return {name: value, name.lower(): value}
