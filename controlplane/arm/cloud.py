"""What a client may read before it signs in: whether the service is well, and where the endpoints of this cloud are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from controlplane.arm.aad import Identity


def router(identity: Identity) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/metadata/endpoints")
    async def endpoints(request: Request) -> dict[str, Any]:
        here = f"{request.url.scheme}://{request.url.netloc}"
        return {
            "name": "BackupSimulator",
            "resourceManager": here,
            "portal": here,
            "authentication": {
                "loginEndpoint": here,
                "audiences": [here, "https://management.azure.com/", "https://management.core.windows.net/"],
                "tenant": identity.tenant_id,
                "identityProvider": "AAD",
            },
            "suffixes": {},
        }

    return routes
