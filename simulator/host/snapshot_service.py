"""The snapshot service of a host: what it answers a handler that asks before its snapshot."""

from __future__ import annotations

from datetime import UTC, datetime

from controlplane.json_object import Json


class HostSnapshotService:
    """It tells the time of the host, and takes no snapshots itself."""

    def presnapshot(self, vm: str, now: datetime) -> tuple[int, Json | str]:
        """Status and body. `now` is real time, as what a task says of its start: handlers that know no other compare
        the two."""
        moment = now.astimezone(UTC)
        time = {unit: getattr(moment, unit) for unit in ("year", "month", "day", "hour", "minute", "second")}
        return 200, {"responseTime": time, "bhsVersion": "simulated", "nodeId": "simulated", "result": ""}
