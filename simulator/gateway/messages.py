"""What world and gateway say to each other: of each request what it is, and what is to become of it.

Standard library only: the gateway's process loads nothing else, and starts in the time of an interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

LONGEST_PATH = 1200
"""Characters of a path that are told: an account, a container and a blob have no more."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the storage. Nothing of its query is kept but `comp`: the rest may be a signature."""

    party: str
    """Whose way to the storage it came: `guest ID` or a party of the world."""
    method: str
    path: str
    """Unescaped: /account/container/blob."""
    comp: str = ""

    @property
    def operation(self) -> str:
        """As faults name it: `PUT snapshot`, `PUT page`, `GET blob`."""
        return f"{self.method} {self.comp or 'blob'}"

    @property
    def account(self) -> str:
        return self.path.strip("/").partition("/")[0]

    @classmethod
    def of_target(cls, party: str, method: str, target: str) -> Request:
        path, _, query = target.partition("?")
        comp = parse_qs(query).get("comp", [""])[0]
        return cls(party, method[:16], unquote(path)[:LONGEST_PATH], comp[:32])

    def to_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that the gateway gives in the storage's place."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def content(self) -> bytes:
        return self.body.encode()


PASSED, REQUEST, ANSWER = "", "request", "answer"
"""Where a connection is cut: nowhere, before a request is passed on, within its answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request. One that says nothing passes it on."""

    delay_seconds: float = 0.0
    """Real time before it is passed on or answered."""
    bytes_per_second: float = 0.0
    """Of its body and of its answer; 0: as fast as they come."""
    answer: Answered | None = None
    cut: str = PASSED
    after_bytes: int = 0
    """Of the answer, its head included, that arrive before it is cut."""
    fault: int = 0
    """Number of the fault that acts on it."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> Verdict:
        answer = told["answer"]
        return cls(**{**told, "answer": None if answer is None else Answered(**answer)})


PASS = Verdict()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    end: str
    """`answered` by the storage, `refused` by the gateway, `cut`, `client gone`, `no storage`, or `broken`: one side
    said something that is not HTTP, or stayed silent for too long."""
    status: int = 0
    """Of the answer; 0: there was none."""
    received_bytes: int = 0
    """Of the body of the request."""
    sent_bytes: int = 0
    """Of the answer, its head included."""
    milliseconds: float = 0.0
    """Real time, from the head of the request to the end of the answer."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
