"""Which profile the operating system of a machine has."""

from __future__ import annotations

from simulator.guest import linux, windows
from simulator.guest.os_profile import OsProfile

AGENTS = (windows.AGENT, linux.AGENT)
"""The guest agents of all systems."""


def profile(os_type: str, image: str, vss_available: bool) -> OsProfile:
    """`os_type` as ARM has it, Windows or Linux; `image` as publisher:offer:sku; Linux never has VSS."""
    return linux.profile(image) if os_type == "Linux" else windows.profile(image, vss_available)
