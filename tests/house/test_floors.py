"""The rules of the house that a machine can check: one rule, one test; the tables are the architecture."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMESPACES = {"controlplane.adapters.migrations", "controlplane.adapters.migrations.versions"}
"""Folders of scripts that Alembic loads; they have no `__init__`."""
FILES = sorted(path for top in ("extension", "controlplane", "simulator") for path in (ROOT / top).rglob("*.py"))
OF_THE_DOCS = sorted((ROOT / "docs").rglob("*.py"))

CONTRACT = "extension.contract"
DOMAIN, EVENTS, ERRORS = "controlplane.domain", "controlplane.domain.events", "controlplane.domain.errors"
COMPUTE, NETWORK, STORAGE = f"{DOMAIN}.compute", f"{DOMAIN}.network", f"{DOMAIN}.storage"
RESOURCES, RECOVERY_SERVICES = f"{DOMAIN}.resources", f"{DOMAIN}.recovery_services"
MONITORING = f"{DOMAIN}.monitoring"
FORECAST = f"{RECOVERY_SERVICES}.forecast"
RULES = (DOMAIN, EVENTS, ERRORS, COMPUTE, NETWORK, STORAGE, RESOURCES, RECOVERY_SERVICES, MONITORING)
TEMPLATES = "controlplane.templates"
KUSTO = "controlplane.kusto"
JSON = "controlplane.json_object"
PORTS, WRAPPERS = "controlplane.ports", "controlplane.port_wrappers"
SIDE_THREADS, WRITER_HELD = "controlplane.side_threads", "controlplane.writer_held"
CAUSED, FABRIC_DOCUMENTS = "controlplane.caused_ports", "controlplane.fabric_documents"
OVERLAY, SETTINGS = "controlplane.overlay_store", "controlplane.service_settings"
AZURE_PROVIDERS = "controlplane.azure_providers"
BLOB_VALUES, HANDLER_VALUES = "controlplane.blob_values", "controlplane.handler_values"
MACHINE_VALUES = "controlplane.machine_values"
GUEST_URLS, VAULT = "controlplane.guest_urls", "controlplane.vault_format"
JOBS, ARM, GUEST = "controlplane.jobs", "controlplane.arm", "simulator.guest"
EDGE = f"{ARM}.edge"

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    # One row per package, and one for each module that stands beside packages. A package may import itself, the
    # standard library, the type of a JSON object, and what its row names. Rows go from the ground up and name only rows
    # above them: no circles.
    CONTRACT: (),
    "extension": (CONTRACT, "cryptography"),
    "controlplane": (),
    JSON: (),
    ERRORS: (),
    DOMAIN: (ERRORS,),
    EVENTS: (),
    RESOURCES: (DOMAIN, ERRORS),
    COMPUTE: (DOMAIN, ERRORS, RESOURCES),
    NETWORK: (DOMAIN, ERRORS),
    STORAGE: (DOMAIN, ERRORS),
    RECOVERY_SERVICES: (DOMAIN, ERRORS, COMPUTE, NETWORK),
    MONITORING: (DOMAIN, ERRORS, RECOVERY_SERVICES),
    FORECAST: (DOMAIN, ERRORS, RECOVERY_SERVICES),
    SETTINGS: (),
    WRITER_HELD: (),
    SIDE_THREADS: (WRITER_HELD,),
    BLOB_VALUES: (),
    AZURE_PROVIDERS: (),
    HANDLER_VALUES: (),
    MACHINE_VALUES: (),
    PORTS: (DOMAIN, EVENTS, SETTINGS, BLOB_VALUES, HANDLER_VALUES, MACHINE_VALUES, AZURE_PROVIDERS),
    WRAPPERS: (EVENTS, PORTS),
    CAUSED: (EVENTS, PORTS, WRAPPERS),
    GUEST_URLS: (PORTS,),
    FABRIC_DOCUMENTS: (EVENTS, PORTS),
    OVERLAY: (PORTS,),
    f"{TEMPLATES}.language": (ERRORS,),
    f"{TEMPLATES}.library": (f"{TEMPLATES}.language",),
    f"{TEMPLATES}.evaluation": (f"{TEMPLATES}.language", f"{TEMPLATES}.library"),
    TEMPLATES: (ERRORS, f"{TEMPLATES}.language", f"{TEMPLATES}.library", f"{TEMPLATES}.evaluation"),
    KUSTO: (DOMAIN, ERRORS),
    VAULT: (DOMAIN, ERRORS, PORTS, SIDE_THREADS),
    JOBS: (),
    f"{JOBS}.requests": (EVENTS, PORTS),
    f"{JOBS}.dry_run": (DOMAIN, ERRORS, PORTS, OVERLAY),
    f"{JOBS}.documents": (*RULES, PORTS),
    f"{JOBS}.engine": (*RULES, PORTS, CAUSED),
    f"{JOBS}.protection": (*RULES, PORTS, f"{JOBS}.documents", f"{JOBS}.engine"),
    f"{JOBS}.retention": (*RULES, PORTS, VAULT, f"{JOBS}.documents", f"{JOBS}.engine", f"{JOBS}.protection"),
    f"{JOBS}.backup": (
        *RULES,
        PORTS,
        GUEST_URLS,
        CONTRACT,
        VAULT,
        f"{JOBS}.documents",
        f"{JOBS}.engine",
        f"{JOBS}.retention",
    ),
    f"{JOBS}.restore": (
        *RULES,
        PORTS,
        VAULT,
        f"{JOBS}.documents",
        f"{JOBS}.engine",
        f"{JOBS}.retention",
        f"{JOBS}.backup",
    ),
    f"{JOBS}.deployment": (*RULES, PORTS, TEMPLATES, f"{TEMPLATES}.language", f"{JOBS}.engine", f"{JOBS}.requests"),
    f"{JOBS}.provisioning": (*RULES, PORTS, VAULT, f"{JOBS}.documents", f"{JOBS}.engine", f"{JOBS}.requests"),
    f"{JOBS}.forgotten_deletions": (*RULES, PORTS, VAULT),
    f"{JOBS}.crash_recovery": (
        *RULES,
        PORTS,
        VAULT,
        f"{JOBS}.documents",
        f"{JOBS}.forgotten_deletions",
        f"{JOBS}.retention",
    ),
    f"{JOBS}.vault_check": (*RULES, PORTS, VAULT, f"{JOBS}.documents", f"{JOBS}.engine", f"{JOBS}.retention"),
    f"{JOBS}.catalog": (
        f"{JOBS}.requests",
        f"{JOBS}.engine",
        f"{JOBS}.protection",
        f"{JOBS}.retention",
        f"{JOBS}.backup",
        f"{JOBS}.restore",
        f"{JOBS}.deployment",
        f"{JOBS}.provisioning",
    ),
    f"{JOBS}.ahead": (
        *RULES,
        PORTS,
        f"{JOBS}.documents",
        f"{JOBS}.engine",
        f"{JOBS}.protection",
        f"{JOBS}.retention",
        f"{JOBS}.backup",
    ),
    f"{JOBS}.timetable": (
        *RULES,
        PORTS,
        CAUSED,
        f"{JOBS}.documents",
        f"{JOBS}.protection",
        f"{JOBS}.retention",
        f"{JOBS}.ahead",
        f"{JOBS}.backup",
    ),
    "controlplane.adapters": (
        *RULES,
        PORTS,
        WRAPPERS,
        SIDE_THREADS,
        WRITER_HELD,
        FABRIC_DOCUMENTS,
        CONTRACT,
        f"{JOBS}.engine",
        "alembic",
        "azure",
        "cryptography",
        "filelock",
        "sqlalchemy",
    ),
    "controlplane.adapters.migrations": ("alembic",),
    "controlplane.adapters.migrations.versions": ("alembic", "sqlalchemy"),
    ARM: (),
    f"{ARM}.sign_in": (DOMAIN, ERRORS, "jwt", "starlette"),
    EDGE: (
        *RULES,
        PORTS,
        WRAPPERS,
        CAUSED,
        f"{JOBS}.requests",
        f"{JOBS}.engine",
        f"{ARM}.sign_in",
        "pydantic",
        "starlette",
    ),
    f"{ARM}.authorization": (DOMAIN, ERRORS, RESOURCES, PORTS, EDGE),
    f"{ARM}.insights": (DOMAIN, ERRORS, RECOVERY_SERVICES, MONITORING, PORTS, EDGE, "pydantic"),
    f"{ARM}.alerts_management": (
        DOMAIN,
        ERRORS,
        RECOVERY_SERVICES,
        MONITORING,
        PORTS,
        f"{JOBS}.documents",
        EDGE,
    ),
    f"{ARM}.managed_identity": (DOMAIN, ERRORS, COMPUTE, PORTS, EDGE),
    f"{ARM}.data_protection": (DOMAIN, ERRORS, RECOVERY_SERVICES, PORTS, f"{JOBS}.retention", EDGE),
    f"{ARM}.storage": (
        DOMAIN,
        ERRORS,
        COMPUTE,
        STORAGE,
        RESOURCES,
        PORTS,
        f"{JOBS}.provisioning",
        EDGE,
        f"{ARM}.managed_identity",
    ),
    f"{ARM}.network": (DOMAIN, ERRORS, RESOURCES, NETWORK, PORTS, f"{JOBS}.documents", EDGE, "pydantic"),
    f"{ARM}.compute": (
        *RULES,
        PORTS,
        f"{JOBS}.provisioning",
        f"{JOBS}.documents",
        EDGE,
        f"{ARM}.managed_identity",
        f"{ARM}.network",
        f"{ARM}.storage",
        "pydantic",
    ),
    f"{ARM}.recovery_services": (
        *RULES,
        PORTS,
        f"{JOBS}.dry_run",
        f"{JOBS}.documents",
        f"{JOBS}.engine",
        f"{JOBS}.protection",
        f"{JOBS}.retention",
        f"{JOBS}.backup",
        f"{JOBS}.restore",
        EDGE,
        f"{ARM}.managed_identity",
        "pydantic",
        "starlette",
    ),
    f"{ARM}.resources": (
        *RULES,
        PORTS,
        WRAPPERS,
        OVERLAY,
        TEMPLATES,
        f"{TEMPLATES}.language",
        f"{JOBS}.deployment",
        f"{JOBS}.provisioning",
        f"{ARM}.sign_in",
        EDGE,
        f"{ARM}.insights",
        "pydantic",
    ),
    f"{ARM}.resource_graph": (
        DOMAIN,
        ERRORS,
        RESOURCES,
        RECOVERY_SERVICES,
        MONITORING,
        PORTS,
        KUSTO,
        f"{ARM}.sign_in",
        EDGE,
        f"{ARM}.resources",
        "pydantic",
    ),
    f"{ARM}.app": (
        DOMAIN,
        DOMAIN,
        EVENTS,
        ERRORS,
        PORTS,
        EDGE,
        f"{ARM}.sign_in",
        f"{ARM}.authorization",
        f"{ARM}.insights",
        f"{ARM}.managed_identity",
        f"{ARM}.data_protection",
        f"{ARM}.storage",
        f"{ARM}.network",
        f"{ARM}.compute",
        f"{ARM}.recovery_services",
        f"{ARM}.resources",
        f"{ARM}.alerts_management",
        f"{ARM}.resource_graph",
        "starlette",
    ),
    "simulator": (),
    "simulator.client": ("httpx",),
    "simulator.failures": (PORTS, "simulator.client"),
    "simulator.scenario_values": ("simulator.failures",),
    "simulator.scenario": ("simulator.client", "simulator.scenario_values"),
    "simulator.stories": (
        "simulator.client",
        "simulator.failures",
        "simulator.scenario_values",
        "simulator.scenario",
        "yaml",
    ),
    "simulator.forecast_question": (),
    "simulator.forecasting": (
        DOMAIN,
        ERRORS,
        RECOVERY_SERVICES,
        FORECAST,
        SETTINGS,
        f"{ARM}.recovery_services",
        "simulator.failures",
        "simulator.forecast_question",
        "pydantic",
    ),
    "simulator.bounds": (),
    "simulator.bounded_protocol": ("simulator.bounds", "uvicorn"),
    "simulator.serving": (
        "simulator.failures",
        "simulator.bounds",
        "simulator.bounded_protocol",
        "starlette",
        "uvicorn",
    ),
    "simulator.packages": (CONTRACT,),
    "simulator.handlers": (PORTS, SETTINGS, CONTRACT, "simulator.failures"),
    "simulator.parties": (PORTS,),
    "simulator.plausible_durations": (RECOVERY_SERVICES,),
    "simulator.account_rules": (STORAGE, PORTS, WRAPPERS),
    "simulator.lectern": (EVENTS, PORTS, f"{JOBS}.engine", "simulator.failures"),
    "simulator.pace": (
        EVENTS,
        RECOVERY_SERVICES,
        PORTS,
        f"{JOBS}.engine",
        "simulator.failures",
        "simulator.lectern",
        "simulator.plausible_durations",
    ),
    "simulator.clock": (
        DOMAIN,
        ERRORS,
        EVENTS,
        RECOVERY_SERVICES,
        PORTS,
        WRITER_HELD,
        "simulator.failures",
        "jmespath",
    ),
    "simulator.held_requests": ("simulator.clock", "simulator.serving"),
    "simulator.daily_work": ("simulator.failures",),
    "simulator.start_spread": (f"{JOBS}.backup", "simulator.clock", "simulator.failures"),
    "simulator.state": (
        PORTS,
        SETTINGS,
        CONTRACT,
        "simulator.failures",
        "simulator.clock",
        "cryptography",
        "filelock",
        "platformdirs",
        "structlog",
    ),
    "simulator.storage": (
        PORTS,
        WRITER_HELD,
        WRAPPERS,
        CONTRACT,
        "controlplane.adapters",
        "simulator.failures",
        "simulator.state",
        "filelock",
    ),
    "simulator.world_store": (PORTS, "controlplane.adapters", "simulator.failures", "simulator.state"),
    GUEST: (),
    f"{GUEST}.files": (),
    f"{GUEST}.os_profile": (),
    f"{GUEST}.windows": (f"{GUEST}.os_profile",),
    f"{GUEST}.linux": (f"{GUEST}.os_profile", f"{GUEST}.windows"),
    f"{GUEST}.profiles": (f"{GUEST}.os_profile", f"{GUEST}.windows", f"{GUEST}.linux"),
    f"{GUEST}.disk": (COMPUTE, PORTS, WRITER_HELD, "simulator.clock", f"{GUEST}.files"),
    f"{GUEST}.vss": (EVENTS, PORTS, CONTRACT, "simulator.clock", f"{GUEST}.disk"),
    f"{GUEST}.workload": (
        EVENTS,
        PORTS,
        WRITER_HELD,
        "simulator.clock",
        "simulator.daily_work",
        f"{GUEST}.files",
        f"{GUEST}.disk",
        f"{GUEST}.vss",
        "apsw",
    ),
    f"{GUEST}.agent": (
        EVENTS,
        PORTS,
        CONTRACT,
        WRITER_HELD,
        "simulator.clock",
        f"{GUEST}.files",
        f"{GUEST}.os_profile",
        "cryptography",
    ),
    f"{GUEST}.bankctl": (),
    f"{GUEST}.system_folders": (f"{GUEST}.files", f"{GUEST}.os_profile", f"{GUEST}.disk", f"{GUEST}.workload"),
    f"{GUEST}.services": (f"{GUEST}.os_profile", f"{GUEST}.vss"),
    f"{GUEST}.shell": (
        CONTRACT,
        f"{GUEST}.os_profile",
        f"{GUEST}.disk",
        f"{GUEST}.vss",
        f"{GUEST}.services",
        f"{GUEST}.system_folders",
    ),
    f"{GUEST}.attach": (COMPUTE, PORTS, "simulator.clock", f"{GUEST}.files", f"{GUEST}.disk", f"{GUEST}.vss"),
    f"{GUEST}.installation": (PORTS, f"{GUEST}.disk", f"{GUEST}.workload"),
    f"{GUEST}.conditions": (
        PORTS,
        "simulator.clock",
        "simulator.daily_work",
        f"{GUEST}.os_profile",
        f"{GUEST}.profiles",
        f"{GUEST}.vss",
        f"{GUEST}.agent",
    ),
    f"{GUEST}.machine": (
        EVENTS,
        PORTS,
        CONTRACT,
        "simulator.clock",
        "simulator.daily_work",
        f"{GUEST}.files",
        f"{GUEST}.os_profile",
        f"{GUEST}.conditions",
        f"{GUEST}.disk",
        f"{GUEST}.vss",
        f"{GUEST}.workload",
        f"{GUEST}.attach",
        f"{GUEST}.installation",
        f"{GUEST}.services",
        f"{GUEST}.shell",
        f"{GUEST}.system_folders",
    ),
    "simulator.lectern.machines": (PORTS, f"{GUEST}.agent", f"{GUEST}.conditions", "simulator.lectern"),
    "simulator.host": (
        EVENTS,
        PORTS,
        WRITER_HELD,
        GUEST_URLS,
        FABRIC_DOCUMENTS,
        CONTRACT,
        "simulator.clock",
        f"{GUEST}.files",
        f"{GUEST}.disk",
        f"{GUEST}.vss",
        f"{GUEST}.workload",
        f"{GUEST}.agent",
        f"{GUEST}.conditions",
        f"{GUEST}.machine",
        f"{GUEST}.os_profile",
        f"{GUEST}.profiles",
        "simulator.failures",
        "simulator.handlers",
        "cryptography",
    ),
    "simulator.gateway": (PORTS, WRITER_HELD, CONTRACT),
    "simulator.faults": (DOMAIN, EVENTS, PORTS, "simulator.failures"),
    "simulator.faults.work": (PORTS, f"{JOBS}.engine", "simulator.faults"),
    "simulator.faults.vss_script": ("simulator.failures", f"{GUEST}.vss", "simulator.faults", "yaml"),
    "simulator.faults.seams": (
        EVENTS,
        PORTS,
        AZURE_PROVIDERS,
        BLOB_VALUES,
        WRITER_HELD,
        WRAPPERS,
        CONTRACT,
        EDGE,
        "simulator.failures",
        "simulator.parties",
        "simulator.serving",
        "simulator.clock",
        f"{GUEST}.agent",
        f"{GUEST}.os_profile",
        f"{GUEST}.vss",
        "simulator.host",
        "simulator.gateway",
        "simulator.faults",
        "simulator.faults.vss_script",
        "simulator.faults.work",
        "starlette",
    ),
    "simulator.faults.ways": (
        PORTS,
        WRAPPERS,
        "simulator.parties",
        "simulator.gateway",
        "simulator.faults",
        "simulator.faults.seams",
    ),
    "simulator.faults.machines": (
        PORTS,
        f"{GUEST}.agent",
        f"{GUEST}.conditions",
        f"{GUEST}.os_profile",
        f"{GUEST}.vss",
        "simulator.faults",
        "simulator.faults.seams",
    ),
    "simulator.faults.catalogue": ("simulator.faults", "simulator.faults.vss_script", "simulator.faults.seams"),
    "simulator.faults.faults": (
        COMPUTE,
        RECOVERY_SERVICES,
        EVENTS,
        PORTS,
        "simulator.failures",
        f"{GUEST}.windows",
        "simulator.gateway",
        "simulator.faults",
        "simulator.faults.ways",
        "simulator.faults.seams",
        "simulator.faults.catalogue",
    ),
    "simulator.storage_ways": (
        EVENTS,
        PORTS,
        f"{JOBS}.documents",
        "simulator.account_rules",
        "simulator.parties",
        "simulator.state",
        "simulator.storage",
        "simulator.faults",
        "simulator.faults.work",
        "simulator.faults.ways",
    ),
    "simulator.faults.opening": (PORTS, "simulator.faults", "simulator.faults.faults"),
    "simulator.saved_worlds": (
        "controlplane.adapters",
        "simulator.failures",
        "simulator.state",
        "simulator.storage",
        "simulator.clock",
        f"{GUEST}.vss",
        "simulator.host",
        "filelock",
        "platformdirs",
    ),
    "simulator.explaining": (
        *RULES,
        PORTS,
        f"{JOBS}.documents",
        f"{GUEST}.vss",
        "simulator.failures",
    ),
    "simulator.control": (
        *RULES,
        PORTS,
        CAUSED,
        FABRIC_DOCUMENTS,
        VAULT,
        SIDE_THREADS,
        WRITER_HELD,
        CONTRACT,
        f"{JOBS}.engine",
        f"{JOBS}.retention",
        f"{JOBS}.vault_check",
        "controlplane.adapters",
        EDGE,
        "simulator.failures",
        "simulator.forecast_question",
        "simulator.forecasting",
        "simulator.pace",
        "simulator.clock",
        f"{GUEST}.disk",
        f"{GUEST}.machine",
        f"{GUEST}.workload",
        "simulator.explaining",
        "simulator.faults.faults",
        "simulator.handlers",
        "simulator.host",
        "simulator.lectern",
        "simulator.saved_worlds",
        "simulator.stories",
        SETTINGS,
        "fastapi",
        "pydantic",
        "starlette",
    ),
    "simulator.recorder": (EVENTS, CONTRACT, "simulator.client", "simulator.failures", "jinja2"),
    "simulator.dashboard": (
        ERRORS,
        EVENTS,
        "simulator.client",
        "simulator.failures",
        "simulator.recorder",
        "simulator.serving",
        "fastapi",
        "starlette",
    ),
    "simulator.side_by_side": (f"{ARM}.sign_in", "simulator.serving", "simulator.dashboard"),
    "simulator.backend": (
        COMPUTE,
        NETWORK,
        PORTS,
        "controlplane.adapters",
        EDGE,
        EVENTS,
        "simulator.client",
        "simulator.daily_work",
        "simulator.failures",
        "simulator.lectern.machines",
        "simulator.stories",
        "simulator.pace",
        "simulator.packages",
        "simulator.parties",
        "simulator.serving",
        "simulator.clock",
        f"{GUEST}.agent",
        f"{GUEST}.conditions",
        "simulator.faults",
        "simulator.faults.seams",
        "simulator.faults.machines",
        "simulator.faults.ways",
        "simulator.faults.faults",
        "simulator.handlers",
        "simulator.host",
        "simulator.control",
    ),
    "simulator.world": (
        PORTS,
        SETTINGS,
        EVENTS,
        f"{JOBS}.crash_recovery",
        f"{JOBS}.catalog",
        f"{JOBS}.timetable",
        "controlplane.adapters",
        f"{ARM}.sign_in",
        EDGE,
        f"{ARM}.app",
        "simulator.bounds",
        "simulator.daily_work",
        "simulator.failures",
        "simulator.pace",
        "simulator.packages",
        "simulator.parties",
        "simulator.serving",
        "simulator.side_by_side",
        "simulator.clock",
        "simulator.held_requests",
        f"{GUEST}.conditions",
        "simulator.faults.opening",
        "simulator.handlers",
        "simulator.faults.work",
        "simulator.faults.seams",
        "simulator.state",
        "simulator.storage",
        "simulator.storage_ways",
        "simulator.world_store",
        "simulator.saved_worlds",
        "simulator.backend",
        "cryptography",
    ),
    # It judges bytes, and knows neither side.
    "simulator.conformance.recording": (),
    "simulator.conformance.requirement": ("simulator.conformance.recording",),
    "simulator.conformance.views": ("simulator.conformance.recording",),
    "simulator.conformance.stage": ("simulator.conformance.recording",),
    "simulator.conformance.chapters": (
        "simulator.conformance.recording",
        "simulator.conformance.requirement",
        "simulator.conformance.views",
    ),
    "simulator.conformance": (
        "simulator.conformance.recording",
        "simulator.conformance.requirement",
        "simulator.conformance.views",
        "simulator.conformance.stage",
        "simulator.conformance.chapters",
    ),
    "simulator.command.chinese": (),
    "simulator.command.program": (),
    "simulator.command.texts": ("simulator.command.chinese", "simulator.command.program"),
    "simulator.command.options": ("simulator.command.texts", "typer"),
    "simulator.command.conforming": (
        "simulator.command.chinese",
        "simulator.command.texts",
        "simulator.command.options",
        "simulator.conformance.recording",
        "simulator.conformance.requirement",
        "simulator.conformance.views",
        "simulator.conformance",
        "simulator.handlers",
        "simulator.failures",
        "typer",
    ),
    "simulator.command.scenarios": (
        "simulator.command.texts",
        "simulator.command.options",
        "simulator.client",
        "simulator.clock",
        "simulator.failures",
        "simulator.state",
        "simulator.stories",
        "simulator.world",
        "rich",
        "typer",
    ),
    # The command knows a world by `build` and its client alone: not its host, guests, service or control API.
    # It begins as a program of its own in namespaces, with the standard library alone.
    "simulator.netns": (CONTRACT, "simulator.client", "simulator.failures"),
    "simulator.command": (
        CONTRACT,
        SETTINGS,
        "simulator.handlers",
        "simulator.command.chinese",
        "simulator.command.program",
        "simulator.command.texts",
        "simulator.command.options",
        "simulator.command.conforming",
        "simulator.command.scenarios",
        "simulator.bounds",
        "simulator.client",
        "simulator.daily_work",
        "simulator.failures",
        "simulator.forecast_question",
        "simulator.forecasting",
        "simulator.scenario_values",
        "simulator.scenario",
        "simulator.pace",
        "simulator.recorder",
        "simulator.start_spread",
        "simulator.netns",
        "simulator.packages",
        "simulator.saved_worlds",
        "simulator.clock",
        "simulator.state",
        "simulator.storage",
        "simulator.world",
        "filelock",
        "httpx",
        "rich",
        "typer",
    ),
    "simulator.__main__": ("simulator.command",),
    # The tests' side of a world is a client. Its process alone builds worlds; neither is loaded by what it tests.
    "simulator.testing.launcher": (),
    "simulator.testing.world_options": (
        CONTRACT,
        "simulator.daily_work",
        "simulator.failures",
        "simulator.handlers",
        "simulator.state",
        "simulator.pace",
        "simulator.start_spread",
        "simulator.clock",
        "simulator.world",
    ),
    "simulator.testing.worlds_process": (
        "simulator.failures",
        "simulator.handlers",
        "simulator.packages",
        "simulator.saved_worlds",
        "simulator.state",
        "simulator.storage",
        "simulator.world",
        "simulator.testing.world_options",
    ),
    "simulator.testing": (
        EVENTS,
        SETTINGS,
        CONTRACT,
        "simulator.client",
        "simulator.failures",
        "simulator.handlers",
        "simulator.packages",
        "simulator.saved_worlds",
        "simulator.scenario_values",
        "simulator.scenario",
        "simulator.recorder",
        "simulator.clock",
        "simulator.command",
        "simulator.testing.launcher",
        "simulator.testing.world_options",
        "httpx",
    ),
    "simulator.pytest_plugin": ("simulator.client", "simulator.failures", "simulator.testing", "httpx", "pytest"),
}
MODULES_AT_MOST = 25
"""In one folder: among more a newcomer searches."""
LONGEST_LINES = 551
"""No module is longer than the longest was when the house was last rebuilt."""
ONE_HOME = {
    "azure": {"azurite.py"},
    "sqlalchemy": {
        "database.py",
        "database_failures.py",
        "store.py",
        "schema.py",
        "sql_runs.py",
        "baseline.py",
        "runs.py",
        "event_schema.py",
    },
    "apsw": {"workload.py", "database.py"},
}
IMPURE = {"now", "utcnow", "today", "time", "sleep", "uuid4", "random", "open"}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only: they read as addresses"
            assert node.module
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if not inside(name, "__future__")]


def home(name: str) -> str | None:
    """The row of a module, or of what is imported from one; None outside the project."""
    return max((row for row in MAY_IMPORT if inside(name, row)), key=len, default=None)


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_come_only_from_the_floors_below(path: Path) -> None:
    own = home(module(path))
    assert own, "a module outside the layout"
    for name in imports(path):
        top = name.split(".")[0]
        allowed = (
            top in sys.stdlib_module_names or home(name) in {own, JSON, *MAY_IMPORT[own]} or top in MAY_IMPORT[own]
        )
        assert allowed, f"{module(path)} may not import {name}"


@pytest.mark.parametrize("row", MAY_IMPORT)
def test_a_row_names_only_rows_above_it(row: str) -> None:
    above = list(MAY_IMPORT)[: list(MAY_IMPORT).index(row)]
    assert [name for name in MAY_IMPORT[row] if name in MAY_IMPORT and name not in above] == []


def test_nothing_but_the_plugin_needs_pytest() -> None:
    users = {module(path) for path in FILES if any(inside(name, "pytest") for name in imports(path))}
    assert users == {"simulator.pytest_plugin"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert not [name for name in project["dependencies"] if name.startswith("pytest")]


def test_every_package_has_a_row_and_every_row_a_package() -> None:
    packages = {module(path) for path in FILES if path.name == "__init__.py"}
    assert packages - set(MAY_IMPORT) == set()
    assert set(MAY_IMPORT) - packages - {module(path) for path in FILES} - NAMESPACES == set()


FOLDERS = sorted(
    {
        path.parent
        for top in ("extension", "controlplane", "simulator", "docs", "tests/unit")
        for path in (ROOT / top).rglob("*.py")
    }
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= MODULES_AT_MOST


@pytest.mark.parametrize("path", FILES + OF_THE_DOCS, ids=module)
def test_no_module_outgrows_the_longest(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_LINES


@pytest.mark.parametrize("top", ["controlplane", "simulator"])
def test_json_has_one_home(top: str) -> None:
    definition = re.compile(r"^Json\b.*=", re.MULTILINE)
    defined = {
        module(path) for path in FILES if inside(module(path), top) and definition.search(path.read_text("utf-8"))
    }
    assert defined <= {JSON}


@pytest.mark.parametrize("library", ONE_HOME)
def test_each_library_has_one_home(library: str) -> None:
    users = {path.name for path in FILES if any(inside(name, library) for name in imports(path))}
    assert users <= ONE_HOME[library]


def test_the_simulator_never_imports_the_handler() -> None:
    strangers = [
        (module(path), name)
        for path in FILES
        if not inside(module(path), "extension")
        for name in imports(path)
        if inside(name, "extension") and not inside(name, CONTRACT)
    ]
    assert not strangers


@pytest.mark.parametrize("path", [path for path in FILES if inside(module(path), "controlplane.domain")], ids=module)
def test_the_domain_is_pure(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
    assert not names & IMPURE, f"pass it in instead: {names & IMPURE}"


@pytest.mark.parametrize("path", FILES + OF_THE_DOCS, ids=module)
def test_every_file_says_its_one_job(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
    assert first.endswith("."), "the first line of the module docstring is its one-sentence job"
