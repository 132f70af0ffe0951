"""Fabric on the store: what machines shall be goes in, what the host sees comes out; seals protected settings.

Two documents per machine: `fabric.vm` is written here and read by the host, `host.vm` the other way round; and
`host.handler` says of which handlers the host has packages. Nobody calls a host, so any number of services and hosts
can share one store, and either side may be away for a while.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_pem_x509_certificate

from controlplane.ports import (
    HANDLER_WORKS,
    Clock,
    Disk,
    ExtensionRequest,
    ExtensionView,
    GuestNotReady,
    InstanceView,
    Json,
    MachineSpec,
    PowerState,
    PublishedHandler,
    Store,
)
from extension.contract.settings import canonical_publisher

DESIRED = "fabric.vm"
OBSERVED = "host.vm"
HANDLER = "host.handler"
"""What the host has packages of."""

STATUS_MEANS = {"success": "Succeeded", "warning": "Succeeded", "error": "Failed"}
"""Status an extension reports -> its provisioning state; anything else is still on its way."""
EXTENSION_LIMIT = timedelta(minutes=90)
"""How long Azure waits for an extension; one that then has not reported its end has failed."""


class StoreFabric:
    """The Fabric port on the Store port."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create_vm(self, vm: str, spec: MachineSpec) -> None:
        """A machine that is there already gets this specification and keeps its power state and extensions."""
        with self._store.transaction():
            old = self._desired(vm)
            generation = self._last_generation(vm) + 1
            body = old or {"vm": vm, "power": "running", "deleted": False, "born": generation, "extensions": []}
            self._write(vm, body | {"spec": _spec_json(spec), "generation": generation})

    def delete_vm(self, vm: str) -> None:
        self._change(vm, lambda body: body.update(deleted=True))

    def power(self, vm: str, state: PowerState) -> None:
        self._change(vm, lambda body: body.update(power=state))

    def restart(self, vm: str) -> None:
        self._change(vm, lambda body: body.update(restarts=body.get("restarts", 0) + 1))

    def disks(self, vm: str) -> tuple[Disk, ...]:
        body = self._desired(vm)
        return tuple(Disk.from_json(disk) for disk in body["spec"]["disks"]) if body else ()

    def handlers(self) -> tuple[PublishedHandler, ...]:
        return tuple(_handler(document.json()) for document in self._store.find(HANDLER))

    def handler(self, publisher: str, type: str) -> PublishedHandler | None:
        found = self._store.get(HANDLER, f"{canonical_publisher(publisher, type) or publisher}.{type}")
        return _handler(found.json()) if found is not None else None

    def deliver(self, vm: str, request: ExtensionRequest) -> int:
        with self._store.transaction():
            number = 0

            def add(body: Json) -> None:
                nonlocal number
                # An agent has each handler once: who asks for it by another name takes over what is there.
                replaced = [known for known in body["extensions"] if _takes_over(request, known)]
                asked = self._extension(vm, request, replaced[-1] if replaced else None)
                body["extensions"] = [*(known for known in body["extensions"] if known not in replaced), asked]
                number = asked["sequence_number"]

            self._change(vm, add)
            return number

    def remove_extension(self, vm: str, name: str) -> None:
        def mark(body: Json) -> None:
            for known in body["extensions"]:
                if _same(known["name"], name):
                    known["state"] = "uninstall"

        self._change(vm, mark)

    def instance_view(self, vm: str) -> InstanceView | None:
        desired = self._desired(vm)
        return None if desired is None else _instance_view(desired, self._observed(vm, desired), self._clock.now())

    # --------------------------------------------------------------------------------------------------- the documents

    def _desired(self, vm: str) -> Json | None:
        found = self._store.get(DESIRED, vm)
        body = found.json() if found is not None else None
        return None if body is None or body["deleted"] else body

    def _observed(self, vm: str, desired: Json) -> Json | None:
        """What the host last saw of this machine, not of one of this name before it."""
        found = self._store.get(OBSERVED, vm)
        body = found.json() if found is not None else None
        return None if body is None or body["generation"] < desired["born"] else body

    def _last_generation(self, vm: str) -> int:
        found = self._store.get(DESIRED, vm)
        return 0 if found is None else int(found.json()["generation"])

    def _change(self, vm: str, by: Callable[[Json], object]) -> None:
        with self._store.transaction():
            body = self._desired(vm)
            if body is None:
                raise GuestNotReady(f"there is no virtual machine {vm}")
            by(body)
            self._write(vm, body | {"generation": body["generation"] + 1})

    def _write(self, vm: str, body: Json) -> None:
        self._store.put(DESIRED, vm, body | {"changed": self._clock.now().isoformat()})

    def _extension(self, vm: str, request: ExtensionRequest, earlier: Json | None) -> Json:
        asked = {
            "name": request.name,
            "publisher": request.publisher,
            "type": request.type,
            "version": request.version,
            "auto_upgrade_minor_version": request.auto_upgrade_minor_version,
            "public": request.public,
            **self._protected(vm, request, earlier),
            "traits": request.traits,
            "state": "enabled",
        }
        if earlier is not None and request.if_changed and _asks_the_same(earlier, asked):
            return earlier | {"traits": request.traits}
        number = earlier["sequence_number"] + 1 if earlier else 0
        return asked | {"sequence_number": number, "asked": self._clock.now().isoformat()}

    def _protected(self, vm: str, request: ExtensionRequest, earlier: Json | None) -> Json:
        if request.keeps_protected and earlier is not None:
            return {key: earlier.get(key) for key in ("protected", "thumbprint", "digest")}
        if not request.protected:
            return {"protected": None, "thumbprint": None, "digest": None}
        sealed, thumbprint = self._sealed(vm, request.protected)
        return {"protected": sealed, "thumbprint": thumbprint, "digest": _digest(request.protected, thumbprint)}

    def _sealed(self, vm: str, settings: Json) -> tuple[str, str]:
        desired = self._desired(vm)
        observed = self._observed(vm, desired) if desired else None
        if observed is None or not observed.get("certificate"):
            raise GuestNotReady("the virtual machine has not shown a certificate yet")
        return seal(settings, observed["certificate"]), observed["thumbprint"]


