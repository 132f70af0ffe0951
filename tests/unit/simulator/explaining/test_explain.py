"""Jobs and recovery points explained: what failed and what helps; why a point has its consistency; and wrong names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from controlplane.domain.events import machines, service
from controlplane.domain.events.event import Event, Fact, Names
from controlplane.domain.events.handlers import HandlerRuleBroken
from controlplane.domain.recovery_services.recovery_point import Machine, RecoveryPoint
from controlplane.json_object import Json
from controlplane.port_wrappers import StoreWrapper
from extension.contract.codes import Code
from simulator.explaining import points, rules
from simulator.explaining.explain import NothingToExplain, explain
from simulator.failures import WrongUse
from simulator.host.handler_rules import RULES
from tests.unit.controlplane.adapters.scripted_fabric import fails
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.recovery_services.test_arm_immutability import add_protected_machine, back_up

SCHEMA = json.loads((Path(__file__).parents[4] / "docs/schemas/explain.schema.json").read_text(encoding="utf-8"))
TIME = datetime(2026, 11, 30, tzinfo=UTC)
MACHINE = Machine("sql01", "s", "Windows", "westus", True, ())
POINT = RecoveryPoint("1", ITEM, "j", "t_1", TIME, TIME, "AppConsistent", MACHINE, ())
NO_ERROR, FAILED = "0x00000000", "0x800423f4"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        add_protected_machine(world)
        yield world


def of(world: ArmWorld, name: str) -> Json:
    told = explain(world.ports.store, name, world.ports.clock.now())
    jsonschema.validate(told, SCHEMA)
    return told


def last_job(world: ArmWorld) -> str:
    jobs = world.get(f"{VAULT}/backupJobs", **{"$filter": "operation eq 'Backup'"})["value"]
    return str(jobs[0]["name"])


def test_a_job_that_completed(world: ArmWorld) -> None:
    back_up(world)
    told = of(world, last_job(world))
    assert (told["kind"], told["operation"], told["machine"]) == ("job", "Backup", "Sql01")
    assert (told["vault"], told["status"], told["failures"]) == ("Vault01", "Completed", [])
    texts = [line["text"] for line in told["story"]]
    assert "asked Resource Manager for POST" in texts[0]
    assert texts[1] == "the service opened the job Backup"
    assert "the service judged the snapshots to be AppConsistent" in texts
    assert "the job ended: Completed" in texts
    ids = {line["event"] for line in told["story"]}
    assert all(line["parent"] in ids for line in told["story"][1:2]), "who asked is part of the story"


def test_a_job_that_failed_says_what_where_and_what_helps(world: ArmWorld) -> None:
    world.fabric.script.append(fails(Code.FailedSnapshotLimitReached))
    back_up(world)
    told = of(world, last_job(world))
    (failure,) = told["failures"]
    assert told["status"] == "Failed"
    assert failure["code"] == "ExtensionFailedSnapshotLimitReachedError"
    assert failure["task"] == "Take Snapshot"
    assert any("the handler reported FailedSnapshotLimitReached" in where for where in failure["where"])
    assert failure["remedies"]
    (error,) = world.get(f"{VAULT}/backupJobs/{told['name']}")["properties"]["errorDetails"]
    assert (failure["message"], failure["remedies"]) == (error["errorString"], error["recommendations"])


def test_a_point_tells_the_story_of_its_job(world: ArmWorld) -> None:
    back_up(world)
    (body,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    told = of(world, body["name"])
    assert told == of(world, body["id"]), "by its ARM id as by its name"
    assert (told["kind"], told["consistency"], told["tiers"]) == (
        "recovery_point",
        "AppConsistent",
        ["InstantRP", "HardenedRP"],
    )
    assert told["job"] == last_job(world)
    assert f"the recovery point {body['name']} is in InstantRP" in [line["text"] for line in told["story"]]


class CountedStore(StoreWrapper):
    """Counts the events that are read."""

    events_read = 0

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        page = super().events(since, limit=limit, job=job, of=of)
        self.events_read += len(page)
        return page


def test_what_a_long_journal_tells_of_others_is_not_read() -> None:
    with arm_world(catalogued=False) as world:
        add_protected_machine(world)
        back_up(world)
        (body,) = world.get(f"{ITEM}/recoveryPoints")["value"]
        store = world.ports.store
        with store.transaction():
            for _ in range(10_000):
                store.record(machines.AgentGoalState(1).event(vm=VM))
            for point in ("another", body["name"]):
                store.record(service.RecoveryPointLost(point, "InstantRP", ["a disk"]).event())
        for name in (body["name"], last_job(world)):
            counted = CountedStore(store)
            story = explain(counted, name, TIME)["story"]
            assert counted.events_read < 100
            lost = [line for line in story if line["name"] == service.RecoveryPointLost.NAME]
            assert len(lost) == (name == body["name"])


def test_a_wrong_name_says_where_to_look(world: ArmWorld) -> None:
    with pytest.raises(NothingToExplain, match="no job, recovery point or vault x exists in this world"):
        of(world, "x")
    with pytest.raises(NothingToExplain):
        of(world, f"{VAULT}x")


def test_a_name_that_means_two_things_is_refused(world: ArmWorld) -> None:
    other = f"{SUBSCRIPTION}/resourceGroups/other"
    world.put(other, {"location": "westus"})
    path = VAULT.replace(GROUP, other)
    world.put(path, {"location": "westus", "sku": {"name": "Standard"}, "properties": {}})
    with pytest.raises(WrongUse, match="name one by its ARM id"):
        of(world, "vault01")
    assert of(world, path)["id"] == path


def events(*facts: Fact) -> list[Event]:
    return [replace(fact.event(), id=number) for number, fact in enumerate(facts, start=1)]


ASKED = service.SnapshotAsked("t_1", 0)
OPENED = machines.SessionOpened("t_1")
WITH_WRITERS, WITHOUT = machines.FreezeAsked("t_1", 10.0, True), machines.FreezeAsked("t_1", 10.0, False)
THAWED = machines.VssThawed("t_1", True, True, 12.4, NO_ERROR, "")


@pytest.mark.parametrize(
    ("consistency", "facts", "expected"),
    [
        (
            "AppConsistent",
            (WITH_WRITERS, machines.VssFrozen("t_1", True, "x"), THAWED),
            ["all writers were frozen, and VSS held all writes for 12 ms while the snapshots were taken"],
        ),
        (
            "AppConsistent",
            (OPENED, machines.FileSystemsFrozen("t_1", "x")),
            ["the scripts of sql01 brought its programs to rest while the snapshots were taken"],
        ),
        (
            "FileSystemConsistent",
            (
                WITH_WRITERS,
                machines.WriterState("t_1", "Good Writer", "Freeze", "S", NO_ERROR),
                machines.WriterState("t_1", "Bad Writer", "Freeze", "FAILED_AT_FREEZE", FAILED),
                WITHOUT,
                machines.VssFrozen("t_1", False, "x"),
            ),
            [
                "the writer Bad Writer failed at Freeze: FAILED_AT_FREEZE, 0x800423f4 VSS_E_WRITER_NON_RETRYABLE",
                "VSS held all writes without the writers, so no program could bring its files in order",
            ],
        ),
        (
            "FileSystemConsistent",
            (WITHOUT, machines.FileSystemsFrozen("t_1", "x")),
            ["the file systems were frozen, and no scripts told the programs in the guest of it"],
        ),
        (
            "CrashConsistent",
            (
                service.SnapshotJudged("t_0", error="ExtensionSnapshotFailedCOM"),
                WITH_WRITERS,
                machines.VssRefused("t_1", "0x80042302", ""),
            ),
            [
                "the attempt t_0 had failed with ExtensionSnapshotFailedCOM",
                "VSS made no snapshot set: 0x80042302 VSS_E_UNEXPECTED",
                "the guest ran on while the snapshots were taken",
            ],
        ),
        ("AppConsistent", (), ["the journal no longer tells what happened in the guest"]),
        (
            "AppConsistent",
            (ASKED, OPENED, HandlerRuleBroken("t_1", "freeze", "the guest was not frozen")),
            ["the handler reported it, and the service believes reports", "the guest was not frozen"],
        ),
        (
            "AppConsistent",
            (ASKED, OPENED, HandlerRuleBroken("t_0", "freeze", "the guest was not frozen")),
            ["the scripts of sql01 brought its programs to rest while the snapshots were taken"],
        ),
    ],
)
def test_why_a_point_has_its_consistency(consistency: str, facts: tuple[Fact, ...], expected: list[str]) -> None:
    assert points.why(replace(POINT, consistency=consistency), events(*facts)) == expected


def test_why_a_point_of_a_machine_that_was_off_is_crash_consistent() -> None:
    (reason,) = points.why(replace(POINT, task_id="", consistency="CrashConsistent"), [])
    assert reason.startswith("the machine did not run")


def test_the_rules_that_a_handler_broke() -> None:
    found = events(ASKED, HandlerRuleBroken("t_1", "thaw", "left"), HandlerRuleBroken("t_0", "freeze", "not frozen"))
    told = [(each["rule"], each["detail"]) for each in rules.of(found) or ()]
    assert told == [("thaw", "left"), ("freeze", "not frozen")]
    assert [each["rule"] for each in rules.of(found, "t_1") or ()] == ["thaw"]
    assert rules.of(events(ASKED)) == []
    assert rules.of(events(OPENED)) is None, "nobody asked a handler"


def test_each_rule_has_its_consequence() -> None:
    assert list(rules.CONSEQUENCES) == list(RULES)
    assert SCHEMA["$defs"]["rule"]["properties"]["rule"]["enum"] == list(RULES)
