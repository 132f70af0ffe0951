"""The fabric on the store: what is between asking and seeing, and the sealing of protected settings."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controlplane.adapters.fabric import StoreFabric, seal
from controlplane.adapters.store import SqlStore
from controlplane.fabric_documents import DESIRED, OBSERVED
from controlplane.json_object import Json
from controlplane.ports import ExtensionView, GuestNotReady
from tests.unit.controlplane.adapters.scripted_fabric import PUBLISHED, apply_desired, publish, tenant, tenant_key_pem
from tests.unit.controlplane.adapters.test_ports_fabric import SPEC, VM, request
from tests.virtual_clock import VirtualClock


@pytest.fixture
def store() -> Iterator[SqlStore]:
    clock = VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))
    store = SqlStore(":memory:", clock)
    yield store
    store.close()
    clock.close()


@pytest.fixture
def fabric(store: SqlStore) -> StoreFabric:
    return StoreFabric(store, VirtualClock(datetime(2026, 11, 22, tzinfo=UTC)))


def desired(store: SqlStore) -> Json:
    found = store.get(DESIRED, VM)
    assert found is not None
    return found.json()


def observe(store: SqlStore, **changes: object) -> None:
    apply_desired(store, VM)
    found = store.get(OBSERVED, VM)
    assert found is not None
    store.put(OBSERVED, VM, found.json() | changes)


def extension(fabric: StoreFabric) -> ExtensionView:
    view = fabric.instance_view(VM)
    assert view is not None
    (only,) = view.extensions
    return only


def test_the_host_is_told_of_every_change_by_a_new_generation(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    generations = [desired(store)["generation"]]
    fabric.power(VM, "stopped")
    generations.append(desired(store)["generation"])
    fabric.deliver(VM, request())
    generations.append(desired(store)["generation"])
    fabric.delete_vm(VM)
    found = store.get(DESIRED, VM)
    assert found is not None
    generations.append(found.json()["generation"])
    assert generations == [1, 2, 3, 4]
    fabric.create_vm(VM, SPEC)
    assert desired(store)["generation"] == 5


def test_what_the_host_reads(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    body = desired(store)
    assert body["vm"] == VM
    assert (body["power"], body["deleted"], body["extensions"]) == ("running", False, [])
    assert body["spec"]["disks"][1] == {
        "name": "data",
        "lun": 0,
        "account": "disks",
        "container": "vhds",
        "blob": "data.vhd",
        "size_bytes": 2048,
        "create_option": "Empty",
        "managed_disk_id": "/disks/data",
    }
    assert {key: body["spec"][key] for key in ("vm_id", "name", "size", "os_type", "image", "computer_name")} == {
        "vm_id": SPEC.vm_id,
        "name": "sql01",
        "size": "Standard_D2s_v3",
        "os_type": "Windows",
        "image": SPEC.image,
        "computer_name": "sql01",
    }


def test_a_machine_is_being_created_until_the_host_has_seen_it(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    view = fabric.instance_view(VM)
    assert view is not None
    assert (view.provisioning_state, view.agent_status) == ("Creating", None)
    apply_desired(store, VM)
    fabric.power(VM, "stopped")
    view = fabric.instance_view(VM)
    assert view is not None
    assert (view.provisioning_state, view.power) == ("Updating", "running")


def test_what_the_host_saw_of_an_earlier_machine_does_not_count(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    apply_desired(store, VM)
    fabric.delete_vm(VM)
    fabric.create_vm(VM, SPEC)
    view = fabric.instance_view(VM)
    assert view is not None
    assert (view.provisioning_state, view.agent_status) == ("Creating", None)
    with pytest.raises(GuestNotReady):
        fabric.deliver(VM, request(protected={"password": "x"}))


def test_a_problem_of_the_host_is_seen(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    observe(store, provisioning_state="Failed", problem="there is no such image", generation=1)
    view = fabric.instance_view(VM)
    assert view is not None
    assert (view.provisioning_state, view.problem) == ("Failed", "there is no such image")


def test_the_problem_of_an_order_is_none_of_the_next_one(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    observe(store, provisioning_state="Failed", problem="its disk cannot be read")
    fabric.power(VM, "stopped")
    view = fabric.instance_view(VM)
    assert view is not None
    assert view.provisioning_state == "Updating"


def test_protected_settings_are_sealed_and_nowhere_in_plain(
    fabric: StoreFabric, store: SqlStore, tmp_path: Path
) -> None:
    fabric.create_vm(VM, SPEC)
    apply_desired(store, VM)
    secret: Json = {"statusBlobUri": "https://a/b?sig=SECRET", "größe": "ü"}
    asked = request("Custom", secret)
    assert "SECRET" not in repr(asked)
    fabric.deliver(VM, asked)
    body = desired(store)
    assert "SECRET" not in repr(body)
    (delivered,) = body["extensions"]
    assert delivered["thumbprint"] == tenant().thumbprint
    assert json.loads(opened_by_openssl(delivered["protected"], tmp_path)) == secret


def opened_by_openssl(sealed: str, folder: Path) -> bytes:
    (folder / "tenant.crt").write_text(tenant().pem)
    (folder / "tenant.prv").write_bytes(tenant_key_pem())
    command = ["openssl", "cms", "-inform", "DER", "-decrypt", "-recip", "tenant.crt", "-inkey", "tenant.prv"]
    envelope = base64.b64decode(sealed, validate=True)
    return subprocess.run(command, input=envelope, cwd=folder, capture_output=True, check=True).stdout


def test_the_envelope_is_aes_256(tmp_path: Path) -> None:
    envelope = base64.b64decode(seal({"a": 1}, tenant().pem))
    command = ["openssl", "cms", "-inform", "DER", "-cmsout", "-print", "-noout"]
    described = subprocess.run(command, input=envelope, capture_output=True, check=True).stdout
    assert b"aes-256-cbc" in described


def test_settings_without_a_secret_need_no_certificate(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    assert fabric.deliver(VM, request()) == 0
    (delivered,) = desired(store)["extensions"]
    assert (delivered["protected"], delivered["thumbprint"]) == (None, None)


def test_a_guest_without_a_certificate_is_not_ready(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    with pytest.raises(GuestNotReady, match="certificate"):
        fabric.deliver(VM, request(protected={"password": "x"}))
    assert desired(store)["extensions"] == []


@pytest.mark.parametrize(
    ("reported", "state"),
    [
        ({"handler_status": "Ready", "sequence_number": 1, "status": {"status": "success"}}, "Succeeded"),
        ({"handler_status": "Ready", "sequence_number": 1, "status": {"status": "warning"}}, "Succeeded"),
        ({"handler_status": "Ready", "sequence_number": 1, "status": {"status": "error"}}, "Failed"),
        ({"handler_status": "Ready", "sequence_number": 1, "status": {"status": "transitioning"}}, "Updating"),
        ({"handler_status": "Ready", "sequence_number": 1, "status": None}, "Updating"),
        ({"handler_status": "Ready", "sequence_number": 0, "status": {"status": "success"}}, "Updating"),
        ({"handler_status": "Installing", "sequence_number": 1, "status": {"status": "success"}}, "Updating"),
        ({"handler_status": "NotReady", "sequence_number": 0, "status": None}, "Updating"),
        ({"handler_status": "NotReady", "sequence_number": 1, "status": None}, "Failed"),
        ({"handler_status": "NotReady", "sequence_number": None, "status": None}, "Failed"),
    ],
)
def test_the_state_of_an_extension_follows_from_its_report(
    fabric: StoreFabric, store: SqlStore, reported: Json, state: str
) -> None:
    fabric.create_vm(VM, SPEC)
    fabric.deliver(VM, request())
    fabric.deliver(VM, request())
    assert extension(fabric).provisioning_state == "Creating"
    handler = {"name": "CUSTOM", "publisher": "contoso", "type": "Agent", "handler_version": "1.9.0.0"}
    observe(store, extensions=[handler | reported])
    seen = extension(fabric)
    assert seen.provisioning_state == state
    assert (seen.status is not None) == (reported["sequence_number"] == 1 and reported["status"] is not None)


def test_a_removed_extension_is_deleting_until_the_host_says_it_is_gone(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    fabric.deliver(VM, request())
    apply_desired(store, VM)
    fabric.remove_extension(VM, "Custom")
    assert extension(fabric).provisioning_state == "Deleting"
    apply_desired(store, VM)
    view = fabric.instance_view(VM)
    assert view is not None
    assert view.extensions == ()


def test_a_removed_extension_that_was_never_reported_is_not_gone_before_its_host_acts(
    fabric: StoreFabric, store: SqlStore
) -> None:
    """Its agent may be about to enable it, and has still to uninstall it."""
    fabric.create_vm(VM, SPEC)
    apply_desired(store, VM)
    fabric.deliver(VM, request())
    fabric.remove_extension(VM, "custom")
    assert extension(fabric).provisioning_state == "Deleting"
    apply_desired(store, VM)
    fabric.power(VM, "stopped")
    view = fabric.instance_view(VM)
    assert view is not None
    assert view.extensions == (), "another order does not bring it back"


def test_an_agent_has_each_handler_once_whatever_the_extension_is_called(fabric: StoreFabric, store: SqlStore) -> None:
    fabric.create_vm(VM, SPEC)
    mine = replace(request("VMSnapshot"), name="mine", publisher="Microsoft.RecoveryServices")
    assert fabric.deliver(VM, mine) == 0
    assert fabric.deliver(VM, replace(mine, name="VMSnapshot", publisher="Microsoft.Azure.RecoveryServices")) == 1
    assert extension(fabric).name == "VMSnapshot"


def test_what_is_published_is_what_the_host_says(fabric: StoreFabric, store: SqlStore) -> None:
    assert fabric.handlers() == ()
    assert fabric.handler("Contoso", "Agent") is None
    publish(store)
    assert fabric.handlers() == PUBLISHED
    assert fabric.handler("contoso", "AGENT") == PUBLISHED[0]
    assert fabric.handler("Microsoft.RecoveryServices", "VMSnapshot") == PUBLISHED[-1]
