"""Every kind of event has its sentence, or is left out on purpose; every sentence can be filled."""

from __future__ import annotations

import inspect
from string import Formatter

import pytest

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import Event, Fact
from simulator.explaining import sentences
from simulator.explaining.sentences import RULES
from simulator.explaining.templates import LEFT_OUT, SENTENCES, TROUBLES

ADDED = {"count", "hresult_name", "tiers"}
"""Blanks that a sentence has beside the fields of its event."""
TEMPLATES = [(kind, template) for kind, shapes in SENTENCES.items() for template in shapes.values()]


def event(name: str, **data: object) -> Event:
    return Event(name, "guest", dict(data))


def test_every_kind_of_event_is_told_of_or_left_out() -> None:
    assert SENTENCES.keys() | LEFT_OUT == set(CATALOGUE.values())
    assert SENTENCES.keys() & LEFT_OUT == set()
    assert RULES.keys() | TROUBLES <= SENTENCES.keys()


@pytest.mark.parametrize(("kind", "template"), TEMPLATES, ids=[template[:50] for _, template in TEMPLATES])
def test_a_sentence_asks_for_nothing_that_its_event_has_not(kind: type[Fact], template: str) -> None:
    known = set(inspect.signature(kind).parameters)
    asked = {blank for _, blank, _, _ in Formatter().parse(template) if blank}
    assert asked <= known | ADDED


@pytest.mark.parametrize(
    ("told", "text", "is_trouble"),
    [
        (event("job.state", to="InProgress", operation="Backup"), "the service opened the job Backup", False),
        (event("job.state", to="Completed", errors=[]), "the job ended: Completed", False),
        (event("job.state", to="Failed", errors=["A", "B"]), "the job ended: Failed, with A, B", True),
        (event("job.state", to="Cancelling"), "the job was asked to stop", False),
        (event("task.state", task="Take Snapshot", to="Failed"), "the task Take Snapshot is Failed", True),
        (
            event("handler.command_ended", handler="H", verb="enable", exit_code=5),
            "the command enable of H ended with the exit code 5",
            True,
        ),
        (event("handler.command_ended", handler="H", verb="enable"), "the command enable of H was killed", True),
        (
            event("handler.command_ended", handler="H", verb="enable", exit_code=0),
            "the command enable of H ended well",
            False,
        ),
        (
            event("vss.writer", writer="W", step="Freeze", state="FAILED_AT_FREEZE", hresult="0x800423f3"),
            "the writer W failed at Freeze: FAILED_AT_FREEZE, 0x800423f3 VSS_E_WRITER_RETRYABLE",
            True,
        ),
        (
            event("vss.refused", hresult="0x80070005", message=""),
            "VSS made no snapshot set: 0x80070005 ACCESS_DENIED",
            True,
        ),
        (event("vss.refused", hresult="0x12345678"), "VSS made no snapshot set: 0x12345678 unnamed", True),
        (
            event("vss.thawed", held_milliseconds=12.3456, consistent=True, hresult="0x00000000"),
            "writes went on after 12.346 ms",
            False,
        ),
        (
            event("recovery_point.state", point="1", to="InstantAndVault", consistency="AppConsistent"),
            "the recovery point 1 is in InstantRP and HardenedRP",
            False,
        ),
        (
            event("recovery_point.state", point="1", to="Expired", consistency="AppConsistent"),
            "the recovery point 1 is in no tier any more",
            False,
        ),
        (
            event("snapshot.reported", task="t", code=1, consistency="AppConsistent", error_name="success"),
            "the handler reported snapshots that are AppConsistent, code 1",
            False,
        ),
        (
            event("snapshot.asked", task="t", retries=1),
            "the service gave the task t to the extension of the machine, which may now do without a freeze",
            False,
        ),
    ],
)
def test_an_event_is_told_in_its_shape(told: Event, text: str, is_trouble: bool) -> None:
    sentence = sentences.of(told)
    assert sentence is not None
    assert (sentence.text, sentence.is_trouble) == (text, is_trouble)


@pytest.mark.parametrize(
    "told",
    [
        event("transfer.progress", disk="d", done_bytes=1, total_bytes=2),
        event("bridge.session_closed", task_id="t", left_frozen=False),
        event("handler.status", handler="H", sequence_number=1),
        event("an event of a later release"),
    ],
    ids=lambda told: told.name,
)
def test_what_says_nothing_of_causes_is_left_out(told: Event) -> None:
    assert sentences.of(told) is None
