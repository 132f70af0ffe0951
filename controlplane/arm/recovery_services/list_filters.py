"""What the lists of Azure Backup may be filtered by: the keys and values that the service knows, and those it has here.

Facts: the query objects and enumerations of the published SDK. A value that no SDK knows is refused with the service's
code; one that is about something that is not simulated is refused by its name, never answered with an empty list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controlplane.arm.edge.call import Call
from controlplane.arm.edge.filters import check_keys, terms
from controlplane.arm.recovery_services.vaults import check_region
from controlplane.domain import errors
from controlplane.domain.recovery_services.job import JOB_STATES


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a key. `elsewhere` are those that Azure has and this service has not."""

    here: frozenset[str]
    elsewhere: frozenset[str] = frozenset()

    def refused(self, key: str, value: str) -> str | None:
        """What is not simulated of what the value asks for, if anything; raises for a value that nobody has."""
        if value.lower() in _lower(self.here):
            return None
        if value.lower() in _lower(self.elsewhere):
            return value
        raise errors.invalid_backup_input(key, f"'{value}' is none of {', '.join(sorted(self.here | self.elsewhere))}")


@dataclass(frozen=True, slots=True)
class NotSimulated:
    """In the place of values: the key itself is about something that is not simulated."""

    what: str

    def refused(self, key: str, value: str) -> str | None:
        return self.what


def _lower(words: Iterable[str]) -> set[str]:
    return {word.lower() for word in words}


def _values(here: str, elsewhere: str = "") -> Values:
    return Values(frozenset(here.split()), frozenset(elsewhere.split()))


ANY = None
"""The values of a key that takes any text."""
Keys = Mapping[str, Values | NotSimulated | None]
"""A list's keys, in lower case, with their values."""

_WORKLOADS = (
    "AzureFileShare AzureSqlDb Client Exchange FileFolder GenericDataSource SAPAseDatabase SAPHanaDBInstance "
    "SAPHanaDatabase SQLDB Sharepoint SystemState VMwareVM"
)
_OTHER_MANAGEMENT = "AzureBackupServer AzureSql AzureStorage DPM DefaultBackup MAB"
_MANAGEMENT = _values("AzureIaasVM", f"{_OTHER_MANAGEMENT} AzureWorkload")
_MACHINES = _values("VM", f"{_WORKLOADS} SQLDataBase")
_FABRICS = _values("Azure")
_BOOLEAN = _values("true false")

ITEM: Keys = {"expand": _values("extendedInfo")}
ITEMS: Keys = {
    "backupmanagementtype": _MANAGEMENT,
    "itemtype": _MACHINES,
    "policyname": ANY,
    "friendlyname": ANY,
    "containername": ANY,
    "fabricname": _FABRICS,
    "healthstate": _values("Passed ActionRequired ActionSuggested"),
    "backupenginename": NotSimulated("a backup engine"),
    "backupsetname": NotSimulated("a backup set"),
    **ITEM,
}
CONTAINERS: Keys = {
    # `az backup vault delete --force` asks for the containers of these three in turn. That there are none of the others
    # is true: nothing else can be registered.
    "backupmanagementtype": _values(
        "AzureIaasVM AzureStorage AzureWorkload", "AzureBackupServer AzureSql DPM DefaultBackup MAB"
    ),
    "containertype": _values(
        "IaasVMContainer Microsoft.Compute/virtualMachines",
        "AzureBackupServerContainer AzureSqlContainer AzureWorkloadContainer Cluster DPMContainer GenericContainer "
        "IaasVMServiceContainer MABContainer Microsoft.ClassicCompute/virtualMachines SQLAGWorkLoadContainer "
        "StorageContainer VCenter VMAppContainer Windows",
    ),
    "fabricname": _FABRICS,
    "friendlyname": ANY,
    "backupenginename": NotSimulated("a backup engine"),
    "status": _values("Registered NotRegistered Registering RegistrationFailed Unknown"),
}
PROTECTABLE_ITEMS: Keys = {
    "backupmanagementtype": _MANAGEMENT,
    "workloadtype": Values(_MACHINES.here, _MACHINES.elsewhere | {"SAPHana", "SAPAse", "SQL"}),
    "containername": ANY,
    "friendlyname": ANY,
}
POLICIES: Keys = {
    "backupmanagementtype": _values("AzureIaasVM AzureWorkload", _OTHER_MANAGEMENT),
    "workloadtype": _values("VM SQLDataBase", _WORKLOADS),
    "fabricname": _FABRICS,
}
"""The policy for SQL databases that comes with every vault is listed too."""
JOBS: Keys = {
    "backupmanagementtype": _MANAGEMENT,
    "operation": _values(
        "Backup ConfigureBackup DeleteBackupData DisableBackup MoveRecoveryPoint Register Restore Undelete UnRegister "
        "UpdateCustomerManagedKey",
        "CrossRegionRestore",
    ),
    "status": Values(frozenset(JOB_STATES)),
    "jobid": ANY,
    "starttime": ANY,
    "endtime": ANY,
}
POINTS: Keys = {
    "startdate": ANY,
    "enddate": ANY,
    "extendedinfo": ANY,
    "movereadyrponly": _BOOLEAN,
    "includesoftdeletedrp": _BOOLEAN,
    "restorepointquerytype": _values(
        "All Full", "Differential FullAndDifferential Incremental Log SnapshotCopyOnlyFull SnapshotFull"
    ),
}


def read(call: Call, keys: Keys) -> dict[str, str]:
    """The terms of the request's $filter by their keys in lower case."""
    check_region(call)
    filter_terms = terms(call.query.get("$filter", ""))
    check_keys(filter_terms, set(keys))
    refused = [
        what
        for key, values in keys.items()
        if values is not None and key in filter_terms and (what := values.refused(key, filter_terms[key]))
    ]
    if refused:
        # The kinds of management stand first in each list's keys: "SQLDataBase of AzureWorkload".
        raise errors.operation_not_simulated(f"lists of {' of '.join(reversed(refused))}")
    return filter_terms
