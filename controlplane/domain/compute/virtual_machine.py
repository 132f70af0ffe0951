"""Virtual machine: what a request must hold, the defaults the service fills in, and the body ARM shows.

`completed` fills in every default of a request; it raises ServiceError for what the service refuses.
Secrets such as the administrator's password never reach this module: the request does not carry them here.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from controlplane.domain import errors
from controlplane.domain.compute import vm_sizes
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.compute import (
    COMPUTER_NAME_INVALID,
    CUSTOM_DATA_INVALID,
    OPERATION_NOT_ALLOWED,
    OS_PROFILE_NOT_ALLOWED,
    PARAMETER_INVALID,
    PARAMETER_MISSING,
    SIZE_INVALID,
)
from controlplane.domain.resources import resource_names
from controlplane.domain.times import instant_with_offset
from controlplane.json_object import Json

TYPE = "Microsoft.Compute/virtualMachines"
KIND = TYPE.lower()

OS_DISK_LUN = -1
VHD_FOOTER_BYTES = 512
"""What a fixed VHD's blob holds besides the disk."""
LUNS = range(64)
GIB = 1024**3
WINDOWS_IMAGE_GIB, SMALL_WINDOWS_IMAGE_GIB, LINUX_IMAGE_GIB = 127, 30, 30
MANAGED_DISK_GIB = range(1, 32_768)
UNMANAGED_DISK_GIB = range(1, 4_096)
DEFAULT_SIZE = "Standard_DS1_v2"

DATA_CHARACTERS = 87_380
"""What custom data and user data have at most: 64 KiB in Base64."""
LICENSES = (
    *("None", "Windows_Server", "Windows_Client", "RHEL_BYOS", "RHEL_BASE", "RHEL_EUS", "RHEL_ELS_6", "RHEL_SAPAPPS"),
    *("RHEL_SAPHA", "RHEL_BASESAPAPPS", "RHEL_BASESAPHA", "SLES_BYOS", "SLES", "SLES_STANDARD", "SLES_SAP"),
    *("SLES_HPC", "UBUNTU", "UBUNTU_PRO"),
)
"""Values of licenseType that azure-cli knows."""

