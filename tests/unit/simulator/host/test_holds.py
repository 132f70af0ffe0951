"""Who holds world time, until when, and who is told of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

import pytest

from simulator.host.holds import SILENT_SECONDS, Holds
from tests.patience import PATIENCE_SECONDS
from tests.virtual_clock import VirtualClock

REAL_START = datetime(2025, 8, 9, 10, 11, tzinfo=UTC)
NOW = datetime(2031, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class Worker:
    name: str = "sql01"
    longest_silence_seconds: float = 0.0
    works: list[str] = field(default_factory=list)
    end: datetime | None = None

    def works_on(self) -> list[str]:
        return self.works

    def gives_up_at(self) -> datetime | None:
        return self.end


class Watched:
    """Holds with a worker, and what was told of them."""

    def __init__(self, real_time: VirtualClock) -> None:
        self.real_time = real_time
        self.holds = Holds(real_time, 30.0)
        self.worker = Worker()
        self.told: list[str] = []
        self.holds.watch(lambda: self.told.append("taken"), lambda: self.told.append("changed"))

    def works(self, *works: str) -> None:
        self.worker.works = list(works)
        self.holds.update(self.worker)

    def lapsed(self, after_seconds: float) -> list[tuple[str, ...]]:
        self.real_time.jump(after_seconds)
        return [each.works for each in self.holds.lapse()]

    def told_since(self) -> list[str]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def watched() -> Iterator[Watched]:
    with closing(VirtualClock(REAL_START)) as real_time:
        yield Watched(real_time)


def test_nobody_holds_at_first(watched: Watched) -> None:
    assert watched.holds.holders() == []
    assert watched.holds.next_deadline(NOW) is None


def test_who_works_holds_and_is_named_with_its_work(watched: Watched) -> None:
    watched.works("boots", "is looked at")
    assert watched.holds.holders() == ["sql01: boots, is looked at"]
    watched.works()
    assert watched.holds.holders() == []


def test_it_is_told_when_a_hold_is_taken_and_let_go_of_and_not_between(watched: Watched) -> None:
    watched.works("boots")
    watched.works("boots", "runs enable")
    watched.works("runs enable")
    watched.works()
    watched.works()
    assert watched.told_since() == ["taken", "changed"]


def test_who_is_told_of_a_hold_finds_its_holder(watched: Watched) -> None:
    found: SimpleQueue[list[str]] = SimpleQueue()

    def ask() -> None:
        threading.Thread(target=lambda: found.put(watched.holds.holders())).start()

    watched.holds.watch(ask, lambda: None)
    watched.works("boots")
    assert found.get(timeout=PATIENCE_SECONDS) == ["sql01: boots"]


def test_a_hold_lapses_without_a_sign_of_life_and_is_said_once(watched: Watched) -> None:
    watched.works("runs enable")
    assert watched.lapsed(29.9) == []
    assert watched.holds.holders() != []
    assert watched.lapsed(0.1) == [("runs enable",)]
    assert watched.holds.holders() == []
    assert watched.told_since() == ["taken", "changed"]
    assert watched.lapsed(3600) == []


def test_what_lapsed_says_since_when(watched: Watched) -> None:
    watched.real_time.jump(7)
    watched.works("runs enable")
    watched.real_time.jump(40)
    (lapsed,) = watched.holds.lapse()
    assert (lapsed.holder, lapsed.since) == (watched.worker, REAL_START + timedelta(seconds=7))


@pytest.mark.parametrize("sign", ["seen", "other work"])
def test_a_sign_of_life_lengthens_a_hold_and_brings_a_lapsed_one_back(watched: Watched, sign: str) -> None:
    def live() -> None:
        if sign == "seen":
            watched.holds.sign_of_life(watched.worker)
        else:
            watched.works("runs enable", f"began {watched.real_time.now()}")

    watched.works("runs enable")
    watched.real_time.jump(20)
    live()
    assert watched.lapsed(29) == []
    assert len(watched.lapsed(1)) == 1
    watched.told_since()
    live()
    assert watched.holds.holders() != []
    assert watched.told_since() == ["taken"]
    assert len(watched.lapsed(30)) == 1


def test_the_same_work_once_more_is_no_sign_of_life(watched: Watched) -> None:
    watched.works("runs enable")
    watched.real_time.jump(29)
    watched.works("runs enable")
    assert watched.lapsed(1) == [("runs enable",)]
    watched.told_since()
    watched.works("runs enable")
    assert watched.holds.holders() == []
    assert watched.told_since() == []


def test_less_work_is_no_sign_of_life(watched: Watched) -> None:
    watched.works("runs enable", "boots")
    watched.real_time.jump(29)
    watched.works("runs enable")
    assert watched.lapsed(1) == [("runs enable",)]


def test_a_sign_of_life_of_who_does_not_work_holds_nothing(watched: Watched) -> None:
    watched.holds.sign_of_life(watched.worker)
    assert watched.holds.holders() == []
    assert watched.told == []


def test_silence_that_is_to_be_expected_is_waited_for(watched: Watched) -> None:
    watched.worker.longest_silence_seconds = 70.0
    watched.works("freezes")
    assert watched.lapsed(99) == []
    watched.worker.longest_silence_seconds = 0.0
    assert watched.lapsed(0) == [("freezes",)]


def test_what_lapsed_and_ends_is_let_go_of_but_once(watched: Watched) -> None:
    watched.works("runs enable")
    watched.lapsed(30)
    watched.told_since()
    watched.works()
    assert watched.told_since() == []
    watched.works("runs enable")
    assert watched.told_since() == ["taken"]


def test_who_is_gone_holds_no_more(watched: Watched) -> None:
    watched.worker.end = NOW + timedelta(hours=1)
    watched.works("boots")
    watched.told_since()
    watched.holds.forget(watched.worker)
    assert watched.holds.holders() == []
    assert watched.holds.next_deadline(NOW) is None
    assert watched.told_since() == ["changed"]
    watched.holds.forget(watched.worker)
    assert watched.told_since() == []


def test_the_earliest_deadline_that_lies_ahead_is_the_next(watched: Watched) -> None:
    for hours in (-1, 0, 2, 5):
        watched.holds.update(Worker(end=NOW + timedelta(hours=hours)))
    assert watched.holds.next_deadline(NOW) == NOW + timedelta(hours=2)
    assert watched.holds.next_deadline(NOW + timedelta(hours=2)) == NOW + timedelta(hours=5)
    assert watched.holds.next_deadline(NOW + timedelta(hours=5)) is None


def test_another_deadline_is_told(watched: Watched) -> None:
    watched.worker.end = NOW
    watched.works()
    watched.works()
    watched.worker.end = None
    watched.works()
    assert watched.told_since() == ["changed", "changed"]
    assert watched.holds.next_deadline(NOW - timedelta(1)) is None


def test_a_machine_that_falls_silent_is_told_of_once_and_again_after_a_sign_of_life(watched: Watched) -> None:
    def new() -> list[tuple[str, ...]]:
        return [each.works for each in watched.holds.silent(new=True)]

    watched.works("runs enable")
    watched.real_time.jump(SILENT_SECONDS - 0.1)
    assert new() == []
    watched.real_time.jump(0.2)
    assert new() == [("runs enable",)]
    assert new() == []
    assert [each.works for each in watched.holds.silent()] == [("runs enable",)]
    watched.holds.sign_of_life(watched.worker)
    assert watched.holds.silent() == []
    watched.real_time.jump(SILENT_SECONDS)
    assert new() == [("runs enable",)]
    watched.works()
    assert watched.holds.silent() == []


def test_what_the_host_itself_does_may_be_silent_for_longer(watched: Watched) -> None:
    watched.worker.longest_silence_seconds = 60.0
    watched.works("boots")
    watched.real_time.jump(60.0)
    assert watched.holds.silent(new=True) == []
    watched.real_time.jump(SILENT_SECONDS)
    assert len(watched.holds.silent(new=True)) == 1
