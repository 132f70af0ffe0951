"""Services of a storage account: the settings that each has in a new account.

They are kept and shown, and change nothing: no blob here has versions or outlives its deletion, and of files there are
no shares.
"""

from __future__ import annotations

from controlplane.domain.storage import storage_account
from controlplane.json_object import Json

NAME = "default"
"""Each service of an account has this one name."""
DEFAULTS: dict[str, Json] = {
    "blobServices": {
        "cors": {"corsRules": []},
        "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
    },
    "fileServices": {
        "cors": {"corsRules": []},
        "protocolSettings": {"smb": {}},
        "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
    },
}
"""Service -> its settings."""


def kind(service: str) -> str:
    return f"{storage_account.KIND}/{service.lower()}"


def body(account: Json, service: str, properties: Json) -> Json:
    """What GET answers; `properties` are those that requests have set."""
    return {
        "sku": account["sku"],
        "id": f"{account['id']}/{service}/{NAME}",
        "name": NAME,
        "type": f"{storage_account.TYPE}/{service}",
        "properties": DEFAULTS[service] | properties,
    }
