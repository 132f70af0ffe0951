"""Fabric on the store: what machines shall be goes in, what the host sees comes out; seals protected settings.

What goes and comes are the documents of `controlplane/fabric_documents.py`. Nobody calls a host, so any number of
services and hosts can share one store, and either side may be away for a while.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_pem_x509_certificate

from controlplane.domain.events.event import Cause
from controlplane.fabric_documents import (
    DESIRED,
    HANDLER,
    OBSERVED,
    DesiredCommand,
    DesiredExtension,
    DesiredMachine,
    DesiredSnapshots,
    ObservedExtension,
    ObservedMachine,
    given_up_at,
    handler_id,
    parse_handler,
    reported_state,
    reported_status,
)
from controlplane.json_object import Json
from controlplane.ports import (
    Blob,
    Clock,
    Disk,
    DiskSnapshotOrder,
    ExtensionRequest,
    ExtensionView,
    GuestNotReady,
    InstanceView,
    MachineSpec,
    PowerState,
    PublishedHandler,
    Store,
)
from extension.contract.settings import canonical_publisher


class StoreFabric:
    """The Fabric port on the Store port."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create_vm(self, vm: str, spec: MachineSpec, cause: Cause | None = None) -> None:
        """A machine that is there already gets this specification and keeps its power state and extensions."""
        with self._store.transaction():
            old = self._desired(vm)
            generation = self._last_generation(vm) + 1
            if old is None:
                old = DesiredMachine(vm, spec, "running", deleted=False, generation=generation, born=generation)
            self._write(replace(old, spec=spec, generation=generation), cause)

    def delete_vm(self, vm: str, cause: Cause | None = None) -> None:
        self._change(vm, lambda machine: replace(machine, deleted=True), cause)

    def drop_disk(self, vm: str, blob: Blob) -> None:
        with self._store.transaction():
            document = self._store.get(DESIRED, vm)
            machine = DesiredMachine.parse(document.json()) if document is not None else None
            if machine is not None and machine.deleted and blob not in machine.dropped:
                dropped = (*machine.dropped, blob)
                self._write(replace(machine, dropped=dropped, generation=machine.generation + 1), machine.cause)

    def power(self, vm: str, state: PowerState, cause: Cause | None = None) -> None:
        self._change(vm, lambda machine: replace(machine, power=state), cause)

    def restart(self, vm: str, cause: Cause | None = None) -> None:
        self._change(vm, lambda machine: replace(machine, restarts=machine.restarts + 1), cause)

    def disks(self, vm: str) -> tuple[Disk, ...]:
        machine = self._desired(vm)
        return machine.spec.disks if machine else ()

    def storage_address(self, vm: str) -> str | None:
        """None: every machine reaches the storage under the storage's own address."""
        return None

    def handlers(self) -> tuple[PublishedHandler, ...]:
        return tuple(parse_handler(document.json()) for document in self._store.find(HANDLER))

    def handler(self, publisher: str, type: str) -> PublishedHandler | None:
        document = self._store.get(HANDLER, handler_id(canonical_publisher(publisher, type) or publisher, type))
        return parse_handler(document.json()) if document is not None else None

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        with self._store.transaction():
            machine = self._require(vm)
            # An agent has each handler once: who asks for it by another name takes over what is there.
            replaced = [each for each in machine.extensions if _takes_over(request, each)]
            kept = tuple(each for each in machine.extensions if each not in replaced)
            extension = self._extension(vm, request, replaced[-1] if replaced else None, cause)
            self._change(vm, lambda machine: replace(machine, extensions=(*kept, extension)))
            return extension.sequence_number

    def remove_extension(self, vm: str, name: str, cause: Cause | None = None) -> None:
        def marked(machine: DesiredMachine) -> DesiredMachine:
            extensions = (
                replace(each, state="uninstall", cause=cause, removed=machine.generation + 1)
                if _same(each.name, name)
                else each
                for each in machine.extensions
            )
            return replace(machine, extensions=tuple(extensions))

        self._change(vm, marked)

    def run_command(self, vm: str, script: Sequence[str], cause: Cause | None = None) -> int:
        with self._store.transaction():
            machine = self._require(vm)
            number = machine.command.number + 1 if machine.command else 1
            command = DesiredCommand(number, tuple(script))
            self._change(vm, lambda machine: replace(machine, command=command), cause)
            return number

    def snapshot_disks(self, vm: str, order: DiskSnapshotOrder, cause: Cause | None = None) -> None:
        self._change(vm, lambda machine: replace(machine, snapshots=DesiredSnapshots(order, cause)))

    def instance_view(self, vm: str) -> InstanceView | None:
        desired = self._desired(vm)
        return None if desired is None else _instance_view(desired, self._observed(vm, desired), self._clock.now())

    # --------------------------------------------------------------------------------------------------- the documents

    def _desired(self, vm: str) -> DesiredMachine | None:
        document = self._store.get(DESIRED, vm)
        machine = DesiredMachine.parse(document.json()) if document is not None else None
        return None if machine is None or machine.deleted else machine

    def _require(self, vm: str) -> DesiredMachine:
        machine = self._desired(vm)
        if machine is None:
            raise GuestNotReady(f"there is no virtual machine {vm}")
        return machine

    def _observed(self, vm: str, desired: DesiredMachine) -> ObservedMachine | None:
        """What the host last saw of this machine, not of one of this name before it."""
        document = self._store.get(OBSERVED, vm)
        machine = ObservedMachine.parse(document.json()) if document is not None else None
        return None if machine is None or machine.generation < desired.born else machine

    def _last_generation(self, vm: str) -> int:
        document = self._store.get(DESIRED, vm)
        return 0 if document is None else DesiredMachine.parse(document.json()).generation

    def _change(self, vm: str, by: Callable[[DesiredMachine], DesiredMachine], cause: Cause | None = None) -> None:
        """Write a changed machine. Without a cause it keeps the one it has: then only its extensions changed, and each
        of them has a cause of its own."""
        with self._store.transaction():
            machine = self._require(vm)
            self._write(replace(by(machine), generation=machine.generation + 1), cause or machine.cause)

    def _write(self, machine: DesiredMachine, cause: Cause | None) -> None:
        self._store.put(DESIRED, machine.vm, replace(machine, changed=self._clock.now(), cause=cause).to_json())

    def _extension(
        self, vm: str, request: ExtensionRequest, earlier: DesiredExtension | None, cause: Cause | None
    ) -> DesiredExtension:
        extension = self._protected(
            vm,
            request,
            earlier,
            DesiredExtension(
                name=request.name,
                publisher=request.publisher,
                type=request.type,
                version=request.version,
                auto_upgrade_minor_version=request.auto_upgrade_minor_version,
                sequence_number=earlier.sequence_number + 1 if earlier else 0,
                state="enabled",
                public=request.public,
                traits=request.traits,
                asked=self._clock.now(),
                cause=cause,
            ),
        )
        if earlier is not None and request.if_changed and _asks_the_same(earlier, extension):
            return replace(earlier, traits=request.traits)
        return extension

    def _protected(
        self, vm: str, request: ExtensionRequest, earlier: DesiredExtension | None, extension: DesiredExtension
    ) -> DesiredExtension:
        """The extension with the protected settings of the request, or those that it had."""
        if request.keeps_protected and earlier is not None:
            sealed, thumbprint, digest = earlier.protected, earlier.thumbprint, earlier.digest
            return replace(extension, protected=sealed, thumbprint=thumbprint, digest=digest)
        if not request.protected:
            return extension
        sealed, thumbprint = self._sealed(vm, request.protected)
        digest = _digest(request.protected, thumbprint)
        return replace(extension, protected=sealed, thumbprint=thumbprint, digest=digest)

    def _sealed(self, vm: str, settings: Json) -> tuple[str, str]:
        desired = self._desired(vm)
        observed = self._observed(vm, desired) if desired else None
        if observed is None or not observed.certificate:
            raise GuestNotReady("the virtual machine has not presented its certificate yet")
        return seal(settings, observed.certificate), observed.thumbprint


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


