"""The documents of machines: their keys stand in state folders and are read by other processes, so they are fixed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controlplane.fabric_documents import (
    DesiredMachine,
    DocumentUnreadable,
    ObservedMachine,
    handler_id,
    handler_to_json,
    parse_handler,
)
from controlplane.ports import PublishedHandler

EXTENSION: dict[str, Any] = {
    "name": "VMSnapshot",
    "publisher": "Microsoft.Azure.RecoveryServices",
    "type": "VMSnapshot",
    "version": "1.10",
    "auto_upgrade_minor_version": True,
    "sequence_number": 3,
    "state": "enabled",
    "public": {"taskId": "t"},
    "protected": "c2VhbGVk",
    "thumbprint": "AB",
    "digest": "cd",
    "traits": {"forceUpdateTag": "1"},
    "asked": "2026-11-22T00:00:00+00:00",
    "cause": None,
    "removed": 2,
}
DISK: dict[str, Any] = {
    "name": "os",
    "lun": -1,
    "account": "disks",
    "container": "vhds",
    "blob": "os.vhd",
    "size_bytes": 2048,
    "create_option": "FromImage",
    "managed_disk_id": None,
}
DESIRED: dict[str, Any] = {
    "vm": "/vm/sql01",
    "spec": {
        "vm_id": "11111111-1111-1111-1111-111111111111",
        "name": "sql01",
        "size": "Standard_D2s_v3",
        "os_type": "Windows",
        "image": "p:o:s",
        "computer_name": "sql01",
        "disks": [DISK],
        "has_agent": True,
    },
    "power": "running",
    "deleted": False,
    "generation": 4,
    "born": 1,
    "extensions": [EXTENSION],
    "restarts": 1,
    "changed": "2026-11-22T00:00:01+00:00",
    "command": {"number": 2, "script": ["hostname"]},
    "snapshots": {"task_id": "t1", "luns": [-1, 0], "metadata": {"job": "j1"}, "cause": {"event": 7, "job": "j1"}},
    "cause": None,
    "dropped": [{"account": "disks", "container": "disks", "name": "os.vhd", "snapshot": None}],
}
OBSERVED: dict[str, Any] = {
    "vm": "/vm/sql01",
    "generation": 4,
    "power": "running",
    "provisioning_state": "Succeeded",
    "problem": None,
    "certificate": "-----BEGIN CERTIFICATE-----",
    "thumbprint": "AB",
    "agent": {"status": "Ready", "version": "2.7", "reported": "2026-11-22T00:00:02+00:00"},
    "computer_name": "sql01",
    "os_name": "Windows Server 2022 Datacenter",
    "os_version": "10.0.20348",
    "booted": "2026-11-22T00:00:01+00:00",
    "command": {"number": 2, "output": "sql01", "errors": ""},
    "snapshots": {"task_id": "t1", "stamps": {"-1": "2026"}, "held_milliseconds": 1.5, "problem": None},
    "extensions": [
        {
            "name": "VMSnapshot",
            "publisher": "Microsoft.Azure.RecoveryServices",
            "type": "VMSnapshot",
            "handler_version": "1.10.0.0",
            "handler_status": "Ready",
            "handler_message": "Plugin enabled",
            "sequence_number": 3,
            "status": {"status": "success"},
        }
    ],
}


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def test_what_shall_be_comes_back_as_it_was_written() -> None:
    assert json.loads(json.dumps(DesiredMachine.parse(DESIRED).to_json())) == DESIRED


def test_what_is_comes_back_as_it_was_written() -> None:
    assert json.loads(json.dumps(ObservedMachine.parse(OBSERVED).to_json())) == OBSERVED


def test_a_handler_comes_back_as_it_was_written() -> None:
    handler = PublishedHandler("Contoso", "Agent", ("1.0.0.0", "1.2.0.0"))
    assert parse_handler(json.loads(json.dumps(handler_to_json(handler)))) == handler
    assert handler_id("Contoso", "Agent") == "contoso.agent"


def test_documents_of_earlier_releases_are_read() -> None:
    extension = without(EXTENSION, "digest", "traits", "asked", "cause")
    machine = DesiredMachine.parse(
        without(DESIRED, "restarts", "changed", "command", "snapshots", "cause", "dropped")
        | {"extensions": [extension]}
    )
    assert (machine.restarts, machine.changed, machine.command) == (0, None, None)
    assert (machine.extensions[0].traits, machine.extensions[0].digest, machine.extensions[0].asked) == ({}, None, None)


def test_what_a_later_release_adds_is_left_out() -> None:
    newer = DESIRED | {"new": 1, "spec": DESIRED["spec"] | {"new": 1}, "extensions": [EXTENSION | {"new": 1}]}
    assert DesiredMachine.parse(newer) == DesiredMachine.parse(DESIRED)
    assert ObservedMachine.parse(OBSERVED | {"new": 1}) == ObservedMachine.parse(OBSERVED)
    assert parse_handler({"publisher": "p", "type": "t", "versions": ["1"], "new": 1}).versions == ("1",)


@pytest.mark.parametrize("key", ["vm", "spec", "power", "deleted", "generation", "born"])
def test_a_document_without_what_it_must_have_is_refused_by_name(key: str) -> None:
    with pytest.raises(DocumentUnreadable, match=key):
        DesiredMachine.parse(without(DESIRED, key))


def test_sealed_settings_are_in_no_description() -> None:
    assert "c2VhbGVk" not in repr(DesiredMachine.parse(DESIRED))
