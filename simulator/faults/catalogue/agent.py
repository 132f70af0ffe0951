"""Faults of the guest agent and of the handlers that it runs."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.agent import AgentReportSeam, GoalStateSeam, HandlerCommandSeam, HandlerPackageSeam
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
        "handler-uninstall-fails",
        "uninstall",
        5,
        "the provider could not be unregistered",
        "The uninstall command of a handler ends with an error.",
    ),
)
