"""Which rules of a network security group let a machine reach the storage."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.arm.network.network_security_groups import DEFAULT_RULES, _default_rule
from controlplane.domain.network.outbound import lets_out

DEFAULTS = [{"name": row[0], "properties": _default_rule(*row[1:])} for row in DEFAULT_RULES]


def rule(priority: int, access: str, destination: str, **more: Any) -> dict[str, Any]:
    properties = {
        "direction": "Outbound",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "destinationPortRange": "*",
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
    }
    return {"name": f"rule{priority}", "properties": properties | more}


def reaches(*rules: dict[str, Any]) -> bool:
    group = {"properties": {"securityRules": list(rules), "defaultSecurityRules": DEFAULTS}}
    return lets_out(group, "10.0.0.4", "westus")


DENY = rule(200, "Deny", "Internet")


@pytest.mark.parametrize(
    ("rules", "reached"),
    [
        ([], True),
        ([DENY], False),
        ([rule(200, "deny", "*")], False),
        ([rule(200, "Deny", "Storage.WestUS")], False),
        ([rule(200, "Deny", "Storage.EastUS")], True),
        ([rule(200, "Deny", "VirtualNetwork")], True),
        ([rule(200, "Deny", "203.0.113.0/24")], True),
        ([DENY, rule(100, "Allow", "Storage")], True),
        ([DENY, rule(100, "Allow", "Storage", destinationPortRange="80")], False),
        (
            [DENY, rule(100, "Allow", "Storage", destinationPortRange=None, destinationPortRanges=["80", "400-500"])],
            True,
        ),
        ([DENY, rule(100, "Allow", "Storage", protocol="Udp")], False),
        ([DENY, rule(100, "Allow", "Storage", protocol="TCP")], True),
        ([DENY, rule(100, "Allow", "Storage", sourceAddressPrefix="10.0.1.0/24")], False),
        ([DENY, rule(100, "Allow", "Storage", sourceAddressPrefix="10.0.0.0/24")], True),
        ([DENY, rule(100, "Allow", "", destinationAddressPrefixes=["VirtualNetwork", "AzureCloud"])], True),
        ([DENY, rule(300, "Allow", "Storage")], False),
        ([rule(100, "Deny", "*", direction="Inbound")], True),
    ],
)
def test_the_first_rule_that_fits_decides(rules: list[dict[str, Any]], reached: bool) -> None:
    assert reaches(*rules) is reached
