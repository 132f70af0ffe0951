"""What a client may read before it signs in: whether the service is well, its endpoints, and its images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from controlplane.arm.sign_in.aad import ADVERTISED, DOMAIN

NAME = "BackupSimulator"
PUBLIC_ARM = "https://management.azure.com"
PUBLIC_LOGIN = "https://login.microsoftonline.com"
SHARED_TENANT = "common"
"""The tenant of a cloud that has many, as Azure says it; a client takes one with a tenant's id for an Azure Stack."""
FIRST_VERSION_WITH_A_LIST = "2018"
"""api-versions before, 1.0 and 2015-01-01, answer with fewer and flat keys. go-autorest asks so."""
LAST_VERSION_WITH_A_LIST = "2020-99"
"""api-versions up to then answer with a list of clouds, later ones with the one that was asked."""

SERVICES = {
    "acrLoginServer": "azurecr",
    "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics",
    "azureDataLakeStoreFileSystem": "azuredatalakestore",
    "azureFrontDoorEndpointSuffix": "azurefd",
    "keyVaultDns": "vault",
    "mariadbServerEndpoint": "mariadb.database",
    "mhsmDns": "managedhsm",
    "mysqlServerEndpoint": "mysql.database",
    "postgresqlServerEndpoint": "postgres.database",
    "sqlServerHostname": "database",
    "storage": "core",
    "storageSyncEndpointSuffix": "afs",
    "synapseAnalytics": "dev.azuresynapse",
}
WINDOWS_ALIASES = {
    "Win2012Datacenter": "2012-Datacenter",
    "Win2012R2Datacenter": "2012-R2-Datacenter",
    "Win2016Datacenter": "2016-datacenter-gensecond",
    "Win2019Datacenter": "2019-datacenter-gensecond",
    "Win2022AzureEditionCore": "2022-datacenter-azure-edition-core",
    "Win2022Datacenter": "2022-datacenter-g2",
}
LINUX_ALIASES = {
    "Debian11": ("Debian", "debian-11", "11-backports-gen2"),
    "RHELRaw8LVMGen2": ("RedHat", "RHEL", "8-lvm-gen2"),
    "SuseSles15SP3": ("SUSE", "sles-15-sp3", "gen2"),
    "Ubuntu2204": ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"),
}


def open_routes() -> list[BaseRoute]:
    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def endpoints(request: Request) -> Response:
        version = request.query_params.get("api-version", "")
        cloud = seen_from(f"{request.url.scheme}://{request.url.netloc}")
        if version < FIRST_VERSION_WITH_A_LIST:
            return JSONResponse(_flat(cloud))
        return JSONResponse([cloud] if version[:7] <= LAST_VERSION_WITH_A_LIST else cloud)

    async def image_aliases(request: Request) -> Response:
        return JSONResponse(IMAGE_ALIASES)

    return [
        Route("/healthz", healthz),
        Route("/metadata/endpoints", endpoints),
        Route("/metadata/imageAliases", image_aliases),
    ]


def seen_from(here: str) -> dict[str, Any]:
    """This cloud as a client sees that reached it `here`, which may be the public cloud's address through a proxy."""
    public = here == PUBLIC_ARM
    return {
        "name": "AzureCloud" if public else NAME,
        "resourceManager": here,
        "portal": here,
        "gallery": here,
        "vmImageAliasDoc": f"{here}/metadata/imageAliases",
        "authentication": {
            "loginEndpoint": PUBLIC_LOGIN if public else here,
            "audiences": [here, "https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": SHARED_TENANT,
            "identityProvider": "AAD",
        },
        "suffixes": {
            **{key: f"{service}.{DOMAIN}" for key, service in SERVICES.items()},
            **({"storage": "core.windows.net"} if public else {}),
        },
        **ADVERTISED,
    }


def _flat(cloud: Mapping[str, Any]) -> dict[str, Any]:
    """A cloud as the first api-versions showed it."""
    authentication = {key: cloud["authentication"][key] for key in ("loginEndpoint", "audiences")}
    return {f"{key}Endpoint": cloud[key] for key in ("gallery", "graph", "portal")} | {"authentication": authentication}


def _alias(publisher: str, offer: str, sku: str) -> dict[str, str]:
    return {"publisher": publisher, "offer": offer, "sku": sku, "version": "latest", "architecture": "x64"}


IMAGE_ALIASES = {
    "outputs": {
        "aliases": {
            "type": "object",
            "value": {
                "Linux": {alias: _alias(*image) for alias, image in LINUX_ALIASES.items()},
                "Windows": {
                    alias: _alias("MicrosoftWindowsServer", "WindowsServer", sku)
                    for alias, sku in WINDOWS_ALIASES.items()
                },
            },
        }
    }
}
