"""Codes are good once and for a minute; sessions end when nobody used them for long, and the oldest go first."""

from __future__ import annotations

from simulator.dashboard.sessions import (
    CODE_SECONDS,
    MOST_CODES,
    MOST_SESSIONS,
    MOST_WRONG,
    SESSION_SECONDS,
    WRONG_SECONDS,
    Sessions,
)


class Watch:
    """Real time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def signed_in(sessions: Sessions) -> str:
    token = sessions.redeem(sessions.new_code())
    assert token
    return token


def test_a_code_is_good_once() -> None:
    sessions = Sessions(Watch())
    code = sessions.new_code()
    token = sessions.redeem(code)
    assert token
    assert sessions.find(token)
    assert sessions.redeem(code) is None


def test_a_code_is_good_for_a_minute() -> None:
    watch = Watch()
    sessions = Sessions(watch)
    early, late = sessions.new_code(), sessions.new_code()
    watch.seconds = CODE_SECONDS
    assert sessions.redeem(early)
    watch.seconds = CODE_SECONDS + 0.001
    assert sessions.redeem(late) is None


def test_a_session_ends_when_nobody_used_it_for_long() -> None:
    watch = Watch()
    sessions = Sessions(watch)
    token = signed_in(sessions)
    watch.seconds = SESSION_SECONDS
    assert sessions.find(token)
    watch.seconds = 2 * SESSION_SECONDS
    assert sessions.find(token)
    watch.seconds = 3 * SESSION_SECONDS + 1
    assert sessions.find(token) is None


def test_what_nobody_was_given_opens_nothing() -> None:
    sessions = Sessions(Watch())
    sessions.new_code()
    assert sessions.redeem("guessed") is None
    assert sessions.find("guessed") is None


def test_codes_and_sessions_are_bounded() -> None:
    sessions = Sessions(Watch())
    codes = [sessions.new_code() for _ in range(MOST_CODES + 1)]
    assert sessions.redeem(codes[0]) is None
    assert sessions.redeem(codes[1])
    tokens = [signed_in(sessions) for _ in range(MOST_SESSIONS)]
    assert sessions.find(tokens[0])
    last = signed_in(sessions)
    assert sessions.find(tokens[0]) is None
    assert sessions.find(last)


def test_a_password_opens_a_session_and_wrong_ones_are_counted() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0], "correct horse battery")
    token = sessions.admit("correct horse battery")
    assert token
    session = sessions.find(token)
    assert session
    assert session.by_password
    for _ in range(MOST_WRONG):
        assert sessions.admit("wrong") is None
    assert sessions.admit("correct horse battery") is None, "none is looked at after so many wrong ones"
    now[0] += WRONG_SECONDS
    assert sessions.admit("correct horse battery")


def test_without_a_password_none_opens_a_session() -> None:
    assert Sessions().admit("") is None
    assert not Sessions().has_password
