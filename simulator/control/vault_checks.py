"""Checks of vaults as operations: one at a time, in a thread of its own, which ends with the world."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from threading import Lock
from typing import Annotated

from fastapi import Body, FastAPI
from fastapi.responses import JSONResponse
from pydantic import StrictFloat, StrictInt

from controlplane import side_threads
from controlplane.jobs.vault_check import check as checks
from controlplane.jobs.vault_check.check import Options, Progress
from controlplane.jobs.vault_check.report import Report
from controlplane.json_object import Json
from controlplane.ports import PortError, Ports
from simulator.control.strictness import Refused
from simulator.failures import Failure


class NoSuchVault(Failure):
    """No vault of the world has this name."""


class NoSuchCheck(Failure):
    """No check has this id; only that of the last one is known."""


class Stopped(Exception):
    """The world ends."""


class VaultChecks:
    """The check that runs, or ran last."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock = Lock()
        self._count = 0
        self._progress = Progress("structure")
        self._running: Future[Report] | None = None
        self._stop = False

    def start(self, options: Options) -> Json:
        """Begin a check; the operation as `get` answers it."""
        if not checks.vaults(self._ports.store, options.vault) and options.vault is not None:
            raise NoSuchVault(f"no vault {options.vault} exists in this world; list those of its subscription")
        with self._lock:
            if self._running is not None and not self._running.done():
                raise Refused(409, "CheckIsRunning", "A check of the vaults is running; wait until it has ended.")
            self._count += 1
            self._progress = Progress("structure")
            self._running = side_threads.begin("vault-check", lambda: checks.check(self._ports, options, self._tell))
            return self._shown(self._running)

    def get(self, id: str) -> Json:
        with self._lock:
            if self._running is None or id != str(self._count):
                raise NoSuchCheck(f"no check of the vaults has the id {id}; only the last one is known")
            return self._shown(self._running)

    def close(self) -> None:
        """End the one that runs, and wait for that."""
        self._stop = True
        if self._running is not None:
            self._running.exception()

    def _tell(self, progress: Progress) -> None:
        if self._stop:
            raise Stopped
        self._progress = progress

    def _shown(self, running: Future[Report]) -> Json:
        shown: Json = {"id": str(self._count), "status": "InProgress", "progress": asdict(self._progress)}
        if not running.done():
            return shown
        error = running.exception()
        if error is None:
            return shown | {"status": "Succeeded", "report": running.result().to_json()}
        if isinstance(error, PortError):
            return shown | {"status": "Failed", "error": {"code": type(error).__name__, "message": str(error)}}
        raise error


def add(app: FastAPI, vault_checks: Callable[[], VaultChecks]) -> None:
    """The routes; `vault_checks` is asked at each request."""

    @app.post("/vaultcheck")
    def start(
        vault: Annotated[str | None, Body()] = None,
        read_data_percent: Annotated[StrictFloat, Body(ge=0, le=100)] = 0.0,
        seed: Annotated[StrictInt, Body()] = 0,
    ) -> JSONResponse:
        return JSONResponse(vault_checks().start(Options(vault, read_data_percent, seed)), 202)

    @app.get("/vaultcheck")
    def state(id: str) -> Json:
        return vault_checks().get(id)
