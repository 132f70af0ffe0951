"""A guest knows the address that ARM gave to its interface."""

from __future__ import annotations

from pathlib import Path

from simulator.client import Client
from simulator.scenario import Scenario, account_name, machine_body
from simulator.world import Config, build


def test_a_guest_shows_the_address_of_its_interface(tmp_path: Path) -> None:
    with build(Config(tmp_path / "world")) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        account = scenario.create_account(account_name("sql01"))
        networks = f"{scenario.machine_id('sql01').partition('/providers/')[0]}/providers/Microsoft.Network"
        subnets = [{"name": "one", "properties": {"addressPrefix": "10.7.0.0/24"}}]
        space = {"addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}, "subnets": subnets}
        network = client.put(f"{networks}/virtualNetworks/net", {"location": "westus", "properties": space})
        subnet = {"subnet": {"id": f"{network['id']}/subnets/one"}}
        configuration = {"name": "one", "properties": subnet}
        interface = client.put(
            f"{networks}/networkInterfaces/nic",
            {"location": "westus", "properties": {"ipConfigurations": [configuration]}},
        )
        address = interface["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"]
        body = machine_body("sql01", account.blob_endpoint, data_disk_gib=())
        body["properties"]["networkProfile"] = {"networkInterfaces": [{"id": interface["id"]}]}
        machine = client.put(scenario.machine_id("sql01"), body)
        scenario.wait_until_ready(machine["id"])
        script = {"commandId": "RunPowerShellScript", "script": ["ipconfig"]}
        result = client.finish(client.post(f"{machine['id']}/runCommand", script))
        assert f": {address}" in str(result)
