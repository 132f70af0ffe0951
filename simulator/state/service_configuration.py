"""What of a world's configuration counts in place of the service's usual settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controlplane.service_settings import ServiceSettings

FIELDS = (
    "location",
    "locale",
    "limits",
    "on_demand_backups_per_day",
    "take_snapshot_from",
    "start_spread_seconds",
    "snapshot_timeout_seconds",
    "windows_extension",
    "linux_extension",
)
"""Of a Config and of ServiceSettings alike; None in a Config: as the settings say."""


def configured(config: Any, seed: int) -> ServiceSettings:
    """The settings of a Config (`simulator/world.py`), with what it says itself."""
    said = {name: getattr(config, name) for name in FIELDS}
    settings: ServiceSettings = config.settings
    return replace(
        settings, start_spread_seed=seed, **{name: value for name, value in said.items() if value is not None}
    )
