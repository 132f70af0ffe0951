"""The routes of the control API for handlers: what is published, and publish, block, withdraw."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Body, FastAPI, Query
from pydantic import StrictBool

from controlplane.fabric_documents import OBSERVED, ObservedMachine
from controlplane.json_object import Json
from controlplane.ports import Store
from controlplane.service_settings import ServiceSettings
from simulator.failures import Failure, WrongUse
from simulator.handlers.package_check import PackageRefused, checked
from simulator.handlers.sources import HandlerSource
from simulator.host.host import Host
from simulator.host.publications import NotPublished, Publications


class NoSuchHandler(Failure):
    """The world publishes no such handler."""


@dataclass(frozen=True)
class HandlerControls:
    publications: Publications
    store: Store
    settings: ServiceSettings
    host: Host
    broken_rules: Callable[[str], list[Json] | None]
    """Of the handler of a job."""

    def broken(self, job: str) -> Json:
        found = self.broken_rules(job)
        return {"looked": found is not None, "broken": found or []}

    def logs(self, vm: str, lines: int) -> Json:
        """By ARM id or by name."""
        machines = {document.id: ObservedMachine.parse(document.json()).vm for document in self.store.find(OBSERVED)}
        named = [each for id, each in machines.items() if vm.lower() in (id, id.rpartition("/")[2])]
        if not named:
            raise NoSuchHandler(f"no machine {vm} exists in this world; GET /_sim/vms lists them")
        if len(named) > 1:
            raise WrongUse(f"several machines are called {vm}; name one by its ARM id")
        return {"vm": named[0], **self.host.handler_logs(named[0], lines)}

    def silent(self) -> Json:
        return {
            "silent": [
                {"vm": vm, "works": list(works), "seconds": round(seconds, 1)}
                for vm, works, seconds in self.host.silent()
            ]
        }

    def listed(self) -> Json:
        """Every package, which extension the service orders, and which version each machine has."""
        ordered = {"Windows": self.settings.windows_extension, "Linux": self.settings.linux_extension}
        return {
            "handlers": self.publications.listed(),
            "ordered": {
                system: {"name": f"{each.publisher}.{each.type}", "version": each.version}
                for system, each in ordered.items()
            },
            "machines": [
                {
                    "vm": machine.vm,
                    "name": f"{extension.publisher}.{extension.type}",
                    "version": extension.handler_version,
                }
                for document in self.store.find(OBSERVED)
                for machine in [ObservedMachine.parse(document.json())]
                for extension in machine.extensions
                if extension.handler_version is not None
            ],
        }

    def publish(self, path: str | None, content: str | None, name: str | None, version: str | None) -> Json:
        if (path is None) == (content is None):
            raise WrongUse("name a folder or a zip of this machine as path, or give a zip in base64 as content")
        if path is not None:
            package = HandlerSource(Path(path), name, version).package()
        else:
            try:
                package = checked(base64.b64decode(content or "", validate=True), name=name, version=version)
            except binascii.Error:
                raise WrongUse("content is not base64; give a zip in base64") from None
            except PackageRefused as problem:
                raise WrongUse(f"what was sent cannot be published as a handler: {problem}") from None
        done = self.publications.publish(package)
        return {"name": done.name, "version": done.version, "sha256": done.sha256, "size_bytes": done.size_bytes}

    def block(self, name: str, version: str, *, blocked: bool) -> Json:
        try:
            self.publications.block(name, version, blocked=blocked)
        except NotPublished:
            raise _not_published(name, version) from None
        return {"name": name, "version": version, "status": "blocked" if blocked else "published"}

    def withdraw(self, name: str, version: str) -> Json:
        try:
            self.publications.withdraw(name, version)
        except NotPublished:
            raise _not_published(name, version) from None
        return {"name": name, "version": version, "status": "withdrawn"}


def _not_published(name: str, version: str) -> NoSuchHandler:
    return NoSuchHandler(f"no version {version} of {name} is published; GET /_sim/handlers lists them")


def add(app: FastAPI, handlers: Callable[[], HandlerControls]) -> None:
    """The routes; `handlers` is asked at each request."""

    @app.get("/handlers")
    def listed() -> Json:
        return handlers().listed()

    @app.get("/handlers/logs")
    def logs(vm: str, lines: Annotated[int, Query(ge=0, le=10_000)] = 40) -> Json:
        return handlers().logs(vm, lines)

    @app.get("/handlers/broken")
    def broken(job: str) -> Json:
        return handlers().broken(job)

    @app.get("/handlers/silent")
    def silent() -> Json:
        return handlers().silent()

    @app.post("/handlers/publish")
    def publish(
        path: Annotated[str | None, Body()] = None,
        content: Annotated[str | None, Body()] = None,
        name: Annotated[str | None, Body()] = None,
        version: Annotated[str | None, Body()] = None,
    ) -> Json:
        return handlers().publish(path, content, name, version)

    @app.post("/handlers/block")
    def block(
        name: Annotated[str, Body()],
        version: Annotated[str, Body()],
        blocked: Annotated[StrictBool, Body()] = True,
    ) -> Json:
        return handlers().block(name, version, blocked=blocked)

    @app.post("/handlers/withdraw")
    def withdraw(name: Annotated[str, Body()], version: Annotated[str, Body()]) -> Json:
        return handlers().withdraw(name, version)
