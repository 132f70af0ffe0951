"""Where the codes of the table are known from."""

from __future__ import annotations

from controlplane.domain.errors.kind import Source

_LEARN = "https://learn.microsoft.com/azure"

DEPLOYMENT_ERRORS = Source(
    "documented",
    "Troubleshoot common Azure deployment errors",
    f"{_LEARN}/azure-resource-manager/troubleshooting/common-deployment-errors",
)
BACKUP_OF_MACHINES = Source(
    "documented",
    "Troubleshoot backup failures on Azure virtual machines",
    f"{_LEARN}/backup/backup-azure-vms-troubleshoot",
)
AGENT_OR_EXTENSION = Source(
    "documented",
    "Troubleshoot Azure Backup failure: issues with the agent or extension",
    f"{_LEARN}/backup/backup-azure-troubleshoot-vm-backup-fails-snapshot-timeout",
)
ARCHIVE_TIER = Source(
    "documented", "Troubleshoot archive tier in Azure Backup", f"{_LEARN}/backup/troubleshoot-archive-tier"
)
AZURE_FILES = Source(
    "documented", "Troubleshoot problems while backing up Azure Files", f"{_LEARN}/backup/troubleshoot-azure-files"
)
WORKLOADS = Source(
    "documented",
    "Troubleshoot SQL Server database backup by using Azure Backup",
    f"{_LEARN}/backup/backup-sql-server-azure-troubleshoot",
)
RESTORE_POINTS = Source(
    "documented",
    "Troubleshoot restore point failures",
    f"{_LEARN}/virtual-machines/restore-point-troubleshooting",
)
SELF_HELP = Source("documented", "Self-help content of Azure support, an article per code")

RECORDED = Source("observed", "answers of the service recorded in the tests of azure-cli")
QUOTED = Source("observed", "answers of the service quoted in public reports, scripts and tests")
IMMUTABILITY_REPORT = Source(
    "observed", "an answer quoted in a report", "https://github.com/Azure/azure-rest-api-specs/issues/32688"
)
IMMUTABLE_DELETION_REPORT = Source(
    "observed",
    "a code quoted in a report; the message is ours",
    "https://github.com/Azure/terraform-azurerm-avm-res-compute-virtualmachine/issues/214",
)
IMMUTABILITY_CHANGE_REPORT = Source(
    "observed", "an answer quoted in a report", "https://github.com/Azure/azure-cli/issues/27785"
)
PARAMETER_REPORT = Source("observed", "an answer quoted in reports", "https://github.com/Azure/bicep/issues/14380")
PROTECTION_REPORT = Source(
    "observed",
    "an answer quoted in a report",
    "https://github.com/hashicorp/terraform-provider-azurerm/issues/2143",
)
EXTENSION_OF_OTHER_SYSTEM = Source(
    "observed",
    "an answer quoted in a report",
    "https://github.com/hashicorp/terraform-provider-azurerm/pull/22351",
)

KNOWN = Source("known")
"""Knowledge of the service; no page or recording is named."""

OURS = Source("ours", "not public")
OURS_WITH_ITS_MESSAGE = Source("ours", "not public; the message is the service's")
