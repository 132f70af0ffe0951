"""Step of a restore to an alternate location: a new virtual machine from the restored disks, on a network interface."""

from __future__ import annotations

from controlplane.domain.compute.managed_disk import KIND as DISKS
from controlplane.domain.compute.virtual_machine import KIND, VHD_FOOTER_BYTES
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.restore import MACHINE_NAME_TAKEN, RESTORE_SUBNET_NOT_FOUND
from controlplane.domain.network import network, network_interface
from controlplane.domain.network.network_interface import Configuration
from controlplane.domain.recovery_services import restored_machine
from controlplane.domain.recovery_services.provider_answers import WRITE_INTERFACE, WRITE_MACHINE
from controlplane.domain.recovery_services.restored_disks import RestoredDisk
from controlplane.jobs.documents import locks, machines, managed_disks, providers
from controlplane.jobs.documents.networks import INTERFACES, delete_interface, find_subnet, take_address
from controlplane.jobs.engine.plan import Outcome, Step
from controlplane.jobs.engine.waiting import Waiting
from controlplane.jobs.restore import power_state
from controlplane.jobs.restore import restore_transfer as transfer
from controlplane.jobs.restore.states import AlternateState, NewMachine
from controlplane.json_object import Json
from controlplane.ports import Disk, Ports, Store

CONFIGURATION = "ipconfig1"


def create(ports: Ports, state: AlternateState) -> Waiting[Outcome]:
    """The machine is there and has booted when this ends. It is made by the documents that a PUT would write."""
    place = state["place"]
    if ports.store.get(KIND, place["machine"]) is None:
        providers.require(ports, WRITE_INTERFACE, place["interface"])
        providers.require(ports, WRITE_MACHINE, place["machine"])
    with ports.store.transaction():
        document = ports.store.get(KIND, place["machine"])
        if document is None:
            _create(ports, state)
        elif document.json()["properties"]["vmId"] != place["vm_id"]:
            raise name_taken(place["machine"])
    yield from power_state.reach(ports, place["machine"], "running")
    return Outcome(state)


def _create(ports: Ports, state: AlternateState) -> None:
    place, store = state["place"], ports.store
    locks.check(store, place["machine"])
    point = transfer.point_of(store, state)
    disks = transfer.restored_disks(ports, state)
    body = restored_machine.body(
        place["machine"], point.machine, disks, place["vm_id"], place["interface"], ports.clock.now()
    )
    if state["zone"]:
        body["zones"] = [state["zone"]]
    store.put(INTERFACES, place["interface"], _interface(store, place, body["location"]), parent=_group_of(place))
    backed = backed_disks(ports, disks)
    private = {"blobs": [disk.blob_key for disk in backed]}
    store.put(KIND, place["machine"], body, parent=_group_of(place), private=private, if_none_match=True)
    for disk in disks:
        if disk.id:
            managed_disks.set_owner(store, disk.id, place["machine"])
    ports.fabric.create_vm(place["machine"], machines.spec_of(body, backed))


def backed_disks(ports: Ports, disks: list[RestoredDisk]) -> tuple[Disk, ...]:
    """What the fabric is told of restored disks."""
    return tuple(
        Disk(
            name=disk.name,
            lun=disk.lun,
            blob=ports.blobs.parse(disk.uri),
            size_bytes=disk.size_bytes - VHD_FOOTER_BYTES,
            create_option="Attach",
            managed_disk_id=disk.id or None,
        )
        for disk in sorted(disks, key=lambda disk: disk.lun)
    )


def _interface(store: Store, place: NewMachine, location: str) -> Json:
    """The interface as ARM shows it, with the lowest address that is free in its subnet."""
    subnet = find_subnet(store, place["subnet"])
    if subnet is None:
        raise no_subnet()
    id, etag = place["interface"], f'W/"{place["etag"]}"'
    address = take_address(store, subnet, network_interface.configuration_id(id, CONFIGURATION))
    configuration = network_interface.configuration_body(
        id, Configuration(CONFIGURATION, subnet["id"], address, primary=True), etag
    )
    return {
        "name": id.rpartition("/")[2],
        "id": id,
        "type": network.INTERFACE,
        "location": location,
        "etag": etag,
        "properties": network_interface.properties(
            place["interface_guid"], place["mac"], [configuration], machine=place["machine"]
        ),
    }


def remove(ports: Ports, state: AlternateState) -> Outcome:
    """Machine and interface go; the disks belong to nobody again."""
    place = state["place"]

    def commit(store: Store) -> None:
        document = store.get(KIND, place["machine"])
        if document is not None and document.json()["properties"]["vmId"] == place["vm_id"]:
            ports.fabric.delete_vm(place["machine"])
            store.delete(KIND, place["machine"])
        delete_interface(store, place["interface"])
        for made in state["disks"]:
            if made["id"] and store.get(DISKS, made["id"]) is not None:
                managed_disks.set_owner(store, made["id"], None)

    return Outcome(state, commit)


CREATE = Step("Create the restored virtual machine", do=create, undo=remove)


def no_subnet() -> ServiceError:
    return RESTORE_SUBNET_NOT_FOUND.error()


def name_taken(vm: str) -> ServiceError:
    return MACHINE_NAME_TAKEN.error(name=vm.rpartition("/")[2])


def _group_of(place: NewMachine) -> str:
    return place["machine"].partition("/providers/")[0]
