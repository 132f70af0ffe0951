"""A store in which somebody else gets in between: after what a request has read, before it writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from controlplane.port_wrappers import StoreWrapper
from controlplane.ports import Store


class InterposedStore(StoreWrapper):
    """`action` happens once, just before the first transaction begins. Whoever checks inside that transaction sees it;
    whoever has checked before writes what no longer holds."""

    def __init__(self, inner: Store, action: Callable[[], object]) -> None:
        super().__init__(inner)
        self._action: Callable[[], object] | None = action

    @property
    def happened(self) -> bool:
        return self._action is None

    def transaction(self) -> AbstractContextManager[None]:
        action, self._action = self._action, None
        if action is not None:
            action()
        return super().transaction()
