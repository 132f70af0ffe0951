"""Azure's other resource providers as the service meets them: what they refuse, and what others do beside this world.

The service asks Compute, Network, Storage, Key Vault and Azure Policy as any caller does. Here their resources are
documents of this world, so nothing refuses and nobody else is there; whoever has more to say derives from the class.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a provider answered in place of doing what it was asked: the HTTP status, and the error of its body."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


class AzureProviders:
    """Ids are ARM ids. Every verb may be asked at any time, but not in a transaction of the store: what it tells of
    itself would be lost with one that fails."""

    def refusal(self, operation: str, id: str) -> Refusal | None:
        """How a provider refuses an operation on a resource. `operation` is as a role names it, as in
        Microsoft.Compute/disks/write."""
        return None

    def key_refusal(self, vm: str) -> Refusal | None:
        """How a key vault refuses the keys with which the disks of a virtual machine are encrypted; None too for one
        whose disks are not."""
        return None

    def others(self, what: str, scope: str) -> int:
        """How many things of a kind there are at a scope beside those of this world; the kinds stand in
        controlplane.domain.recovery_services.provider_answers."""
        return 0

    def registrations(self, vault: str) -> tuple[str, ...]:
        """What is registered in a vault beside the virtual machines of this world, in a few words each."""
        return ()

    def is_evaluated(self, point: str) -> bool:
        """Whether the service knows if it can move a recovery point to the archive."""
        return True

    def denies_creation(self, id: str) -> str | None:
        """The name of the policy assignment that denies to create this resource; None: nothing does."""
        return None
