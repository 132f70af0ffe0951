"""The route of the control API that explains a job, a recovery point or a vault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.explaining import explain


def add(app: FastAPI, store: Callable[[], Store], now: Callable[[], datetime], settle: Callable[[], None]) -> None:
    """The route; the store and the world's time are asked for at each request. `settle` waits until what handlers did
    was looked at."""

    @app.get("/explain")
    def explained(of: str) -> Json:
        return explain.explain(store(), of, now(), settle)
