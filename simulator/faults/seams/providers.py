"""Seams of Azure's other resource providers, of Key Vault and Azure Policy, as the service asks them."""

from __future__ import annotations

from controlplane.azure_providers import AzureProviders, Refusal
from simulator.faults.board import Board
from simulator.faults.fault import Setting
from simulator.faults.seam import Facts, Seam
from simulator.faults.work import facts_of_job

MACHINES, VAULTS = "/virtualmachines/", "/providers/microsoft.recoveryservices/vaults/"


def facts_of(id: str) -> Facts:
    """For which job this is, and which machine and vault the resource of this ARM id is or lies in."""
    facts = dict(facts_of_job())
    for key, segment in (("vm", MACHINES), ("vault", VAULTS)):
        before, found, after = id.lower().partition(segment)
        if found:
            facts[key] = f"{before}{found}{after.partition('/')[0]}"
    return facts


class _ProviderSeam(Seam):
    PLACES = frozenset({"vm", "vault", "job", "operation"})

    def ask(self, operation: str, id: str) -> Setting | None:
        if not self.board.has(self.NAME):
            return None
        return self.match(**facts_of(id), operation=f"{operation} {id}")


class AzurePolicySeam(_ProviderSeam):
    """An assignment with the effect deny, asked before a resource is created."""

    NAME = "azure-policy"
    WHAT = "Azure Policy is asked whether the service may create a resource."


class ProviderAnswerSeam(_ProviderSeam):
    """Compute, Network or Storage answers the service."""

    NAME = "provider-answer"
    WHAT = "Another resource provider answers what the service asks it to do with a resource."


class OtherUseSeam(_ProviderSeam):
    """What other clients have of something that is limited."""

    NAME = "other-use"
    WHAT = "The service counts what is used of one of its limits."


class KeyVaultSeam(Seam):
    """The key vault with the keys of a machine's encrypted disks."""

    NAME = "key-vault"
    WHAT = "The service reads the keys of encrypted disks from a key vault."
    PLACES = frozenset({"vm", "vault", "job"})


class VaultRegistrationSeam(Seam):
    """What else is registered in a vault."""

    NAME = "vault-registration"
    WHAT = "The service looks for what is registered in a vault that is to be deleted."
    PLACES = frozenset({"vault"})


class ArchiveReadinessSeam(Seam):
    """The evaluation of recovery points for the archive."""

    NAME = "archive-readiness"
    WHAT = "The service looks whether a recovery point was evaluated for the archive."
    PLACES = frozenset({"vault"})


class FaultyProviders(AzureProviders):
    def __init__(self, board: Board) -> None:
        self._board = board
        self._policy = AzurePolicySeam(board)
        self._answers = ProviderAnswerSeam(board)
        self._others = OtherUseSeam(board)
        self._keys = KeyVaultSeam(board)
        self._registrations = VaultRegistrationSeam(board)
        self._readiness = ArchiveReadinessSeam(board)

    def refusal(self, operation: str, id: str) -> Refusal | None:
        setting = self._answers.ask(operation, id)
        return None if setting is None else _refusal(setting, id)

    def key_refusal(self, vm: str) -> Refusal | None:
        setting = self._keys.match(**facts_of(vm)) if self._board.has(KeyVaultSeam.NAME) else None
        return None if setting is None else _refusal(setting, vm)

    def others(self, what: str, scope: str) -> int:
        setting = self._others.ask(what, scope)
        return 0 if setting is None else setting.whole("count")

    def registrations(self, vault: str) -> tuple[str, ...]:
        name = VaultRegistrationSeam.NAME
        setting = self._registrations.match(vault=vault) if self._board.has(name) else None
        return () if setting is None else (setting.text("registered"),)

    def is_evaluated(self, point: str) -> bool:
        if not self._board.has(ArchiveReadinessSeam.NAME):
            return True
        return self._readiness.match(vault=facts_of(point).get("vault", "")) is None

    def denies_creation(self, id: str) -> str | None:
        setting = self._policy.ask("PUT", id)
        return None if setting is None else setting.text("assignment")


def _refusal(setting: Setting, id: str) -> Refusal:
    """The answer, with the name and the path of the resource in its message."""
    message = setting.text("message").replace("{path}", id).replace("{name}", id.rpartition("/")[2])
    return Refusal(setting.whole("status"), setting.text("code"), message)
