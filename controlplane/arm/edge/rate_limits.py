"""How many requests a caller has left: Resource Manager's token buckets, and the refusal of who has emptied one.

Every subscription and tenant has a bucket per kind of operation, and the subscription one more for all its callers
together, fifteen times as large. Each request takes a token; tokens come back at a steady rate, in real time, since
the clients that are told to wait do so in real time. The numbers are those that Resource Manager documents.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from controlplane.domain import errors

READS, WRITES, DELETES = "reads", "writes", "deletes"
SIZES = {READS: (250, 25.0), WRITES: (200, 10.0), DELETES: (200, 10.0)}
"""Operation -> tokens of a full bucket, and how many come back in a second."""
GLOBAL_TIMES = 15
"""How much more all callers of a subscription have together."""
SCOPES = {"subscription": 1, "subscription-global": GLOBAL_TIMES, "tenant": 1}
HEADER = "x-ms-ratelimit-remaining-"


@dataclass(slots=True)
class Bucket:
    size: int
    per_second: float
    tokens: float
    filled_at: float

    def fill(self, now: float) -> None:
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.per_second)
        self.filled_at = now

    @property
    def wait_seconds(self) -> int:
        """Until there is a token again, in whole seconds as clients are told."""
        return max(1, math.ceil((1 - self.tokens) / self.per_second))


class RateLimits:
    """The buckets of the one subscription and its tenant. `enforced`: an empty one refuses; else it only shows 0."""

    def __init__(self, enforced: bool = False, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.enforced = enforced
        self._monotonic = monotonic
        self._lock = Lock()
        self._counted = dict.fromkeys((READS, WRITES, DELETES), 0)
        self.refill()

    def refill(self, sizes: Mapping[str, tuple[int, float]] = SIZES) -> None:
        """Full buckets of these sizes from now on."""
        now = self._monotonic()
        with self._lock:
            self._buckets = {
                (scope, operation): Bucket(size * times, per_second * times, size * times, now)
                for scope, times in SCOPES.items()
                for operation, (size, per_second) in sizes.items()
            }

    def take(self, method: str, subscription: str | None, caller: str) -> dict[str, str]:
        """The headers that say what is left after this request; raises where nothing was.

        `subscription`: whose path it is; None for one of the tenant.
        """
        operation = _operation(method)
        scopes = ("tenant",) if subscription is None else ("subscription", "subscription-global")
        now = self._monotonic()
        with self._lock:
            self._counted[operation] += 1
            taken = [(scope, self._buckets[scope, operation]) for scope in scopes]
            for _, bucket in taken:
                bucket.fill(now)
            short = [bucket for _, bucket in taken if bucket.tokens < 1]
            if short and self.enforced:
                wait = max(bucket.wait_seconds for bucket in short)
                raise _throttled(operation, subscription, caller, wait)
            for _, bucket in taken:
                bucket.tokens = max(0.0, bucket.tokens - 1)
            return {f"{HEADER}{scope}-{operation}": str(int(bucket.tokens)) for scope, bucket in taken}

    def counted(self) -> dict[str, int]:
        """Requests since the start, those refused included. Of reads this is all that is kept: they are no events."""
        with self._lock:
            return dict(self._counted)

    def left(self) -> dict[str, int]:
        """Tokens of every bucket now, by the ends of their headers' names."""
        now = self._monotonic()
        with self._lock:
            for bucket in self._buckets.values():
                bucket.fill(now)
            return {f"{scope}-{operation}": int(each.tokens) for (scope, operation), each in self._buckets.items()}


def _operation(method: str) -> str:
    if method in {"GET", "HEAD", "OPTIONS"}:
        return READS
    return DELETES if method == "DELETE" else WRITES


def _throttled(operation: str, subscription: str | None, caller: str, wait: int) -> errors.ServiceError:
    if subscription is None:
        return errors.tenant_throttled(operation, caller, wait)
    return errors.subscription_throttled(operation, subscription, caller, wait)
