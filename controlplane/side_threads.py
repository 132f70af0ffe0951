"""Work in a thread of its own that ends with it: as many threads as there is work under way, and none at rest.

A pool keeps a thread for each place that it has, and starts one rather than wait for another that is about to be free.
Where many pieces of work share one budget, their pools then hold several times the threads that the budget allows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from controlplane.writer_held import about_to_wait

_Result = TypeVar("_Result")


def begin(name: str, act: Callable[[], _Result]) -> Future[_Result]:
    """Begin to act in a new thread of this name, in the context of this one. It cannot be cancelled."""
    future: Future[_Result] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = act()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=copy_context().run, args=(run,), name=name).start()
    return future


def result_of(future: Future[_Result]) -> _Result:
    """Wait for its end; raises what the act raised."""
    about_to_wait("a thread")
    return future.result()


def wait_for_all(futures: Collection[Future[_Result]]) -> None:
    """Wait until all have ended, however."""
    if futures:
        about_to_wait("threads")
        wait(futures)
