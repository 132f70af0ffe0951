"""Tries the resources of a deployment by their own operations before anything is created.

The operations write to an overlay above a view of the store, so other writers need not wait. Blobs, machines and jobs
are not touched. A resource that needs one of these does not exist after its trial, so resources that depend on it are
not tried; of these only that is looked at which their requests alone show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from controlplane.arm.edge.call import Answer, Call
from controlplane.arm.edge.error_mapping import Expected, expected
from controlplane.arm.edge.internal_client import InternalClient, operation_of
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.arm import (
    CLIENT_CLOSED_REQUEST,
    LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE,
    LOCATION_REQUIRED,
)
from controlplane.domain.events.event import Cause
from controlplane.jobs.provisioning import accounts
from controlplane.json_object import Json
from controlplane.overlay_store import OverlayStore
from controlplane.port_wrappers import BlobsWrapper, EngineWrapper, FabricWrapper
from controlplane.ports import (
    Blob,
    BlobNotFound,
    BlobProperties,
    Blobs,
    BlobWriter,
    Container,
    DiskSnapshotOrder,
    Engine,
    ExtensionRequest,
    Fabric,
    MachineSpec,
    Ports,
    PowerState,
)
from controlplane.templates.language.failure import TemplateError
from controlplane.templates.language.scope import Scope
from controlplane.templates.late import settle_body

if TYPE_CHECKING:
    from controlplane.templates.planner import Resource, TemplatePlan

_NOT_OF_PROVIDERS = frozenset({LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE.code, LOCATION_REQUIRED.code})
"""What the service finds before it asks a provider: such a refusal is the whole answer, not a detail of another."""


def refusals(call: Call, planned: TemplatePlan, scope: Scope) -> list[Json]:
    """What the providers of the resources have against them, as errors that ARM shows. A refusal since something is not
    simulated is raised, as is one that no provider makes. It ends between two resources once the client has left."""
    errors: list[Json] = []
    with call.ports.store.view() as view:
        store = OverlayStore(view, call.ports.clock)
        _try_all(replace(call, ports=replace(call.ports, store=store)), planned, scope, errors)
    return errors


def _try_all(call: Call, planned: TemplatePlan, scope: Scope, errors: list[Json]) -> None:
    there: set[str] = set()
    for resource in planned.resources:
        if call.cancelled():
            raise CLIENT_CLOSED_REQUEST.error()
        time.sleep(0)  # Other requests wait for the interpreter, not for the store: let them go first.
        quiet = _QuietPorts()
        trial = quiet.set_for(call.in_version(resource.api_version))
        try:
            if not there.issuperset(resource.after):
                trial.check_alone("PUT", resource.id, _body_of(trial, resource, scope))
                continue
            answer = _try(trial, resource, scope)
        except TemplateError:
            continue  # It reads what is not there yet, and is evaluated anew when it is.
        except Expected as error:
            refusal = expected(error)
            if refusal.status == 501 or refusal.code in _NOT_OF_PROVIDERS:
                raise refusal from None
            if refusal.status != 503:
                errors.append({"target": resource.id} | refusal.envelope()["error"])
            continue
        if not quiet.touched and _has_ended(call, answer):
            there.add(resource.id)


def _try(call: Call, resource: Resource, scope: Scope) -> Answer:
    with call.ports.store.transaction():
        return call.ask("PUT", resource.id, _body_of(call, resource, scope))


def tried(call: Call, id: str, body: Json) -> None:
    """Have a resource written to the store of the call, and nothing else done about it."""
    with call.ports.store.transaction():
        _QuietPorts().set_for(call).ask("PUT", id, body)


def _body_of(call: Call, resource: Resource, scope: Scope) -> Json:
    reader = InternalClient(call.ports, call.engine, call.identity, call.dispatcher)
    try:
        return settle_body(resource.id, resource.body, scope, reader)
    except ServiceError as unread:
        raise TemplateError(unread.message) from None


def _has_ended(call: Call, answer: Answer) -> bool:
    path = operation_of(answer)
    reader = InternalClient(call.ports, call.engine, call.identity, call.dispatcher)
    return path is None or reader.progress(path).state == "Succeeded"


# ----------------------------------------------------------------------------------------------------- ports of a trial


class _QuietPorts:
    """Ports that tell what they know and do nothing. `touched`: something would have reached beyond the store."""

    def __init__(self) -> None:
        self.touched = False

    def set_for(self, call: Call) -> Call:
        blobs = _QuietBlobs(call.ports.blobs, self._touch)
        of_vault = _QuietBlobs(call.ports.vault_blobs, self._touch)
        fabric = _QuietFabric(call.ports.fabric, self._touch)
        engine = _QuietEngine(call.engine, call.ports, self._touch)
        return replace(call, ports=replace(call.ports, blobs=blobs, vault_blobs=of_vault, fabric=fabric), engine=engine)

    def _touch(self) -> None:
        self.touched = True


class _QuietBlobs(BlobsWrapper):
    """Writes nothing."""

    def __init__(self, inner: Blobs, touch: Callable[[], None]) -> None:
        super().__init__(inner)
        self._touch = touch

    def add_account(self, account: str) -> None:
        self._touch()

    def empty_account(self, account: str) -> None:
        self._touch()

    def put_container(self, account: str, container: Container) -> None:
        self._touch()

    def delete_container(self, account: str, name: str) -> None:
        self._touch()

    def properties(self, blob: Blob) -> BlobProperties | None:
        try:
            return super().properties(blob)
        except BlobNotFound:
            return None  # Its account is one of those that are tried here.

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._touch()

    def grow(self, blob: Blob, size_bytes: int) -> None:
        self._touch()

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._touch()

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        self._touch()
        return True

    def writer(self, blob: Blob) -> BlobWriter:
        self._touch()
        return _QuietWriter()

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._touch()

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        self._touch()

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._touch()
        return ""

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._touch()


class _QuietWriter(BlobWriter):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        return None

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        return 0

    def abort(self) -> None:
        return None


class _QuietFabric(FabricWrapper):
    def __init__(self, inner: Fabric, touch: Callable[[], None]) -> None:
        super().__init__(inner)
        self._touch = touch

    def create_vm(self, vm: str, spec: MachineSpec, cause: Cause | None = None) -> None:
        self._touch()

    def delete_vm(self, vm: str, cause: Cause | None = None) -> None:
        self._touch()

    def drop_disk(self, vm: str, blob: Blob) -> None:
        self._touch()

    def power(self, vm: str, state: PowerState, cause: Cause | None = None) -> None:
        self._touch()

    def restart(self, vm: str, cause: Cause | None = None) -> None:
        self._touch()

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        self._touch()
        return 0

    def remove_extension(self, vm: str, name: str, cause: Cause | None = None) -> None:
        self._touch()

    def run_command(self, vm: str, script: Sequence[str], cause: Cause | None = None) -> int:
        self._touch()
        return 0

    def snapshot_disks(self, vm: str, order: DiskSnapshotOrder, cause: Cause | None = None) -> None:
        self._touch()


class _QuietEngine(EngineWrapper):
    """Starts nothing. An account is taken for made at once, so that what lies in it can be tried too."""

    def __init__(self, inner: Engine, ports: Ports, touch: Callable[[], None]) -> None:
        super().__init__(inner)
        self._ports = ports
        self._touch = touch

    def start(self, plan: str, job_id: str, state: Json) -> None:
        if plan == accounts.CREATE.name and accounts.CREATE.job_log is not None:
            accounts.CREATE.job_log.close(self._ports.store, state, self._ports.clock.now(), [], cancelled=False)
        else:
            self._touch()

    def cancel(self, job_id: str) -> bool:
        self._touch()
        return False
