"""The five things the control plane needs from the world, and the values that pass through them.

A port is a small set of verbs. Every implementation, real or fake, passes the same suite (test_ports_*.py).
Errors of a port are the classes at the end of this file: an adapter translates its library's exceptions into them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Literal, Protocol, runtime_checkable

from controlplane.azure_providers import AzureProviders
from controlplane.blob_values import Blob as Blob
from controlplane.blob_values import BlobMade as BlobMade
from controlplane.blob_values import BlobProperties as BlobProperties
from controlplane.blob_values import Container as Container
from controlplane.blob_values import Deletion as Deletion
from controlplane.blob_values import Range as Range
from controlplane.domain.events.event import Cause
from controlplane.domain.events.event import Event as Event
from controlplane.domain.events.event import Names as Names
from controlplane.handler_values import PublishedHandler as PublishedHandler
from controlplane.handler_values import version_numbers as version_numbers
from controlplane.json_object import Json
from controlplane.machine_values import CommandResult as CommandResult
from controlplane.machine_values import DiskSnapshotOrder as DiskSnapshotOrder
from controlplane.machine_values import DiskSnapshots as DiskSnapshots
from controlplane.service_settings import Limits as Limits
from controlplane.service_settings import ServiceSettings as ServiceSettings

BLOCK_BYTES = 64 * 1024
"""Unit of digests and packs: a change of one byte costs one block."""
READ_BYTES = 8 * 1024 * 1024
"""Size of a bulk read. Azurite reads ranges of up to 4 MiB twice, so larger ones are several times faster."""
WRITE_BYTES = 4 * 1024 * 1024
"""Size of a bulk page write: the limit of Put Page in Azure Storage."""
CLAIMS = "backupsim-claim"
"""Container in which an account says whose it is, where several worlds use one storage."""
MAX_IN_FLIGHT = 4
"""Large transfers at once; more of them make the storage stall for every guest."""


# ---------------------------------------------------------------------------------------------------------------- Clock


class Clock(Protocol):
    """World time. It rules the service; tokens, SAS and transport time-outs are in real time."""

    def now(self) -> datetime:
        """The world's time, aware, UTC."""


# ---------------------------------------------------------------------------------------------------------------- Blobs


class BlobWriter(Protocol):
    """A block blob that grows; it exists only once committed."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        """Make the blob visible; returns its size in bytes."""

    def abort(self) -> None:
        """Forget what was written; harmless after commit."""


class Blobs(Protocol):
    """Azure Storage blobs. Containers appear when first written to. Thread-safe.

    Copy Blob, incremental copy and page-range diff are not here on purpose: on Azurite they alias data or answer
    wrongly. Raises BlobNotFound, BlobConflict, BlobRefused, StorageUnavailable.
    """

    def add_account(self, account: str) -> None:
        """Make a storage account of this name usable; once it exists this does nothing. Raises StorageRefused where
        the endpoint cannot have further accounts."""

    def empty_account(self, account: str) -> None:
        """Delete everything in the account, snapshots too, the container CLAIMS last. It stays usable; its name may be
        given anew."""

    def containers(self, account: str) -> Sequence[Container]:
        """The account's containers by name, those included that appeared when first written to."""

    def container(self, account: str, name: str) -> Container | None: ...

    def put_container(self, account: str, container: Container) -> None:
        """Make a container, or give one that is there this metadata and this public access."""

    def delete_container(self, account: str, name: str) -> None:
        """With all blobs and snapshots in it; one that is not there is no error."""

    def account_key(self, account: str) -> str:
        """The account's key, base64."""

    def account_url(self, account: str) -> str:
        """The blob endpoint of the account, without a slash at the end."""

    def url(self, blob: Blob) -> str:
        """The blob's URL without a signature (`?snapshot=` where it has one)."""

    def parse(self, url: str) -> Blob:
        """The address a URL means; query keys other than `snapshot` are dropped. ValueError for a foreign URL."""

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        """A page blob of zeros; an existing page blob of this name is replaced by zeros, its snapshots stay."""

    def grow(self, blob: Blob, size_bytes: int) -> None:
        """Give a page blob more bytes, which are zero; its snapshots keep their size. BlobConflict for fewer."""

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """A whole block blob at once, replacing what was there."""

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        """The same where there is no blob of this name; False, and nothing is changed, where there is. Of several who
        do it at once one gets True."""

    def writer(self, blob: Blob) -> BlobWriter:
        """A block blob written piece by piece."""

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        """`length` bytes from `offset`, or up to the end."""

    def fetch(self, blob: Blob, query: str, most_bytes: int) -> bytes:
        """The whole blob as a stranger gets it, who has no key: with the SAS in `query`, escaped as it stands in a URL,
        or with nothing where the container is public. BlobNotFound, BlobRefused; BlobConflict above `most_bytes`."""

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Pages: offset and length are multiples of 512; longer than WRITE_BYTES is sent in pieces."""

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        """Pages become zero and cost nothing."""

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        """The new snapshot's time stamp. Given metadata replaces the blob's."""

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        """What a page blob or its snapshot holds: ascending, neighbours merged."""

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range] | None:
        """Where `blob` (a snapshot) may differ from its own earlier snapshot `previous`; None: the storage cannot tell.

        Never misses a change; may name unchanged ranges (the reader compares digests). Ranges that held data before and
        hold none now come with `clear`. Ascending, not overlapping. BlobNotFound when one of the two is gone.
        """

    def properties(self, blob: Blob) -> BlobProperties | None:
        """None when there is no such blob."""

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        """Blobs whose name starts with `prefix`, by name; with `snapshots` also those, oldest first; or nothing."""

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        """URL with a service SAS (sr=b) for this one blob; `expires` is real time. `permissions` such as "rw"."""

    def lifetime(self) -> object | None:
        """The same for as long as the storage runs whose end ends us too: what it has once given back it loses to no
        crash meanwhile. None: it may end and start again, and nobody would know."""

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        """Delete blob or snapshot; a base blob's snapshots go too with `snapshots`, else BlobConflict. Absent: fine."""


