"""Something that the service does by itself at an instant of world time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controlplane.domain.times import instant


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One entry of what lies ahead. Entries are ordered by their time."""

    time: datetime
    """World time, aware, UTC."""
    kind: str
    """In one word: backup, expiry, purge, session, archive, rehydration, vault and their like."""
    what: str
    """The ARM id of what it is done to, or a name where there is none."""

    def to_json(self) -> dict[str, str]:
        return {"time": instant(self.time), "kind": self.kind, "what": self.what}
