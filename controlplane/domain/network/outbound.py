"""What network security groups let out of a machine towards the storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

PORT = 443
EVERYWHERE = frozenset({"*", "any", "0.0.0.0/0", "internet", "azurecloud", "storage"})
"""Destinations of a rule that the public addresses of the storage are among, in lower case. Those of one region end
with its name. Which ranges of addresses the storage has is Azure's: a rule that names some is not taken to mean it."""
REGIONAL = ("azurecloud", "storage")
ANY_SOURCE = frozenset({"*", "any", "0.0.0.0/0", "virtualnetwork"})


def lets_out(group: Mapping[str, Any], source: str, region: str) -> bool:
    """Whether a group lets a machine with this private address reach the storage of this region: the rule with the
    lowest priority number decides that fits the traffic, defaults included.

    https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"""
    properties = group["properties"]
    listed = [*properties.get("securityRules", ()), *properties.get("defaultSecurityRules", ())]
    rules = [each["properties"] for each in listed if _fits(each["properties"], source, region.lower())]
    decides = min(rules, key=lambda rule: int(rule.get("priority", 65501)), default=None)
    return decides is not None and str(decides.get("access", "")).lower() == "allow"


def _fits(rule: Mapping[str, Any], source: str, region: str) -> bool:
    return (
        str(rule.get("direction", "")).lower() == "outbound"
        and str(rule.get("protocol", "*")).lower() in {"*", "tcp"}
        and any(_holds_port(text) for text in _values(rule, "destinationPortRange"))
        and any(_is_storage(text.lower(), region) for text in _values(rule, "destinationAddressPrefix", "es"))
        and any(_holds(text.lower(), source) for text in _values(rule, "sourceAddressPrefix", "es"))
    )


def _values(rule: Mapping[str, Any], key: str, plural: str = "s") -> Iterable[str]:
    """A rule names one value by one key, or several by another."""
    one, several = rule.get(key), rule.get(key + plural) or ()
    return [str(each) for each in ([one] if one else []) + list(several)]


def _holds_port(text: str) -> bool:
    if text == "*":
        return True
    first, _, last = text.partition("-")
    return first.isdecimal() and int(first) <= PORT <= int(last if last.isdecimal() else first)


def _is_storage(text: str, region: str) -> bool:
    return text in EVERYWHERE or text in {f"{tag}.{region}" for tag in REGIONAL}


def _holds(text: str, source: str) -> bool:
    if text in ANY_SOURCE:
        return True
    try:
        return ip_address(source) in ip_network(text, strict=False)
    except ValueError:
        return False
