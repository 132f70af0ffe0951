"""More connections to every listener than its process may open files: it goes on answering, and works."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.e2e.running import good_backup, listeners, protected, up

DESCRIPTORS, CONNECTIONS = 600, 250


@contextmanager
def few_descriptors() -> Iterator[None]:
    """For the processes that are started meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.slow
def test_a_process_with_few_descriptors_bears_many_connections(tmp_path: Path) -> None:
    with ExitStack() as keep:
        with few_descriptors():
            world = keep.enter_context(up(tmp_path / "world"))
        for port in astuple(listeners(world)):
            for _ in range(CONNECTIONS):
                keep.enter_context(socket.create_connection(("127.0.0.1", port)))
        good_backup(protected(world.client))
