"""Everything that az says about deployments and the resources they leave, against a running world."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.real_az import Refused, az_in

Az = Callable[..., Any]

GROUP = "history"
PRINCIPAL = "99999999-2222-4333-8444-555555555555"
TEMPLATE = """{
  // an account and the vault beside it
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "account": {"type": "string", "maxLength": 24},
    "vault": {"type": "string", "defaultValue": "[concat(parameters('account'), '-vault')]"}
  },
  "resources": [
    {
      "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01",
      "name": "[parameters('account')]", "location": "[resourceGroup().location]",
      "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"
    },
    {
      "type": "Microsoft.RecoveryServices/vaults", "apiVersion": "2024-04-01",
      "name": "[parameters('vault')]", "location": "[resourceGroup().location]",
      "dependsOn": ["[parameters('account')]"],
      "sku": {"name": "Standard"}, "properties": {"publicNetworkAccess": "Enabled"}
    }
  ],
  "outputs": {
    "blobs": {"type": "string", "value": "[reference(parameters('account')).primaryEndpoints.blob]"}
  }
}"""


@pytest.fixture(scope="module")
def run_az(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Az]:
    with az_in(tmp_path_factory.mktemp("deployments") / "world", az) as there:
        there.run("group", "create", "-n", GROUP, "-l", "westus")
        yield there.run


@pytest.fixture
def template(tmp_path: Path) -> str:
    file = tmp_path / "template.json"
    file.write_text(TEMPLATE)
    return str(file)


HERE = ("deployment", "group")
FIRST = ("-g", GROUP, "-n", "first")


def test_it_is_validated_made_shown_and_forgotten(run_az: Az, template: str) -> None:
    asked = (*FIRST, "--template-file", template, "--parameters", "account=azhistory01")
    validated = run_az(*HERE, "validate", *asked)["properties"]
    assert [each["id"].rpartition("/")[2] for each in validated["validatedResources"]] == [
        "azhistory01",
        "azhistory01-vault",
    ]
    created = run_az(*HERE, "create", *asked)["properties"]
    assert "azhistory01" in created["outputs"]["blobs"]["value"]
    shown = run_az(*HERE, "show", *FIRST)["properties"]
    assert (shown["provisioningState"], shown["correlationId"]) == ("Succeeded", created["correlationId"])
    assert shown["parameters"]["vault"] == {"type": "String", "value": "azhistory01-vault"}
    assert [each["name"] for each in run_az(*HERE, "list", "-g", GROUP)] == ["first"]
    assert run_az(*HERE, "list", "-g", GROUP, "--filter", "provisioningState eq 'Failed'") == []
    operations = run_az("deployment", "operation", "group", "list", *FIRST)
    kinds = [(each["properties"]["targetResource"] or {}).get("resourceType") for each in operations]
    assert kinds == ["Microsoft.Storage/storageAccounts", "Microsoft.RecoveryServices/vaults", None]
    number = operations[0]["operationId"]
    one = run_az("deployment", "operation", "group", "show", *FIRST, "--operation-ids", number)
    assert (one[0] if isinstance(one, list) else one) == operations[0]
    assert len(run_az(*HERE, "export", *FIRST)["resources"]) == 2
    run_az(*HERE, "wait", *FIRST, "--created")
    with pytest.raises(Refused, match="DeploymentCannotBeCancelled"):
        run_az(*HERE, "cancel", *FIRST)
    run_az(*HERE, "delete", *FIRST)
    with pytest.raises(Refused, match="DeploymentNotFound"):
        run_az(*HERE, "show", *FIRST)


REFUSED = [
    (("validate", "account=azhistory02", "vault=v"), "InvalidResourceName"),
    (("create", "account=azhistory02", "vault=v"), "InvalidTemplateDeployment"),
    (("create", "account=much-too-long-for-the-name-of-an-account"), "InvalidTemplate"),
    (("create", "account=azhistory02", "other=x"), "InvalidTemplate|unrecognized|not present"),
    (("what-if", "account=azhistory02", "vault=v"), "InvalidResourceName"),
]


@pytest.mark.parametrize(("words", "expected"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_is_wrong_is_said_before_anything_is_made(
    run_az: Az, template: str, words: tuple[str, ...], expected: str
) -> None:
    command, *given = words
    with pytest.raises(Refused, match=expected):
        run_az(*HERE, command, "-g", GROUP, "-n", "bad", "--template-file", template, "--parameters", *given)
    assert "azhistory02" not in [each["name"] for each in run_az("resource", "list", "-g", GROUP)]


def test_a_subscription_is_not_deployed_to(run_az: Az, template: str) -> None:
    with pytest.raises(Refused, match="is not simulated"):
        run_az("deployment", "sub", "list")


def test_what_was_made_is_read_and_tagged_as_any_resource(run_az: Az, template: str) -> None:
    run_az(*HERE, "create", *FIRST, "--template-file", template, "--parameters", "account=azhistory03")
    (listed,) = run_az("resource", "list", "-g", GROUP, "--name", "azhistory03-vault")
    shown = run_az("resource", "show", "--ids", listed["id"])
    assert (shown["id"], shown["properties"]["provisioningState"]) == (listed["id"], "Succeeded")
    tagged = run_az("resource", "tag", "--ids", listed["id"], "--tags", "of=az")
    assert tagged["tags"] == {"of": "az"}
    assert [each["id"] for each in run_az("resource", "list", "--tag", "of=az")] == [listed["id"]]


def test_a_role_is_assigned_by_its_name(run_az: Az) -> None:
    scope = run_az("group", "show", "-n", GROUP)["id"]
    who = ("--assignee-object-id", PRINCIPAL, "--assignee-principal-type", "ServicePrincipal")
    created = run_az("role", "assignment", "create", *who, "--role", "Backup Contributor", "--scope", scope)
    assert (created["principalId"], created["scope"]) == (PRINCIPAL, scope)
    (found,) = run_az("role", "definition", "list", "--name", "Backup Contributor")
    assert created["roleDefinitionId"] == found["id"]
    run_az("role", "assignment", "delete", "--ids", created["id"])


def test_templates_are_linked_from_the_worlds_own_storage(run_az: Az, template: str, tmp_path: Path) -> None:
    run_az("storage", "account", "create", "-n", "azlinks01", "-g", GROUP, "-l", "westus", "--sku", "Standard_LRS")
    text = run_az("storage", "account", "show-connection-string", "-n", "azlinks01", "-g", GROUP)["connectionString"]
    storage = ("--connection-string", text)
    run_az("storage", "container", "create", "-n", "templates", *storage)
    resource = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "linked"}
    link = {"relativePath": "inner.json"}
    properties = {"mode": "Incremental", "templateLink": link, "parameters": {"account": {"value": "azlinked02"}}}
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    main = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": [{**resource, "properties": properties}]}
    (tmp_path / "main.json").write_text(json.dumps(main))
    for name, file in (("main.json", str(tmp_path / "main.json")), ("inner.json", template)):
        run_az("storage", "blob", "upload", "-c", "templates", "-n", name, "-f", file, *storage)
    signing = ("--permissions", "r", "--expiry", "2099-01-01T00:00Z")
    query = run_az("storage", "container", "generate-sas", "-n", "templates", *signing, *storage)
    endpoint = run_az("storage", "account", "show", "-n", "azlinks01", "-g", GROUP)["primaryEndpoints"]["blob"]
    asked = ("--template-uri", f"{endpoint.rstrip('/')}/templates/main.json", "--query-string", query)
    run_az(*HERE, "validate", "-g", GROUP, "-n", "links", *asked)
    created = run_az(*HERE, "create", "-g", GROUP, "-n", "links", *asked)["properties"]
    assert created["templateLink"]["uri"] == asked[1]
    assert "azlinked02" in [each["name"] for each in run_az("resource", "list", "-g", GROUP)]
    with pytest.raises(Refused, match="Unable to retrieve"):
        run_az(*HERE, "create", "-g", GROUP, "-n", "unsigned", *asked[:2])  # az itself reads the template first
