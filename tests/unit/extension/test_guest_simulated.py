"""The provider for simulated guests, over HTTP: every verb, every refusal, and the life line in both directions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extension.contract.bridge import TOKEN_FILE, FreezeReport, ThawReport
from extension.guest import Guest, GuestError, GuestGone, NoGuestProvider
from extension.guest_provider import WIRE_SERVER_VARIABLE, find_guest
from extension.guest_simulated import SimulatedGuest
from tests.fake_guest import FACTS, TOKEN, VOLUMES, FakeGuest, writer

NOW = datetime(2026, 11, 22, 19, 13, 27, 466585, tzinfo=UTC)


@pytest.fixture
def fake() -> Iterator[FakeGuest]:
    fake = FakeGuest()
    yield fake
    fake.close()


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def guest(fake: FakeGuest, ended: threading.Event) -> Iterator[SimulatedGuest]:
    guest = SimulatedGuest(fake.address, TOKEN, ended.set)
    guest.open("task 1/2")
    yield guest
    guest.close()


def test_the_guest_answers_every_verb(fake: FakeGuest, guest: Guest) -> None:
    fake.clock = lambda: NOW

    assert guest.facts() == FACTS
    assert guest.volumes() == VOLUMES
    fake.ahead = timedelta(minutes=-3)
    assert guest.time() == (NOW, timedelta(minutes=-3))
    assert guest.freeze(60, writers=True) == fake.freezes[0]
    assert fake.frozen
    report = guest.thaw()
    assert report is not None
    assert report == fake.thaw._replace(held_milliseconds=report.held_milliseconds)
    assert not fake.frozen
    assert fake.calls[0][:2] == ("session", "task_id=task%201/2")
    assert fake.calls[4][:2] == ("freeze", {"session": "session-1", "timeout_seconds": 60, "writers": True})
    assert fake.calls[5][:2] == ("thaw", {"session": "session-1"})


def test_a_freeze_that_failed_says_why(fake: FakeGuest, guest: Guest) -> None:
    fake.freezes = [FreezeReport(False, 0x800423F2, "a writer failed", (writer("SqlServerWriter", 0x800423F2),))]

    assert guest.freeze(60, writers=False) == fake.freezes[0]
    assert guest.thaw() is None, "nothing was frozen, and that is no error"


@pytest.mark.parametrize("verb", ["facts", "volumes", "time"])
def test_a_refusal_is_passed_on_in_the_guests_words(fake: FakeGuest, guest: SimulatedGuest, verb: str) -> None:
    asked = "now" if verb == "time" else verb
    fake.refuse[asked] = (409, "this machine is not running")
    with pytest.raises(GuestError, match=f"refused {asked}: this machine is not running"):
        getattr(guest, verb)()


def test_a_thaw_of_a_session_that_is_not_known_is_an_error(fake: FakeGuest, guest: Guest) -> None:
    fake.refuse["thaw"] = (404, "no such session")
    with pytest.raises(GuestError, match="no such session"):
        guest.thaw()


def test_the_wrong_token_opens_nothing(fake: FakeGuest, ended: threading.Event) -> None:
    stranger = SimulatedGuest(fake.address, "wrong-token", ended.set)
    with pytest.raises(GuestError, match="the bridge accepts only the token") as problem:
        stranger.open("task")

    assert "wrong-token" not in str(problem.value)
    assert not ended.is_set()


def test_a_guest_that_is_not_there_is_an_error(fake: FakeGuest, ended: threading.Event) -> None:
    fake.close()
    nobody = SimulatedGuest(fake.address, TOKEN, ended.set)
    for verb in (lambda: nobody.open("task"), nobody.facts, lambda: nobody.freeze(1, writers=True), nobody.thaw):
        with pytest.raises(GuestError):
            verb()


# ------------------------------------------------------------------------------------------------------------ life line


def test_the_guest_sees_the_end_of_its_requester(fake: FakeGuest, guest: Guest, ended: threading.Event) -> None:
    guest.close()

    assert fake.session_ended.wait(5)
    assert not ended.is_set(), "who closes the session himself need not be told"


def test_the_process_ends_at_once_with_its_guest(fake: FakeGuest, guest: Guest, ended: threading.Event) -> None:
    assert not ended.is_set()
    fake.end_sessions()

    assert ended.wait(5)


def test_who_may_have_frozen_still_thaws_and_learns_of_the_end_by_it(
    fake: FakeGuest, guest: SimulatedGuest, ended: threading.Event
) -> None:
    guest.freeze(60, writers=True)
    fake.end_sessions()
    assert fake.session_ended.wait(5)
    _until_seen(guest)

    assert not ended.is_set()
    with pytest.raises(GuestGone):
        guest.thaw()
    assert fake.thaws == 1


def test_after_the_thaw_the_process_ends_with_its_guest_again(
    fake: FakeGuest, guest: Guest, ended: threading.Event
) -> None:
    guest.freeze(60, writers=True)
    assert isinstance(guest.thaw(), ThawReport)
    fake.end_sessions()

    assert ended.wait(5)


def _until_seen(guest: SimulatedGuest) -> None:
    for thread in threading.enumerate():
        if thread.name == guest.WATCHER:
            thread.join(5)


# --------------------------------------------------------------------------------------------------------------- choice


def test_a_token_above_the_package_marks_a_simulated_guest(tmp_path: Path, fake: FakeGuest) -> None:
    root = tmp_path / "Packages" / "Plugins" / "VMSnapshot" / "1.9.0.0"
    root.mkdir(parents=True)
    (tmp_path / TOKEN_FILE).write_text(TOKEN + "\n")
    guest = find_guest(root, {WIRE_SERVER_VARIABLE: fake.address}, lambda: None)

    assert guest.facts() == FACTS


def test_without_a_token_there_is_no_provider(tmp_path: Path) -> None:
    with pytest.raises(NoGuestProvider, match=r"no guest provider: there is no bridge\.token"):
        find_guest(tmp_path, {WIRE_SERVER_VARIABLE: "127.0.0.1:1"}, lambda: None)


def test_a_token_without_an_address_is_no_provider(tmp_path: Path) -> None:
    (tmp_path / TOKEN_FILE).write_text(TOKEN)
    with pytest.raises(NoGuestProvider, match=f"{WIRE_SERVER_VARIABLE} is not set"):
        find_guest(tmp_path, {}, lambda: None)
