"""The events of a whole run are stories: each leads up to the one request or schedule that it follows from."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from controlplane.domain.events import machines, service
from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import ROOT, Belongs, Party
from tests.e2e.conftest import KeptDemo

ROOTS = {service.ArmRequest.NAME, service.ScheduleDue.NAME, service.RetentionDue.NAME}
SHORTEST: Mapping[str, int] = {
    # How many events stand above one of these at least: the layers that it has come through.
    service.JobState.NAME: 1,
    service.TaskState.NAME: 2,
    service.SnapshotAsked.NAME: 3,
    service.SnapshotReported.NAME: 4,
    service.SnapshotFound.NAME: 5,
    service.SnapshotJudged.NAME: 5,
    machines.GoalStatePublished.NAME: 1,
    machines.AgentGoalState.NAME: 2,
    machines.CommandStarted.NAME: 3,
    machines.SessionOpened.NAME: 7,
    machines.FreezeAsked.NAME: 8,
    machines.WriterState.NAME: 8,
    machines.VssFrozen.NAME: 9,
    machines.ThawAsked.NAME: 10,
    machines.VssThawed.NAME: 11,
}


Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def told(kept_demo: KeptDemo) -> dict[int, Row]:
    """Every event of the run, by id."""
    with sqlite3.connect(kept_demo.folder / "store.db") as store:
        store.row_factory = sqlite3.Row
        rows = store.execute("SELECT id, name, party, vm, job, parent, time FROM events ORDER BY id").fetchall()
    return {row["id"]: dict(row) for row in rows}


def above(event: Row, told: Mapping[int, Row]) -> Iterator[Row]:
    """The events that this one follows from, nearest first."""
    while event["parent"] is not None:
        event = told[event["parent"]]
        yield event


def test_every_event_but_a_request_or_a_schedule_follows_from_another(told: dict[int, Row]) -> None:
    orphans = [event for event in told.values() if event["name"] not in ROOTS and event["parent"] not in told]
    assert orphans == []
    assert [event for event in told.values() if event["parent"] is not None and event["parent"] >= event["id"]] == []


def test_every_event_of_a_job_leads_up_to_one_request_or_schedule(told: dict[int, Row]) -> None:
    of_jobs = [event for event in told.values() if event["job"]]
    assert len({event["job"] for event in of_jobs}) >= 4
    for event in of_jobs:
        way = list(above(event, told))
        assert [each["name"] for each in way if each["name"] in ROOTS] == [way[-1]["name"]], event


def test_no_event_follows_from_one_of_another_job(told: dict[int, Row]) -> None:
    strangers = [
        event for event in told.values() for each in above(event, told) if each["job"] not in (None, event["job"])
    ]
    assert strangers == []


def test_two_jobs_share_nothing_below_their_requests(told: dict[int, Row]) -> None:
    owners: dict[int, set[str]] = {}
    for event in told.values():
        if event["job"]:
            for each in (event, *above(event, told)):
                owners.setdefault(each["id"], set()).add(event["job"])
    assert [told[id] for id, jobs in owners.items() if len(jobs) > 1] == []


def test_no_way_up_is_shorter_than_its_layers(told: dict[int, Row]) -> None:
    seen = Counter(event["name"] for event in told.values())
    assert [name for name in SHORTEST if not seen[name]] == []
    short = [
        event
        for event in told.values()
        if event["name"] in SHORTEST and len(list(above(event, told))) < SHORTEST[event["name"]]
    ]
    assert short == []


def test_every_parent_is_one_that_the_catalogue_allows(told: dict[int, Row]) -> None:
    pairs = {(told[event["parent"]]["name"] if event["parent"] else ROOT, event["name"]) for event in told.values()}
    assert [(parent, name) for parent, name in pairs if parent not in CATALOGUE[name].PARENTS] == []


def test_every_event_has_the_job_and_the_machine_that_the_catalogue_says(told: dict[int, Row]) -> None:
    for event in told.values():
        kind = CATALOGUE[event["name"]]
        for how, value in ((kind.JOB, event["job"]), (kind.VM, event["vm"])):
            assert how is Belongs.SOMETIMES or (value is not None) == (how is Belongs.ALWAYS), event
        assert event["party"] == kind.PARTY


def test_a_backup_is_told_by_everybody_who_takes_part(told: dict[int, Row]) -> None:
    backups = {event["job"] for event in told.values() if event["name"] == service.SnapshotAsked.NAME}
    assert len(backups) == 2
    for job in backups:
        parties = {event["party"] for event in told.values() if event["job"] == job}
        assert parties == {Party.SERVICE, Party.HOST, Party.AGENT, Party.GUEST}
