"""Faults of the guest agent and of the handlers that it runs."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.agent import (
    AgentReportSeam,
    GoalStateSeam,
    GuestDiskRoomSeam,
    GuestSpeedSeam,
    HandlerCommandSeam,
    HandlerPackageSeam,
    WireServerRouteSeam,
)
from simulator.faults.seams.guest import THE_AGENT, GuestServiceSeam


def _command(name: str, verb: str, exit_code: int, stderr: str, what: str) -> Definition:
    return Definition(
        name=name,
        seam=HandlerCommandSeam.NAME,
        what=what,
        parameters={
            "exit_code": Parameter(exit_code, "exit code of the command", least=-(2**31), most=2**32 - 1),
            "stderr": Parameter(stderr, "what it writes before it ends"),
        },
        where={"operation": f"{verb} *"},
    )


FAULTS = (
    Definition(
        "agent-stopped",
        GuestServiceSeam.NAME,
        "The service of the guest agent is stopped.",
        {"service": THE_AGENT, "state": "Stopped"},
    ),
    Definition(
        "agent-not-ready",
        AgentReportSeam.NAME,
        "The agent reports that it is not ready.",
        {"report": "not ready"},
    ),
    Definition(
        "agent-old",
        AgentReportSeam.NAME,
        "The agent of the machine is an old one.",
        {"report": "of version"},
        {"version": Parameter("2.5.1198.700", "version that it reports")},
    ),
    Definition(
        "guest-slow",
        GuestSpeedSeam.NAME,
        "The machine is so slow that the commands of a handler begin late.",
        parameters={"looks": Parameter(20, "how often the agent looks for their end before", least=1, most=100_000)},
    ),
    Definition(
        "agent-silent",
        AgentReportSeam.NAME,
        "The reports of the agent do not reach the host.",
        {"report": "lost"},
    ),
    Definition(
        "agent-without-goal-state",
        GoalStateSeam.NAME,
        "The agent does not reach the wire server, and so gets no goal state.",
        parameters={"says": Parameter("the wire server did not answer", "what the agent says of it")},
    ),
    Definition(
        "handler-without-wire-server",
        WireServerRouteSeam.NAME,
        "A handler does not reach the host of its machine.",
        {"address": "127.0.0.1:9"},
        where={"operation": "enable *"},
    ),
    Definition(
        "handler-package-unreachable",
        HandlerPackageSeam.NAME,
        "The package of a handler cannot be downloaded.",
        {"arrives": "nothing"},
        {"says": Parameter("the connection was refused", "what the agent says of it")},
    ),
    Definition(
        "handler-package-damaged",
        HandlerPackageSeam.NAME,
        "Half of a handler's package arrives.",
        {"arrives": "half"},
    ),
    _command(
        "handler-install-fails",
        "install",
        1603,
        "Visual C++ 2012 Redistributable could not be installed: exit code 1603",
        "The install command of a handler ends with an error.",
    ),
    _command(
        "handler-enable-fails",
        "enable",
        1,
        "IaaSBcdrExtension.exe was blocked by an application control policy",
        "The enable command of a handler ends with an error.",
    ),
    _command(
        "handler-install-without-quota",
        "install",
        0x80070718 - 2**32,
        "the provider could not be registered: 0x80070718 Not enough quota is available to process this command",
        "The desktop heap of services has no room left when a handler is installed.",
    ),
    _command(
        "handler-install-without-com",
        "install",
        0x80080005 - 2**32,
        "the provider could not be registered: 0x80080005 Server execution failed",
        "COM+ starts no application when the provider of a handler is registered.",
    ),
    _command(
        "handler-install-without-msdtc",
        "install",
        0x8004E00F - 2**32,
        "the provider could not be registered: 0x8004E00F COM+ was unable to talk to the Microsoft Distributed "
        "Transaction Coordinator",
        "COM+ does not reach the transaction coordinator when the provider of a handler is registered.",
    ),
    Definition("guest-disk-full", GuestDiskRoomSeam.NAME, "The system disk of the guest has no room left."),
    _command(
        "handler-uninstall-fails",
        "uninstall",
        5,
        "the provider could not be unregistered",
        "The uninstall command of a handler ends with an error.",
    ),
)
