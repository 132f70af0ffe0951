"""What a job has written into the vault and takes back: deleted at once, or noted where the storage refuses.

A note is seen to by the clean-up, as what has expired is. Without it nobody would ever look for these manifests and
packs: no recovery point names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from controlplane.domain.events import service as events
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.jobs.engine import records
from controlplane.jobs.engine.job_state import JobState
from controlplane.jobs.engine.plan import Outcome
from controlplane.json_object import Json
from controlplane.ports import PortError, Ports, Store
from controlplane.vault_format.vault_store import VaultPoint, VaultStore

LEFT = "vault.left"
"""Kind of the notes; the parent is the item."""


def taken_back(ports: Ports, state: JobState, item: str, names: Mapping[str, int]) -> Outcome:
    """Without what the job has written under these names, each with the LUN of its disk."""
    try:
        _delete(ports, item, names)
    except PortError as problem:
        failure = records.event(state, events.VaultCopyLeftBehind(str(problem)))
        return Outcome(state, lambda store: note(store, ports, state, item, names), (failure,))
    return Outcome(state)


def note(store: Store, ports: Ports, state: JobState, item: str, names: Mapping[str, int]) -> None:
    """They are to be deleted once nobody works on the item; the job writes them no more."""
    id = f"{item}/left/{state['job']}"
    before = store.get(LEFT, id)
    all_names = {**(before.private["names"] if before else {}), **names}
    private = {"names": all_names, "since": ports.clock.now().isoformat()}
    store.put(LEFT, id, {}, parent=item, private=private)


def erase(ports: Ports, item: str, private: Json) -> None:
    """Delete what a note names. Raises PortError, and may be repeated."""
    _delete(ports, item, private["names"])


def names(store: Store) -> set[str]:
    """All that is noted."""
    return {name for left in store.find(LEFT) for name in left.private["names"]}


def copies_of_disk(others: Iterable[RecoveryPoint], lun: int) -> Iterator[VaultPoint]:
    """What the vault has of the disk at this LUN at other points."""
    for point in others:
        for disk in point.disks:
            if disk.lun == lun and disk.vault is not None:
                yield VaultPoint.from_json(disk.vault)


def _delete(ports: Ports, item: str, names: Mapping[str, int]) -> None:
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    item_points = points.of_item(ports.store, item)
    for name, lun in names.items():
        others = [copy for copy in copies_of_disk(item_points, lun) if copy.name != name]
        vault.delete(name, others)