def _asks_the_same(earlier: DesiredExtension, extension: DesiredExtension) -> bool:
    """Whether the agent would be given the same order again. Sealed texts are not compared: no two are equal."""
    return _order(earlier) == _order(extension)


def _order(extension: DesiredExtension) -> tuple[object, ...]:
    """What an agent would act on, and the tag that makes the same order a new one."""
    return (
        extension.publisher,
        extension.type,
        extension.version,
        extension.auto_upgrade_minor_version,
        extension.public,
        extension.digest,
        extension.state,
        extension.traits.get("forceUpdateTag"),
    )


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _takes_over(request: ExtensionRequest, earlier: DesiredExtension) -> bool:
    requested, there = (
        handler_id(canonical_publisher(publisher, type) or publisher, type)
        for publisher, type in ((request.publisher, request.type), (earlier.publisher, earlier.type))
    )
    return _same(request.name, earlier.name) or requested == there


# ---------------------------------------------------------------------------------------------------------------- views


def _instance_view(desired: DesiredMachine, observed: ObservedMachine | None, now: datetime) -> InstanceView:
    seen = observed or ObservedMachine(desired.vm, 0, desired.power, "Creating")
    extensions = [_extension_view(extension, seen, now) for extension in desired.extensions]
    return InstanceView(
        power=seen.power,
        provisioning_state=_provisioning_state(desired, observed),
        agent_status=seen.agent.status if seen.agent else None,
        agent_version=seen.agent.version if seen.agent else None,
        computer_name=seen.computer_name,
        os_name=seen.os_name,
        os_version=seen.os_version,
        booted=seen.booted,
        extensions=tuple(view for view in extensions if view is not None),
        problem=seen.problem,
        wanted_power=desired.power if desired.power != seen.power else None,
        command=seen.command,
        command_runs=desired.command is not None
        and (seen.command is None or seen.command.number < desired.command.number),
        snapshots=seen.snapshots,
    )


def _provisioning_state(desired: DesiredMachine, observed: ObservedMachine | None) -> str:
    if observed is None:
        return "Creating"
    if observed.generation < desired.generation:
        return "Updating"
    return observed.provisioning_state


def _extension_view(desired: DesiredExtension, machine: ObservedMachine, now: datetime) -> ExtensionView | None:
    """None: it was to be removed and is gone. One of which the host knows nothing may not have been reported yet; that
    it is gone is known once the host has acted upon the order."""
    observed = machine.extension(desired.name)
    if desired.state == "uninstall" and observed is None and machine.generation >= desired.removed:
        return None
    seen = observed or ObservedExtension(desired.name, desired.publisher, desired.type)
    return ExtensionView(
        name=desired.name,
        publisher=desired.publisher,
        type=desired.type,
        version=desired.version,
        auto_upgrade_minor_version=desired.auto_upgrade_minor_version,
        public=desired.public,
        sequence_number=desired.sequence_number,
        provisioning_state=_extension_state(desired, observed, now),
        handler_version=seen.handler_version,
        handler_status=seen.handler_status,
        handler_message=seen.handler_message,
        status=reported_status(desired, observed),
        traits=desired.traits,
    )


def _extension_state(desired: DesiredExtension, observed: ObservedExtension | None, now: datetime) -> str:
    if desired.state == "uninstall":
        return "Deleting"
    end = given_up_at(desired, observed)
    return "Failed" if end is not None and now >= end else reported_state(desired, observed)
