"""Who may see the page: a one-use code becomes a session, and a session is a cookie.

A code is given to whoever has the token of the control API, and is good for one visit within a minute. Neither code nor
session is kept as such: only their digests are, so that a copy of this process' memory opens nothing.
"""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any

CODE_SECONDS = 60.0
SESSION_SECONDS = 12 * 3600.0
"""Since the last request of the session."""
MOST_WRONG = 5
"""Passwords within a minute; after that none is looked at until the oldest is a minute ago."""
WRONG_SECONDS = 60.0
MOST_CODES = 32
MOST_SESSIONS = 64
"""Of more than that the oldest end."""


@dataclass(slots=True)
class Session:
    """What the page remembers of one browser."""

    language: str | None = None
    """None: as the browser asks for."""
    by_password: bool = False
    """Only such a session is good for another machine than this one."""


class Sessions:
    """The codes and sessions of one world. `now` is real time in seconds, `password` opens a session from another
    machine; None: nothing does. Thread-safe."""

    def __init__(self, now: Callable[[], float] = monotonic, password: str | None = None) -> None:
        self._now = now
        self._password = None if password is None else _digest(password)
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG)
        self._lock = Lock()
        self._codes: dict[str, float] = {}
        self._sessions: dict[str, tuple[float, Session]] = {}

    def new_code(self) -> str:
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[_digest(code)] = self._now() + CODE_SECONDS
            _keep_newest(self._codes, MOST_CODES)
        return code

    def redeem(self, code: str) -> str | None:
        """The token of a new session; None where the code is not known, was used, or is too old."""
        with self._lock:
            end = self._codes.pop(_digest(code), None)
            if end is None or end < self._now():
                return None
            return self._begin(Session())

    @property
    def has_password(self) -> bool:
        return self._password is not None

    def admit(self, password: str) -> str | None:
        """The token of a new session; None where there is no password, this is another one, or too many were wrong."""
        with self._lock:
            now = self._now()
            if self._password is None or (len(self._wrong) == MOST_WRONG and now - self._wrong[0] < WRONG_SECONDS):
                return None
            if not hmac.compare_digest(_digest(password), self._password):
                self._wrong.append(now)
                return None
            return self._begin(Session(by_password=True))

    def _begin(self, session: Session) -> str:
        """Call with the lock."""
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = (self._now() + SESSION_SECONDS, session)
        _keep_newest(self._sessions, MOST_SESSIONS)
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token, which goes on from now."""
        key = _digest(token)
        with self._lock:
            end, session = self._sessions.get(key, (0.0, None))
            if session is None or end < self._now():
                self._sessions.pop(key, None)
                return None
            self._sessions[key] = (self._now() + SESSION_SECONDS, session)
        return session


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _keep_newest(kept: dict[str, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
