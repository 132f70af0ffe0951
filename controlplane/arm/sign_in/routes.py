"""What is answered without a token: signing in, and what a client reads before it signs in."""

from __future__ import annotations

from starlette.routing import BaseRoute

from controlplane.arm.sign_in import cloud, sign_in
from controlplane.arm.sign_in.aad import Tokens


def open_routes(tokens: Tokens) -> list[BaseRoute]:
    """Routes outside ARM, in the order in which they are tried."""
    return [*sign_in.open_routes(tokens), *cloud.open_routes()]
