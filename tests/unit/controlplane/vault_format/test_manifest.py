"""The format of manifests and segments: what is written reads back, and what is damaged is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.vault_format.manifest import (
    SEGMENT_BLOCKS,
    BlockPlace,
    Damaged,
    Manifest,
    Run,
    Segment,
    SegmentBuilder,
    SegmentEntry,
    decode_manifest,
    decode_segment,
    digest_of,
    encode_manifest,
    encode_segment,
    pack_of,
)

BLOCK = 65536
PACKS = [pack_of(name) for name in ("monday", "tuesday", "wednesday")]
BLOCKS = st.dictionaries(
    st.integers(0, SEGMENT_BLOCKS - 1),
    st.tuples(st.binary(min_size=16, max_size=16), st.sampled_from(PACKS), st.integers(0, 2**50)),
    max_size=40,
)


def build(blocks: dict[int, tuple[bytes, str, int]]) -> Segment:
    builder = SegmentBuilder(BLOCK)
    for block in sorted(blocks):
        builder.add(block, *blocks[block])
    return builder.build()


def example() -> Manifest:
    entry = SegmentEntry(BlockPlace(PACKS[1], 5 * 2**40, 1234), bytes(range(16)))
    return Manifest(32 * 2**40, BLOCK, {0: entry, 2**19 - 1: entry}, {PACKS[1]: 99, PACKS[0]: 7}, {"previous": None})


@given(BLOCKS)
def test_a_segment_reads_back_block_by_block(blocks: dict[int, tuple[bytes, str, int]]) -> None:
    data = encode_segment(build(blocks))
    found = {
        block: (run.digest(block), run.pack, run.offset + (block - run.first) * BLOCK)
        for run in decode_segment(data, digest_of(data))
        for block in range(run.first, run.end)
    }
    assert found == blocks


def test_blocks_that_follow_each_other_are_one_run() -> None:
    digests = [bytes([number]) * 16 for number in range(4)]
    places = {3: (digests[0], PACKS[0], 100), 4: (digests[1], PACKS[0], 100 + BLOCK), 5: (digests[2], PACKS[1], 0)}
    assert build(places) == (
        Run(3, PACKS[0], 100, digests[0] + digests[1]),
        Run(5, PACKS[1], 0, digests[2]),
    )


def test_a_full_segment_costs_a_digest_for_each_block_and_little_else() -> None:
    segment = build({block: (bytes(16), PACKS[0], block * BLOCK) for block in range(SEGMENT_BLOCKS)})
    assert len(encode_segment(segment)) < SEGMENT_BLOCKS * 16 + 64


def test_a_manifest_reads_back() -> None:
    assert decode_manifest(encode_manifest(example())) == example()


def test_only_segments_that_hold_anything_cost_something() -> None:
    small = Manifest(32 * 2**40, BLOCK, {}, {}, {})
    assert len(encode_manifest(small)) < 200


@given(st.data())
def test_no_bit_can_turn_unnoticed(data: st.DataObject) -> None:
    segment = encode_segment(build({0: (bytes(16), PACKS[0], 0)}))
    with pytest.raises(Damaged):
        decode_segment(with_a_turned_bit(segment, data), digest_of(segment))
    with pytest.raises(Damaged):
        decode_manifest(with_a_turned_bit(encode_manifest(example()), data))


def with_a_turned_bit(whole: bytes, data: st.DataObject) -> bytes:
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(damaged)


@given(st.integers(0, 300))
def test_a_manifest_that_was_cut_short_is_damaged(length: int) -> None:
    whole = encode_manifest(example())
    with pytest.raises(Damaged):
        decode_manifest(whole[: min(length, len(whole) - 1)])


def test_the_last_block_of_a_disk_may_be_short() -> None:
    manifest = Manifest(2 * BLOCK + 512, BLOCK, {}, {}, {})
    run = Run(0, PACKS[0], 1000, bytes(3 * 16))
    assert [manifest.block_length(block) for block in range(3)] == [BLOCK, BLOCK, 512]
    assert manifest.place_of(0, run, 0, 3) == BlockPlace(PACKS[0], 1000, 2 * BLOCK + 512)
    assert manifest.place_of(0, run, 1, 2) == BlockPlace(PACKS[0], 1000 + BLOCK, BLOCK)
