"""What a deployment would change, as the real az prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.real_az import Az
from tests.e2e.running import up

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(name: str, *prefixes: str) -> str:
    network = {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2024-05-01",
        "name": name,
        "location": "westus",
        "properties": {"addressSpace": {"addressPrefixes": list(prefixes)}},
    }
    return json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [network]})


@pytest.mark.slow
def test_az_prints_every_kind_of_change(az: Path, tmp_path: Path) -> None:
    with up(tmp_path / "world") as world:
        run_az = Az(world, az)
        run_az("group create -n rg -l westus")
        one, two = tmp_path / "one.json", tmp_path / "two.json"
        one.write_text(template("net", "10.0.0.0/16"), encoding="utf-8")
        two.write_text(template("other", "10.0.0.0/16"), encoding="utf-8")
        asked = ("deployment", "group", "what-if", "-g", "rg", "-f")
        created = run_az.text(f"deployment group what-if -g rg -f {one}")
        assert "+ Microsoft.Network/virtualNetworks/net" in created
        assert "1 to create" in created
        run_az("deployment group create -g rg -f " + str(one))
        assert "= Microsoft.Network/virtualNetworks/net" in run_az.text(f"deployment group what-if -g rg -f {one}")
        one.write_text(template("net", "10.0.0.0/16", "10.1.0.0/16"), encoding="utf-8")
        modified = run_az.text(f"deployment group what-if -g rg -f {one}")
        assert "~ Microsoft.Network/virtualNetworks/net" in modified
        assert '+ 1: "10.1.0.0/16"' in modified
        ignored = run_az.run(*asked, str(two), "--no-pretty-print")
        assert {each["changeType"] for each in ignored["changes"]} == {"Create", "Ignore"}
        deleted = run_az.text(f"deployment group what-if -g rg -f {two} --mode Complete")
        assert "- Microsoft.Network/virtualNetworks/net" in deleted
