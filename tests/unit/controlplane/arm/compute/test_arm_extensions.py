"""Extensions of virtual machines and the packages that they are made of, by requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from controlplane.fabric_documents import DESIRED, EXTENSION_LIMIT, OBSERVED
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import SUBSCRIPTION, VM, ArmWorld, arm_world
from tests.virtual_clock import VirtualClock

EXTENSION = f"{VM}/extensions/Custom"
EXTENSION_BODY: Json = {
    "location": "westus",
    "properties": {
        "publisher": "Contoso",
        "type": "Agent",
        "typeHandlerVersion": "1.0",
        "autoUpgradeMinorVersion": True,
        "settings": {"open": "seen"},
        "protectedSettings": {"secret": "never-seen"},
    },
}
PUBLISHERS = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westus/publishers"
VERSIONS = f"{PUBLISHERS}/Microsoft.Azure.RecoveryServices/artifacttypes/vmextension/types/VMSnapshot/versions"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        yield world


def asked(**changes: Any) -> Json:
    """The request, with other properties; those of None are left out."""
    properties = {key: value for key, value in {**EXTENSION_BODY["properties"], **changes}.items() if value is not None}
    return {"location": "westus", "properties": properties}


def observe(world: ArmWorld, **changes: object) -> None:
    """Let the host show something else of the machine."""
    found = world.ports.store.get(OBSERVED, VM)
    assert found is not None
    world.ports.store.put(OBSERVED, VM, found.json() | changes)


def reported(world: ArmWorld, **changes: object) -> None:
    """Let the agent report something else of the one extension."""
    found = world.ports.store.get(OBSERVED, VM)
    assert found is not None
    (extension,) = found.json()["extensions"]
    observe(world, extensions=[extension | changes])


def status(word: str, code: int, text: str, *substatuses: Json) -> Json:
    return {"status": word, "code": code, "formattedMessage": said(text), "substatus": list(substatuses)}


def said(text: str) -> Json:
    return {"lang": "en-US", "message": text}


def view(world: ArmWorld) -> Json:
    shown: Json = world.get(EXTENSION, **{"$expand": "instanceView"})["properties"]["instanceView"]
    return shown


def sequence_number(world: ArmWorld) -> int:
    found = world.ports.store.get(DESIRED, VM)
    assert found is not None
    return int(found.json()["extensions"][0]["sequence_number"])


# ------------------------------------------------------------------------------------------------------------- settings


def test_an_extension_shows_what_the_agent_reports_and_never_its_protected_settings(world: ArmWorld) -> None:
    assert world.get(f"{VM}/extensions") == {"value": []}
    response = world.put(EXTENSION, EXTENSION_BODY)
    assert response.status_code == 201
    assert world.follow(response)["status"] == "Succeeded"
    assert world.fabric.delivered[0].protected == {"secret": "never-seen"}
    shown = world.get(EXTENSION)
    assert shown["properties"] == {
        "autoUpgradeMinorVersion": True,
        "provisioningState": "Succeeded",
        "publisher": "Contoso",
        "type": "Agent",
        "typeHandlerVersion": "1.0",
        "settings": {"open": "seen"},
    }
    assert world.get(f"{VM}/extensions") == {"value": [shown]}
    assert world.get(VM)["resources"] == [shown]
    assert (view(world)["type"], view(world)["typeHandlerVersion"]) == ("Contoso.Agent", "1.2.0.0")
    documents = [each.body for kind in ("fabric.vm", "host.vm", "operation") for each in world.ports.store.find(kind)]
    assert all(b"never-seen" not in body for body in documents)
    assert all("never-seen" not in str(event.data) for event in world.ports.store.events())


def test_what_else_is_said_of_an_extension_is_shown_as_it_came(world: ArmWorld) -> None:
    traits = {"forceUpdateTag": "1", "enableAutomaticUpgrade": False, "suppressFailures": True}
    world.follow(world.put(EXTENSION, asked(**traits) | {"tags": {"Owner": "tests"}}))
    shown = world.get(EXTENSION)
    assert {key: shown["properties"][key] for key in traits} == traits
    assert shown["tags"] == {"Owner": "tests"}


def test_asking_for_the_same_again_runs_nothing_again(world: ArmWorld) -> None:
    world.follow(world.put(EXTENSION, EXTENSION_BODY))
    again = world.put(EXTENSION, EXTENSION_BODY)
    assert (again.status_code, sequence_number(world)) == (200, 0)
    assert world.follow(again)["status"] == "Succeeded"
    for change in (
        {"protectedSettings": {"secret": "other"}},
        {"settings": {"open": "other"}},
        {"forceUpdateTag": "1"},
    ):
        before = sequence_number(world)
        world.put(EXTENSION, asked(**change))
        assert sequence_number(world) == before + 1, change


def test_an_extension_that_failed_is_tried_again_by_the_same_request(world: ArmWorld) -> None:
    world.put(EXTENSION, EXTENSION_BODY)
    reported(world, status=status("error", 1, "no network"))
    world.follow(world.put(EXTENSION, EXTENSION_BODY))
    assert (sequence_number(world), world.get(EXTENSION)["properties"]["provisioningState"]) == (1, "Succeeded")


def test_a_patch_changes_what_it_names_and_keeps_the_rest(world: ArmWorld) -> None:
    assert world.error("PATCH", EXTENSION, {"properties": {}}) == (404, "ResourceNotFound")
    world.put(EXTENSION, asked(suppressFailures=True))
    found = world.ports.store.get(DESIRED, VM)
    assert found is not None
    sealed = found.json()["extensions"][0]["protected"]
    response = world.request("PATCH", EXTENSION, {"tags": {"a": "b"}, "properties": {"settings": {"open": "changed"}}})
    assert response.status_code == 200
    assert world.follow(response)["status"] == "Succeeded"
    shown = world.get(EXTENSION)
    assert (shown["tags"], shown["properties"]["settings"]) == ({"a": "b"}, {"open": "changed"})
    assert (shown["properties"]["suppressFailures"], shown["properties"]["typeHandlerVersion"]) == (True, "1.0")
    found = world.ports.store.get(DESIRED, VM)
    assert found is not None
    assert (found.json()["extensions"][0]["protected"], sequence_number(world)) == (sealed, 1)
    world.request("PATCH", EXTENSION, {"tags": {"a": "c"}})
    assert (world.get(EXTENSION)["tags"], sequence_number(world)) == ({"a": "c"}, 1)
    other = {
        "properties": {"publisher": "Microsoft.RecoveryServices", "type": "VMSnapshot", "typeHandlerVersion": "1.9"}
    }
    assert world.error("PATCH", EXTENSION, other) == (409, "PropertyChangeNotAllowed")


def test_settings_from_a_key_vault_are_refused_by_name(world: ArmWorld) -> None:
    body = asked(protectedSettings=None, protectedSettingsFromKeyVault={"secretUrl": "https://vault/s"})
    assert world.error("PUT", EXTENSION, body) == (501, "OperationNotSimulated")
    assert world.get(f"{VM}/extensions") == {"value": []}


# ------------------------------------------------------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("version", "automatic", "installed"),
    [("1.0", True, "1.2.0.0"), ("1.0", False, "1.0.7.0"), ("1.2", False, "1.2.0.0"), ("2.0", True, "2.0.0.0")],
)
def test_the_version_and_automatic_upgrade_choose_the_package(
    world: ArmWorld, version: str, automatic: bool, installed: str
) -> None:
    world.follow(world.put(EXTENSION, asked(typeHandlerVersion=version, autoUpgradeMinorVersion=automatic)))
    assert view(world)["typeHandlerVersion"] == installed
    assert world.get(EXTENSION)["properties"]["typeHandlerVersion"] == version


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"publisher": "Nobody"}, (404, "ArtifactNotFound")),
        ({"type": "Nothing"}, (404, "ArtifactNotFound")),
        (
            {"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1"},
            (501, "OperationNotSimulated"),
        ),
        ({"type": "Tux"}, (409, "OperationNotAllowed")),
        ({"typeHandlerVersion": "3.0"}, (404, "ArtifactVersionNotFound")),
        ({"typeHandlerVersion": "1.1", "autoUpgradeMinorVersion": False}, (404, "ArtifactVersionNotFound")),
        ({"typeHandlerVersion": "1.0.7.0"}, (400, "InvalidParameter")),
        ({"typeHandlerVersion": "1"}, (400, "InvalidParameter")),
        ({"typeHandlerVersion": "latest"}, (400, "InvalidParameter")),
        ({"publisher": None}, (400, "InvalidParameter")),
        ({"type": None}, (400, "InvalidParameter")),
        ({"typeHandlerVersion": None}, (400, "InvalidParameter")),
        ({"provisionAfterExtensions": ["Absent"]}, (400, "ProvisionAfterExtensionNotFound")),
    ],
)
def test_what_nobody_published_or_nobody_can_mean_is_refused(
    world: ArmWorld, changes: Json, error: tuple[int, str]
) -> None:
    assert world.error("PUT", EXTENSION, asked(**changes)) == error
    assert world.get(f"{VM}/extensions") == {"value": []}


def test_the_publisher_of_the_snapshot_extension_may_be_written_in_both_ways(world: ArmWorld) -> None:
    body = asked(publisher="Microsoft.RecoveryServices", type="VMSnapshot", typeHandlerVersion="1.9", settings={})
    world.follow(world.put(f"{VM}/extensions/VMSnapshot", body))
    shown = world.get(f"{VM}/extensions/VMSnapshot", **{"$expand": "instanceView"})["properties"]
    assert (shown["publisher"], shown["instanceView"]["typeHandlerVersion"]) == (
        "Microsoft.RecoveryServices",
        "1.10.0.0",
    )


def test_published_packages_are_listed_by_publisher_type_and_version(world: ArmWorld) -> None:
    publishers: Any = world.get(PUBLISHERS)
    names = [each["name"] for each in publishers]
    assert {"Contoso", "Microsoft.Azure.RecoveryServices", "Microsoft.SqlServer.Management"} <= set(names)
    assert names == sorted(set(names), key=str.lower)
    types: Any = world.get(VERSIONS.rpartition("/VMSnapshot")[0].replace("Microsoft.Azure", "microsoft.azure"))
    assert [each["name"] for each in types] == ["VMSnapshot"]
    versions: Any = world.get(VERSIONS)
    assert [each["name"] for each in versions] == ["1.9.0.0", "1.9.1.0", "1.10.0.0"]
    assert versions[0]["id"] == f"{VERSIONS}/1.9.0.0"
    newest: Any = world.get(VERSIONS, **{"$top": "1", "$orderby": "name desc"})
    assert [each["name"] for each in newest] == ["1.10.0.0"]
    some: Any = world.get(VERSIONS, **{"$filter": "startswith(name, '1.9')"})
    assert [each["name"] for each in some] == ["1.9.0.0", "1.9.1.0"]
    shown = world.get(f"{VERSIONS}/1.10.0.0")
    assert shown["properties"]["operatingSystem"] == "Windows"


def test_what_azure_publishes_is_listed_though_it_is_refused(world: ArmWorld) -> None:
    """az looks for the newest version first, and would otherwise say that there is none."""
    security = f"{PUBLISHERS}/Microsoft.Azure.Security/artifacttypes/vmextension/types"
    types: Any = world.get(security)
    assert [each["name"] for each in types] == ["AzureDiskEncryption", "AzureDiskEncryptionForLinux", "IaaSAntimalware"]
    versions: Any = world.get(f"{security}/azurediskencryption/versions")
    assert [each["name"] for each in versions] == ["1.1.0.0", "2.2.0.0"]
    refused = asked(publisher="Microsoft.Azure.Security", type="AzureDiskEncryption", typeHandlerVersion="2.2")
    assert world.error("PUT", EXTENSION, refused) == (501, "OperationNotSimulated")


@pytest.mark.parametrize(
    "path",
    [
        f"{PUBLISHERS}/Nobody/artifacttypes/vmextension/types",
        VERSIONS.replace("VMSnapshot", "Nothing"),
        f"{VERSIONS}/7.0.0.0",
    ],
)
def test_what_is_not_published_is_not_found(world: ArmWorld, path: str) -> None:
    assert world.error("GET", path) == (404, "NotFound")


# ------------------------------------------------------------------------------------------------------------- failures


def test_an_extension_that_fails_says_why(world: ArmWorld) -> None:
    response = world.put(EXTENSION, EXTENSION_BODY)
    parts = [
        {"name": name, "status": word, "code": 1, "formattedMessage": said(name)}
        for name, word in (("disk", "error"), ("log", "success"))
    ]
    reported(world, status=status("error", 7, "no network", *parts))
    ended = world.follow(response)
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "VMExtensionProvisioningError")
    assert "Error code: '7'. Error message: 'no network'." in ended["error"]["message"]
    assert world.get(EXTENSION)["properties"]["provisioningState"] == "Failed"
    assert view(world)["statuses"] == [
        {
            "code": "ProvisioningState/failed/7",
            "level": "Error",
            "displayStatus": "Provisioning failed",
            "message": "no network",
        }
    ]
    assert [each["code"] for each in view(world)["substatuses"]] == [
        "ComponentStatus/disk/failed",
        "ComponentStatus/log/succeeded",
    ]


def test_a_handler_that_fails_is_told_from_an_extension_that_does(world: ArmWorld) -> None:
    response = world.put(EXTENSION, EXTENSION_BODY)
    reported(world, handler_status="NotReady", status=status("error", 1007, "install ended with exit code 52"))
    ended = world.follow(response)
    assert ended["error"]["code"] == "VMExtensionHandlerNonTransientError"
    assert "'1007'" in ended["error"]["message"]
    assert "exit code 52" in ended["error"]["message"]
    (handler,) = world.get(f"{VM}/instanceView")["vmAgent"]["extensionHandlers"]
    assert (handler["type"], handler["status"]["displayStatus"]) == ("Contoso.Agent", "Not Ready")


@pytest.mark.parametrize(
    ("agent", "code"),
    [("Ready", "VMExtensionProvisioningTimeout"), ("Not Ready", "VMAgentStatusCommunicationError")],
)
def test_an_extension_that_never_ends_has_failed_after_its_time(world: ArmWorld, agent: str, code: str) -> None:
    response = world.put(EXTENSION, EXTENSION_BODY)
    reported(world, status=status("transitioning", 0, "still at it") if agent == "Ready" else None)
    observe(world, agent={"status": agent, "version": "2.7", "reported": None})
    _pass(world, EXTENSION_LIMIT - timedelta(seconds=1))
    assert world.get(response.headers["Azure-AsyncOperation"])["status"] == "InProgress"
    assert world.get(EXTENSION)["properties"]["provisioningState"] == "Updating"
    _pass(world, timedelta(seconds=1))
    assert world.get(EXTENSION)["properties"]["provisioningState"] == "Failed"
    error = world.follow(response)["error"]
    assert error["code"] == code
    assert ('last reported "still at it"' in error["message"]) == (agent == "Ready")


def _pass(world: ArmWorld, time: timedelta) -> None:
    assert isinstance(world.ports.clock, VirtualClock)
    world.ports.clock.jump(time.total_seconds())


def test_a_failure_that_is_to_be_suppressed_is_seen_in_the_instance_view_alone(world: ArmWorld) -> None:
    response = world.put(EXTENSION, asked(suppressFailures=True))
    reported(world, status=status("error", 7, "no network"))
    assert world.follow(response)["status"] == "Succeeded"
    assert world.get(EXTENSION)["properties"]["provisioningState"] == "Succeeded"
    assert view(world)["statuses"][0]["displayStatus"] == "Provisioning failed"
    # That the handler could not do its work is no failure of the extension's own.
    reported(world, handler_status="NotReady", status=status("error", 1007, "install failed"))
    assert world.get(EXTENSION)["properties"]["provisioningState"] == "Failed"


def test_an_operation_whose_extension_went_away_was_preempted(world: ArmWorld) -> None:
    response = world.put(EXTENSION, EXTENSION_BODY)
    world.request("DELETE", EXTENSION)
    assert world.follow(response)["error"]["code"] == "OperationPreempted"


# ------------------------------------------------------------------------------------------------------- the machine


def test_an_extension_is_removed(world: ArmWorld) -> None:
    world.put(EXTENSION, EXTENSION_BODY)
    response = world.request("DELETE", EXTENSION)
    assert response.status_code == 202
    assert world.follow(response)["status"] == "Succeeded"
    assert world.error("GET", EXTENSION) == (404, "ResourceNotFound")
    assert world.request("DELETE", EXTENSION).status_code == 204


def test_a_handler_serves_one_extension_of_a_running_machine(world: ArmWorld) -> None:
    world.put(EXTENSION, EXTENSION_BODY)
    assert world.error("PUT", f"{EXTENSION}2", EXTENSION_BODY) == (400, "BadRequest")
    world.follow(world.put(f"{VM}/extensions/Other", asked(publisher="Microsoft.RecoveryServices", type="VMSnapshot")))
    assert world.get(f"{VM}/extensions")["value"][0]["name"] == "Custom"
    world.post(f"{VM}/deallocate")
    assert world.error("PUT", EXTENSION, EXTENSION_BODY) == (409, "OperationNotAllowed")
    assert world.error("PUT", EXTENSION.replace("Sql01", "Sql9"), EXTENSION_BODY) == (404, "ResourceNotFound")


def test_an_extension_waits_for_a_machine_that_can_unseal(world: ArmWorld) -> None:
    observe(world, certificate=None)
    assert world.error("PUT", EXTENSION, EXTENSION_BODY) == (409, "OperationNotAllowed")