class BlockSource(Protocol):
    """A disk image to read from, wherever its bytes lie: a page blob, a snapshot, or a recovery point in the vault."""

    @property
    def size_bytes(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes; holes read as zeros."""

    def extents(self) -> Sequence[Range]:
        """Where there may be anything but zeros: ascending, not overlapping."""


# ---------------------------------------------------------------------------------------------------------------- Store


@dataclass(frozen=True, slots=True)
class Document:
    """One resource. `body` is what a GET answers, as JSON text; `private` is the service's own and never leaves it."""

    kind: str
    id: str
    parent: str
    body: bytes
    private: Json
    etag: str

    def json(self) -> Json:
        try:
            decoded: Json = json.loads(self.body)
        except ValueError:
            raise StoreDamaged(f"the store's {self.kind} {self.id} is damaged; restore the store from a copy") from None
        return decoded


@dataclass(frozen=True, slots=True)
class Commit:
    """What became visible with one transaction; it may name a document that is as it was."""

    documents: frozenset[tuple[str, str]]
    """Kind and id of what was written or deleted, both in lower case."""
    has_events: bool


class StoreView(Protocol):
    """The reading verbs of a Store."""

    def get(self, kind: str, id: str) -> Document | None: ...

    def find(
        self, kind: str, parent: str | None = None, *, after: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        """Documents of a kind (below `parent`) in the order of their ids, those after the id `after`."""

    def kinds(self) -> Sequence[str]:
        """Every kind of which there is a document, in order."""

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        """Events with an id above `since`, oldest first; with `of` those of these kinds alone."""


class Store(StoreView, Protocol):
    """ARM resources and everything else that survives, as documents; plus the journal of events. Thread-safe.

    `kind` is the lower-case ARM type or a name with a dot of ours (`host.vm`); `id` is unique in its kind, stored in
    lower case and matched so; `parent` is what lists are read by.
    """

    def put(
        self,
        kind: str,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str = "",
        private: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> Document:
        """Write the whole document; a new etag. `if_match` = the etag it must have (EtagMismatch), `if_none_match` = it
        must not exist yet (DocumentExists). `private=None` keeps what is stored, `parent=""` too."""

    def delete(self, kind: str, id: str, *, if_match: str | None = None) -> bool:
        """True when it was there."""

    def transaction(self) -> AbstractContextManager[None]:
        """What happens inside becomes visible whole or not at all. Nests; one writer at a time."""

    def in_transaction(self) -> bool:
        """Whether the calling thread is inside a transaction. It holds the writer then, and must not wait for anything
        outside: no blob, no process, no other thread."""

    def view(self) -> AbstractContextManager[StoreView]:
        """The documents and events as they are now: whatever others write meanwhile is not seen, and nobody is kept
        from writing. For one thread. Inside a transaction it shows what that has written too."""

    def record(self, event: Event) -> int:
        """Append to the journal; returns the event's id, which grows. Secrets never belong in `data`."""

    def on_commit(self, listener: Callable[[Commit], None]) -> Callable[[], None]:
        """Call `listener` after each commit that wrote something, in the thread that committed: it must not block and
        must not raise. The result ends it. Commits of other processes are not told."""


# --------------------------------------------------------------------------------------------------------------- Fabric

PowerState = Literal["running", "stopped", "deallocated"]
CreateOption = Literal["FromImage", "Empty", "Attach"]


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a virtual machine. `lun` -1 is the OS disk. `blob` is its page blob with the VHD in it."""

    name: str
    lun: int
    blob: Blob
    size_bytes: int
    create_option: CreateOption
    managed_disk_id: str | None = None

    @property
    def blob_key(self) -> str:
        """By which a machine's blobs are known beside its document; the account stands first."""
        return f"{self.blob.account}/{self.blob.container}/{self.blob.name}"

    def to_json(self) -> Json:
        """As it stands in documents: the address of the blob in three keys."""
        return {
            "name": self.name,
            "lun": self.lun,
            "account": self.blob.account,
            "container": self.blob.container,
            "blob": self.blob.name,
            "size_bytes": self.size_bytes,
            "create_option": self.create_option,
            "managed_disk_id": self.managed_disk_id,
        }

    @classmethod
    def from_json(cls, data: Json) -> Disk:
        return cls(
            name=data["name"],
            lun=data["lun"],
            blob=Blob(data["account"], data["container"], data["blob"]),
            size_bytes=data["size_bytes"],
            create_option=data["create_option"],
            managed_disk_id=data["managed_disk_id"],
        )


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """What a virtual machine shall be. `image` decides which workloads run in it (publisher:offer:sku)."""

    vm_id: str
    name: str
    size: str
    os_type: Literal["Windows", "Linux"]
    image: str
    computer_name: str
    disks: tuple[Disk, ...]
    has_agent: bool = True
    """Whether a guest agent is installed with the system. A system that is on the OS disk already has what it has."""


@dataclass(frozen=True, slots=True)
class ExtensionRequest:
    """One extension of a virtual machine as ARM asks for it. `protected` is sealed at once and not kept."""

    name: str
    publisher: str
    type: str
    version: str
    auto_upgrade_minor_version: bool
    public: Json
    protected: Json = field(repr=False)
    keeps_protected: bool = False
    """The protected settings that were delivered before stay; `protected` is not looked at."""
    traits: Json = field(default_factory=dict)
    """What else was said of it and is shown as it came: tags, forceUpdateTag and their like."""
    if_changed: bool = False
    """Asking once more for what is there already does not run it again."""


HANDLER_WORKS = frozenset({"Ready", "Installing"})


@dataclass(frozen=True, slots=True)
class ExtensionView:
    """One extension: what was asked for and what the agent reported of it."""

    name: str
    publisher: str
    type: str
    version: str
    auto_upgrade_minor_version: bool
    public: Json
    sequence_number: int
    provisioning_state: str
    """Creating, Updating, Succeeded, Failed or Deleting."""
    handler_version: str | None = None
    handler_status: str | None = None
    handler_message: str | None = None
    """What the agent says of the handler."""
    status: Json | None = None
    """The reported status object of the sequence number asked for, as in N.status; None until there is one."""
    traits: Json = field(default_factory=dict)

    @property
    def handler(self) -> str:
        return f"{self.publisher}.{self.type}"

    @property
    def handler_works(self) -> bool:
        """False: its agent or its handler could not do their part, so that nothing can be said of the rest."""
        return self.handler_status in HANDLER_WORKS


@dataclass(frozen=True, slots=True)
class InstanceView:
    """What is known of a running virtual machine."""

    power: PowerState
    provisioning_state: str
    """Creating, Updating, Succeeded, Failed or Deleting."""
    agent_status: str | None
    """Ready, Not Ready or None while no agent ever reported."""
    agent_version: str | None
    computer_name: str | None
    os_name: str | None
    os_version: str | None
    booted: datetime | None
    extensions: tuple[ExtensionView, ...] = ()
    problem: str | None = None
    """Why it could not be made to be what it shall be, in one sentence."""
    wanted_power: PowerState | None = None
    """Where it is on its way to; None: nowhere else."""
    command: CommandResult | None = None
    """What the last script wrote that was run in it."""
    command_runs: bool = False
    """A script was asked for that has not been run yet."""
    snapshots: DiskSnapshots | None = None
    """What came of the last order to snapshot its disks."""


@runtime_checkable
class Fabric(Protocol):
    """The host side, reached through the store: verbs write what shall be, views read what is. `vm` = ARM id.

    `cause` is the event because of which something shall be; what the host then tells follows from it.
    """

    def create_vm(self, vm: str, spec: MachineSpec, cause: Cause | None = None) -> None: ...

    def delete_vm(self, vm: str, cause: Cause | None = None) -> None: ...

    def drop_disk(self, vm: str, blob: Blob) -> None:
        """To be called before the blob of a disk is deleted that a machine had: a host that was still making the disk
        when the machine was deleted deletes it again. Without effect on a machine that is there."""

    def power(self, vm: str, state: PowerState, cause: Cause | None = None) -> None: ...

    def restart(self, vm: str, cause: Cause | None = None) -> None:
        """Shut a running machine down and boot it again."""

    def disks(self, vm: str) -> tuple[Disk, ...]: ...

    def storage_address(self, vm: str) -> str | None:
        """Where this machine reaches the storage, as `http://127.0.0.1:10001`; None: where everybody does."""

    def handlers(self) -> Sequence[PublishedHandler]:
        """Everything that extensions can be made of, by publisher and type."""

    def handler(self, publisher: str, type: str) -> PublishedHandler | None:
        """What an extension of this publisher and type is made of, however they are written."""

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        """Ask for an extension with these settings, sealed for this machine; returns its sequence number.
        Raises GuestNotReady."""

    def remove_extension(self, vm: str, name: str, cause: Cause | None = None) -> None: ...

    def run_command(self, vm: str, script: Sequence[str], cause: Cause | None = None) -> int:
        """Have the guest run these lines; returns the number of the script. Raises GuestNotReady."""

    def snapshot_disks(self, vm: str, order: DiskSnapshotOrder, cause: Cause | None = None) -> None:
        """Have the host snapshot disks of a running machine at one instant. Raises GuestNotReady."""

    def instance_view(self, vm: str) -> InstanceView | None:
        """None when there is no such machine."""


# --------------------------------------------------------------------------------------------------------------- Engine


class Engine(Protocol):
    """Runs plans, each in the background, each job once."""

    def start(self, plan: str, job_id: str, state: Json) -> None:
        """Queue a run of the plan of this name: it begins after the commit of the transaction in which this is called,
        when a worker is free. A job id that was started before is left alone."""

    def cancel(self, job_id: str) -> bool:
        """Ask the job to stop: before its next step, or in the present one where it waits; False when it ended."""

    def recover(self) -> int:
        """Go on with what an ended process left unfinished; returns how many jobs. What another engine has is left to
        it."""

    def close(self) -> None:
        """Wait for what runs, start nothing more."""


@dataclass(frozen=True)
class Ports:
    """What a step may use. `chance` is the world's one seeded source of ids and draws."""

    clock: Clock
    blobs: Blobs
    store: Store
    fabric: Fabric
    chance: Random
    settings: ServiceSettings
    vault_blobs: Blobs
    """The same storage as `blobs`, as the vaults ask it; what they hold is reached by no other."""
    providers: AzureProviders = field(default_factory=AzureProviders)


# --------------------------------------------------------------------------------------------------------------- Errors


class PortError(Exception):
    """Something outside did not do what it was asked. Messages carry no signature and no key."""


class StorageUnavailable(PortError):
    """The storage endpoint did not answer or answered 5xx."""


class StorageFull(StorageUnavailable):
    """The disk of the endpoint has no room for it."""


class StoreUnavailable(PortError):
    """The store could not be read or written."""


class StoreFull(StoreUnavailable):
    """The disk of the store is full."""


class StoreDamaged(PortError):
    """What the store holds is not what was written to it."""


class StorageRefused(PortError):
    """The endpoint cannot do this at all, for instance have a further account."""


class BlobNotFound(PortError):
    """No such blob, snapshot or container."""


class BlobConflict(PortError):
    """The blob's state forbids it: exists already, has snapshots, wrong kind, out of range."""


class BlobRefused(PortError):
    """403: wrong key, expired or insufficient SAS."""


class GuestNotReady(PortError):
    """The machine is not there, or has not shown the certificate for which its settings are sealed."""


class EtagMismatch(PortError):
    """The document changed since it was read."""


class DocumentExists(PortError):
    """A document of this kind and id is there already."""
