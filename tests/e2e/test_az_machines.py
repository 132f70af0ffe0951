"""A machine from its creation to its end by the real az, with the disks, locks and deployments around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.real_az import Refused, az_in

Az = Callable[..., Any]

GROUP = "machines"
TEMPLATE = """{ // what az puts into its request as it is
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {"name": {"type": "string"}},
  "resources": [{
    "type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2022-01-01",
    "name": "[parameters('name')]", "location": "[resourceGroup().location]"
  }],
  "outputs": {"id": {"type": "string",
    "value": "[resourceId('Microsoft.Network/publicIPAddresses', parameters('name'))]"}}
}"""


@pytest.fixture(scope="module")
def run_az(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    with az_in(tmp_path_factory.mktemp("machines") / "world", az) as there:
        there.run("group", "create", "-n", GROUP, "-l", "westus")
        yield there.run


def test_a_machine_lives_and_dies(run_az: Az) -> None:
    here = ("-g", GROUP, "-n", "vm1")
    image = ("--image", "Win2022Datacenter", "--admin-username", "azureuser", "--admin-password", "aB3!aB3!aB3!xx")
    created = run_az("vm", "create", *here, *image, "--nsg-rule", "None")
    assert (created["powerState"], created["privateIpAddress"]) == ("VM running", "10.0.0.4")
    run_az("vm", "disk", "attach", "-g", GROUP, "--vm-name", "vm1", "--name", "data", "--new", "--size-gb", "4")
    shown = run_az("vm", "show", *here)
    assert [disk["name"] for disk in shown["storageProfile"]["dataDisks"]] == ["data"]
    assert run_az("snapshot", "create", "-g", GROUP, "-n", "s", "--source", "data")["diskSizeGB"] == 4
    run_az("vm", "restart", *here)
    (listed,) = run_az("vm", "list", "-d", "-g", GROUP)
    assert listed["powerState"] == "VM running"
    run_az("lock", "create", "-g", GROUP, "-n", "keep", "--lock-type", "CanNotDelete")
    with pytest.raises(Refused, match="ScopeLocked"):
        run_az("vm", "delete", *here, "--yes")
    run_az("lock", "delete", "-g", GROUP, "-n", "keep")
    run_az("vm", "delete", *here, "--yes")
    assert run_az("vm", "list", "-g", GROUP) == []


@pytest.mark.slow
def test_a_machine_is_switched_resized_and_given_identities(run_az: Az) -> None:
    here = ("-g", GROUP, "-n", "vm2")
    image = ("--image", "Win2022Datacenter", "--admin-username", "azureuser", "--admin-password", "aB3!aB3!aB3!xx")
    run_az("vm", "create", *here, *image, "--nsg-rule", "None")

    def states() -> list[str]:
        view = run_az("vm", "get-instance-view", *here)["instanceView"]
        agent = view["vmAgent"]["statuses"][0]["displayStatus"]
        return [agent, *(status["displayStatus"] for status in view["statuses"])]

    assert states() == ["Ready", "Provisioning succeeded", "VM running"]
    run_az("vm", "stop", *here)
    assert states() == ["Not Ready", "Provisioning succeeded", "VM stopped"]
    run_az("vm", "deallocate", *here)
    assert states() == ["Not Ready", "Provisioning succeeded", "VM deallocated"]
    assert run_az("vm", "resize", *here, "--size", "Standard_D4s_v5")["hardwareProfile"]["vmSize"] == "Standard_D4s_v5"
    run_az("vm", "start", *here)
    assert states()[2] == "VM running"
    assert run_az("vm", "update", *here, "--set", "tags.owner=tests")["tags"] == {"owner": "tests"}
    mine = run_az("identity", "create", "-g", GROUP, "-n", "mine")
    assigned = run_az("vm", "identity", "assign", *here, "--identities", "[system]", mine["id"])
    assert assigned["systemAssignedIdentity"]
    assert [each["clientId"] for each in assigned["userAssignedIdentities"].values()] == [mine["clientId"]]
    run_az("vm", "identity", "remove", *here, "--identities", mine["id"])
    assert run_az("vm", "identity", "show", *here)["type"] == "SystemAssigned"
    assert any(sku["name"] == "Standard_D4s_v5" for sku in run_az("vm", "list-skus", "-l", "westus"))
    opened = run_az("vm", "open-port", *here, "--port", "80")
    assert [rule["destinationPortRange"] for rule in opened["securityRules"]] == ["80"]
    for refused in (("redeploy",), ("reapply",)):
        with pytest.raises(Refused, match="OperationNotSimulated"):
            run_az("vm", refused[0], *here, *refused[1:])


def test_a_template_file_is_deployed(run_az: Az, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(TEMPLATE)
    created = run_az(
        "deployment", "group", "create", "-g", GROUP, "--template-file", str(file), "--parameters", "name=ip"
    )
    assert created["properties"]["provisioningState"] == "Succeeded"
    assert created["properties"]["outputs"]["id"]["value"].endswith("/publicIPAddresses/ip")


def test_a_group_goes_with_everything(run_az: Az) -> None:
    assert run_az("resource", "list", "-g", GROUP)
    run_az("group", "delete", "-n", GROUP, "--yes")
    assert run_az("group", "exists", "-n", GROUP) is False
