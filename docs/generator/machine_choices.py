"""Choices of ours about the handler and the guest: where the real code is not public, or where we do otherwise."""

from __future__ import annotations

from docs.generator.choices import Choice
from extension.contract.codes import Code
from extension.outcome import same_task
from extension.snapshot import State
from simulator.packages import LINUX_VERSION

HANDLER = (
    Choice(
        "Addresses of the two report blobs",
        f"both are required; without them the task ends with code {int(Code.error_parameter)}",
        "the Linux handler continues without either",
        "extension/contract/settings.py",
    ),
    Choice(
        "A task that was already carried out",
        f"no pause before the check; N.status gets code {int(same_task().code)}, the blobs stay as they are",
        "the Linux handler waits for a random time first, and then leaves without a word",
        "extension/handler.py",
    ),
    Choice(
        "Crash-consistent snapshots",
        "from the second attempt on, where the service allows them, of any number of disks, managed or not",
        "the Linux handler wants managed disks and exactly one of them",
        "extension/preconditions.py",
    ),
    Choice(
        "A writer that fails at the freeze",
        f"the same attempt freezes again without writers ({State.FLUSHING}); the point is file-system-consistent",
        "documented for restore points: the next three attempts leave the writers out; we ask them every time",
        "extension/snapshot.py",
    ),
    Choice(
        "Reports",
        "there is always a final one",
        "the Linux handler loses it in three cases, and the service waits until its limit",
        "extension/outcome.py",
    ),
    Choice(
        "Failures that only Windows has",
        f"code {int(Code.error)}, and the name that the service shows in the telemetry",
        "their numbers are not public",
        "extension/contract/codes.py",
    ),
    Choice(
        "Opening protected settings",
        "the openssl program, else the cryptography package; Windows' own CryptoAPI is not used",
        "what a handler on Windows would use",
        "extension/unseal.py",
    ),
    Choice(
        "Snapshots by the host",
        "not offered: the host answers as one without the service for it, and we ask for onlyGuest",
        "without a word from the service, a handler asks the host first",
        "simulator/host/wireserver.py",
    ),
)
GUEST = (
    Choice(
        "Run commands",
        "a handful of commands that look and change nothing, such as `vssadmin list writers`, `Get-Service`, "
        "`ipconfig`, `dir` and `type`, on Linux `systemctl status`, `ls` and `cat`; of any other the error stream says "
        "that there is no such program; `parameters` are refused: these commands have no variables to put them in",
        "a shell, to which parameters are arguments and variables",
        "simulator/guest/shell.py",
    ),
    Choice(
        "The end of access to a disk",
        "`endGetAccess` ends what ARM shows; the address itself works until its time has passed",
        "the address ends at once",
        "controlplane/arm/compute/disk_access.py",
    ),
    Choice(
        "Linux",
        "a machine whose osType is Linux freezes its file systems, by the extension VMSnapshotLinux, which is the same "
        "program as for Windows; no pre- and post-scripts run",
        "the published handler runs scripts if there are any",
        "simulator/guest/linux.py",
    ),
    Choice(
        "Versions of the VMSnapshotLinux handler",
        f"{LINUX_VERSION} alone",
        "builds of 1.0",
        "simulator/packages.py",
    ),
    Choice(
        "File system",
        "a small one of our own, on a valid fixed VHD with a partition table",
        "NTFS or ext4, as the guest says; a restored disk mounts in the simulator, not in Windows or Linux",
        "simulator/guest/disk/volume.py",
    ),
    Choice(
        "Levels of the in-box VSS writers",
        "system: they freeze last",
        "not published",
        "simulator/guest/vss/writers.py",
    ),
)
