"""The snapshot service of a host: it tells its time, and takes snapshots of the disks that it knows by number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.conformance.stage.observer import Asked
from simulator.conformance.stage.storage import Storage

Said = tuple[int, str]
"""Status and body."""
SYSTEM_DISK = -1
"""Its number, where data disks have those of their places."""


class Host:
    """`disks`: number -> name of the blob. `fails`: numbers of disks that it cannot snapshot."""

    def __init__(self, storage: Storage, disks: Mapping[int, str], token: str) -> None:
        self.disks = dict(disks)
        self.token = token
        self.fails: frozenset[int] = frozenset()
        self.ahead = timedelta(0)
        """Its clock minus that of the machine."""
        self._storage = storage

    def presnapshot(self, asked: Asked) -> Said:
        now = datetime.now(UTC) + self.ahead
        time = {unit: getattr(now, unit) for unit in ("year", "month", "day", "hour", "minute", "second")}
        return 200, json.dumps({"responseTime": time, "bhsVersion": "1", "nodeId": "1", "result": ""})

    def dosnapshot(self, asked: Asked) -> Said:
        try:
            order = json.loads(asked.body)
            numbers = [int(number) for number in order["diskIds"]]
            known = order["snapshotTaskToken"] == self.token and set(numbers) <= set(self.disks)
        except (ValueError, LookupError, TypeError):
            return 400, '{ "error": {"code": "BadRequest"}}'
        if not known:
            return 403, '{ "error": {"code": "Forbidden"}}'
        return 200, json.dumps({"snapshotInfo": [self._taken(number) for number in numbers]})

    def _taken(self, number: int) -> dict[str, Any]:
        """What it says of one disk. Flags are texts, as the published handlers know them."""
        if number in self.fails:
            told = {"errorMessage": "the disk is being attached", "statusCode": 409}
            return {"isSuccessful": "false", "snapshotUri": None, **told}
        name = self.disks[number]
        uri = f"{self._storage.plain_uri(name)}?snapshot={self._storage.take(name)}"
        return {"isSuccessful": "true", "snapshotUri": uri, "errorMessage": None, "statusCode": 200}
