"""The seam of Azure Policy: what it denies to whoever creates a resource."""

from __future__ import annotations

from controlplane.azure_policy import AzurePolicy
from simulator.faults.board import Board
from simulator.faults.seam import Seam
from simulator.faults.work import facts_of_job


class AzurePolicySeam(Seam):
    """An assignment with the effect deny, asked before a resource is created."""

    NAME = "azure-policy"
    WHAT = "Azure Policy is asked whether the service may create a resource."
    PLACES = frozenset({"vm", "vault", "job", "operation"})


class FaultyPolicy(AzurePolicy):
    def __init__(self, board: Board) -> None:
        self._seam = AzurePolicySeam(board)

    def denies_creation(self, id: str) -> str | None:
        if not self._seam.board.has(AzurePolicySeam.NAME):
            return super().denies_creation(id)
        setting = self._seam.match(**facts_of_job(), operation=f"PUT {id}")
        return None if setting is None else setting.text("assignment")
