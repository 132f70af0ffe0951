"""Microsoft.RecoveryServices/vaults/replicationVaultSettings: the one part of Site Recovery that is answered.

Terraform reads it with every vault and takes a refusal for a broken vault. It is kept and shown; nothing replicates by
it, and everything else of Site Recovery is refused.
"""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services.vaults import VAULT, vault_id
from controlplane.domain import errors
from controlplane.domain.recovery_services import vault
from controlplane.json_object import Json
from controlplane.ports import Document

SETTINGS = f"{VAULT}/replicationVaultSettings"
SETTING = f"{SETTINGS}/{{setting}}"
TYPE = "Microsoft.RecoveryServices/vaults/replicationVaultSettings"
DEFAULT = "default"
_PRIVATE = "replication_settings"
"""Where a vault's document keeps what was set."""


class SettingPropertiesRequest(RequestBody):
    migration_solution_id: str | None = None
    vmware_to_azure_provider_type: str | None = None


class SettingRequest(RequestBody):
    properties: SettingPropertiesRequest = SettingPropertiesRequest()


def get_setting(call: Call) -> Answer:
    home = _vault(call)
    _check_name(call)
    return as_json(_setting(home))


def list_settings(call: Call) -> Answer:
    return as_json({"value": [_setting(_vault(call))]})


def put_setting(call: Call) -> Answer:
    """Set the one there is. A real vault takes a while for it and shows an operation; this one is done at once."""
    _check_name(call)
    properties = call.read(SettingRequest).properties.model_dump(by_alias=True)
    with call.ports.store.transaction():
        home = _vault(call)
        private = home.private | {_PRIVATE: properties}
        changed = call.ports.store.put(vault.KIND, home.id, home.json(), parent=home.parent, private=private)
    return as_json(_setting(changed))


def _vault(call: Call) -> Document:
    return call.get(vault.KIND, vault_id(call))


def _check_name(call: Call) -> None:
    if call.names["setting"].lower() != DEFAULT:
        raise errors.resource_not_found(TYPE, call.names["setting"], call.group)


def _setting(home: Document) -> Json:
    unset = {"migrationSolutionId": None, "vmwareToAzureProviderType": None}
    return {
        "id": f"{home.json()['id']}/replicationVaultSettings/{DEFAULT}",
        "name": DEFAULT,
        "type": TYPE,
        "properties": home.private.get(_PRIVATE, unset),
    }


ROUTES = (
    reading(SETTINGS, list_settings),
    reading(SETTING, get_setting),
    Route("PUT", SETTING, put_setting, body=SettingRequest, codes=(200,)),
)
