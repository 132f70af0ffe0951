"""A world knows better than a handler's report: each flawed handler is seen for what it does, and for nothing else."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane.json_object import Json
from controlplane.service_settings import OrderedExtension, ServiceSettings
from simulator.client import Client
from simulator.handlers.sources import HandlerSource
from simulator.scenario import Scenario
from simulator.scenario_values import JobFailed, ProtectedItem
from simulator.world import Config, build
from tests import flawed_handlers
from tests.e2e.conftest import backupsim
from tests.flawed_handlers import FLAWS, HANGS, MOST_LINES, NAME, PYTHON, Flaw, written

OF_FLAWS = 4
"""In the default lane one flaw in so many is tried; with `--all` each is."""
ORDERED = OrderedExtension("Contoso.Backup", "PythonSnapshot", "1.0")


@dataclass
class Laboratory:
    """A world with a machine, for which one handler after another is published as a newer version."""

    client: Client
    scenario: Scenario
    item: ProtectedItem
    folder: Path
    version: int = 1

    def back_up_with(self, package: Path) -> tuple[str, str]:
        """Status and id of the job."""
        self.version += 1
        self.client.sim("POST", "/handlers/publish", {"path": str(package), "version": f"1.{self.version}.0.0"})
        try:
            job = self.scenario.back_up(self.item)
        except JobFailed as failed:
            job = failed.job
        return job.status, job.id

    def broken(self, job: str) -> list[Json]:
        answer = self.client.sim("GET", "/handlers/broken", job=job)
        assert answer["looked"]
        broken: list[Json] = answer["broken"]
        return broken


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("flawed")
    config = Config(
        folder / "world",
        handlers=(HandlerSource(PYTHON),),
        windows_extension=ORDERED,
        settings=ServiceSettings(report_grace_seconds=3),  # a busy machine has a report late
        on_demand_backups_per_day=0,
        workload_rate=0,
        scheduled=False,
    )
    with ExitStack() as stack:
        world = stack.enter_context(build(config))
        client = stack.enter_context(Client(world.endpoints))
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine(data_disk_gib=(1,)))
        yield Laboratory(client, scenario, item, folder)


def test_the_handler_from_which_they_differ_breaks_no_rule(laboratory: Laboratory) -> None:
    status, job = laboratory.back_up_with(PYTHON)
    assert (status, laboratory.broken(job)) == ("Completed", [])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if place % OF_FLAWS else []) for place, name in enumerate(FLAWS)],
)
def test_a_flawed_handler_breaks_its_rule_and_no_other(laboratory: Laboratory, name: str) -> None:
    flaw = FLAWS[name]
    status, job = laboratory.back_up_with(written(flaw, laboratory.folder / name))
    broken = laboratory.broken(job)
    assert ([each["rule"] for each in broken], status) == ([flaw.rule], flaw.job)
    events = laboratory.client.sim("GET", "/events", job=job, limit="1000")["events"]
    (told,) = [event for event in events if event["name"] == "handler.rule_broken"]
    (asked,) = [event for event in events if event["name"] == "snapshot.asked"]
    assert told["parent"] == asked["id"]
    assert "sig=" not in str(events)
    told_of_job = laboratory.client.sim("GET", "/explain", None, of=job)
    assert [(each["rule"], each["detail"]) for each in told_of_job["rules"]] == [
        (each["rule"], each["detail"]) for each in broken
    ]
    if status == "Completed":
        verdict = laboratory.scenario.verify(laboratory.scenario.recovery_points(laboratory.item)[-1])
        (check,) = [check for check in verdict.checks if check.name == "the handler did as it reported"]
        assert (check.passed, verdict.outcome) == (False, "failed")
        assert check.detail.startswith(f"{flaw.rule}: ")


@pytest.mark.parametrize("flaw", [*FLAWS.values(), HANGS], ids=lambda flaw: flaw.what)
def test_a_flawed_handler_differs_in_a_few_lines(flaw: Flaw) -> None:
    before, after = (PYTHON / "handler.py").read_text().splitlines(), flaw.program().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert 0 < len(changed) <= MOST_LINES
    assert flawed_handlers.NAME == NAME
    compile(flaw.program(), "handler.py", "exec")


@pytest.mark.slow
def test_the_demo_is_not_passed_with_a_handler_that_lies(tmp_path: Path) -> None:
    package = written(FLAWS["claims-without-freezing"], tmp_path / "package")
    extension = f"{NAME}:1.0"
    done = backupsim("demo", "--handler", str(package), "--windows-extension", extension, "--lang", "zh-cn")
    assert done.returncode == 1
    assert "freeze：报告声称 AppConsistent，但来宾未被冻结" in done.stdout


@pytest.mark.slow
def test_who_waits_for_a_handler_that_hangs_is_told_within_seconds(tmp_path: Path) -> None:
    told: list[Json] = []
    config = Config(
        tmp_path / "world",
        handlers=(HandlerSource(written(HANGS, tmp_path / "package")),),
        windows_extension=ORDERED,
        snapshot_timeout_seconds=15,
        workload_rate=0,
        scheduled=False,
    )
    with build(config) as world, Client(world.endpoints, on_silence=told.append) as client:
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine(data_disk_gib=()))
        with pytest.raises(JobFailed):
            scenario.back_up(item)
        events = client.sim("GET", "/events", limit="10000")["events"]
        logs = client.sim("GET", "/handlers/logs", vm="sql01")
    assert f"runs enable of {NAME}" in told[0]["works"]
    assert told[0]["seconds"] >= 5
    assert [event for event in events if event["name"] == "handler.silent" and "runs enable" in event["data"]["works"]]
    assert [each["verb"] for each in logs["commands"]] == ["install"]
