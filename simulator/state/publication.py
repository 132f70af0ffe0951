"""Keeps `endpoints.json`, and its copy if there is one, up to date while a world runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from controlplane.json_object import Json
from simulator.clock.real_time import RealTime
from simulator.state.folder import write_private

FOLLOW_SECONDS = 1.0
"""How old what a file says may be: storage accounts come and go."""


class Publication:
    """The files, there from the start until close; each is replaced at once and read by its owner alone."""

    def __init__(self, real_time: RealTime, files: tuple[Path, ...], endpoints: Callable[[], Json]) -> None:
        self._files = files
        self._endpoints = endpoints
        self._turn = threading.Lock()
        self._is_closed = False
        self._said: Json | None = None
        self._follow()
        self._stop = real_time.every(FOLLOW_SECONDS, self._follow)

    def close(self) -> None:
        self._stop()
        with self._turn:  # it may be running at this moment
            self._is_closed = True
        for file in self._files:
            file.unlink(missing_ok=True)

    def _follow(self) -> None:
        with self._turn:
            now = self._endpoints()
            if self._is_closed or now == self._said:
                return
            self._said = now
            for file in self._files:
                write_private(file, json.dumps(now, indent=2) + "\n")
