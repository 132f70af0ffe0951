"""Pieces of a transfer: in their order, several at once, and no more of them in memory than there is room for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from controlplane.vault_format.sources import in_order


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(in_order(lambda number: number * 2, range(100))) == list(range(0, 200, 2))


@pytest.mark.parametrize(("budget", "at_once", "most"), [(0, 4, 1), (2, 4, 3), (10, 4, 4)])
def test_a_transfer_has_one_piece_and_what_the_budget_gives(budget: int, at_once: int, most: int) -> None:
    shared = threading.BoundedSemaphore(budget) if budget else threading.Semaphore(0)
    begun: list[int] = []

    def act(number: int) -> int:
        begun.append(number)
        return number

    results = in_order(act, range(20), at_once, shared)
    assert next(results) == 0
    assert len(begun) <= most + 1, "one was taken, and another took its place"
    assert list(results) == list(range(1, 20))
    assert left(shared) == budget


def left(shared: threading.Semaphore) -> int:
    count = 0
    while shared.acquire(blocking=False):
        count += 1
    return count


def failing_at(place: int) -> Callable[[int], int]:
    def act(number: int) -> int:
        if number == place:
            raise ValueError("no")
        return number

    return act


@pytest.mark.parametrize("place", [0, 1, 5, 19])
def test_a_transfer_that_fails_gives_back_what_it_had(place: int) -> None:
    shared = threading.BoundedSemaphore(3)
    with pytest.raises(ValueError, match="no"):
        list(in_order(failing_at(place), range(20), 4, shared))
    assert left(shared) == 3


def test_a_transfer_that_is_given_up_gives_back_what_it_had() -> None:
    shared = threading.BoundedSemaphore(3)
    results = in_order(lambda number: number, range(20), 4, shared)
    assert next(results) == 0
    results.close()
    assert left(shared) == 3
