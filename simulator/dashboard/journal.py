"""Finds the end of the journal of events, from which a page follows it."""

from __future__ import annotations

from simulator.client import Client


class Journal:
    """What of a world's journal is known to be there already."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known = 0

    def newest(self) -> int:
        """The number of the newest event. It takes a few small questions, since nothing tells it: first in steps that
        double from what was known before, then by halves."""
        low, step = self._known, 1
        while self._is_behind(low + step):
            low += step
            step *= 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._is_behind(middle) else (low, middle)
        self._known = low
        return self._client.sim("GET", "/events", since=str(low), limit="1")["last"] or low

    def _is_behind(self, number: int) -> bool:
        """Whether there is an event after this number."""
        return bool(self._client.sim("GET", "/events", since=str(number), limit="1")["events"])