def seal(settings: Json, certificate: str) -> str:
    """The settings in a CMS envelope (DER, base64) that only the owner of the certificate's key can open."""
    envelope = (
        pkcs7.PKCS7EnvelopeBuilder()
        .set_data(json.dumps(settings).encode())
        .add_recipient(load_pem_x509_certificate(certificate.encode()))
        .set_content_encryption_algorithm(algorithms.AES256)
        .encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )
    return b64encode(envelope).decode()


def _digest(settings: Json, thumbprint: str) -> str:
    """Tells settings from others without keeping them. Nobody who can read it lacks the machine's key anyway."""
    text = json.dumps(settings, sort_keys=True).encode()
    return blake2b(text, key=thumbprint.encode()[:64], digest_size=32).hexdigest()


def _asks_the_same(earlier: Json, asked: Json) -> bool:
    """Whether the agent would get the same once more. A new seal says nothing: no two are the same."""
    keys = ("publisher", "type", "version", "auto_upgrade_minor_version", "public", "digest", "state")
    tags = [known.get("traits", {}).get("forceUpdateTag") for known in (earlier, asked)]
    return all(earlier.get(key) == asked[key] for key in keys) and tags[0] == tags[1]


# ----------------------------------------------------------------------------------------------------- to and from JSON


def _handler(body: Json) -> PublishedHandler:
    return PublishedHandler(**{**body, "versions": tuple(body["versions"])})


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _takes_over(request: ExtensionRequest, known: Json) -> bool:
    wanted, there = (
        (canonical_publisher(publisher, type) or publisher, type)
        for publisher, type in ((request.publisher, request.type), (known["publisher"], known["type"]))
    )
    return _same(request.name, known["name"]) or (_same(wanted[0], there[0]) and _same(wanted[1], there[1]))


def _spec_json(spec: MachineSpec) -> Json:
    return asdict(spec) | {"disks": [disk.to_json() for disk in spec.disks]}


# ---------------------------------------------------------------------------------------------------------------- views


def _instance_view(desired: Json, observed: Json | None, now: datetime) -> InstanceView:
    seen: Json = observed or {}
    agent: Json = seen.get("agent") or {}
    reported = {known["name"].lower(): known for known in seen.get("extensions") or []}
    extensions = [_extension_view(known, reported.get(known["name"].lower()), now) for known in desired["extensions"]]
    power = seen.get("power") or desired["power"]
    booted = seen.get("booted")
    return InstanceView(
        power=power,
        provisioning_state=_provisioning_state(desired, observed),
        agent_status=agent.get("status"),
        agent_version=agent.get("version"),
        computer_name=seen.get("computer_name"),
        os_name=seen.get("os_name"),
        os_version=seen.get("os_version"),
        booted=datetime.fromisoformat(booted) if booted else None,
        extensions=tuple(view for view in extensions if view is not None),
        problem=seen.get("problem"),
        wanted_power=desired["power"] if desired["power"] != power else None,
    )


def _provisioning_state(desired: Json, observed: Json | None) -> str:
    if observed is None:
        return "Creating"
    if observed["generation"] < desired["generation"] and not observed.get("problem"):
        return "Updating"
    return str(observed["provisioning_state"])


def _extension_view(desired: Json, observed: Json | None, now: datetime) -> ExtensionView | None:
    """None: it was to be removed and is gone."""
    if desired["state"] == "uninstall" and observed is None:
        return None
    seen: Json = observed or {}
    current = seen.get("sequence_number") == desired["sequence_number"]
    status: dict[str, Any] | None = seen.get("status") if current else None
    return ExtensionView(
        name=desired["name"],
        publisher=desired["publisher"],
        type=desired["type"],
        version=desired["version"],
        auto_upgrade_minor_version=desired["auto_upgrade_minor_version"],
        public=desired["public"],
        sequence_number=desired["sequence_number"],
        provisioning_state=_extension_state(desired, observed, status, now),
        handler_version=seen.get("handler_version"),
        handler_status=seen.get("handler_status"),
        status=status,
        traits=desired.get("traits", {}),
    )


def _extension_state(desired: Json, observed: Json | None, status: Json | None, now: datetime) -> str:
    if desired["state"] == "uninstall":
        return "Deleting"
    state = _reported_state(desired, observed, status)
    asked = desired.get("asked")
    late = asked is not None and now - datetime.fromisoformat(asked) >= EXTENSION_LIMIT
    return "Failed" if late and state in {"Creating", "Updating"} else state


def _reported_state(desired: Json, observed: Json | None, status: Json | None) -> str:
    if observed is None:
        return "Creating"
    # A handler that could not even be installed has no sequence number.
    if observed.get("sequence_number") not in (None, desired["sequence_number"]):
        return "Updating"
    if observed.get("handler_status") not in HANDLER_WORKS:
        return "Failed"
    if observed["handler_status"] == "Installing":
        return "Updating"  # whatever its handler has written already: the agent is not done with it
    return STATUS_MEANS.get(str((status or {}).get("status")), "Updating")
