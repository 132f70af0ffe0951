"""Azure Policy as the service meets it: what it denies."""

from __future__ import annotations


class AzurePolicy:
    """No policy is assigned; whoever has some derives from it."""

    def denies_creation(self, id: str) -> str | None:
        """The name of the assignment that denies to create the resource of this ARM id; None: nothing does."""
        return None
