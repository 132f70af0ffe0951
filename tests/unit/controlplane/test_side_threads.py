"""Threads that live as long as their work."""

from __future__ import annotations

import threading

import pytest

from controlplane import side_threads


def test_the_result_of_each_comes_from_a_thread_of_its_own() -> None:
    begun = [side_threads.begin("piece", threading.current_thread) for _ in range(20)]
    threads = [future.result() for future in begun]
    assert len(set(threads)) == 20
    assert {thread.name for thread in threads} == {"piece"}
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_what_it_raises_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise KeyError("no")

    future = side_threads.begin("piece", fail)
    with pytest.raises(KeyError, match="no"):
        future.result()
