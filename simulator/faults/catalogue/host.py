"""Faults of the host of a machine, and of what Compute tells of the machine."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.host import (
    DeliverySeam,
    GuestShutdownSeam,
    HostSnapshotSeam,
    InstanceViewSeam,
    RepeatedDeliverySeam,
)

FAULTS = (
    Definition(
        "host-snapshot-service-absent",
        HostSnapshotSeam.NAME,
        "The snapshot service of the host is not there.",
        {"status": 500, "ahead_minutes": 0},
        {"says": Parameter("The backup host service is not installed.", "what the host answers")},
    ),
    Definition(
        "host-clock-ahead",
        HostSnapshotSeam.NAME,
        "The host's clock is ahead, so that a task looks older than it is.",
        {"status": 200, "says": ""},
        {"ahead_minutes": Parameter(150, "minutes", least=1, most=100_000)},
    ),
    Definition(
        "host-clock-behind",
        HostSnapshotSeam.NAME,
        "The host's clock is behind, so that a task seems to begin in the future.",
        {"status": 200, "says": ""},
        {"ahead_minutes": Parameter(-150, "minutes", least=-100_000, most=-1)},
    ),
    Definition(
        "vm-provisioning-failed",
        InstanceViewSeam.NAME,
        "The virtual machine is in a failed provisioning state.",
        {"provisioning_state": "Failed"},
        {"says": Parameter("Another extension of the machine failed.", "why, as Compute tells it")},
    ),
    Definition(
        "extension-not-delivered",
        DeliverySeam.NAME,
        "The settings of an extension do not reach the machine.",
        parameters={"says": Parameter("the virtual machine did not acknowledge its goal state", "why, in a few words")},
    ),
    Definition(
        "settings-delivered-twice",
        RepeatedDeliverySeam.NAME,
        "The settings of an extension are delivered once more at once, so that two goal states follow each other.",
    ),
    Definition(
        "machine-shuts-down",
        GuestShutdownSeam.NAME,
        "The machine shuts down as soon as the settings of an extension are delivered to it.",
    ),
)
