"""What can be set, what is refused and why, when and where it acts, and what outlives a restart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from controlplane.domain.events import machines as events
from controlplane.domain.events.catalogue import CATALOGUE as EVENTS
from controlplane.domain.events.event import Event
from controlplane.port_wrappers import StoreWrapper
from controlplane.ports import Document, StoreFull
from simulator.failures import WrongUse
from simulator.faults.board import Board
from simulator.faults.catalogue import CATALOGUE
from simulator.faults.faults import SEAMS, Faults, NoSuchFault, kept
from simulator.faults.seam import Seam
from simulator.faults.seams.agent import HandlerCommandSeam
from simulator.faults.seams.arm import ArmAnswerSeam
from tests.unit.simulator.faults.fault_setting import SQL01, WEB01, FaultSetting

SEAM = ArmAnswerSeam.NAME
INSTALL = {"vm": SQL01, "operation": "install Microsoft.Azure.RecoveryServices.VMSnapshot"}


def acts(world: FaultSetting, attempts: int, **facts: str) -> list[int]:
    """Which of so many attempts were hit, from 1 on."""
    return [number for number in range(1, attempts + 1) if world.board.match(SEAM, facts) is not None]


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"nth": 3}, [3]),
        ({"first": 2}, [2, 3, 4, 5]),
        ({"first": 2, "last": 3}, [2, 3]),
        ({"last": 1}, [1]),
    ],
)
def test_attempts_are_counted_from_its_being_set(when: Mapping[str, object], hit: list[int]) -> None:
    world = FaultSetting()
    world.faults.set({"fault": "arm-throttled", "when": when})
    assert acts(world, 5) == hit
    (shown,) = world.faults.standing()
    assert (shown["attempts"], shown["hits"]) == (5, len(hit))


def test_chance_is_that_of_the_world_s_seed() -> None:
    first, again = FaultSetting(), FaultSetting()
    for world in (first, again):
        world.faults.set({"fault": "arm-throttled", "when": {"probability": 0.5}})
    hit = acts(first, 60)
    assert hit == acts(again, 60)
    assert 10 < len(hit) < 50


def test_a_place_is_named_by_an_id_by_its_end_or_by_a_pattern() -> None:
    world = FaultSetting()
    for vm in ("SQL01", SQL01, "*/sql*", "sql*", "?ql01"):
        world.faults.set({"fault": "handler-install-fails", "where": {"vm": vm}})
        assert world.board.match(HandlerCommandSeam.NAME, {**INSTALL, "vm": WEB01}) is None
        assert world.board.match(HandlerCommandSeam.NAME, {**INSTALL, "operation": "enable X"}) is None
        assert world.board.match(HandlerCommandSeam.NAME, INSTALL) is not None
        world.faults.clear([], everything=True)


def test_it_acts_between_two_world_times_and_is_shown_as_ended_then() -> None:
    world = FaultSetting()
    at = {"after": "2026-03-01T09:00:00Z", "before": "2026-03-01T10:00:00Z"}
    world.faults.set({"fault": "arm-throttled", "when": at})
    seen = []
    for _ in range(3):
        seen.append((acts(world, 1), world.faults.standing()[0]["status"]))
        world.clock.jump(3600)
    assert seen == [([], "set"), ([1], "set"), ([], "ended")]


def test_for_a_duration_means_from_now_on() -> None:
    world = FaultSetting()
    told = world.faults.set({"fault": "arm-throttled", "when": {"for_seconds": 3600}})
    assert told["when"]["before"] == "2026-03-01T09:00:00+00:00"


def test_what_is_set_outlives_a_restart_with_its_counts() -> None:
    world = FaultSetting()
    world.faults.set({"fault": "arm-throttled", "where": {"operation": "PUT *"}, "when": {"nth": 3}})
    world.board.match(SEAM, {"operation": "PUT Microsoft.Compute/disks"})
    world.begin()
    world.board.match(SEAM, {"operation": "PUT Microsoft.Compute/disks"})
    world.begin()
    assert acts(world, 2, operation="PUT Microsoft.Compute/disks") == [1], "the third of all"
    (shown,) = world.faults.standing()
    assert (shown["number"], shown["attempts"], shown["hits"]) == (1, 4, 1)
    (hit,) = world.faults.hits()
    assert (hit["fault"], hit["facts"]) == ("arm-throttled", {"operation": "PUT Microsoft.Compute/disks"})


def test_what_is_cleared_acts_no_more_and_its_number_is_not_used_again() -> None:
    world = FaultSetting()
    for _ in range(2):
        world.faults.set({"fault": "arm-throttled"})
    world.faults.set({"fault": "arm-unavailable"})
    assert [each["number"] for each in world.faults.clear(["arm-throttled"])] == [1, 2]
    assert [each["number"] for each in world.faults.clear(["3"])] == [3]
    assert acts(world, 1) == []
    assert world.faults.set({"fault": "arm-throttled"})["number"] == 4


def test_nothing_is_asked_or_written_where_nothing_is_set() -> None:
    world = FaultSetting()
    world.faults.set({"fault": "vault-full"})
    before = len(world.store.events())
    assert acts(world, 3) == []
    assert len(world.store.events()) == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"fault": "arm-throtled"}, "did you mean arm-throttled?"),
        ({"fault": "arm-throttled", "wher": {}}, "did you mean where?"),
        ({"fault": "arm-throttled", "where": {"vn": "x"}}, "did you mean vm?"),
        ({"fault": "arm-throttled", "where": {"party": "x"}}, "does not know party; it can be told by"),
        ({"fault": "arm-throttled", "where": {"vm": 5}}, "is no name"),
        ({"fault": "arm-throttled", "where": []}, "where of a fault is a JSON object"),
        ({"fault": "arm-throttled", "when": {"nht": 1}}, "did you mean nth?"),
        ({"fault": "arm-throttled", "when": {"nth": 0}}, "counts attempts from 1 on"),
        ({"fault": "arm-throttled", "when": {"nth": 1, "last": 2}}, "do not go with it"),
        ({"fault": "arm-throttled", "when": {"first": 3, "last": 2}}, "before the first"),
        ({"fault": "arm-throttled", "when": {"before": "2020-01-01T00:00:00Z"}}, "before it begins"),
        ({"fault": "arm-throttled", "when": {"after": "soon"}}, "is an instant like"),
        ({"fault": "arm-throttled", "when": {"probability": 2}}, "at most 1"),
        ({"fault": "arm-throttled", "parameters": {"statsu": 500}}, "did you mean status?"),
        ({"fault": "arm-throttled", "parameters": {"status": 200}}, "is from 400 to 599"),
        ({"fault": "arm-throttled", "parameters": {"status": "many"}}, "is a number"),
        ({"fault": "arm-throttled", "parameters": {"is_done": 1}}, "is true or false"),
        ({"fault": "vault-full", "parameters": {"answer": "ServerBsy"}}, "did you mean ServerBusy?"),
        (
            {"fault": "vault-full", "where": {"job": "Backpu"}},
            "the service has no kind of job Backpu; did you mean Backup?",
        ),
        ({"fault": "vss-provider-veto", "parameters": {"hresult": "PROVIDER_VET"}}, "did you mean PROVIDER_VETO?"),
        ({"fault": "agent-stopped", "when": {"nth": 2}}, "is a state and has no attempts"),
        ({"fault": "agent-stopped", "parameters": {"x": 1}}, "agent-stopped takes no parameter, so not x"),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_is_set(asked: Mapping[str, object], said: str) -> None:
    world = FaultSetting()
    with pytest.raises((WrongUse, NoSuchFault)) as refused:
        world.faults.set(asked)
    assert said in str(refused.value)
    assert world.faults.standing() == []
    assert world.store.events() == []


def test_what_somebody_typed_is_read_as_the_parameter_is() -> None:
    world = FaultSetting()
    typed = {"status": "503", "is_done": "true", "code": "7"}
    told = world.faults.set({"fault": "arm-throttled", "parameters": typed})
    assert told["parameters"] == {"status": 503, "is_done": True, "code": "7"}
    told = world.faults.set({"fault": "vss-provider-veto", "parameters": {"hresult": "0x8004230F"}})
    assert told["parameters"] == {"hresult": "UNEXPECTED_PROVIDER_ERROR"}


def test_a_machine_that_is_not_there_yet_is_told_and_no_reason_to_refuse() -> None:
    world = FaultSetting()
    assert world.faults.set({"fault": "agent-stopped", "where": {"vm": "sql01"}})["problem"] == (
        "there is no virtual machine sql01 yet"
    )
    body = {"id": SQL01, "properties": {"storageProfile": {"osDisk": {"osType": "Linux"}}}}
    world.store.put("microsoft.compute/virtualmachines", SQL01, body)
    assert world.faults.standing()[0]["problem"] is None
    told = world.faults.set({"fault": "vss-writer-times-out", "where": {"vm": "sql01"}})
    assert told["problem"] == "sql01 runs Linux, which has no VSS writers"
    told = world.faults.set({"fault": "msdtc-service-disabled", "where": {"vm": "sql*"}})
    assert told["problem"] == "sql* runs Linux, which has no service MSDTC"
    told = world.faults.set({"fault": "agent-stopped", "where": {"vm": "web*"}})
    assert told["problem"] == "there is no virtual machine web* yet"


def test_a_vault_that_is_not_there_yet_is_told() -> None:
    world = FaultSetting()
    asked = {"fault": "vault-full", "where": {"vault": "vault01", "job": "back*"}}
    assert world.faults.set(asked)["problem"] == "there is no vault vault01 yet"
    id = f"{SQL01.partition('/providers/')[0]}/providers/Microsoft.RecoveryServices/vaults/vault01"
    world.store.put("microsoft.recoveryservices/vaults", id, {"id": id})
    assert world.faults.standing()[0]["problem"] is None


def test_a_dry_run_tells_what_of_the_last_hour_it_would_have_hit_and_sets_nothing() -> None:
    world = FaultSetting()
    for vm, verb in ((SQL01, "install"), (SQL01, "enable"), (WEB01, "install")):
        world.store.record(events.CommandStarted("Microsoft.X", "1.0", verb, 0).event(vm=vm))
    asked = {"fault": "handler-install-fails", "where": {"vm": "sql01"}}
    told = world.faults.set(asked, dry_run=True)
    assert [each["event"] for each in told["would_have_hit"]] == [1]
    assert world.faults.standing() == []
    again = world.faults.set({**asked, "when": {"nth": 2}}, dry_run=True)
    assert again["would_have_hit"] == []
    world.clock.jump(2 * 3600)
    assert world.faults.set(asked, dry_run=True)["would_have_hit"] == []
    for vm in (SQL01, *[WEB01] * 2500, SQL01):
        world.store.record(events.CommandStarted("Microsoft.X", "1.0", "install", 0).event(vm=vm))
    assert [each["event"] for each in world.faults.set(asked, dry_run=True)["would_have_hit"]] == [4, 2505]
    world.clock.jump(1800)
    world.store.record(events.CommandStarted("Microsoft.X", "1.0", "install", 0).event(vm=SQL01))
    assert [each["event"] for each in world.faults.set(asked, dry_run=True)["would_have_hit"]] == [4, 2505, 2506]
    world.clock.jump(1900)
    assert [each["event"] for each in world.faults.set(asked, dry_run=True)["would_have_hit"]] == [2506]
    untold = world.faults.set({"fault": "vault-full"}, dry_run=True)
    assert untold["would_have_hit"] is None, "the journal tells nothing of requests to the storage"


def test_a_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    world = FaultSetting()
    world.faults.set({"fault": "vault-full"})
    for name in ("arm-throttled", "arm-unavailable"):
        file = tmp_path / name
        file.write_text(json.dumps([{"fault": name}]))
        world.faults.set_by_file(file)
    assert [each["fault"] for each in world.faults.standing()] == ["vault-full", "arm-unavailable"]


@pytest.mark.parametrize("content", ["{}", "[1]", "no JSON", "[" * 100_000])
def test_a_file_that_is_no_list_of_faults_changes_nothing(tmp_path: Path, content: str) -> None:
    world = FaultSetting()
    (tmp_path / "faults.json").write_text(content)
    with pytest.raises(WrongUse, match="holds no list of faults"):
        world.faults.set_by_file(tmp_path / "faults.json")


def test_every_fault_can_be_set_and_kept() -> None:
    world = FaultSetting()
    for name in CATALOGUE:
        world.faults.set({"fault": name})
    before = world.faults.standing()
    world.begin()
    assert world.faults.standing() == before
    assert [each["fault"] for each in before] == list(CATALOGUE)


def test_each_fault_has_a_seam_of_its_own_class_and_no_other_row_is_the_same() -> None:
    assert {each.seam for each in CATALOGUE.values()} <= set(SEAMS)
    assert len(set(SEAMS.values())) == len(SEAMS)
    rows = [(each.seam, str(each.values({})), str(each.where)) for each in CATALOGUE.values()]
    assert len(set(rows)) == len(rows)


FOLLOWED = [(seam, name) for seam in SEAMS.values() for name in seam.FOLLOWS]


@pytest.mark.parametrize(("seam", "name"), FOLLOWED, ids=[f"{seam.NAME} {name}" for seam, name in FOLLOWED])
def test_what_a_seam_reads_of_an_event_is_in_the_catalogue_of_events(seam: type[Seam], name: str) -> None:
    kind: type[Any] = EVENTS[name]
    data = dict.fromkeys((each.name for each in fields(kind)), "GET x")
    told = seam.FOLLOWS[name](Event(name, kind.PARTY, data, SQL01))
    assert set(told) <= seam.PLACES


class FullStore(StoreWrapper):
    """It takes documents no more once it is full."""

    is_full = False

    def put(self, *given: Any, **named: Any) -> Document:
        if self.is_full:
            raise StoreFull("no room")
        return super().put(*given, **named)


def test_what_the_store_does_not_take_is_neither_set_nor_cleared() -> None:
    world = FaultSetting()
    store = FullStore(world.store)
    board = Board(store, world.clock, 7, kept)
    faults = Faults(board, store, world.clock)
    faults.set({"fault": "arm-throttled"})
    store.is_full = True
    with pytest.raises(StoreFull):
        faults.set({"fault": "arm-throttled"})
    with pytest.raises(StoreFull):
        board.clear()
    store.is_full = False
    assert [each.number for each in board.settings] == [1]
    assert board.match(SEAM, {"operation": "GET x"}) is not None
    faults.set({"fault": "arm-throttled"})
    assert [each.number for each in board.settings] == [1, 2]


def test_a_fault_that_this_release_does_not_have_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    world = FaultSetting()
    world.faults.set({"fault": "arm-throttled"})
    document = world.store.get("world", "faults")
    assert document is not None
    (setting,) = document.json()["settings"]
    without = setting | {"parameters": {"exit_code": 5}}
    kept_settings = [setting | {"fault": "of-long-ago"}, without, setting]
    world.store.put("world", "faults", {"next": 3, "settings": kept_settings})
    world.begin()
    assert [each["fault"] for each in world.faults.standing()] == ["arm-throttled"]
    assert "of-long-ago" in caplog.text
    assert "arm-throttled has no parameter exit_code" in caplog.text
