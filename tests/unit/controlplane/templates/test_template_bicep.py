"""A template as Bicep compiles it: types, symbolic names, existing resources, batches, a module, and outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controlplane.json_object import Json
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.late import settle_body
from controlplane.templates.planner import TemplatePlan, plan
from tests.unit.controlplane.templates.template_world import (
    DEPLOYMENT,
    SCOPE,
    Shelf,
    body_of,
    outputs_of,
    planned,
    symbolic,
)

TEMPLATE: Json = json.loads((Path(__file__).parent / "golden/bicep_backup.json").read_text(encoding="utf-8"))
RG = "/subscriptions/s/resourceGroups/rg/providers"
MACHINES: list[Json] = [{"name": "sql01", "disks": [64, 128]}, {"name": "web01", "zone": "2"}]
VALUES: Json = {"machines": MACHINES, "adminPassword": "s3cret", "networkGroup": "net"}


def found() -> TemplatePlan:
    return planned(TEMPLATE, VALUES)


def short(id: str) -> str:
    return id.rpartition("/")[2].replace(SUFFIX, "*")


SUFFIX = planned(
    {**TEMPLATE, "resources": {}, "outputs": {"s": {"type": "string", "value": "[variables('suffix')]"}}}, VALUES
).outputs["s"]["value"]


def test_all_is_there_and_waits_for_what_it_needs() -> None:
    waits = {(each.symbol, each.index): sorted(map(short, each.after)) for each in found().resources}
    assert waits == {
        ("identity", None): [],
        ("diagnostics", None): [],
        ("nics", 0): [],
        ("nics", 1): [],
        ("vault", None): ["id-*"],
        ("vault::policy", None): ["rsv-*"],
        ("grant", None): ["id-*", "rsv-*"],
        ("vms", 0): ["diag*", "nic-sql01"],
        ("vms", 1): ["diag*", "nic-web01", "sql01"],
        ("protection", None): ["daily", "diag*", "sql01", "web01"],
    }
    assert [each.id for each in found().existing] == [
        "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
    ]


def shelf() -> Shelf:
    filled = Shelf()
    filled.put(f"{RG}/Microsoft.Storage/storageAccounts/diag{SUFFIX}", {"primaryEndpoints": {"blob": "https://b/"}})
    filled.put(f"{RG}/Microsoft.ManagedIdentity/userAssignedIdentities/id-{SUFFIX}", {"principalId": "p"})
    filled.put(f"{RG}/Microsoft.Resources/deployments/protection", {"outputs": {"count": {"type": "Int", "value": 2}}})
    filled.put(f"{RG}/Microsoft.Compute/virtualMachines/sql01", {"vmId": "1"})
    filled.put(f"{RG}/Microsoft.Compute/virtualMachines/web01", {"vmId": "2"})
    filled.put(found().existing[0].id, {"addressPrefix": "10.0.0.0/24"})
    return filled


def test_machines_have_their_disks_zones_and_secrets() -> None:
    sql, web = (body_of(found(), name, shelf()) for name in ("sql01", "web01"))
    assert sql["zones"] is None
    assert web["zones"] == ["2"]
    assert sql["properties"]["storageProfile"]["dataDisks"] == [
        {"lun": 0, "createOption": "Empty", "diskSizeGB": 64},
        {"lun": 1, "createOption": "Empty", "diskSizeGB": 128},
    ]
    assert web["properties"]["storageProfile"]["dataDisks"] == []
    assert sql["properties"]["osProfile"]["adminPassword"] == "s3cret"
    assert sql["properties"]["diagnosticsProfile"]["bootDiagnostics"]["storageUri"] == "https://b/"


def test_the_vault_has_a_computed_key_and_tags() -> None:
    vault = body_of(found(), f"rsv-{SUFFIX}", shelf())
    assert list(vault["identity"]["userAssignedIdentities"]) == [
        f"{RG}/Microsoft.ManagedIdentity/userAssignedIdentities/id-{SUFFIX}"
    ]
    assert vault["tags"] == {"team": "ops", "deployed": "2026-01-02 03:04:05Z"}
    grant = next(each for each in found().resources if each.symbol == "grant")
    assert grant.id.startswith(
        f"{RG}/Microsoft.RecoveryServices/vaults/rsv-{SUFFIX}/providers/Microsoft.Authorization/"
    )
    assert settle_body(grant.id, grant.body, SCOPE, shelf())["properties"]["principalId"] == "p"


def test_the_module_is_planned_from_what_is_sent() -> None:
    sent = body_of(found(), "protection", shelf())["properties"]
    assert sent["parameters"]["machineIds"]["value"] == [
        f"{RG}/Microsoft.Compute/virtualMachines/{each['name']}" for each in MACHINES
    ]
    assert sent["parameters"]["key"] == {"value": f"listKeys of diag{SUFFIX}"}
    module = plan(sent["template"], sent["parameters"], DEPLOYMENT)
    assert [each.name.rpartition("/")[2] for each in module.resources] == [
        "vm;iaasvmcontainerv2;rg;sql01",
        "vm;iaasvmcontainerv2;rg;web01",
    ]
    assert module.parameters["key"] == {"type": "SecureString"}
    assert outputs_of(module) == {"count": 2}


def test_the_outputs_are_read_from_the_world() -> None:
    assert outputs_of(found(), shelf()) == {
        "vaultId": f"{RG}/Microsoft.RecoveryServices/vaults/rsv-{SUFFIX}",
        "protected": 2,
        "subnetPrefix": "10.0.0.0/24",
        "vmIds": ["1", "2"],
        "withDisks": ["sql01"],
        "retention": {"days": 30},
    }


def test_no_machine_means_no_module_and_no_loop() -> None:
    none = planned(TEMPLATE, {**VALUES, "machines": []})
    assert none.skipped == (f"{RG}/Microsoft.Resources/deployments/protection",)
    assert not [each for each in none.resources if each.loop]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"machines": [{"disks": []}]}, "required property 'name'"),
        ({"machines": [{"name": "x" * 16}]}, r"'machines\[0\].name' is not valid. Length"),
        ({"machines": [{"name": "x", "disks": [0]}]}, r"'machines\[0\].disks\[0\]'"),
        ({"retention": {"days": 6}}, "'retention.days'"),
    ],
)
def test_values_are_checked_in_depth(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        planned(TEMPLATE, {**VALUES, **changed})


# ------------------------------------------------------------------------------------ what exists if a condition holds

LOCATED = {
    "existing": True,
    "type": "Contoso.X/things",
    "apiVersion": "2024-01-01",
    "condition": "[not(empty(parameters('of')))]",
    "resourceGroup": "[split(parameters('of'), '/')[0]]",
    "name": "[split(parameters('of'), '/')[1]]",
}
READER = {
    "type": "Contoso.X/things",
    "apiVersion": "2024-01-01",
    "name": "reader",
    "properties": {"size": "[if(empty(parameters('of')), 1, reference('other').size)]"},
    "dependsOn": ["other"],
}


def reading_other(of: str | None) -> TemplatePlan:
    of_another = {"type": "string", "nullable": True}
    resources: Json = {"other": LOCATED, "third": LOCATED, "reader": READER}
    return planned(symbolic(resources, parameters={"of": of_another}), {"of": of})


def test_what_only_exists_needs_no_name_unless_its_condition_holds() -> None:
    without = reading_other(None)
    assert (without.existing, without.skipped) == ((), ())
    assert body_of(without, "reader") == {"properties": {"size": 1}}
    found = reading_other("rg2/a")
    (id,) = {each.id for each in found.existing}
    assert id == "/subscriptions/s/resourceGroups/rg2/providers/Contoso.X/things/a"
    shelf = Shelf()
    shelf.put(id, {"size": 7})
    assert body_of(found, "reader", shelf) == {"properties": {"size": 7}}


def test_what_is_to_be_made_needs_its_name_in_any_case() -> None:
    made = {key: value for key, value in LOCATED.items() if key != "existing"}
    of_another = {"type": "string", "nullable": True}
    with pytest.raises(TemplateError, match="'split' expects its first parameter"):
        planned(symbolic({"made": made}, parameters={"of": of_another}))
