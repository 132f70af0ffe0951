"""Setting az up for a world, with a program in its place that writes down how it is called."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from simulator.command import az
from simulator.failures import Failure, WrongUse
from simulator.state.authority import Authority

PROGRAM = """#!{python}
import os, sys
from pathlib import Path
folder = Path(os.environ["AZURE_CONFIG_DIR"])
with (folder / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:3] == ["cloud", "register"]:
    (folder / "clouds.config").write_text(f"[{{sys.argv[4]}}]\\nendpoint_resource_manager = {{sys.argv[6]}}\\n")
if sys.argv[1] == "login":
    option, _, file = sys.argv[5].partition("=@")  # in a word of its own a secret may look like an option
    if (option, Path(file).read_text()) not in {{("--password", "right"), ("--password", "-right")}}:
        sys.exit("ERROR: AADSTS7000215: wrong")
    (folder / "azureProfile.json").write_text("signed in")
"""


class Setting:
    def __init__(self, folder: Path) -> None:
        self.program = folder / "az-program"
        self.program.write_text(PROGRAM.format(python=sys.executable))
        self.program.chmod(0o700)
        self.folder = folder / "az"
        (folder / "ca").mkdir()
        self.endpoints = {
            "state": str(folder),
            "arm": "https://127.0.0.1:7443",
            "login": "https://127.0.0.1:7443",
            "ca_file": str(Authority(folder / "ca").ca_file),
            "tenant_id": "tenant",
            "client_id": "client",
            "client_secret": "right",
            "subscription_id": "subscription",
        }

    def prepare(self) -> list[str]:
        """The verbs that az was called with."""
        calls = self.folder / "calls"
        calls.unlink(missing_ok=True)
        environment = az.environment_of(self.endpoints, self.folder, os.environ)
        az.prepare(str(self.program), self.endpoints, self.folder, environment)
        return [line.split()[0] for line in calls.read_text().splitlines()] if calls.exists() else []


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_az_learns_a_world_once(setting: Setting) -> None:
    assert setting.prepare() == ["cloud", "login"]
    assert setting.prepare() == []


@pytest.mark.parametrize("key", ["arm", "client_id", "tenant_id"])
def test_a_world_that_changed_is_learned_anew_and_the_users_settings_stay(setting: Setting, key: str) -> None:
    setting.prepare()
    (setting.folder / "config").write_text("[defaults]")
    setting.endpoints[key] = "https://127.0.0.1:9999"
    assert setting.prepare() == ["cloud", "login"]
    assert (setting.folder / "config").read_text() == "[defaults]"


def test_a_sign_in_that_fails_is_told_and_tried_again(setting: Setting) -> None:
    setting.endpoints["client_secret"] = "wrong"
    with pytest.raises(Failure, match="AADSTS7000215"):
        setting.prepare()
    for right in ("right", "-right"):
        setting.endpoints["client_secret"] = right
        assert setting.prepare() == ["cloud", "login"]


def test_the_secret_is_in_no_argument_and_in_no_file_that_stays(setting: Setting) -> None:
    setting.endpoints["client_secret"] = "right"
    setting.prepare()
    assert "right" not in "".join(file.read_text() for file in setting.folder.iterdir() if file.is_file())


def test_a_cloud_that_was_led_to_the_real_one_is_refused(setting: Setting) -> None:
    setting.prepare()
    clouds = setting.folder / "clouds.config"
    clouds.write_text(clouds.read_text().replace("https://127.0.0.1:7443", "https://management.azure.com"))
    with pytest.raises(WrongUse, match="the real Azure"):
        setting.prepare()


def test_az_trusts_the_world_alone_and_inherits_no_other_azure(setting: Setting) -> None:
    surroundings = {"AZURE_TENANT_ID": "real", "HTTPS_PROXY": "http://proxy.invalid", "PATH": "/bin"}
    environment = az.environment_of(setting.endpoints, setting.folder, surroundings)
    assert environment["AZURE_TENANT_ID"] == "tenant"
    assert "HTTPS_PROXY" not in environment
    assert environment["REQUESTS_CA_BUNDLE"] == setting.endpoints["ca_file"]
    proxied = az.environment_of(setting.endpoints, setting.folder, surroundings, "http://127.0.0.1:7000")
    assert (proxied["HTTPS_PROXY"], "127.0.0.1" in proxied["NO_PROXY"]) == ("http://127.0.0.1:7000", True)


def test_blobs_are_looked_for_where_az_was_told(setting: Setting) -> None:
    setting.prepare()
    with (setting.folder / "clouds.config").open("a") as clouds:
        clouds.write("suffix_storage_endpoint = core.world.invalid\n")
    assert az.storage_domain(setting.folder) == "blob.core.world.invalid"


@pytest.mark.parametrize("option", ["--url", "--uri", "-u"])
def test_a_request_to_the_real_azure_is_refused(option: str) -> None:
    with pytest.raises(WrongUse, match="the real Azure"):
        az.check_arguments(["rest", option, "https://management.azure.com/subscriptions"])
    az.check_arguments(["rest", option, "/subscriptions", "--resource", "https://management.azure.com/"])
    az.check_arguments(["account", "get-access-token", "--resource", "https://management.azure.com/"])


def test_az_is_found_by_its_variable_or_on_the_path(setting: Setting) -> None:
    assert az.find({az.PROGRAM_VARIABLE: str(setting.program), "PATH": ""}) == str(setting.program)
    with pytest.raises(az.MissingAz, match="pip install azure-cli"):
        az.find({"PATH": str(setting.folder)})
    with pytest.raises(az.MissingAz, match=az.PROGRAM_VARIABLE):
        az.find({az.PROGRAM_VARIABLE: "/nowhere/az", "PATH": ""})
