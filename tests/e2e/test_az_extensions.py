"""Extensions of a machine by the real az: versions that go up and down, what is refused, and a snapshot by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.ports import Blob
from extension.contract.reports import parse_status_blob
from extension.contract.settings import CustomSettings, snapshot_request
from simulator.scenario import MACHINE as VM
from simulator.scenario import account_name
from simulator.storage.azurite import ManagedAccounts
from tests.e2e.real_az import Az, Refused
from tests.e2e.running import Up, scenario_of, up

Run = Callable[..., Any]

PUBLISHER, TYPE = "Microsoft.Azure.RecoveryServices", "VMSnapshot"
MACHINE = ("-g", "demo", "--vm-name", VM)
EXTENSION = (*MACHINE, "-n", TYPE)


@pytest.fixture(scope="module")
def world(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("extensions") / "world") as world:
        scenario_of(world.client).create_machine()
        yield world


@pytest.fixture(scope="module")
def run_az(az: Path, world: Up) -> Run:
    return Az(world, az).run


@pytest.fixture
def blobs(world: Up) -> Iterator[AzuriteBlobs]:
    blobs = AzuriteBlobs(world.client.endpoints["blob"], ManagedAccounts(world.state / "accounts.json"))
    yield blobs
    blobs.close()


def install(run_az: Run, version: str, *more: str) -> str:
    """The version that then is there, as the agent reports it."""
    run_az("vm", "extension", "set", *EXTENSION, "--publisher", PUBLISHER, "--version", version, *more)
    shown = run_az("vm", "extension", "show", *EXTENSION, "--instance-view")
    assert shown["provisioningState"] == "Succeeded"
    return str(shown["instanceView"]["typeHandlerVersion"])


@pytest.mark.slow
def test_published_versions_are_listed(run_az: Run) -> None:
    here = ("-l", "westus")
    listed = run_az("vm", "extension", "image", "list", *here, "--publisher", PUBLISHER)
    assert [each["version"] for each in listed if each["name"] == TYPE] == ["1.9.0.0", "1.9.1.0", "1.10.0.0"]
    assert [each["version"] for each in listed if each["name"] == "VMSnapshotLinux"] == ["1.0.0.0"]
    named = run_az("vm", "extension", "image", "list-names", *here, "--publisher", PUBLISHER)
    assert [each["name"] for each in named] == [TYPE, "VMSnapshotLinux"]
    image = ("--publisher", PUBLISHER, "--name", TYPE)
    versions = run_az("vm", "extension", "image", "list-versions", *here, *image)
    assert [each["name"] for each in versions] == ["1.9.0.0", "1.9.1.0", "1.10.0.0"]
    assert run_az("vm", "extension", "image", "show", *here, *image, "--version", "1.9.1.0")["name"] == "1.9.1.0"


@pytest.mark.slow
def test_an_extension_goes_up_and_back_between_versions(run_az: Run, world: Up) -> None:
    pinned = ("--no-auto-upgrade-minor-version", "true")
    assert install(run_az, "1.9", *pinned) == "1.9.1.0"
    assert install(run_az, "1.9") == "1.10.0.0"
    assert install(run_az, "1.9", *pinned, "--force-update") == "1.9.1.0"
    (folder,) = (world.state / "guests").glob(f"{VM}-*/Packages/Plugins/{PUBLISHER}.{TYPE}/*")
    assert folder.name == "1.9.1.0"
    table = run_az("vm", "extension", "list", *MACHINE, output="table")
    assert [line.split() for line in table.splitlines()[2:]] == [[TYPE, "Succeeded", PUBLISHER, "1.9", "False"]]
    run_az("vm", "extension", "delete", *EXTENSION)
    run_az("vm", "extension", "wait", *EXTENSION, "--deleted")
    assert run_az("vm", "extension", "list", *MACHINE) == []


@pytest.mark.slow
def test_an_extension_that_public_templates_carry_is_installed_and_nothing_is_run(run_az: Run) -> None:
    """`az vm extension set` asks for the newest version when none is named."""
    publisher, script = "Microsoft.Compute", "CustomScriptExtension"
    image = ("-l", "westus", "--publisher", publisher, "--name", script)
    versions = [each["name"] for each in run_az("vm", "extension", "image", "list-versions", *image)]
    assert "1.10.0.0" in versions
    settings = json.dumps({"commandToExecute": "shutdown /s"})
    run_az("vm", "extension", "set", *MACHINE, "-n", script, "--publisher", publisher, "--settings", settings)
    shown = run_az("vm", "extension", "show", *MACHINE, "-n", script, "--instance-view")
    assert shown["provisioningState"] == "Succeeded"
    assert shown["settings"] == {"commandToExecute": "shutdown /s"}
    assert "nothing was run" in shown["instanceView"]["statuses"][0]["message"]
    linux = ("-n", "CustomScript", "--publisher", "Microsoft.Azure.Extensions", "--version", "2.1")
    with pytest.raises(Refused, match="not supported for OS type 'Windows'"):
        run_az("vm", "extension", "set", *MACHINE, *linux)
    encryption = ("-n", "AzureDiskEncryption", "--publisher", "Microsoft.Azure.Security")
    with pytest.raises(Refused, match="OperationNotSimulated"):
        run_az("vm", "extension", "set", *MACHINE, *encryption)
    run_az("vm", "extension", "delete", *MACHINE, "-n", script)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("publisher", "type", "version", "code"),
    [
        ("Nobody", TYPE, "1.9", "ArtifactNotFound"),
        (PUBLISHER, "Nothing", "1.9", "ArtifactNotFound"),
        (PUBLISHER, TYPE, "7.0", "ArtifactVersionNotFound"),
    ],
)
def test_what_is_not_published_is_refused(run_az: Run, publisher: str, type: str, version: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        run_az("vm", "extension", "set", *MACHINE, "-n", type, "--publisher", publisher, "--version", version)


@pytest.mark.slow
def test_a_snapshot_is_taken_by_hand(run_az: Run, world: Up, blobs: AzuriteBlobs, tmp_path: Path) -> None:
    """What the documented schema holds, and nothing else, makes the handler do what it does for the service."""
    status, log = Blob(account_name(VM), "reports", "status"), Blob(account_name(VM), "reports", "log")
    for blob in (status, log):
        blobs.put(blob, b"")
    profile = world.client.get(scenario_of(world.client).machine_id())["properties"]["storageProfile"]
    disks = [blobs.parse(disk["vhd"]["uri"]) for disk in (profile["osDisk"], *profile["dataDisks"])]
    expires = datetime.now(UTC) + timedelta(hours=3)
    public, protected = snapshot_request(
        task_id="by-hand_1",
        started=datetime.now(UTC),
        disks=[blobs.sas(disk, "rw", expires) for disk in disks],
        status_uri=blobs.sas(status, "rw", expires),
        logs_uri=blobs.sas(log, "rw", expires),
        locale="en-us",
        metadata={},
        custom=CustomSettings(),
        luns=None,
    )
    documented = ("locale", "taskId", "commandToExecute", "commandStartTimeUTCTicks", "vmType")
    settings, secrets = tmp_path / "settings.json", tmp_path / "protected.json"
    settings.write_text(json.dumps({key: public[key] for key in documented}))
    secrets.write_text(json.dumps(protected))
    given = ("--settings", str(settings), "--protected-settings", str(secrets))
    asked = ("--publisher", "Microsoft.RecoveryServices", "--version", "1.9")
    run_az("vm", "extension", "set", *EXTENSION, *asked, *given)

    shown = run_az("vm", "extension", "show", *EXTENSION, "--instance-view")
    assert shown["provisioningState"] == "Succeeded"
    assert not [secret for secret in ("sig=", "objectStr", "protectedSettings") if secret in json.dumps(shown)]
    report = parse_status_blob(blobs.read(status))
    assert report is not None
    assert (report.task_id, report.status) == ("by-hand_1", "success")
    kept = [len(list(blobs.find(disk.account, disk.container, disk.name, snapshots=True))) for disk in disks]
    assert kept == [2] * len(disks), "each disk and one snapshot of it"
