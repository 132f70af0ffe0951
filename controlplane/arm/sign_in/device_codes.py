"""Device codes: a program shows a short code, a person enters it on a page, and the program gets its token."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

LIFETIME_SECONDS = 900
POLL_SECONDS = 1
"""How often the program may ask. The real service says 5, but nobody's patience is to be tested here."""
PENDING_CODES = 64
USER_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
USER_CODE_LENGTH = 9

State = Literal["unknown", "expired", "pending", "approved"]


@dataclass
class DeviceCode:
    """`code` is the program's, `user_code` the person's."""

    client_id: str
    expires: float
    code: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    user_code: str = field(
        default_factory=lambda: "".join(secrets.choice(USER_CODE_LETTERS) for _ in range(USER_CODE_LENGTH)), repr=False
    )
    approved: bool = False


class DeviceCodes:
    """The codes that were given and not yet used. They live in real time, and end with the process."""

    def __init__(self, real_time: Callable[[], float] = time.time) -> None:
        self._real_time = real_time
        self._codes: dict[str, DeviceCode] = {}
        self._lock = Lock()

    def give(self, client_id: str) -> DeviceCode:
        code = DeviceCode(client_id, self._real_time() + LIFETIME_SECONDS)
        with self._lock:
            while len(self._codes) >= PENDING_CODES:
                del self._codes[next(iter(self._codes))]
            self._codes[code.code] = code
        return code

    def approve(self, user_code: str) -> bool:
        """A person who has signed in entered this code; False where it is unknown or has expired."""
        typed = user_code.strip().upper()
        with self._lock:
            for code in self._codes.values():
                if code.user_code == typed and code.expires > self._real_time():
                    code.approved = True
                    return True
        return False

    def use(self, code: str, client_id: str) -> State:
        """What a program that asks with its code is told; an approved code is good for one token."""
        with self._lock:
            issued = self._codes.get(code)
            if issued is None or issued.client_id != client_id:
                return "unknown"
            if issued.expires <= self._real_time():
                del self._codes[code]
                return "expired"
            if not issued.approved:
                return "pending"
            del self._codes[code]
            return "approved"
