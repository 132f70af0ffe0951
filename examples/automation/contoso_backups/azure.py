"""What all of it asks of Azure Resource Manager, with an httpx client that is authorised and knows its address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

COMPUTE, BACKUP = {"api-version": "2024-11-01"}, {"api-version": "2025-02-01"}


def pages(arm: httpx.Client, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """All entries of a list."""
    answer = arm.get(path, params=query).raise_for_status().json()
    while True:
        yield from answer["value"]
        if not answer.get("nextLink"):
            return
        answer = arm.get(answer["nextLink"]).raise_for_status().json()


def finish(arm: httpx.Client, answer: httpx.Response, pause: Callable[[float], object] = time.sleep) -> dict[str, Any]:
    """Wait for the end of a long operation, and return it."""
    operation = answer.raise_for_status().headers.get("Azure-AsyncOperation")
    if operation is None:
        return {"status": "Succeeded"}
    while True:
        pause(float(answer.headers.get("Retry-After", 10)))
        answer = arm.get(operation).raise_for_status()
        told: dict[str, Any] = answer.json()
        if told["status"] != "InProgress":
            return told
