"""Microsoft.RecoveryServices/vaults/replicationVaultSettings: the one part of Site Recovery that is answered.

Terraform reads it with every vault and takes a refusal for a broken vault. What it says is what a vault says that never
replicated anything; everything else of Site Recovery is refused.
"""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, as_json
from controlplane.arm.edge.routing import reading, refused
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain import errors
from controlplane.json_object import Json

SETTINGS = f"{VAULT}/replicationVaultSettings"
SETTING = f"{SETTINGS}/{{setting}}"
TYPE = "Microsoft.RecoveryServices/vaults/replicationVaultSettings"
DEFAULT = "default"


def get_setting(call: Call) -> Answer:
    require_vault(call)
    if call.names["setting"].lower() != DEFAULT:
        raise errors.resource_not_found(TYPE, call.names["setting"], call.group)
    return as_json(_setting(call))


def list_settings(call: Call) -> Answer:
    require_vault(call)
    return as_json({"value": [_setting(call)]})


def _setting(call: Call) -> Json:
    return {
        "id": f"{vault_id(call)}/replicationVaultSettings/{DEFAULT}",
        "name": DEFAULT,
        "type": TYPE,
        "properties": {"migrationSolutionId": None, "vmwareToAzureProviderType": None},
    }


ROUTES = (
    reading(SETTINGS, list_settings),
    reading(SETTING, get_setting),
    refused("PUT", SETTING),
)
