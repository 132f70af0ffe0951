"""Faults of a machine's network."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.network import GuestRouteSeam, WireServerSeam

FAULTS = (
    Definition(
        "guest-without-route",
        GuestRouteSeam.NAME,
        "A machine with unmanaged disks has no route to the storage.",
        {"way": "none"},
    ),
    Definition(
        "guest-without-names",
        GuestRouteSeam.NAME,
        "A machine with unmanaged disks cannot resolve the name of the storage.",
        {"way": "no name"},
    ),
    Definition(
        "guest-proxy-refuses",
        GuestRouteSeam.NAME,
        "A proxy stands before a machine with unmanaged disks, and lets no request to the storage pass.",
        {"way": "proxy"},
        {"name": Parameter("proxy.contoso.com", "how the proxy calls itself")},
    ),
    Definition(
        "guest-without-wire-server",
        WireServerSeam.NAME,
        "An agent does not reach the wire server for anything.",
        parameters={"says": Parameter("168.63.129.16 did not answer", "what the agent says of it")},
    ),
)
