"""Real clients against a world: az, the SDKs and plain HTTPS, told where it is or believing it to be Azure."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from azure.core import PipelineClient
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest

from controlplane.arm.sign_in.aad import TENANT_ID, USER_NAME
from tests.e2e.conftest import ROOT
from tests.e2e.running import PATIENCE_SECONDS, Up, up

GROUPS = ["group", "list", "--query", "[].name", "--output", "tsv"]

SDK = """
import os
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.resource import ResourceManagementClient
told = {}
credential = DefaultAzureCredential()
if "BACKUPSIM_ARM" in os.environ:
    arm = os.environ["BACKUPSIM_ARM"]
    told = {"base_url": arm, "credential_scopes": [arm + "/.default"]}
    credential = DefaultAzureCredential(disable_instance_discovery=True)
subscription = os.environ["AZURE_SUBSCRIPTION_ID"]
print([group.name for group in ResourceManagementClient(credential, subscription, **told).resource_groups.list()])
vaults = RecoveryServicesClient(credential, subscription, **told).vaults
print([vault.name for vault in vaults.list_by_subscription_id()])
"""
STORAGE = """
import sys
from azure.storage.blob import BlobServiceClient
url = "https://clients01.blob.core.windows.net"
service = BlobServiceClient(url, credential=sys.stdin.read(), api_version="2021-12-02")
service.create_container("box")
blob = service.get_blob_client("box", "a.txt")
blob.upload_blob(b"hello")
print(blob.url, blob.download_blob().readall())
"""


class Clients:
    """A world that is up, and the commands that start other programs against it."""

    def __init__(self, world: Up, home: Path) -> None:
        self.world = world
        self.endpoints = world.client.endpoints
        self.home = home

    def backupsim(
        self, *arguments: str, stdin: str = "", variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**self.surroundings(), **(variables or {})}
        command = [sys.executable, "-m", "simulator.command.cli", *arguments]
        return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, timeout=120)

    def surroundings(self) -> dict[str, str]:
        ours = {"HOME": str(self.home), "BACKUPSIM_STATE": str(self.world.state), "PYTHONPATH": str(ROOT)}
        return {**os.environ, **ours}

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.backupsim("run", "--", *command, stdin=stdin)

    def variables(self) -> dict[str, str]:
        """The environment that `backupsim env` makes of this one."""
        printed: dict[str, str] = json.loads(self.backupsim("env", "--shell", "json").stdout)
        return {**os.environ, **printed, "HOME": str(self.home)}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    folder = tmp_path_factory.mktemp("clients")
    with up(folder / "world") as world:
        world.client.put(world.client.group("clients"), {"location": "westus"})
        (folder / "home").mkdir()
        yield Clients(world, folder / "home")


# -------------------------------------------------------------------------------------------------------- plain clients


def test_https_is_answered_under_an_authority_that_can_be_fetched(clients: Clients) -> None:
    endpoints = clients.endpoints
    fetched = httpx.get(f"{endpoints['arm_http']}/ca.pem", trust_env=False).text
    assert fetched == Path(endpoints["ca_file"]).read_text()
    trust = ssl.create_default_context(cadata=fetched)
    with httpx.Client(verify=trust, trust_env=False) as client:
        token = _token(client, endpoints)
        url = f"{endpoints['arm']}{clients.world.client.subscription}/resourceGroups?api-version=2024-11-01"
        listed = client.get(url, headers={"Authorization": f"Bearer {token}"}).json()
    assert "clients" in [group["name"] for group in listed["value"]]
    with httpx.Client(trust_env=False) as stranger, pytest.raises(httpx.ConnectError, match="certificate"):
        stranger.get(f"{endpoints['arm']}/healthz")


def test_the_pipeline_of_the_sdks_gives_its_token_to_https_alone(clients: Clients) -> None:
    trust = ssl.create_default_context(cafile=clients.endpoints["ca_file"])

    class Credential:
        def get_token(self, *scopes: str, **options: object) -> AccessToken:
            with httpx.Client(verify=trust, trust_env=False) as client:
                return AccessToken(_token(client, clients.endpoints), int(time.time()) + 3000)

    policies = [BearerTokenCredentialPolicy(Credential(), "https://management.azure.com/.default")]
    request = HttpRequest("GET", f"{clients.world.client.subscription}/resourceGroups?api-version=2024-11-01")
    with PipelineClient[HttpRequest, object](
        clients.endpoints["arm"], policies=policies, connection_verify=clients.endpoints["ca_file"]
    ) as client:
        request.url = client.format_url(request.url)
        answer = client.send_request(request)
    assert "clients" in [group["name"] for group in answer.json()["value"]]  # type: ignore[attr-defined]


def _token(client: httpx.Client, endpoints: Mapping[str, str]) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": endpoints["client_id"],
        "client_secret": endpoints["client_secret"],
        "scope": f"{endpoints['arm']}/.default",
    }
    given = client.post(f"{endpoints['login']}/{TENANT_ID}/oauth2/v2.0/token", data=form)
    token: str = given.json()["access_token"]
    return token


# ------------------------------------------------------------------------------------------------------------------- az


def test_az_works_unmodified_and_leaves_the_users_own_alone(clients: Clients, az: Path) -> None:
    named = {"BACKUPSIM_AZ": str(az), "AZURE_CONFIG_DIR": str(clients.home / "wrong")}
    account = clients.backupsim("az", "account", "show", variables=named)
    assert json.loads(account.stdout)["tenantId"] == TENANT_ID
    prepared = (clients.world.state / "az" / "azureProfile.json").stat().st_mtime_ns
    created = clients.backupsim("az", "group", "create", "-n", "byaz", "-l", "westus", variables=named)
    assert json.loads(created.stdout)["properties"]["provisioningState"] == "Succeeded"
    listed = clients.backupsim("az", *GROUPS, variables=named)
    assert sorted(listed.stdout.split()) == ["byaz", "clients"]
    assert json.loads(clients.backupsim("az", "backup", "vault", "list", variables=named).stdout) == []
    missing = clients.backupsim("az", "group", "show", "-n", "nobodys", variables=named)
    assert (missing.returncode, "ResourceGroupNotFound" in missing.stderr) == (3, True)
    assert (clients.world.state / "az" / "azureProfile.json").stat().st_mtime_ns == prepared
    assert list(clients.home.glob(".azure*")) == []
    assert not (clients.home / "wrong").exists()


def test_az_never_asks_the_real_azure(clients: Clients, az: Path) -> None:
    named = {"BACKUPSIM_AZ": str(az)}
    url = "https://management.azure.com/subscriptions?api-version=2022-12-01"
    refused = clients.backupsim("az", "rest", "--url", url, variables=named)
    assert (refused.returncode, "the real Azure" in refused.stderr) == (2, True)
    clients.backupsim("az", "cloud", "set", "-n", "AzureCloud", variables=named)
    assert "clients" in clients.backupsim("az", *GROUPS, variables=named).stdout


def test_az_finds_storage_accounts_by_their_names_and_nothing_outside(
    clients: Clients, az: Path, tmp_path: Path
) -> None:
    named = {"BACKUPSIM_AZ": str(az)}
    client = clients.world.client
    account = f"{client.group('clients')}/providers/Microsoft.Storage/storageAccounts/byname01"
    client.put(account, {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
    key = client.post(f"{account}/listKeys").json()["keys"][0]["value"]
    (tmp_path / "a.txt").write_text("hello")
    into = ["--account-name", "byname01", "--account-key", key]
    clients.backupsim("az", "storage", "container", "create", "-n", "box", *into, variables=named)
    file = ["--container-name", "box", "--name", "a.txt", "--file", str(tmp_path / "a.txt")]
    uploaded = clients.backupsim("az", "storage", "blob", "upload", *file, *into, variables=named)
    assert uploaded.returncode == 0, uploaded.stderr
    where = ["-c", "box", "--query", "[].name", "-o", "tsv"]
    assert clients.backupsim("az", "storage", "blob", "list", *where, *into, variables=named).stdout == "a.txt\n"
    outside = clients.backupsim("az", "rest", "--url", "https://example.org", variables=named)
    assert (outside.returncode, "403 Forbidden" in outside.stderr) == (1, True)


def test_a_shell_is_pointed_at_the_world(clients: Clients, az: Path) -> None:
    variables = {"PATH": f"{az.parent}{os.pathsep}{os.environ['PATH']}", "SHELL": "/bin/sh", "BACKUPSIM_AZ": ""}
    script = f'az {" ".join(GROUPS)}\ncurl --silent "$BACKUPSIM_ARM/healthz"\nexit 7\n'
    done = clients.backupsim("shell", stdin=script, variables=variables)
    assert done.returncode == 7
    assert "clients" in done.stdout
    assert '{"status":"ok"}' in done.stdout


def test_one_command_in_that_shell(clients: Clients, az: Path) -> None:
    variables = {"SHELL": "/bin/sh", "BACKUPSIM_AZ": str(az)}
    words = clients.backupsim("shell", "--", "printf", "%s|", "a b", "$HOME", variables=variables)
    assert (words.returncode, words.stdout) == (0, "a b|$HOME|"), words.stderr
    line = clients.backupsim("shell", "--", 'echo "$BACKUPSIM_ARM"; exit 7', variables=variables)
    assert (line.returncode, line.stdout) == (7, f"{clients.endpoints['arm']}\n")


def test_a_fresh_world_needs_no_command_before_az(az: Path, tmp_path: Path) -> None:
    """Neither way to az is prepared by the other, nor by `backupsim az`."""
    (tmp_path / "home").mkdir()
    with up(tmp_path / "a world") as world:
        world.client.put(world.client.group("clients"), {"location": "westus"})
        fresh = Clients(world, tmp_path / "home")
        groups = " ".join(GROUPS)
        script = f'eval "$({sys.executable} -m simulator.command.cli env)"; {az} {groups}'
        told = subprocess.run(
            ["sh", "-ec", script],
            env={**fresh.surroundings(), "BACKUPSIM_AZ": str(az)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (told.returncode, told.stdout.split()) == (0, ["clients"]), told.stderr
        believed = fresh.run(str(az), *GROUPS)
        assert (believed.returncode, believed.stdout.split()) == (0, ["clients"]), believed.stderr
    assert list(fresh.home.iterdir()) == []


@pytest.mark.parametrize("command", ["az", "shell", "run"])
def test_a_state_among_the_other_programs_arguments_is_told_where_it_goes(tmp_path: Path, command: str) -> None:
    environment = {**os.environ, "BACKUPSIM_STATE": str(tmp_path / "none"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "simulator.command.cli", command, "ls", "--state", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "write it before them" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("style", ["", "/adfs"], ids=["aad", "adfs"])
def test_az_signs_in_by_each_style_of_authority(clients: Clients, az: Path, style: str, tmp_path: Path) -> None:
    endpoints = clients.endpoints
    environment = {**clients.variables(), "AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CLOUD_NAME": "World"}
    if style:
        del environment["AZURE_CORE_INSTANCE_DISCOVERY"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([az, *arguments], env=environment, capture_output=True, text=True, timeout=120)

    authority = ["--endpoint-active-directory", f"{endpoints['login']}{style}"] if style else []
    run("cloud", "register", "-n", "World", "--endpoint-resource-manager", endpoints["arm"], *authority)
    login = ["login", "--service-principal", "-u", endpoints["client_id"], "--tenant", TENANT_ID, "-p"]
    wrong = run(*login, "wrong")
    assert (wrong.returncode, "AADSTS7000215" in wrong.stderr) == (1, True)
    assert run(*login, endpoints["client_secret"]).returncode == 0
    assert "clients" in run(*GROUPS).stdout
    _sign_in_by_device(clients, az, environment)
    assert "clients" in run(*GROUPS).stdout
    if style:  # az asks for a user's realm at port 443, whatever the authority's port, unless that is one of AD FS
        assert run("login", "-u", USER_NAME, "-p", endpoints["client_secret"]).returncode == 0
        assert "clients" in run(*GROUPS).stdout


def _sign_in_by_device(clients: Clients, az: Path, environment: Mapping[str, str]) -> None:
    """What a person does: run the command, open the page that it names, enter the code."""
    process = subprocess.Popen(
        [az, "login", "--use-device-code"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    told = re.search(r"open the page (\S+) and enter the code (\w+)", process.stderr.readline())
    assert told
    form = {"user_code": told[2], "password": clients.endpoints["client_secret"]}
    trust = ssl.create_default_context(cafile=clients.endpoints["ca_file"])
    assert httpx.post(told[1], data=form, verify=trust, trust_env=False).status_code == 200
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


# ------------------------------------------------------------------------------------ programs that believe it is Azure


def test_az_on_its_default_cloud_reaches_the_world(clients: Clients, az: Path) -> None:
    logins = (
        'login --service-principal -u $AZURE_CLIENT_ID -p "$AZURE_CLIENT_SECRET" --tenant $AZURE_TENANT_ID',
        f'login -u {USER_NAME} -p "$AZURE_CLIENT_SECRET"',
    )
    for login in logins:
        script = f"{az} cloud show --query name && {az} {login} --output none && {az} {' '.join(GROUPS)}"
        done = clients.run("sh", "-c", script)
        assert (done.returncode, done.stdout.split()[0]) == (0, '"AzureCloud"'), done.stderr
        assert "clients" in done.stdout
    assert list(clients.home.glob(".azure*")) == []


def test_the_sdks_reach_the_world_told_or_not(clients: Clients, azure_python: Path) -> None:
    told = subprocess.run(
        [azure_python, "-c", SDK], env=clients.variables(), capture_output=True, text=True, timeout=120, check=True
    )
    believed = clients.run(str(azure_python), "-c", SDK)
    assert told.stdout == believed.stdout
    assert "'clients'" in told.stdout


def test_a_storage_account_is_reached_by_its_real_looking_name(clients: Clients) -> None:
    client = clients.world.client
    account = f"{client.group('clients')}/providers/Microsoft.Storage/storageAccounts/clients01"
    client.put(account, {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
    key = client.post(f"{account}/listKeys").json()["keys"][0]["value"]
    done = clients.run(sys.executable, "-c", STORAGE, stdin=key)
    assert done.stdout == "https://clients01.blob.core.windows.net/box/a.txt b'hello'\n", done.stderr


def test_a_program_reaches_nothing_else_and_keeps_its_exit_code(clients: Clients) -> None:
    ask = "import sys, httpx; print(httpx.get(sys.argv[1]).text)"
    assert '"ok"' in clients.run(sys.executable, "-c", ask, "https://management.azure.com/healthz").stdout
    elsewhere = clients.run(sys.executable, "-c", ask, "https://example.org/?sig=secret")
    assert "refused: example.org:443\n" in elsewhere.stderr
    assert "403 Forbidden" in elsewhere.stderr
    assert clients.run("sh", "-c", "exit 9").returncode == 9
    assert clients.run("sh", "-c", "kill -9 $$").returncode == 128 + 9
    assert clients.run("no-such-program").returncode == 2


def test_without_a_world_the_commands_say_how_to_start_one(tmp_path: Path) -> None:
    for command in (["az", "account", "show"], ["shell"], ["env"], ["run", "true"]):
        environment = {**os.environ, "BACKUPSIM_STATE": str(tmp_path / "none"), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "simulator.command.cli", *command], env=environment, capture_output=True, text=True
        )
        assert (done.returncode, "backupsim up" in done.stderr) == (2, True), done.stderr
