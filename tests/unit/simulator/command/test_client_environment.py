"""The variables for other programs: what they say, in which words, and what they must never lead to."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from simulator.command import client_environment
from simulator.command.client_environment import check_target, direct, is_real_azure, proxied, render, without_others
from simulator.failures import WrongUse
from simulator.state.authority import Authority

PROXY = "http://127.0.0.1:1234"


@pytest.fixture
def endpoints(tmp_path: Path) -> dict[str, str]:
    return {
        "state": str(tmp_path),
        "arm": "https://127.0.0.1:7443",
        "arm_http": "http://127.0.0.1:7080",
        "login": "https://127.0.0.1:7443",
        "blob": "http://127.0.0.1:10000",
        "ca_file": str(Authority(tmp_path).ca_file),
        "tenant_id": "tenant",
        "client_id": "client",
        "client_secret": 'it\'s "secret" $HOME',
        "subscription_id": "subscription",
    }


@pytest.mark.parametrize(
    ("address", "real"),
    [
        ("https://management.azure.com", True),
        ("https://MANAGEMENT.azure.com:443/x?y", True),
        ("login.microsoftonline.com.", True),
        ("https://a.blob.core.windows.net/c", True),
        ("https://management.chinacloudapi.cn", True),
        ("https://notazure.com", False),
        ("https://azure.com.invalid", False),
        ("https://127.0.0.1:7443", False),
        ("", False),
    ],
)
def test_microsofts_own_addresses_are_known(address: str, real: bool) -> None:
    assert is_real_azure(address) is real


@pytest.mark.parametrize("key", ["arm", "arm_http", "login", "blob"])
def test_a_world_at_a_real_address_is_refused(endpoints: dict[str, str], key: str) -> None:
    check_target(endpoints)
    with pytest.raises(WrongUse, match="the real Azure"):
        check_target(endpoints | {key: "https://management.azure.com"})


def test_directly_nothing_names_the_real_azure(endpoints: dict[str, str]) -> None:
    variables = direct(endpoints, Path("/world/az"), Path("/world/ca/bundle.pem"))
    assert not any(is_real_azure(value) for value in variables.values())
    assert variables["AZURE_AUTHORITY_HOST"] == variables["BACKUPSIM_ARM"] == endpoints["arm"]
    assert variables["ARM_METADATA_HOSTNAME"] == "127.0.0.1:7443"
    assert variables["AZURE_CONFIG_DIR"] == "/world/az"
    assert variables["BACKUPSIM_STATE"] == endpoints["state"]
    assert variables["AZURE_CORE_COLLECT_TELEMETRY"] == "false"
    assert {variables["AZURE_CLIENT_SECRET"], variables["ARM_CLIENT_SECRET"]} == {endpoints["client_secret"]}


def test_by_the_proxy_only_the_world_is_trusted(endpoints: dict[str, str]) -> None:
    variables = proxied(endpoints, Path("/world/az-public"), PROXY)
    assert {variables[name] for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY")} == {PROXY}
    assert {variables[name] for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")} == {endpoints["ca_file"]}
    assert "AZURE_AUTHORITY_HOST" not in variables
    assert variables["BACKUPSIM_STATE"] == endpoints["state"]


def test_what_would_lead_elsewhere_is_left_out() -> None:
    inherited = {"AZURE_CONFIG_DIR": "~/.azure", "ARM_TENANT_ID": "x", "https_proxy": "y", "PATH": "/bin", "ARMS": "2"}
    assert without_others(inherited) == {"PATH": "/bin", "ARMS": "2"}


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh")
def test_a_shell_reads_back_what_was_printed(endpoints: dict[str, str]) -> None:
    variables = direct(endpoints, Path("/world/az"), Path("/world/ca/bundle.pem"))
    script = f'{render(variables, "sh")}printf %s "$AZURE_CLIENT_SECRET"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == endpoints["client_secret"]


def test_every_shell_has_its_words() -> None:
    assert render({"A": "it's"}, "pwsh") == "$env:A = 'it''s'\n"
    assert render({"A": "b c"}, "cmd") == 'set "A=b c"\n'
    assert json.loads(render({"A": "b"}, "json")) == {"A": "b"}


def test_the_bundle_trusts_the_world_besides_what_is_trusted_anyway(endpoints: dict[str, str]) -> None:
    ca_file = Path(endpoints["ca_file"])
    bundle = client_environment.trust_bundle(ca_file)
    trusted = ssl.create_default_context(cafile=str(bundle)).get_ca_certs(binary_form=True)
    assert ssl.PEM_cert_to_DER_cert(ca_file.read_text()) in trusted
    assert len(trusted) > 1
    written = bundle.stat().st_mtime_ns
    assert client_environment.trust_bundle(ca_file).stat().st_mtime_ns == written