_IMAGE_VERSION = re.compile(r"latest|\d+\.\d+\.\d+", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?", re.ASCII)
_WINDOWS_COMPUTER_NAME = re.compile(r"(?![0-9]+$)[A-Za-z0-9-]{1,15}", re.ASCII)
_LINUX_OFFERS = re.compile(r"ubuntu|rhel|sles|centos|debian|linux|azl", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Image:
    publisher: str
    offer: str
    sku: str
    version: str = "latest"

    @property
    def os_type(self) -> str:
        """The operating system of a marketplace image; Microsoft's own are Windows unless the offer names a Linux."""
        windows = self.publisher.lower().startswith("microsoft") and not _LINUX_OFFERS.search(self.offer)
        return "Windows" if windows else "Linux"

    @property
    def size_gib(self) -> int:
        if self.os_type == "Linux":
            return LINUX_IMAGE_GIB
        return SMALL_WINDOWS_IMAGE_GIB if "smalldisk" in self.sku.lower() else WINDOWS_IMAGE_GIB

    def __str__(self) -> str:
        return f"{self.publisher}:{self.offer}:{self.sku}"


@dataclass(frozen=True, slots=True)
class DiskRequest:
    """A disk as asked for; empty means that the service chooses. `vhd` is the address of an unmanaged disk's blob."""

    lun: int
    name: str = ""
    create_option: str = ""
    size_gib: int | None = None
    caching: str = ""
    vhd: str = ""
    managed_disk_id: str = ""
    storage_type: str = ""
    delete_option: str = ""

    @property
    def parameter(self) -> str:
        return "osDisk" if self.lun == OS_DISK_LUN else "dataDisk"

    @property
    def attached(self) -> bool:
        return self.create_option == "Attach"


@dataclass(frozen=True, slots=True)
class MachineRequest:
    """A virtual machine as asked for. From `windows` on its parts are shown as they came."""

    name: str
    location: str
    disks: tuple[DiskRequest, ...]
    """The OS disk first."""
    keeps_data_disks: bool = False
    """The request names no data disks: an existing machine keeps the ones it has."""
    tags: dict[str, str] | None = None
    zones: list[str] | None = None
    size: str = DEFAULT_SIZE
    image: Image | None = None
    os_type: str = ""
    sets_system_up: bool = False
    """The request says how the system is to be set up: names, configuration, or anything else of osProfile."""
    computer_name: str = ""
    admin_username: str = ""
    windows: Json | None = None
    linux: Json | None = None
    network: Json | None = None
    diagnostics: Json | None = None
    others: Json = field(default_factory=dict)
    """Properties that change nothing here, such as licenseType."""
    cleared: frozenset[str] = frozenset()
    """Those of such properties that an existing machine shall lose."""
    user_data: str | None = None
    """Base64; None: the machine keeps what it has, empty: it has none."""

    @property
    def managed(self) -> bool:
        return not any(disk.vhd for disk in self.disks)

    @property
    def has_agent(self) -> bool:
        """Whether a guest agent is installed with the system."""
        return provisions_agent(self.windows if self.os_type == "Windows" else self.linux)


def provisions_agent(configuration: Json | None) -> bool:
    """By the windowsConfiguration or linuxConfiguration of an osProfile."""
    return (configuration or {}).get("provisionVMAgent") is not False


def missing(parameter: str) -> ServiceError:
    return PARAMETER_MISSING.error(parameter=parameter)


def invalid(parameter: str, reason: str) -> ServiceError:
    return PARAMETER_INVALID.error(parameter=parameter, reason=reason)


def not_allowed(reason: str) -> ServiceError:
    return OPERATION_NOT_ALLOWED.error(reason=reason)


def completed(request: MachineRequest, name_of_disk: Callable[[int], str]) -> MachineRequest:
    """The machine with every default filled in. `name_of_disk` gives the name of a disk that was not named."""
    if not _NAME.fullmatch(request.name):
        raise invalid("vmName", "1 to 64 letters, digits, '-', '_' and '.', not ending with '-' or '.'")
    check_size(request.size)
    disks = [completed_disk(disk, request.image) for disk in request.disks]
    _check_mixture(disks)
    os_type = _os_type(request, disks[0])
    if disks[0].attached and request.sets_system_up:
        raise OS_PROFILE_NOT_ALLOWED.error()
    request = replace(request, disks=tuple(disks), os_type=os_type)
    disks = [disk if disk.name else replace(disk, name=default_name(disk, name_of_disk)) for disk in disks]
    check_unique("name", [disk.name.lower() for disk in disks])
    check_unique("vhd.uri", [disk.vhd for disk in disks if disk.vhd])
    check_unique("managedDisk.id", [disk.managed_disk_id.lower() for disk in disks if disk.managed_disk_id])
    return replace(request, disks=tuple(disks), computer_name=_computer_name(request))


def check_image(image: Image) -> None:
    if not _IMAGE_VERSION.fullmatch(image.version):
        raise invalid("imageReference.version", "it must be latest, or three numbers with dots")


def checked_user_data(text: object) -> str:
    if not isinstance(text, str) or len(text) > DATA_CHARACTERS or not _is_base64(text):
        raise invalid("userData", f"it must be Base64 of at most {DATA_CHARACTERS} characters")
    return text


def check_custom_data(text: str) -> None:
    if len(text) > DATA_CHARACTERS or not _is_base64(text):
        raise CUSTOM_DATA_INVALID.error(most=DATA_CHARACTERS)


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def license_type(name: str) -> str:
    """A kind of license as the service spells it."""
    chosen = {each.lower(): each for each in LICENSES}.get(name.lower())
    if chosen is None:
        raise invalid("licenseType", f"it must be one of {', '.join(LICENSES)}")
    return chosen


def check_size(size: str) -> None:
    if not vm_sizes.could_be(size):
        listed = ", ".join(each.name for each in vm_sizes.SIZES)
        raise SIZE_INVALID.error(size=size, sizes=listed)


def completed_disk(disk: DiskRequest, image: Image | None) -> DiskRequest:
    """A disk to be created or attached with its size, its option as the service spells it; checked."""
    options = ("FromImage", "Attach") if disk.lun == OS_DISK_LUN else ("Empty", "Attach")
    spellings = {option.lower(): option for option in options}
    if disk.name:
        resource_names.check_disk(disk.parameter, disk.name)
    if not disk.create_option:
        raise missing(f"{disk.parameter}.createOption")
    option = spellings.get(disk.create_option.lower())
    if disk.create_option.lower() in ("copy", "restore"):
        raise errors.operation_not_simulated(f"a disk of a virtual machine by the create option {disk.create_option}")
    if option is None:
        raise invalid(f"{disk.parameter}.createOption", f"it must be one of {', '.join(options)}")
    if disk.lun not in LUNS and disk.lun != OS_DISK_LUN:
        raise invalid("dataDisk.lun", "it must be between 0 and 63, inclusive")
    if option == "Attach":
        if not disk.vhd and not disk.managed_disk_id:
            raise missing(f"{disk.parameter}.managedDisk.id")
        return replace(disk, create_option=option)
    if disk.managed_disk_id:
        raise invalid(f"{disk.parameter}.managedDisk.id", "a disk that is to be created cannot have an id")
    return replace(disk, create_option=option, size_gib=_size_gib(disk, option, image))


def _size_gib(disk: DiskRequest, option: str, image: Image | None) -> int:
    parameter = f"{disk.parameter}.diskSizeGB"
    smallest = 1
    if option == "FromImage":
        if image is None:
            raise missing("imageReference")
        smallest = image.size_gib
    elif disk.size_gib is None:
        raise missing(parameter)
    allowed = UNMANAGED_DISK_GIB if disk.vhd else MANAGED_DISK_GIB
    size_gib = smallest if disk.size_gib is None else disk.size_gib
    if size_gib not in allowed:
        raise invalid(parameter, f"it must be between {allowed.start} and {allowed.stop - 1}")
    if size_gib < smallest:
        raise invalid(
            parameter,
            f"the specified disk size {size_gib} GB is smaller than the size of the corresponding disk in the VM "
            f"image: {smallest} GB",
        )
    return size_gib


def _check_mixture(disks: Sequence[DiskRequest]) -> None:
    check_unique("lun", [disk.lun for disk in disks])
    if any(disk.vhd for disk in disks) and not all(disk.vhd for disk in disks):
        raise not_allowed("Addition of a managed disk to a VM with blob based disks is not supported.")


def check_unique(parameter: str, values: Sequence[object]) -> None:
    """Refuse disks of which two have the same value."""
    if len(set(values)) != len(values):
        raise invalid(f"storageProfile.{parameter}", "it is used by more than one disk")


def _os_type(request: MachineRequest, os_disk: DiskRequest) -> str:
    requested = {"windows": "Windows", "linux": "Linux"}.get(request.os_type.lower(), "")
    if request.os_type and not requested:
        raise invalid("osDisk.osType", "it must be Windows or Linux")
    if os_disk.attached:
        if not requested:
            raise missing("osDisk.osType")
        return requested
    of_image = request.image.os_type if request.image else requested
    if requested and requested != of_image:
        raise invalid("osDisk.osType", f"the operating system of the image is {of_image}")
    return of_image


def _computer_name(request: MachineRequest) -> str:
    name = request.computer_name or request.name
    if request.os_type == "Windows" and not _WINDOWS_COMPUTER_NAME.fullmatch(name):
        raise COMPUTER_NAME_INVALID.error()
    return name


def default_name(disk: DiskRequest, name_of_disk: Callable[[int], str]) -> str:
    """What a disk is called whose request gives it no name."""
    if disk.vhd:
        return disk.vhd.rpartition("/")[2].removesuffix(".vhd")
    if disk.managed_disk_id:
        return disk.managed_disk_id.rpartition("/")[2]
    return name_of_disk(disk.lun)


def body(id: str, machine: MachineRequest, vm_id: str, created: datetime) -> Json:
    """The body of GET, without the parts that only the running machine can tell."""
    properties: Json = {
        "hardwareProfile": {"vmSize": machine.size},
        "vmId": vm_id,
        "storageProfile": storage_profile(machine),
    }
    if not machine.disks[0].attached:
        properties["osProfile"] = _os_profile(machine)
    if machine.network is not None:
        properties["networkProfile"] = machine.network
    if machine.diagnostics is not None:
        properties["diagnosticsProfile"] = machine.diagnostics
    return {
        "name": machine.name,
        "id": id,
        "type": TYPE,
        "location": machine.location,
        **({} if machine.tags is None else {"tags": machine.tags}),
        **({"zones": machine.zones} if machine.zones else {}),
        "properties": properties | machine.others | {"timeCreated": instant_with_offset(created)},
    }


def storage_profile(machine: MachineRequest) -> Json:
    """The disks of a complete machine, and the image it is made from."""
    os_disk, *data_disks = machine.disks
    profile: Json = {}
    if machine.image is not None:
        profile["imageReference"] = image_body(machine.image)
    profile["osDisk"] = {"osType": machine.os_type} | _disk_body(os_disk, "ReadWrite")
    profile["dataDisks"] = [data_disk_body(disk) for disk in data_disks]
    return profile


def image_body(image: Image) -> Json:
    return {"publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": image.version}


def data_disk_body(disk: DiskRequest) -> Json:
    return {"lun": disk.lun} | _disk_body(disk, "None")


def _disk_body(disk: DiskRequest, caching: str) -> Json:
    disk_body: Json = {"name": disk.name, "createOption": disk.create_option, "caching": disk.caching or caching}
    if disk.vhd:
        disk_body["vhd"] = {"uri": disk.vhd}
    else:
        disk_body["managedDisk"] = {
            "id": disk.managed_disk_id,
            "storageAccountType": disk.storage_type or "Premium_LRS",
        }
    return disk_body | {"deleteOption": disk.delete_option or "Detach", "diskSizeGB": disk.size_gib}


def _os_profile(machine: MachineRequest) -> Json:
    system: Mapping[str, Json]
    if machine.os_type == "Windows":
        chosen = {"provisionVMAgent": True, "enableAutomaticUpdates": True}
        system = {"windowsConfiguration": chosen | (machine.windows or {})}
    else:
        chosen = {"disablePasswordAuthentication": False, "provisionVMAgent": True}
        system = {"linuxConfiguration": chosen | (machine.linux or {})}
    return {
        "computerName": machine.computer_name,
        "adminUsername": machine.admin_username,
        **system,
        "secrets": [],
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
    }
