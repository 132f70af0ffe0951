"""Reads the body of a virtual machine's PUT into a machine request.

Passwords, certificates and unattended-setup files are not read at all, and custom data only to be checked, so nothing
can keep or show them. User data is kept with the machine; only who asks for it sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from controlplane.arm.edge.call import RequestBody
from controlplane.arm.managed_identity.assigned_identities import IdentityRequest
from controlplane.domain import errors, location
from controlplane.domain.compute.virtual_machine import (
    DEFAULT_SIZE,
    OS_DISK_LUN,
    TYPE,
    DiskRequest,
    Image,
    MachineRequest,
    check_custom_data,
    check_image,
    checked_user_data,
    license_type,
    missing,
)
from controlplane.json_object import Json


class VhdRequest(RequestBody):
    uri: str | None = None


class ManagedDiskRequest(RequestBody):
    id: str | None = None
    storage_account_type: str | None = None


class DiskBody(RequestBody):
    lun: int | None = None
    os_type: str | None = None
    name: str | None = None
    create_option: str | None = None
    caching: str | None = None
    delete_option: str | None = None
    to_be_detached: bool = False
    disk_size_gib: int | None = Field(None, alias="diskSizeGB")
    vhd: VhdRequest = VhdRequest()
    managed_disk: ManagedDiskRequest = ManagedDiskRequest()

    def disk(self, lun: int) -> DiskRequest:
        return DiskRequest(
            lun=lun,
            name=self.name or "",
            create_option=self.create_option or "",
            size_gib=self.disk_size_gib,
            caching=self.caching or "",
            vhd=self.vhd.uri or "",
            managed_disk_id=self.managed_disk.id or "",
            storage_type=self.managed_disk.storage_account_type or "",
            delete_option=self.delete_option or "",
        )


class ImageRequest(RequestBody):
    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str = "latest"
    id: str | None = None
    community_gallery_image_id: str | None = None
    shared_gallery_image_id: str | None = None

    def image(self) -> Image:
        if self.id or self.community_gallery_image_id or self.shared_gallery_image_id:
            raise errors.operation_not_simulated("a virtual machine from a custom image")
        if not (self.publisher and self.offer and self.sku):
            raise missing("imageReference.publisher, offer or sku")
        image = Image(self.publisher, self.offer, self.sku, self.version)
        check_image(image)
        return image


class StorageProfileRequest(RequestBody):
    image_reference: ImageRequest | None = None
    os_disk: DiskBody | None = None
    data_disks: list[DiskBody] | None = None

    def system_disk(self) -> DiskBody:
        """The one asked for; a machine from an image has one in any case."""
        if self.os_disk is not None:
            return self.os_disk
        if self.image_reference is None:
            raise missing("storageProfile.osDisk")
        return DiskBody.model_validate({"createOption": "FromImage"})

    def disks(self) -> tuple[DiskRequest, ...]:
        disks = [self.system_disk().disk(OS_DISK_LUN)]
        for disk in self.data_disks or []:
            if disk.lun is None:
                raise missing("dataDisk.lun")
            if disk.to_be_detached:
                continue
            # -1 stands for the OS disk in this program; a request must not use it.
            disks.append(disk.disk(disk.lun if disk.lun != OS_DISK_LUN else OS_DISK_LUN - 1))
        return tuple(disks)


class WindowsRequest(RequestBody):
    provision_vm_agent: bool | None = Field(None, alias="provisionVMAgent")
    enable_automatic_updates: bool | None = None
    time_zone: str | None = None


class SshKeyRequest(RequestBody):
    path: str | None = None
    key_data: str | None = None


class SshRequest(RequestBody):
    public_keys: list[SshKeyRequest] | None = None


class LinuxRequest(RequestBody):
    disable_password_authentication: bool | None = None
    provision_vm_agent: bool | None = Field(None, alias="provisionVMAgent")
    ssh: SshRequest | None = None


class OsProfileRequest(RequestBody):
    computer_name: str | None = None
    custom_data: str | None = None
    admin_username: str | None = None
    windows_configuration: WindowsRequest | None = None
    linux_configuration: LinuxRequest | None = None


class HardwareProfileRequest(RequestBody):
    vm_size: str = DEFAULT_SIZE


class InterfacePropertiesRequest(RequestBody):
    primary: bool | None = None
    delete_option: str | None = None


class InterfaceRequest(RequestBody):
    id: str | None = None
    properties: InterfacePropertiesRequest | None = None


class NetworkProfileRequest(RequestBody):
    network_interfaces: list[InterfaceRequest] | None = None


class BootDiagnosticsRequest(RequestBody):
    enabled: bool = False


class DiagnosticsProfileRequest(RequestBody):
    boot_diagnostics: BootDiagnosticsRequest | None = None


class OtherProperties(RequestBody):
    """What the service keeps and shows, and what changes nothing about a machine that is simulated."""

    license_type: str | None = None
    priority: str | None = None
    eviction_policy: str | None = None
    security_profile: dict[str, Any] | None = None
    additional_capabilities: dict[str, Any] | None = None
    availability_set: dict[str, Any] | None = None
    proximity_placement_group: dict[str, Any] | None = None


class PropertiesRequest(OtherProperties):
    hardware_profile: HardwareProfileRequest = HardwareProfileRequest()
    storage_profile: StorageProfileRequest | None = None
    os_profile: OsProfileRequest | None = None
    network_profile: NetworkProfileRequest | None = None
    diagnostics_profile: DiagnosticsProfileRequest | None = None
    user_data: Any = None
    """A text; an empty one takes away what there was."""

    def others(self) -> dict[str, Any]:
        others = {key: value for key, value in self._others().items() if value != {}}
        return others | ({"licenseType": license_type(self.license_type)} if self.license_type else {})

    def cleared(self) -> frozenset[str]:
        """What the machine shall have no longer, or not at all: clients write an object without content then."""
        return frozenset(key for key, value in self._others().items() if value == {})

    def _others(self) -> dict[str, Any]:
        return self.model_dump(include=set(OtherProperties.model_fields), by_alias=True, exclude_none=True)


_DISKS = ("osDisk", "dataDisks.[]")
ENCRYPTION_SETS = {
    f"properties.storageProfile.{disk}.managedDisk.{key}": "a disk with a disk encryption set"
    for disk in _DISKS
    for key in ("diskEncryptionSet", "securityProfile.diskEncryptionSet")
}


class VirtualMachineRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = {
        **ENCRYPTION_SETS,
        **{f"properties.storageProfile.{disk}.image": "a disk from a custom image" for disk in _DISKS},
        "properties.storageProfile.osDisk.encryptionSettings": "a disk with Azure Disk Encryption",
        "properties.storageProfile.dataDisks.[].sourceResource": "a disk that a virtual machine copies",
        "properties.networkProfile.networkInterfaceConfigurations": "a network interface made by its virtual machine",
    }
    unseen = (
        "properties.osProfile.adminPassword",
        "properties.osProfile.customData",
        "properties.osProfile.windowsConfiguration.additionalUnattendContent.[].content",
    )
    also_read = (
        "properties.storageProfile.osDisk.lun",
        "properties.storageProfile.osDisk.toBeDetached",
        "properties.storageProfile.dataDisks.[].osType",
    )

    location: str | None = None
    tags: dict[str, str] | None = None
    zones: list[str] | None = None
    identity: IdentityRequest | None = None
    properties: PropertiesRequest = PropertiesRequest()

    def machine(self, name: str) -> MachineRequest:
        """The machine asked for, not yet completed."""
        properties = self.properties
        if system_data := properties.os_profile and properties.os_profile.custom_data:
            check_custom_data(system_data)
        storage, system = properties.storage_profile, properties.os_profile or OsProfileRequest()
        if storage is None:
            raise missing("storageProfile")
        return MachineRequest(
            name=name,
            location=location.normalised(self.location, TYPE),
            disks=storage.disks(),
            keeps_data_disks=storage.data_disks is None,
            tags=self.tags,
            zones=self.zones,
            size=properties.hardware_profile.vm_size,
            image=storage.image_reference.image() if storage.image_reference else None,
            os_type=storage.system_disk().os_type or "",
            sets_system_up=properties.os_profile is not None,
            computer_name=system.computer_name or "",
            admin_username=system.admin_username or "",
            windows=_json_of(system.windows_configuration),
            linux=_json_of(system.linux_configuration),
            network=_json_of(properties.network_profile),
            diagnostics=_json_of(properties.diagnostics_profile),
            others=properties.others(),
            cleared=properties.cleared(),
            user_data=None if properties.user_data is None else checked_user_data(properties.user_data),
        )


class MachinePatch(RequestBody):
    """A PATCH: what of a PUT's body it names."""

    refused = VirtualMachineRequest.refused
    unseen = VirtualMachineRequest.unseen
    also_read = VirtualMachineRequest.also_read

    tags: dict[str, str] | None = None
    zones: list[str] | None = None
    identity: IdentityRequest | None = None
    properties: PropertiesRequest = PropertiesRequest()

    def applied(self, machine: Json) -> VirtualMachineRequest:
        """The PUT that means the same for a machine as it is shown. Objects are changed key by key; lists, and objects
        without content that are only kept, replace what was there."""
        changes = self.properties.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
        before = {key: machine[key] for key in ("location", "tags", "zones") if key in machine}
        named = {key: value for key, value in (("tags", self.tags), ("zones", self.zones)) if value is not None}
        properties, cleared = machine["properties"], self.properties.cleared()
        joined = properties | {
            key: value if key in cleared else _joined(properties.get(key), value) for key, value in changes.items()
        }
        return VirtualMachineRequest.model_validate(before | named | {"properties": joined})


def _joined(before: Any, change: Any) -> Any:
    if not (isinstance(before, dict) and isinstance(change, dict)):
        return change
    return before | {key: _joined(before.get(key), value) for key, value in change.items()}


def _json_of(part: RequestBody | None) -> dict[str, Any] | None:
    return None if part is None else part.model_dump(by_alias=True, exclude_none=True)
