"""What a writer of block blobs asks of the storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from controlplane.adapters.block_writer import SMALL_BYTES, BlockWriter
from controlplane.ports import WRITE_BYTES


class Storage:
    """Remembers what it was asked, in order; blocks may come from several threads."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.blocks: dict[str, bytes] = {}
        self.blob: tuple[bytes, Mapping[str, str] | None] | None = None

    def writer(self) -> BlockWriter:
        return BlockWriter(self.put_block, self.commit_blocks, self.put)

    def put_block(self, name: str, data: memoryview) -> None:
        self.asked.append("block")
        self.blocks[name] = bytes(data)

    def commit_blocks(self, names: Sequence[str], metadata: Mapping[str, str] | None) -> None:
        self.asked.append("commit")
        self.blob = b"".join(self.blocks[name] for name in names), metadata

    def put(self, data: bytes, metadata: Mapping[str, str] | None) -> None:
        self.asked.append("put")
        self.blob = data, metadata


@pytest.mark.parametrize(
    ("size_bytes", "asked"),
    [
        (0, ["put"]),
        (SMALL_BYTES, ["put"]),
        (SMALL_BYTES + 1, ["block", "commit"]),
        (WRITE_BYTES, ["block", "commit"]),
        (WRITE_BYTES + 1, ["block", "block", "commit"]),
    ],
)
def test_a_small_blob_is_one_request(size_bytes: int, asked: list[str]) -> None:
    storage, data = Storage(), bytes(range(256)) * (size_bytes // 256 + 1)
    writer = storage.writer()
    writer.write(data[: size_bytes // 2])
    writer.write(memoryview(data)[size_bytes // 2 : size_bytes])
    assert "put" not in storage.asked
    assert writer.commit({"kind": "pack"}) == size_bytes
    assert storage.asked == asked
    assert storage.blob == (data[:size_bytes], {"kind": "pack"})
