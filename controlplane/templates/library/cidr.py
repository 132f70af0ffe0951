"""Functions over ranges of addresses."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from controlplane.templates.language.signature import INT, TEXT, Unfit, define
from controlplane.templates.language.values import Value


def _network(text: str) -> IPv4Network | IPv6Network:
    """Bits beyond the mask are dropped, as `parseCidr` is described."""
    try:
        if "/" not in text:
            raise ValueError(text)
        return ip_network(text, strict=False)
    except ValueError:
        raise Unfit("the string is not a range in CIDR notation") from None


def _parse(text: str) -> dict[str, Value]:
    network = _network(text)
    ends = {"firstUsable": str(_host(network, 0)), "lastUsable": str(_last(network))}
    parts: dict[str, Value] = {"network": str(network.network_address), "netmask": str(network.netmask)}
    if network.version == 4:
        parts["broadcast"] = str(network.broadcast_address)
    return parts | ends | {"cidr": network.prefixlen}


def _subnet(text: str, prefix: int, index: int) -> str:
    network = _network(text)
    if not network.prefixlen <= prefix <= network.max_prefixlen:
        raise Unfit("the new prefix must lie between that of the range and that of one address")
    if not 0 <= index < 2 ** (prefix - network.prefixlen):
        raise Unfit("the range has no subnet of this index")
    size = 2 ** (network.max_prefixlen - prefix)
    return f"{network.network_address + index * size}/{prefix}"


def _nth_host(text: str, index: int) -> str:
    return str(_host(_network(text), index))


def _host(network: IPv4Network | IPv6Network, index: int) -> Value:
    first, last = _offsets(network)
    if not 0 <= index <= last - first:
        raise Unfit("the range has no host of this index")
    return network.network_address + first + index


def _last(network: IPv4Network | IPv6Network) -> Value:
    return network.network_address + _offsets(network)[1]


def _offsets(network: IPv4Network | IPv6Network) -> tuple[int, int]:
    """Of the first and last address that a host can have: not those of network and broadcast, where there are both."""
    most = network.num_addresses - 1
    if most <= 1:
        return 0, most
    return 1, most - 1 if network.version == 4 else most


FUNCTIONS = (
    define("cidrHost", _nth_host, TEXT, INT),
    define("cidrSubnet", _subnet, TEXT, INT, INT),
    define("parseCidr", _parse, TEXT),
)
