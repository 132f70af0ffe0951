"""Disks, their copies and their bytes, and commands in a guest, by the real az."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from azure.storage.blob import BlobClient

from controlplane.domain.compute.vhd import COOKIE
from simulator.scenario import MACHINE as VM
from tests.e2e.real_az import Az, Refused
from tests.e2e.running import scenario_of, up

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def run_az(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    with up(tmp_path_factory.mktemp("disks") / "world") as world:
        scenario_of(world.client).create_machine()
        scenario_of(world.client).create_vault()
        yield Az(world, az)


@pytest.mark.slow
def test_a_guest_answers_what_it_knows(run_az: Az) -> None:
    invoke = ("vm", "run-command", "invoke", "-g", "demo", "-n", VM, "--command-id", "RunPowerShellScript", "--scripts")
    out, err = run_az.run(*invoke, "vssadmin list writers", "shutdown /s")["value"]
    assert "SqlServerWriter" in out["message"]
    assert "shutdown: no such program on this guest" in err["message"]


@pytest.mark.slow
def test_a_disk_from_a_snapshot_can_be_read_by_its_address(run_az: Az) -> None:
    of_group = ("-g", "demo")
    run_az.run("disk", "create", *of_group, "-n", "one", "--size-gb", "1")
    run_az.run("snapshot", "create", *of_group, "-n", "copy", "--source", "one")
    made = run_az.run("disk", "create", *of_group, "-n", "two", "--source", "copy")
    assert made["creationData"]["createOption"] == "Copy"
    access = run_az.run("disk", "grant-access", *of_group, "-n", "two", "--duration-in-seconds", "600")
    with urlopen(Request(access["accessSAS"], headers={"Range": "bytes=0-511"})) as answer:
        assert (answer.status, answer.read()) == (206, bytes(512))
    run_az.run("disk", "revoke-access", *of_group, "-n", "two")
    assert run_az.run("disk", "show", *of_group, "-n", "two")["diskState"] == "Unattached"


def disk_at_rest(run_az: Az, machine: str) -> str:
    """Name of the disk of a new machine that is deallocated."""
    image = ("--image", "Canonical:ubuntu-24_04-lts:server:latest", "--admin-username", "me")
    secret = ("--admin-password", "aB3!aB3!aB3!xx", "--nsg", "", "--public-ip-address", "")
    run_az.run("vm", "create", "-g", "demo", "-n", machine, *image, *secret)
    run_az.run("vm", "deallocate", "-g", "demo", "-n", machine)
    return str(run_az.run("vm", "show", "-g", "demo", "-n", machine)["storageProfile"]["osDisk"]["name"])


@pytest.mark.slow
def test_the_address_of_a_machines_disk_is_that_of_a_vhd(run_az: Az) -> None:
    disk = disk_at_rest(run_az, "web")
    asked = ("disk", "grant-access", "-g", "demo", "-n", disk, "--duration-in-seconds", "600")
    access = run_az.run(*asked)
    with urlopen(Request(access["accessSAS"], method="HEAD")) as answer:
        size = int(answer.headers["Content-Length"])
    with urlopen(Request(access["accessSAS"], headers={"Range": f"bytes={size - 512}-{size - 1}"})) as answer:
        assert answer.read().startswith(COOKIE)
    run_az.run("disk", "revoke-access", "-g", "demo", "-n", disk)
    grown = run_az.run("disk", "update", "-g", "demo", "-n", disk, "--size-gb", "64")
    assert (grown["diskSizeGB"], grown["provisioningState"]) == (64, "Succeeded")
    run_az.run("vm", "start", "-g", "demo", "-n", "web")
    shown = run_az.run("vm", "show", "-g", "demo", "-n", "web", "--show-details")
    assert (shown["powerState"], shown["storageProfile"]["osDisk"]["diskSizeGB"]) == ("VM running", 64)


def pages_copied(source: str, target: str) -> None:
    """What the page blob at one address holds is written to that at another, by the SDK."""
    old, new = (BlobClient.from_blob_url(address) for address in (source, target))
    for each in old.list_page_ranges():
        assert each.start is not None
        assert each.end is not None
        for start in range(each.start, each.end + 1, 4 * MIB):
            length = min(4 * MIB, each.end + 1 - start)
            new.upload_page(old.download_blob(start, length).readall(), start, length)


@pytest.mark.slow
def test_a_machine_starts_from_a_disk_that_was_uploaded_and_is_backed_up(run_az: Az) -> None:
    of_group, vault = ("-g", "demo"), scenario_of(run_az.world.client).vault
    disk = disk_at_rest(run_az, "origin")
    assert run_az.run("disk", "show", *of_group, "-n", disk)["diskState"] == "Reserved"
    source = run_az.run("disk", "grant-access", *of_group, "-n", disk, "--duration-in-seconds", "600")
    size = BlobClient.from_blob_url(source["accessSAS"]).get_blob_properties().size
    sized = ("--upload-type", "Upload", "--upload-size-bytes", str(size), "--os-type", "Linux")
    made = run_az.run("disk", "create", *of_group, "-n", "brought", *sized)
    assert made["diskState"] == "ReadyToUpload"
    level = ("--access-level", "Write", "--duration-in-seconds", "600")
    target = run_az.run("disk", "grant-access", *of_group, "-n", "brought", *level)
    assert run_az.run("disk", "show", *of_group, "-n", "brought")["diskState"] == "ActiveUpload"
    pages_copied(source["accessSAS"], target["accessSAS"])
    run_az.run("disk", "revoke-access", *of_group, "-n", "brought")
    assert run_az.run("disk", "show", *of_group, "-n", "brought")["diskState"] == "Unattached"
    bare = ("--nsg", "", "--public-ip-address", "")
    run_az.run("vm", "create", *of_group, "-n", "brought", "--attach-os-disk", "brought", "--os-type", "Linux", *bare)
    of_vault = (*of_group, "-v", vault)
    run_az.run("backup", "protection", "enable-for-vm", *of_vault, "--vm", "brought", "-p", "DefaultPolicy")
    of_item = (*of_vault, "-c", "brought", "-i", "brought", "--backup-management-type", "AzureIaasVM")
    job = run_az.run("backup", "protection", "backup-now", *of_item)
    run_az.run("backup", "job", "wait", *of_vault, "-n", job["name"])
    assert run_az.run("backup", "job", "show", *of_vault, "-n", job["name"])["properties"]["status"] == "Completed"


@pytest.mark.slow
def test_role_assignments_are_listed_and_workloads_refused_by_name(run_az: Az) -> None:
    assert run_az.run("role", "assignment", "list", "--all") == []
    vault = ("-g", "demo", "-v", scenario_of(run_az.world.client).vault)
    with pytest.raises(Refused, match="SQLDataBase of AzureWorkload"):
        run_az.run("backup", "protectable-item", "list", *vault, "--workload-type", "MSSQL")
