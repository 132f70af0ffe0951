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
        "Whose clock says how old a task is",
        "on Windows the guest's own, unless `CalculateSnapshotTimeFromHost` under `BcdrAgentPersistentKeys` is True; "
        "on Linux the host's, where it answers. A clock that is behind makes no task old. No time server corrects the "
        "clock of a guest that a fault has set",
        "the Linux handler takes the host's; for Windows the value is named by the troubleshooting guide as a remedy "
        "for snapshots that come too late, which it would not be if the host's clock counted anyway",
        "extension/preconditions.py",
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
        "A machine with `provisionVMAgent` false",
        "its system has no guest agent, nor has a copy of its disk: the instance view shows it as not ready, and "
        "backups while it runs fail with `UserErrorGuestAgentStatusUnavailable`. Installing one later is not "
        "simulated; an extension fails after its time",
        "the property is documented, and the code with its cause; Azure refuses extensions only where "
        "`allowExtensionOperations` is false as well, which is kept without effect",
        "simulator/guest/installation.py",
    ),
    Choice(
        "Snapshots by the host",
        "offered for a task whose token and numbers of disks the service has sent along; `up --snapshots-by` says who "
        "takes them, and by default it is onlyGuest; where the guest reaches no storage, the host is asked within the "
        "same freeze",
        "without a word from the service, a handler asks the host first; for a fallback it freezes once more",
        "simulator/host/snapshot_service.py",
    ),
)
GUEST = (
    Choice(
        "Run commands",
        "a handful of commands that look, such as `vssadmin list writers`, `Get-Service`, `ipconfig`, `dir` and "
        "`type`, and `Restart-Service`, which alone changes something; on Linux `systemctl status`, `ls` and `cat`; of "
        "any other the error stream says that there is no such program; `parameters` are refused: these commands have "
        "no variables to put them in",
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
        "Scripts of Linux machines",
        "processes of this machine in the folder that stands for the guest's root; a retry starts the script again, as "
        "the documentation has it, and one whose time has passed is killed",
        "the published handler counts retries without starting the script again, and leaves one that timed out running",
        "extension/scripts.py",
    ),
    Choice(
        "`timeoutInSeconds` of scripts that is not given",
        "10 seconds, for all attempts of a script together",
        "10 in the published handler, 30 in its template and in the README beside that",
        "extension/script_settings.py",
    ),
    Choice(
        "`ScriptsExecutionPollTimeSeconds`",
        "without effect, and named in the log: the end of a script is seen at once",
        "a look every 3 seconds in the published handler, every second in the documentation",
        "extension/script_settings.py",
    ),
    Choice(
        "Plugins besides ScriptRunner, and more than one",
        "not simulated: VMSnapshotPluginHost.conf that names them counts as unreadable (304), so no script runs",
        "the published handler imports the named module of Python",
        "extension/script_settings.py",
    ),
    Choice(
        "Settings of scripts that belong to somebody else",
        "codes 315 and 318, as their names say",
        "the published handler reports 314 and 317, those of the permissions",
        "extension/script_settings.py",
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
