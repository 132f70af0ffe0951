"""What an idle world may not have loaded: it is needed once somebody asks for it, and costs each start time and memory.

A world that was just started and has no machine, job or client holds nothing of these. Whoever adds code that only some
worlds need adds its module here, and imports it where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

NOT_BEFORE_ASKED = (
    "alembic",  # a database of an earlier release
    "controlplane.jobs.vault_check",  # a check of vaults
    "controlplane.templates.evaluation.evaluator",  # a deployment
    "controlplane.templates.library",
    "controlplane.templates.planner",
    "fastapi",  # a request to the control API
    "httpx",  # our own client
    "jmespath",  # a condition on what ARM answers
    "jinja2",  # the page, or a recording
    "pygments",
    "rich",  # a command that shows something
    "simulator.client",
    "simulator.command.az",
    "simulator.command.demo",
    "simulator.command.doctor",
    "simulator.command.proxy",
    "simulator.command.show",
    "simulator.control",
    "simulator.dashboard",
    "simulator.faults.catalogue",  # a fault that is set
    "simulator.faults.faults",
    "simulator.gateway.gateway",  # a fault of a way to the storage
    "simulator.gateway.relay",
    "simulator.recorder",
    "simulator.saved_worlds",  # a world that is saved, or comes of one that was
    "simulator.scenario",
    "simulator.storage.foreign_storage",  # an endpoint of somebody else's
    "structlog",  # a line in the log
)


def loaded_too_early(modules: Iterable[str]) -> list[str]:
    """Those of the loaded modules that are, or lie below, one of these."""
    return sorted(module for module in modules if any(f"{module}.".startswith(f"{name}.") for name in NOT_BEFORE_ASKED))
