"""Operations of a vault that Azure counts within 24 hours, and refuses from a number on.

They are counted while their limit is on, and from then on: what was done before it was switched on counts for nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controlplane.domain.errors.jobs import CLOUD_DOS_ABSOLUTE_LIMIT_REACHED
from controlplane.ports import Ports

KIND = "vault.operations"
WINDOW = timedelta(hours=24)
"""Of world time."""
RESTORES, POLICY_EDITS = "restores", "policy edits"


def count(ports: Ports, vault_id: str, operation: str, limit: int) -> None:
    """Note that one begins, inside the caller's transaction. ServiceError for one above the limit; 0: there is none.

    What is refused later in the same transaction does not count."""
    if not limit:
        return
    id, now = f"{vault_id}/operationCounts", ports.clock.now()
    document = ports.store.get(KIND, id)
    begun = document.json() if document is not None else {}
    within = [text for text in begun.get(operation, []) if datetime.fromisoformat(text) > now - WINDOW]
    if len(within) >= limit:
        raise CLOUD_DOS_ABSOLUTE_LIMIT_REACHED.error()
    ports.store.put(KIND, id, begun | {operation: [*within, now.isoformat()]}, parent=vault_id)
