"""Every listener under hostile requests: no answer of class 5 but the named 501, no traceback, and memory that stays.

`--all` sends 1,000 requests to each; `--long` sends 10,000, and writes what they came to.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from bench.report import machine
from controlplane.arm.sign_in.aad import SUBSCRIPTION_ID, TENANT_ID
from simulator.dashboard.policy_form import FIELDS, LISTS
from simulator.dashboard.views import LIVE
from simulator.host.documents import machine_key
from simulator.scenario import Scenario
from tests.e2e.conftest import ROOT
from tests.e2e.fuzzing import Figures, Target, arm_paths, fuzz, sim_paths
from tests.e2e.running import Up, eventually, is_ready, listeners, protected, up

SEED = 20_261_130
MOST_GROWTH_BYTES = 96 * 1024 * 1024
"""Of a process over all requests to one listener, after it was warm."""
WARMING = 100
RESULT = Path(__file__).with_name("results") / "fuzz.json"
ASK_PROXY = "import os, sys; print(os.environ['HTTPS_PROXY'], flush=True); sys.stdin.read()"
LISTENERS = ("arm", "sign-in", "wire server", "bridge", "control", "item recovery", "page", "proxy")

CONTROL = (("GET", "/_sim/{any}"), ("POST", "/_sim/{any}"), ("PUT", "/_sim"))
"""Beside its operations."""
ENDS_THE_WORLD = {("POST", "/_sim/reset")}
NOT_FILLED_IN = {
    "/clock/advance",
    "/worlds/save",
    "/worlds/restore",
    "/worlds/fork",
    "/worlds/delete",
    "/worlds/export",
    "/worlds/import",
}
"""Whose bodies are drawn without their keys: they move time by centuries, or name folders of this machine."""
SIGN_IN = (
    ("POST", "/{tenant}/oauth2/v2.0/token"),
    ("POST", "/{tenant}/oauth2/token"),
    ("POST", "/{tenant}/oauth2/v2.0/devicecode"),
    ("GET", "/{tenant}/v2.0/.well-known/openid-configuration"),
    ("GET", "/{tenant}/discovery/v2.0/keys"),
    ("GET", "/common/discovery/instance?authorization_endpoint=http://[{any}"),
    ("GET", "/common/discovery/instance"),
    ("GET", "/common/userrealm/{any}"),
    ("GET", "/devicelogin"),
    ("POST", "/devicelogin"),
    ("GET", "/metadata/endpoints"),
    ("GET", "/{any}"),
    ("GET", "/healthz"),
    ("GET", "/openapi.json"),
    ("GET", "/ca.pem"),
)
WIRE = (
    ("GET", "/vm/{key}/?comp=versions"),
    ("GET", "/vm/{key}/machine/?comp=goalstate"),
    ("GET", "/vm/{any}"),
    ("GET", "/vm/{key}/machine/x/y?comp=config&type=extensionsConfig"),
    ("GET", "/vm/{key}/packages/{any}/manifest.xml"),
    ("GET", "/vm/{key}/machine/x/y?comp=certificates"),
    ("POST", "/vm/{key}/machine?comp=telemetrydata"),
    ("PUT", "/vm/{key}/status"),
    ("GET", "/vm/{key}/extensionArtifact"),
    ("GET", "/vm/{key}/packages/{any}/{any}"),
    ("POST", "/vm/{key}/metadata/recsvc/snapshot/presnapshot"),
    ("POST", "/vm/{key}/HealthService"),
    ("GET", "/{any}"),
)
BRIDGE = (
    ("GET", "/vm/{key}/bridge/facts"),
    ("GET", "/vm/{key}/bridge/volumes"),
    ("GET", "/vm/{key}/bridge/now"),
    ("POST", "/vm/{key}/bridge/freeze"),
    ("POST", "/vm/{key}/bridge/thaw"),
    ("GET", "/vm/{key}/bridge/{any}"),
)
RECOVERY = (
    ("GET", "/itemrecovery/{session}/script"),
    ("GET", "/itemrecovery/{session}/disks"),
    ("GET", "/itemrecovery/{session}/disks/{lun}"),
    ("GET", "/itemrecovery/{any}/{any}"),
)
PAGE = (
    *(("GET", f"/_page/{view}") for view in ("", *LIVE, "events", "policy", "files/content", "{any}")),
    *(("GET", f"/_page/parts/{view}") for view in (*LIVE, "policy", "{any}")),
    ("GET", "/_page/jobs/{job}"),
    ("GET", "/_page/jobs/{job}/story"),
    ("GET", "/_page/jobs/{job}/recording"),
    ("GET", "/_page/remedies/{any}"),
    ("GET", "/_page/static/{any}"),
    ("GET", "/_page/sign-in"),
    ("POST", "/_page/sign-in"),
    ("POST", "/_page/codes"),
    ("GET", "/_page/sim/{any}"),
    ("GET", "/_page/arm/subscriptions/{subscription}/{any}"),
)


@dataclass(frozen=True)
class Fuzzed:
    """A world with a protected machine that has a recovery point, and every listener of it."""

    up: Up
    targets: dict[str, Target]
    processes: dict[str, psutil.Process]

    def tracebacks(self) -> list[str]:
        """The last lines of all that its logs have."""
        logs = [path.read_text(encoding="utf-8") for path in (self.up.state / "logs").rglob("*.jsonl")]
        records = [json.loads(line) for log in logs for line in log.splitlines()]
        return [record["exception"].strip().splitlines()[-1] for record in records if "exception" in record]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    with ExitStack() as keep:
        world = keep.enter_context(up(tmp_path_factory.mktemp("fuzz") / "world"))
        scenario = protected(world.client)
        eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
        assert scenario.back_up(scenario.item_id()).status == "Completed"
        proxy, process = keep.enter_context(_proxy(world.state))
        targets = {target.name: target for target in (*_targets(world, scenario), proxy)}
        service = psutil.Process(world.process.pid)
        yield Fuzzed(world, targets, {name: process if name == "proxy" else service for name in targets})


@pytest.mark.slow
@pytest.mark.parametrize("listener", LISTENERS)
def test_nothing_makes_a_listener_fail(fuzzed: Fuzzed, listener: str) -> None:
    attacked(fuzzed, listener, 1_000)


@pytest.mark.long
def test_nothing_makes_any_listener_fail_in_the_long_run(fuzzed: Fuzzed) -> None:
    figures = {listener: attacked(fuzzed, listener, 10_000) for listener in LISTENERS}
    RESULT.parent.mkdir(exist_ok=True)
    result = {"schema_version": 1, "seed": SEED, "machine": machine(), "listeners": figures}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def attacked(fuzzed: Fuzzed, listener: str, requests: int) -> dict[str, Any]:
    target, process = fuzzed.targets[listener], fuzzed.processes[listener]
    fuzz(target, WARMING, SEED + 1, _is_named)
    before = process.memory_info().rss
    figures = fuzz(target, requests, SEED, _is_named)
    after = process.memory_info().rss
    _check(fuzzed, figures)
    assert after - before < MOST_GROWTH_BYTES
    told = {**figures.to_json(), "memory_before_bytes": before, "memory_after_bytes": after}
    print(f"{listener}: {told}")  # noqa: T201 - the figures of the run
    return told


def _check(fuzzed: Fuzzed, figures: Figures) -> None:
    assert figures.wrong == [], "\n".join(figures.wrong[:9])
    assert fuzzed.up.process.poll() is None
    assert fuzzed.tracebacks() == []
    assert fuzzed.up.client.get(f"/subscriptions/{SUBSCRIPTION_ID}")["subscriptionId"] == SUBSCRIPTION_ID


def _is_named(line: str, answer: bytes) -> bool:
    """Whether an answer of class 5 says by name what is not simulated. One to a HEAD has no room for it, and a client
    that left early did not see it."""
    body = answer.partition(b"\r\n\r\n")[2]
    return answer.startswith(b"HTTP/1.1 501 ") and (not body or b"OperationNotSimulated" in body)


def _targets(world: Up, scenario: Scenario) -> list[Target]:
    endpoints = world.client.endpoints
    arm, secure = urlsplit(endpoints["arm_http"]), urlsplit(endpoints["arm"])
    (paths, bodies), (sim, sim_bodies) = arm_paths(), sim_paths(NOT_FILLED_IN)
    names = {
        "subscription": [SUBSCRIPTION_ID],
        "group": ["fuzz", "nowhere"],
        "tenant": [TENANT_ID, "adfs", "common"],
        "fabric": ["Azure"],
        "location": ["westus"],
        **{name: ["fuzz1", "fuzz2"] for name in ("vm", "vault", "policy", "account", "name", "disk", "container")},
    }
    world.client.put(f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/fuzz", {"location": "westus"})
    bearer = f"Bearer {_token(endpoints)}"
    trust = ssl.create_default_context(cafile=endpoints["ca_file"])
    here, key = ("127.0.0.1", arm.port or 0), machine_key(scenario.machine_id())
    machine_token = (world.state / "guests" / key / "bridge.token").read_text(encoding="utf-8")
    of_machine = {"key": [key], "any": ["x", key]}
    machine_tokens = [f"Bearer {machine_token}"] * 4 + ["Bearer x"]
    wire_port = listeners(world).wire
    session = _session(scenario)
    return [
        Target("arm", *here, paths, names, [bearer] * 9 + ["Bearer x", ""], bodies=bodies),
        Target(
            "sign-in",
            secure.hostname or "",
            secure.port or 0,
            SIGN_IN,
            {
                "tenant": names["tenant"],
                "secret": [endpoints["client_secret"], endpoints["client_id"], "client_credentials"],
            },
            trust=trust,
            forms=True,
        ),
        Target("wire server", "127.0.0.1", wire_port, WIRE, of_machine, machine_tokens),
        Target("bridge", "127.0.0.1", wire_port, BRIDGE, of_machine, machine_tokens),
        Target(
            "control",
            *here,
            [*(path for path in sim if path not in ENDS_THE_WORLD), *CONTROL],
            {},
            [f"Bearer {endpoints['sim_token']}"] * 4 + ["Bearer x"],
            bodies=sim_bodies,
        ),
        _page(world, scenario),
        Target("item recovery", *here, RECOVERY, {"session": [session.id], "lun": ["-1", "0", "1"]}, session.proofs),
    ]


def _page(world: Up, scenario: Scenario) -> Target:
    """The page for somebody who has signed in, with the keys that its views take."""
    machine, item = scenario.machine_id(), scenario.item_id()
    (job, *_) = scenario.client.list(f"{scenario.vault_id}/backupJobs")
    (point, *_) = scenario.client.list(f"{item}/recoveryPoints")
    with httpx.Client(trust_env=False) as browser:
        browser.get(world.client.page_address())
        (cookie,) = browser.cookies.jar
    here = urlsplit(world.client.endpoints["arm_http"])
    return Target(
        "page",
        "127.0.0.1",
        here.port or 0,
        PAGE,
        {"job": [job["name"]], "subscription": [SUBSCRIPTION_ID], "any": ["events", "vms", "page.css", "clock"]},
        [f"backupsim_page={cookie.value}"] * 9 + ["backupsim_page=x"],
        tokens_in="Cookie",
        queries={
            **{key: [value] for key, value in FIELDS.items()},
            **LISTS,
            "vm": [machine],
            "item": [item],
            "id": [point["id"], item, machine],
            "vault": [scenario.vault_id],
            "edit": ["DefaultPolicy", "EnhancedPolicy"],
            "name": ["*", "*.db", "DefaultPolicy"],
            "lun": ["-1", "0"],
            "at": ["2026-12-01"],
            "daily": ["1", "30", "9999999", "999999"],
            "years": ["2", "10", "999999"],
            "zone": ["UTC", "China Standard Time"],
            "type": ["V1", "V2"],
            "frequency": ["Daily", "Weekly", "Hourly"],
            "lang": ["en-us", "zh-cn"],
        },
        forms=True,
    )


def _token(endpoints: Mapping[str, Any]) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": endpoints["client_id"],
        "client_secret": endpoints["client_secret"],
        "scope": "https://management.azure.com/.default",
    }
    url = f"{endpoints['arm_http']}/{TENANT_ID}/oauth2/v2.0/token"
    token: str = httpx.post(url, data=form, trust_env=False).json()["access_token"]
    return token


@dataclass(frozen=True)
class Session:
    id: str
    proofs: list[str]


def _session(scenario: Scenario) -> Session:
    """An item recovery session of the newest point, with its password."""
    (point, *_) = scenario.client.list(f"{scenario.item_id()}/recoveryPoints")
    body = {"properties": {"objectType": "IaasVMILRRegistrationRequest", "virtualMachineId": scenario.machine_id()}}
    begun = scenario.client.post(f"{point['id']}/provisionInstantItemRecovery", body)
    script = scenario.client.finish(begun)["properties"]["recoveryTarget"]["clientScripts"][-1]
    id, password = script["url"].split("/")[-2], script["scriptNameSuffix"][-15:]
    good = b64encode(f"{id}:{password}".encode()).decode()
    return Session(id, [f"Basic {good}"] * 4 + ["Basic x", "Basic ", "Bearer x"])


@contextmanager
def _proxy(state: Path) -> Iterator[tuple[Target, psutil.Process]]:
    command = [sys.executable, "-m", "simulator.command.cli", "run", "--state", str(state), "--"]
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    # It says each refusal, more of them than a pipe holds that nobody reads.
    with (
        (state.parent / "proxy.log").open("w+", encoding="utf-8") as said,
        subprocess.Popen(
            [*command, sys.executable, "-c", ASK_PROXY],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        assert process.stdout
        url = urlsplit(process.stdout.readline().strip())
        paths = (("GET", "http://{any}/{any}"), ("CONNECT", "{any}:443"), ("CONNECT", "management.azure.com:{port}"))
        names = {"any": ["x", "management.azure.com", "[", "user:secret@x"], "port": ["443", "80", "4" * 5_000]}
        yield (
            Target("proxy", url.hostname or "", url.port or 0, paths, names, is_proxy=True),
            psutil.Process(process.pid),
        )
        process.communicate(timeout=60)
        said.seek(0)
        assert "Traceback" not in said.read()
