"""Management lock: which requests it refuses at, above or below its scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controlplane.domain.errors.resources import SCOPE_LOCKED

TYPE = "Microsoft.Authorization/locks"
KIND = TYPE.lower()

LEVELS = ("CanNotDelete", "ReadOnly")


@dataclass(frozen=True, slots=True)
class Lock:
    scope: str
    level: str

    def forbids(self, method: str, id: str) -> bool:
        """A lock is inherited by all below it, and what would take its scope away along with it is a deletion of it."""
        scope, id = f"{self.scope.lower()}/", f"{id.lower()}/"
        if method == "DELETE":
            return id.startswith(scope) or scope.startswith(id)
        return self.level == "ReadOnly" and id.startswith(scope)


def check(locks: Iterable[Lock], method: str, id: str) -> None:
    """ServiceError for a request that writes where it must not. Locks themselves may always be changed."""
    if f"/providers/{KIND}/" in id.lower():
        return
    scopes = sorted({lock.scope for lock in locks if lock.forbids(method, id)})
    if scopes:
        raise SCOPE_LOCKED.error(id=id, operation="delete" if method == "DELETE" else "write", scopes=",".join(scopes))
