"""The wire server as a guest agent meets it, over a real port."""

from __future__ import annotations

import base64
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob
from extension.contract.protocol import settings_file
from extension.contract.settings_json import encode_object
from simulator.guest.agent.transport import Transport
from simulator.host.goalstate import PluginGoal
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer
from simulator.serving import Serving
from tests.unit.simulator.host.wire_fakes import TOKEN, FakeMachine, goal_state
from tests.virtual_clock import VirtualClock

NOW = datetime(2026, 11, 22, 19, 56, 40, tzinfo=UTC)
NAME = "Microsoft.Azure.RecoveryServices.VMSnapshot"
STATUS = Blob("service", "status", "sql01.status")
TRUST = {"Authorization": f"Bearer {TOKEN}"}


def package(version: str) -> bytes:
    commands = {f"{verb}Command": verb for verb in ("install", "enable", "disable", "update", "uninstall")}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        manifest = zipfile.ZipInfo("HandlerManifest.json")  # without a time, so that it is the same bytes each time
        archive.writestr(manifest, json.dumps([{"name": NAME, "version": version, "handlerManifest": commands}]))
    return content.getvalue()


@dataclass
class Wire:
    server: WireServer
    machine: FakeMachine
    blobs: MemoryBlobs
    http: httpx.Client
    """Of the machine, below its prefix."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    real_time, blobs, packages = VirtualClock(NOW), MemoryBlobs(), PackageRepository()
    for version in ("1.9.0.0", "1.9.1.0"):
        packages.publish(package(version))
    blobs.add_account("service")
    server, machine = WireServer(real_time, blobs, packages), FakeMachine()
    server.attach(machine)
    serving = Serving(server.app)
    server.address = serving.address
    with httpx.Client(base_url=f"http://{server.address_of(machine.key)}", timeout=10) as http:
        yield Wire(server, machine, blobs, http)
    server.close()
    serving.close()


def xml(answer: httpx.Response) -> ET.Element:
    assert answer.status_code == 200, answer.text
    return ET.fromstring(answer.content)


def test_the_protocol_version_is_the_one_agents_speak(wire: Wire) -> None:
    root = xml(wire.http.get("/?comp=versions"))
    assert root.findtext("Preferred/Version") == "2012-11-30"


def test_every_address_of_the_goal_state_answers(wire: Wire) -> None:
    root = xml(wire.http.get("/machine/?comp=goalstate"))
    assert root.findtext("Incarnation") == "1"
    assert root.findtext("Container/ContainerId") == wire.machine.goal_state.container_id
    configuration = root.find("Container/RoleInstanceList/RoleInstance/Configuration")
    assert configuration is not None
    for tag in ("HostingEnvironmentConfig", "SharedConfig", "ExtensionsConfig"):
        address = configuration.findtext(tag) or ""
        assert address.startswith(f"http://{wire.server.address_of(wire.machine.key)}/machine/")
        assert xml(httpx.get(address, headers=TRUST)).get("goalStateIncarnation") == "1"


def test_the_role_is_named_by_the_machine_id(wire: Wire) -> None:
    root = xml(wire.http.get("/machine/x/y?comp=config&type=hostingEnvironmentConfig&incarnation=1"))
    role = root.find("Role")
    assert role is not None
    assert role.get("guid") == f"{{{wire.machine.goal_state.machine_id}}}"


def test_plugins_carry_their_settings_unchanged(wire: Wire) -> None:
    settings = json.dumps({"text": "<&>\"' ü"})
    wire.machine.goal_state = goal_state(plugins=(PluginGoal(NAME, "1.9.1.0", "enabled", 7, settings),))
    root = xml(wire.http.get("/machine/x/y?comp=config&type=extensionsConfig&incarnation=1", headers=TRUST))
    plugin = root.find("Plugins/Plugin")
    assert plugin is not None
    assert (plugin.get("name"), plugin.get("version"), plugin.get("state")) == (NAME, "1.9.1.0", "enabled")
    runtime = root.find("PluginSettings/Plugin/RuntimeSettings")
    assert runtime is not None
    assert runtime.get("seqNo") == "7"
    assert runtime.text == settings
    assert root.find("StatusUploadBlob") is None


def test_manifest_and_package_are_found_from_the_extensions_config(wire: Wire) -> None:
    wire.machine.goal_state = goal_state(plugins=(PluginGoal(NAME, "1.9.1.0", "enabled", 0, ""),))
    config = xml(wire.http.get("/machine/x/y?comp=config&type=extensionsConfig&incarnation=1", headers=TRUST))
    plugin = config.find("Plugins/Plugin")
    assert plugin is not None
    manifest = xml(httpx.get(plugin.get("location", "")))
    packages = {item.findtext("Version"): item.findtext("Uris/Uri") for item in manifest.iter("Plugin")}
    assert list(packages) == ["1.9.0.0", "1.9.1.0"]
    assert httpx.get(packages["1.9.1.0"] or "").content == package("1.9.1.0")


def test_the_host_fetches_packages_for_a_machine_that_reaches_nothing_else(wire: Wire) -> None:
    location = f"http://elsewhere.invalid/packages/{NAME}/1.9.0.0.zip"
    answer = wire.http.get("/extensionArtifact", headers={"x-ms-artifact-location": location})
    assert answer.content == package("1.9.0.0")
    assert wire.http.get("/extensionArtifact", headers={"x-ms-artifact-location": "http://x/y"}).status_code == 404


@pytest.mark.parametrize(
    "path", [f"/packages/{NAME}/2.0.0.0.zip", "/packages/No.Such/manifest.xml", "/vmSettings", "/x"]
)
def test_what_is_not_there_is_404(wire: Wire, path: str) -> None:
    assert wire.http.get(path).status_code == 404


def test_a_machine_that_is_gone_is_404(wire: Wire) -> None:
    wire.server.detach(wire.machine.key)
    assert wire.http.get("/machine/?comp=goalstate").status_code == 404


def test_health_telemetry_and_versions_of_the_plugin(wire: Wire) -> None:
    assert wire.http.get("/versions").json() == ["2015-09-01"]
    assert wire.http.get("/health").status_code == 200
    assert wire.http.post("/HealthService", json={}).status_code == 200
    assert wire.http.post("/machine?comp=telemetrydata", content=b"<TelemetryData/>").status_code == 200


# --------------------------------------------------------------------------------------------------------------- status


def upload(url: str, status: dict[str, Any]) -> dict[str, Any]:
    content = base64.b64encode(json.dumps(status).encode()).decode()
    return {
        "requestUri": url,
        "headers": [{"headerName": "x-ms-blob-type", "headerValue": "BlockBlob"}],
        "content": content,
    }


def test_a_status_reaches_its_blob_and_the_host_whatever_the_machine_calls_it(wire: Wire) -> None:
    blob, url = STATUS, "http://storage.example.org:10000/service/status/sql01.status?sig=c2ln"
    wire.machine.goal_state, wire.machine.status_blob = goal_state(status_url=url), blob
    assert wire.http.put("/status", json=upload(url, {"version": "1.1"}), headers=TRUST).status_code == 200
    assert json.loads(wire.blobs.read(blob)) == {"version": "1.1"}
    assert wire.machine.reports == [{"version": "1.1"}]


def test_a_status_may_come_with_the_address_of_an_earlier_goal_state(wire: Wire) -> None:
    earlier, given = (wire.blobs.sas(STATUS, "rw", datetime(year, 1, 1, tzinfo=UTC)) for year in (2098, 2099))
    wire.machine.goal_state, wire.machine.status_blob = goal_state(status_url=given), STATUS
    assert wire.http.put("/status", json=upload(earlier, {}), headers=TRUST).status_code == 200


def test_the_host_writes_no_other_blob_than_the_one_it_gave(wire: Wire) -> None:
    given = wire.blobs.sas(STATUS, "rw", datetime(2099, 1, 1, tzinfo=UTC))
    other = Blob("service", "status", "other.status")
    wire.machine.goal_state, wire.machine.status_blob = goal_state(status_url=given), STATUS
    answer = wire.http.put("/status", json=upload(wire.blobs.url(other), {}), headers=TRUST)
    assert answer.status_code == 403
    assert wire.blobs.properties(other) is None
    assert wire.machine.reports == []


def test_a_status_that_storage_does_not_take_reaches_nobody(wire: Wire) -> None:
    class Broken(MemoryBlobs):
        def put(self, *args: object, **more: object) -> None:
            from controlplane.ports import StorageUnavailable

            raise StorageUnavailable("gone")

    url = wire.blobs.sas(STATUS, "rw", datetime(2099, 1, 1, tzinfo=UTC))
    wire.machine.goal_state, wire.machine.status_blob = goal_state(status_url=url), STATUS
    wire.server.blobs = Broken()
    wire.server.blobs.add_account("service")
    assert wire.http.put("/status", json=upload(url, {}), headers=TRUST).status_code == 502
    assert wire.machine.reports == []
    assert [fact.NAME for fact in wire.machine.told] == ["status.upload_failed"]


def test_what_another_agent_says_is_redacted_where_it_enters(wire: Wire) -> None:
    url = wire.blobs.sas(STATUS, "rw", datetime(2099, 1, 1, tzinfo=UTC))
    wire.machine.goal_state, wire.machine.status_blob = goal_state(status_url=url), STATUS
    told = {"message": "GET https://a/b%3Fsr%3Db%26sig%3Dc2VjcmV0 failed", "settings": {"password": "two words"}}
    assert wire.http.put("/status", json=upload(url, told), headers=TRUST).status_code == 200
    hidden = {"message": "GET https://a/b%3Fsr%3Db%26sig%3DREDACTED failed", "settings": {"password": "REDACTED"}}
    assert wire.machine.reports == [hidden]
    assert json.loads(wire.blobs.read(STATUS)) == hidden


def test_without_a_status_blob_the_host_still_learns(wire: Wire) -> None:
    assert wire.http.put("/status", json=upload("", {"version": "1.1"}), headers=TRUST).status_code == 200
    assert wire.machine.reports == [{"version": "1.1"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"content": "?"}',
        b'{"content": 5}',
        b'{"content": "W10="}',
        b"[" * 50_000,
        b'{"content": ' * 200 + b"1" + b"}" * 200,
        b'{"requestUri": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_malformed_status_is_refused(wire: Wire, body: bytes) -> None:
    assert wire.http.put("/status", content=body, headers=TRUST).status_code == 400
    assert wire.machine.reports == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_on_the_shared_address_nobody_else_can_report_or_fetch_the_key(wire: Wire, headers: dict[str, str]) -> None:
    assert wire.http.put("/status", json=upload("", {}), headers=headers).status_code == 401
    for part in ("certificates", "config&type=extensionsConfig"):
        assert wire.http.get(f"/machine/x/y?comp={part}&incarnation=1", headers=headers).status_code == 401


def test_the_certificates_come_in_lines_as_mail_needs_them(wire: Wire, tmp_path: Path) -> None:
    headers = TRUST | Transport(tmp_path).headers()
    root = xml(wire.http.get("/machine/x/y?comp=certificates&incarnation=1", headers=headers))
    assert root.findtext("Format") == "Pkcs7BlobWithPfxContents"
    data = root.findtext("Data") or ""
    assert max(map(len, data.splitlines())) <= 76
    opened = Transport(tmp_path).open(base64.b64decode(data))
    assert opened.thumbprint == wire.machine.certificate.thumbprint


def test_in_a_network_of_its_own_a_machine_needs_no_prefix_and_no_token(wire: Wire) -> None:
    serving = Serving(wire.server.application(wire.machine))
    try:
        root = xml(httpx.get(f"{serving.url}/machine/?comp=goalstate"))
        assert (root.findtext(".//ExtensionsConfig") or "").startswith(f"{serving.url}/machine/")
        assert httpx.put(f"{serving.url}/status", json=upload("", {})).status_code == 200
        assert httpx.get(f"{serving.url}/bridge/facts").status_code == 401
    finally:
        serving.close()


# ------------------------------------------------------------------------------------------------------- host snapshots


def test_presnapshot_answers_real_time(wire: Wire) -> None:
    answer = wire.http.post("/metadata/recsvc/snapshot/presnapshot?api-version=2017-12-01", json={"taskId": "t"})
    assert answer.status_code == 200
    time = answer.json()["responseTime"]
    assert time == {"year": 2026, "month": 11, "day": 22, "hour": 19, "minute": 56, "second": 40}


def test_the_host_snapshots_the_disks_of_the_machine_that_asks(wire: Wire) -> None:
    where = "/metadata/recsvc/snapshot/dosnapshot?api-version=2017-12-01"
    order = {"taskId": "t", "diskIds": [0], "snapshotTaskToken": "token"}
    assert wire.http.post(where, json=order).status_code == 403
    assert wire.http.post(where, content=b"[]").status_code == 400
    public = {"taskId": "t", "objectStr": encode_object({"snapshotTaskToken": "token"})}
    plugin = PluginGoal("Example.VMSnapshot", "1.0.0.0", "enabled", 1, settings_file(public, None, None))
    wire.machine.goal_state = goal_state(plugins=(plugin,))
    disk = Blob("service", "vhds", "data0.vhd")
    wire.blobs.create(disk, 1024)
    wire.machine.disk_blobs = {0: disk}
    answer = wire.http.post(where, json=order)
    assert answer.status_code == 200
    assert answer.json()["snapshotInfo"][0]["isSuccessful"] == "true"
    assert [fact.NAME for fact in wire.machine.told] == ["host_snapshot.refused", "host_snapshot.taken"]
