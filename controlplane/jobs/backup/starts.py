"""When a scheduled backup starts: at its due time, or a while later, as the service spreads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from controlplane.domain.recovery_services.schedule import Run
from controlplane.ports import ServiceSettings

LONGEST_SPREAD = timedelta(hours=2)
"""The service starts a scheduled backup within two hours of its due time (FAQ of the backup of machines)."""


def start_of(settings: ServiceSettings, item: str, run: Run) -> datetime:
    """World time, to the second. For one seed the same run of the same item, by its ARM id, always starts then."""
    if not settings.start_spread_seconds:
        return run.due
    drawn = Random(f"{settings.start_spread_seed} {item.lower()} {run.due.isoformat()}").random()
    return run.due + timedelta(seconds=int(drawn * settings.start_spread_seconds))
