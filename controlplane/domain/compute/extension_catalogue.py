"""Extensions that Azure has for everybody: those that are installed here without running anything, and the others.

learn.microsoft.com/azure/virtual-machines/extensions has a page of each, where publisher, type and versions stand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension as Azure has it."""

    publisher: str
    type: str
    os_type: str
    versions: tuple[str, ...]
    """Major and minor numbers, oldest first, as templates ask for them."""
    purpose: str
    """What it does in Azure."""
    kin: tuple[str, str] | None = None
    """Publisher and type of the one for the other operating system."""

    @property
    def published(self) -> tuple[str, ...]:
        """The versions in four parts."""
        return tuple(f"{version}.0.0" for version in self.versions)


_COMPUTE, _EXTENSIONS, _OSTC = "Microsoft.Compute", "Microsoft.Azure.Extensions", "Microsoft.OSTCExtensions"
_MONITOR, _DEPENDENCY = "Microsoft.Azure.Monitor", "Microsoft.Azure.Monitoring.DependencyAgent"
_NETWORK, _VAULT = "Microsoft.Azure.NetworkWatcher", "Microsoft.Azure.KeyVault"
_ENTRA, _ENTRA_SSH = "Microsoft.Azure.ActiveDirectory", "Microsoft.Azure.ActiveDirectory.LinuxSSH"
_ATTESTATION = "Microsoft.Azure.Security.{}Attestation"
_SCRIPTS = ((_COMPUTE, "CustomScriptExtension"), (_EXTENSIONS, "CustomScript"))

INERT = (
    Extension(*_SCRIPTS[0], "Windows", ("1.7", "1.8", "1.9", "1.10"), "runs a script", _SCRIPTS[1]),
    Extension(*_SCRIPTS[1], "Linux", ("2.0", "2.1"), "runs a script", _SCRIPTS[0]),
    Extension(_OSTC, "CustomScriptForLinux", "Linux", ("1.4", "1.5"), "runs a script", _SCRIPTS[0]),
    Extension(_ATTESTATION.format("Windows"), "GuestAttestation", "Windows", ("1.0",), "attests the boot",
                 (_ATTESTATION.format("Linux"), "GuestAttestation")),
    Extension(_ATTESTATION.format("Linux"), "GuestAttestation", "Linux", ("1.0",), "attests the boot",
                 (_ATTESTATION.format("Windows"), "GuestAttestation")),
    Extension("Microsoft.Azure.Security", "IaaSAntimalware", "Windows", ("1.3", "1.5", "1.6"), "looks for malware"),
    Extension(_ENTRA, "AADLoginForWindows", "Windows", ("0.4", "1.0", "2.0", "2.1", "2.2"), "signs users in",
                 (_ENTRA, "AADSSHLoginForLinux")),
    Extension(_ENTRA, "AADSSHLoginForLinux", "Linux", ("1.0",), "signs users in", (_ENTRA, "AADLoginForWindows")),
    Extension(_ENTRA_SSH, "AADLoginForLinux", "Linux", ("1.0",), "signs users in", (_ENTRA, "AADLoginForWindows")),
    Extension(_MONITOR, "AzureMonitorWindowsAgent", "Windows", ("1.0", "1.2", "1.10", "1.22"), "sends telemetry",
                 (_MONITOR, "AzureMonitorLinuxAgent")),
    Extension(_MONITOR, "AzureMonitorLinuxAgent", "Linux", ("1.0", "1.2", "1.21", "1.28"), "sends telemetry",
                 (_MONITOR, "AzureMonitorWindowsAgent")),
    Extension(_DEPENDENCY, "DependencyAgentWindows", "Windows", ("9.5", "9.10"), "maps connections",
                 (_DEPENDENCY, "DependencyAgentLinux")),
    Extension(_DEPENDENCY, "DependencyAgentLinux", "Linux", ("9.5", "9.10"), "maps connections",
                 (_DEPENDENCY, "DependencyAgentWindows")),
    Extension("Microsoft.Powershell", "DSC", "Windows", ("2.9", "2.19", "2.77", "2.83"), "applies a configuration",
                 (_OSTC, "DSCForLinux")),
    Extension(_OSTC, "DSCForLinux", "Linux", ("2.0", "2.7", "2.71"), "applies a configuration",
                 ("Microsoft.Powershell", "DSC")),
    Extension(_COMPUTE, "BGInfo", "Windows", ("2.1", "2.2"), "shows facts on the desktop"),
    Extension(_NETWORK, "NetworkWatcherAgentWindows", "Windows", ("1.4",), "captures packets",
                 (_NETWORK, "NetworkWatcherAgentLinux")),
    Extension(_NETWORK, "NetworkWatcherAgentLinux", "Linux", ("1.4",), "captures packets",
                 (_NETWORK, "NetworkWatcherAgentWindows")),
    Extension(_VAULT, "KeyVaultForWindows", "Windows", ("1.0", "3.0", "3.5"), "fetches certificates",
                 (_VAULT, "KeyVaultForLinux")),
    Extension(_VAULT, "KeyVaultForLinux", "Linux", ("1.0", "2.0", "3.0"), "fetches certificates",
                 (_VAULT, "KeyVaultForWindows")),
)  # fmt: skip
"""Those that most public templates carry."""

_LEGACY, _GUEST = "Microsoft.EnterpriseCloud.Monitoring", "Microsoft.GuestConfiguration"
_DIAGNOSTICS, _SECURITY = "Microsoft.Azure.Diagnostics", "Microsoft.Azure.Security"

OTHERS = (
    Extension(_DIAGNOSTICS, "IaaSDiagnostics", "Windows", ("1.5", "1.19"), "sends telemetry"),
    Extension(_DIAGNOSTICS, "LinuxDiagnostic", "Linux", ("3.0", "4.0"), "sends telemetry"),
    Extension(_SECURITY, "AzureDiskEncryption", "Windows", ("1.1", "2.2"), "encrypts disks"),
    Extension(_SECURITY, "AzureDiskEncryptionForLinux", "Linux", ("0.1", "1.1"), "encrypts disks"),
    Extension(_COMPUTE, "JsonADDomainExtension", "Windows", ("1.3",), "joins a domain"),
    Extension(_COMPUTE, "VMAccessAgent", "Windows", ("2.0", "2.4"), "resets a password"),
    Extension(_OSTC, "VMAccessForLinux", "Linux", ("1.4", "1.5"), "resets a password"),
    Extension(_LEGACY, "MicrosoftMonitoringAgent", "Windows", ("1.0",), "sends telemetry"),
    Extension(_LEGACY, "OmsAgentForLinux", "Linux", ("1.0", "1.13"), "sends telemetry"),
    Extension(_GUEST, "ConfigurationForWindows", "Windows", ("1.0",), "audits the guest"),
    Extension(_GUEST, "ConfigurationForLinux", "Linux", ("1.0",), "audits the guest"),
    Extension("Microsoft.SqlServer.Management", "SqlIaaSAgent", "Windows", ("1.2", "2.0"), "manages SQL Server"),
)
"""Those that a world without a package of them refuses by name."""

_ALL = {(each.publisher.lower(), each.type.lower()): each for each in (*INERT, *OTHERS)}


def of_azure(publisher: str, type: str) -> Extension | None:
    """An extension that Azure has: a world without it cannot say that there is none."""
    return _ALL.get((publisher.lower(), type.lower()))
