"""Writes a block blob piece by piece: blocks go out in the background as they fill up, and the commit joins them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from secrets import token_hex
from threading import BoundedSemaphore

from controlplane import side_threads
from controlplane.ports import MAX_IN_FLIGHT, WRITE_BYTES

BLOCKS_IN_MEMORY = BoundedSemaphore(2 * MAX_IN_FLIGHT)
"""What all writers of the process share: blocks of WRITE_BYTES beyond the one that each may always have."""

SMALL_BYTES = 1024 * 1024
"""What is no larger is sent at once. Azurite reads such a blob back for its MD5, but does not read blocks back: of more
bytes that costs more than a second request."""


class BlockWriter:
    """A block blob in the making. `put_block` sends one block under a name, `commit_blocks` makes a blob of them, and
    `put` makes a small blob at once."""

    def __init__(
        self,
        put_block: Callable[[str, memoryview], None],
        commit_blocks: Callable[[Sequence[str], Mapping[str, str] | None], None],
        put: Callable[[bytes, Mapping[str, str] | None], None],
    ) -> None:
        self._put_block = put_block
        self._commit_blocks = commit_blocks
        self._put = put
        self._own = token_hex(4)
        """In the name of each block, so that two writers of one blob never mix."""
        self._blocks: list[str] = []
        self._buffer = bytearray()
        self._size_bytes = 0
        self._sending: deque[tuple[Future[None], bool]] = deque()
        """Each with whether its place is from the budget."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        while len(view):
            taken = view[: WRITE_BYTES - len(self._buffer)]
            self._buffer += taken
            view = view[len(taken) :]
            if len(self._buffer) == WRITE_BYTES:
                self._send()

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        if not self._blocks and len(self._buffer) <= SMALL_BYTES:
            self._put(bytes(self._buffer), metadata)
            return len(self._buffer)
        if self._buffer and not self._sending:
            self._put_block(self._next_block(), memoryview(self._buffer))  # nothing else to do meanwhile
        elif self._buffer:
            self._send()
        while self._sending:
            self._await_oldest()
        self._commit_blocks(self._blocks, metadata)
        return self._size_bytes

    def abort(self) -> None:
        """Blocks that no commit names are thrown away by the storage."""
        self._buffer = bytearray()
        side_threads.wait_for_all([sent for sent, _ in self._sending])
        while self._sending:
            self._give_back(self._sending.popleft()[1])

    def _send(self) -> None:
        is_from_budget = 0 < len(self._sending) < MAX_IN_FLIGHT and BLOCKS_IN_MEMORY.acquire(blocking=False)
        if self._sending and not is_from_budget:
            side_threads.result_of(self._sending[0][0])
            _, is_from_budget = self._sending.popleft()  # its place is taken over
        put = partial(self._put_block, self._next_block(), memoryview(self._buffer))
        self._sending.append((side_threads.begin("blocks", put), is_from_budget))
        self._buffer = bytearray()

    def _next_block(self) -> str:
        """The name of the block that the buffer becomes."""
        block = f"{self._own}-{len(self._blocks):08}"
        self._blocks.append(block)
        self._size_bytes += len(self._buffer)
        return block

    def _await_oldest(self) -> None:
        side_threads.result_of(self._sending[0][0])
        self._give_back(self._sending.popleft()[1])

    @staticmethod
    def _give_back(is_from_budget: bool) -> None:
        if is_from_budget:
            BLOCKS_IN_MEMORY.release()
