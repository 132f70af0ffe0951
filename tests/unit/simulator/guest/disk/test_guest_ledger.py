"""Digests of a disk: the table, its comparison with an image, and the journal that survives a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.ports import BLOCK_BYTES, READ_BYTES
from simulator.guest.disk.digests import BLOCKS_PER_LEAF, ZERO, DigestTable, differing, digest_of, read_table
from simulator.guest.disk.ground_truth import DiskVerdict, GroundTruth, GroundTruths
from simulator.guest.disk.ledger import Ledger, LedgerDamaged, require_whole
from tests.unit.simulator.guest.guest_rig import BytesSource

SIZE = 40 * 1024 * 1024 + 512

digests = st.binary(min_size=16, max_size=16)
blocks = st.integers(0, SIZE // BLOCK_BYTES)


@given(st.dictionaries(blocks, digests), st.dictionaries(blocks, digests))
def test_a_copy_keeps_its_instant(first: dict[int, bytes], later: dict[int, bytes]) -> None:
    table = DigestTable(SIZE)
    for block, digest in first.items():
        table.set(block, digest)
    copy = table.copy()
    for block, digest in later.items():
        table.set(block, digest)
    assert all(copy.get(block) == first.get(block, ZERO) for block in first | later)
    assert all(table.get(block) == (first | later)[block] for block in first | later)
    assert DigestTable.from_bytes(copy.to_bytes()) == copy


def test_a_block_of_zeros_and_a_hole_are_the_same() -> None:
    assert digest_of(bytes(BLOCK_BYTES)) == digest_of(bytes(512)) == DigestTable(SIZE).get(7) == ZERO
    assert digest_of(b"x") != ZERO


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 320), max_size=12), st.sets(st.integers(0, 320), max_size=6))
def test_every_differing_block_is_found_and_no_other(written: set[int], changed: set[int]) -> None:
    data = bytearray(320 * BLOCK_BYTES + 512)
    for block in written:
        data[block * BLOCK_BYTES : block * BLOCK_BYTES + 4] = b"data"
    table = read_table(BytesSource(bytes(data)))
    for block in changed:
        data[block * BLOCK_BYTES + 100] ^= 1
    extents = [(block * BLOCK_BYTES, min(BLOCK_BYTES, len(data) - block * BLOCK_BYTES)) for block in written | changed]
    source = BytesSource(bytes(data), sorted(extents))
    assert [block for block, _ in differing(table, source)] == sorted(changed)


def test_an_image_of_another_size_is_never_equal() -> None:
    truth = GroundTruth("task", datetime(2026, 3, 1, tzinfo=UTC), "application", 1.0, {0: "d"}, {0: DigestTable(SIZE)})
    assert truth.compare(0, BytesSource(bytes(SIZE))).equal
    for size_bytes in (SIZE - 512, SIZE + 512, SIZE - 3 * BLOCK_BYTES):
        verdict = truth.compare(0, BytesSource(bytes(size_bytes)))
        assert not verdict.equal
        assert verdict.differing_blocks
        assert verdict.first_difference == min(SIZE, size_bytes)
        assert truth.compare_without_freeze({0: BytesSource(bytes(size_bytes))}).one_instant is False


def test_only_extents_are_read_and_eight_mebibytes_at_a_time() -> None:
    reads: list[tuple[int, int]] = []

    class Counting(BytesSource):
        def read(self, offset: int, length: int) -> bytes:
            reads.append((offset, length))
            return super().read(offset, length)

    data = bytearray(64 * 1024 * 1024)
    data[READ_BYTES - 100 : 3 * READ_BYTES] = b"x" * (2 * READ_BYTES + 100)
    list(differing(DigestTable(len(data)), Counting(bytes(data), [(READ_BYTES - 100, 2 * READ_BYTES + 100)])))
    assert reads == [(READ_BYTES - BLOCK_BYTES, BLOCK_BYTES), (READ_BYTES, READ_BYTES), (2 * READ_BYTES, READ_BYTES)]


def test_the_copy_for_a_freeze_of_a_million_blocks_takes_milliseconds() -> None:
    table = DigestTable(1 << 36, {leaf: bytes([leaf % 255]) * 2048 for leaf in range((1 << 20) // BLOCKS_PER_LEAF)})
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        table.copy()
        best = min(best, time.perf_counter() - started)
    assert best < 0.005


def test_the_journal_tells_known_from_doubtful(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.intend([(1, b"A" * 16), (2, b"B" * 16)])
    ledger.acknowledge()
    ledger.intend([(2, b"C" * 16)])
    ledger.doubt()
    ledger.intend([(3, b"D" * 16)])  # the kill comes before any answer
    ledger._journal.close()
    again = Ledger(tmp_path, "d", SIZE)
    assert again.table.to_dict() == {1: b"A" * 16, 2: b"B" * 16}
    assert again.doubts == {2: {b"C" * 16}, 3: {b"D" * 16}}
    assert again.allows(2, b"B" * 16)
    assert again.allows(2, b"C" * 16)
    assert not again.allows(2, b"D" * 16)
    again.close()


def test_an_acknowledged_write_ends_all_doubt_about_its_blocks(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.intend([(2, b"C" * 16)])
    ledger.doubt()
    ledger.settle([(2, b"E" * 16)])
    ledger.close()
    again = Ledger(tmp_path, "d", SIZE)
    assert again.doubts == {}
    assert again.table.get(2) == b"E" * 16
    again.close()


@pytest.mark.parametrize("torn_bytes", [0, 1, 12, 24])
def test_a_record_cut_by_the_kill_is_not_there(tmp_path: Path, torn_bytes: int) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.intend([(1, b"A" * 16)])
    ledger.acknowledge()
    ledger.close()
    journal = tmp_path / "d.journal"
    journal.write_bytes(journal.read_bytes() + bytes([0]) * torn_bytes)
    again = Ledger(tmp_path, "d", SIZE)
    again.settle([(7, b"F" * 16)])
    again.close()
    assert Ledger(tmp_path, "d", SIZE).table.to_dict() == {1: b"A" * 16, 7: b"F" * 16}


def test_compacting_keeps_digests_and_doubts_and_shortens_the_journal(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    for number in range(1, 200):
        ledger.settle([(5, bytes([number]) * 16)])
    ledger.intend([(6, b"G" * 16)])
    ledger.doubt()
    before = (tmp_path / "d.journal").stat().st_size
    ledger.compact()
    ledger.close()
    assert (tmp_path / "d.journal").stat().st_size < before / 50
    again = Ledger(tmp_path, "d", SIZE)
    assert again.table.to_dict() == {5: bytes([199]) * 16}
    assert again.doubts == {6: {b"G" * 16}}
    again.close()


def test_old_records_over_a_newer_table_end_in_the_same_state(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.settle([(1, b"A" * 16)])
    ledger.settle([(1, b"B" * 16)])
    journal = (tmp_path / "d.journal").read_bytes()
    ledger.compact()
    ledger.close()
    (tmp_path / "d.journal").write_bytes(journal)  # killed after the table, before the journal
    assert Ledger(tmp_path, "d", SIZE).table.to_dict() == {1: b"B" * 16}


def test_what_a_kill_left_unanswered_is_not_acknowledged_by_the_next_write(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.intend([(3, b"D" * 16)])
    ledger._journal.close()
    second = Ledger(tmp_path, "d", SIZE)
    second.settle([(7, b"F" * 16)])
    second.close()
    third = Ledger(tmp_path, "d", SIZE)
    assert third.table.to_dict() == {7: b"F" * 16}
    assert third.doubts == {3: {b"D" * 16}}


NO_ROOM = """
import resource
import sys
from pathlib import Path
from controlplane.ports import StorageUnavailable
from simulator.guest.disk.ledger import Ledger

folder, act, room = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = Ledger(folder, "d", 1 << 30)
ledger.settle([(1, b"A" * 16)])


def refused(changes):
    try:
        ledger.intend(changes)
    except StorageUnavailable:
        return True
    return False


def room_for(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


whole = (folder / "d.journal").stat().st_size
if act == "intend":
    room_for(whole + room)
    assert refused([(2, b"B" * 16), (3, b"C" * 16)])
    assert (folder / "d.journal").stat().st_size == whole, "no part of a record is left"
else:
    ledger.intend([(2, b"B" * 16)])
    room_for((folder / "d.journal").stat().st_size + room)
    ledger.acknowledge() if act == "acknowledge" else ledger.doubt()
    assert refused([(3, b"C" * 16)]), "the answer of the one before is not written yet"
if len(sys.argv) == 4:
    room_for(1 << 20)
    ledger.settle([(4, b"D" * 16)])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is one of POSIX")
@pytest.mark.parametrize("room", [0, 13])
@pytest.mark.parametrize(
    ("act", "left", "table", "doubts"),
    [
        ("intend", (), {1: b"A" * 16, 4: b"D" * 16}, {}),
        ("acknowledge", (), {1: b"A" * 16, 2: b"B" * 16, 4: b"D" * 16}, {}),
        ("doubt", (), {1: b"A" * 16, 4: b"D" * 16}, {2: {b"B" * 16}}),
        ("acknowledge", ("killed",), {1: b"A" * 16}, {2: {b"B" * 16}}),
    ],
)
def test_a_journal_without_room_refuses_what_comes_next_and_forgets_no_answer(
    tmp_path: Path,
    act: str,
    left: Sequence[str],
    table: Mapping[int, bytes],
    doubts: Mapping[int, set[bytes]],
    room: int,
) -> None:
    arguments = [sys.executable, "-c", NO_ROOM, str(tmp_path), act, str(room), *left]
    subprocess.run(arguments, cwd=Path(__file__).parents[5], check=True)
    again = Ledger(tmp_path, "d", 1 << 30)
    assert (again.table.to_dict(), again.doubts) == (table, doubts)
    again.close()


@pytest.mark.parametrize("there_bytes", [0, 9])
def test_a_journal_whose_header_was_cut_by_the_kill_is_begun_anew(tmp_path: Path, there_bytes: int) -> None:
    Ledger(tmp_path, "d", SIZE).close()
    journal = tmp_path / "d.journal"
    journal.write_bytes(journal.read_bytes()[:there_bytes])
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.settle([(7, b"F" * 16)])
    ledger.close()
    assert Ledger(tmp_path, "d", SIZE).table.to_dict() == {7: b"F" * 16}


WRITER = """
import sys
from pathlib import Path
from simulator.guest.disk.ledger import Ledger

ledger = Ledger(Path(sys.argv[1]), "d", 1 << 30)
for number in range(1, 16000):
    ledger.intend([(number, number.to_bytes(16, "big"))])
    ledger.acknowledge()
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_sigkill(tmp_path: Path) -> None:
    root = Path(__file__).parents[5]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for _ in range(500):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    told = 500 + len(process.stdout.read().splitlines())
    process.wait()
    process.stdout.close()
    found = Ledger(tmp_path, "d", 1 << 30).table.to_dict()
    assert found.items() >= {number: number.to_bytes(16, "big") for number in range(1, told)}.items()


# ----------------------------------------------------------------------------------------------------- what is kept


def truth_of(number: int) -> tuple[GroundTruth, bytes]:
    data = bytes([number + 1]) * BLOCK_BYTES + bytes(SIZE - BLOCK_BYTES)
    table = read_table(BytesSource(data))
    time = datetime(2026, 3, 1, tzinfo=UTC)
    return GroundTruth(f"task/{number}", time, "application", 1.5, {0: "data"}, {0: table}), data


def test_of_old_truths_a_summary_is_kept_for_ever(tmp_path: Path) -> None:
    truths = GroundTruths(tmp_path, most=2)
    kept = [truth_of(number) for number in range(5)]
    for truth, _ in kept:
        truths.keep(truth)
    assert [truths.get(truth.task_id) is not None for truth, _ in kept] == [False, False, False, True, True]
    for number, (truth, data) in enumerate(kept):
        summary = truths.summary(truth.task_id)
        assert summary is not None
        assert (summary.held_milliseconds, summary.disks[0].name) == (1.5, "data")
        assert summary.compare(0, BytesSource(data)) == DiskVerdict(True, -(-SIZE // BLOCK_BYTES), None, 0)
        other = summary.compare(0, BytesSource(kept[number - 1][1]))
        assert (other.equal, other.differing_blocks) == (False, None)
        assert not summary.compare(0, BytesSource(data[:-512])).equal


def test_what_an_earlier_release_kept_is_summarized_before_it_goes(tmp_path: Path) -> None:
    truths = GroundTruths(tmp_path, most=1)
    old, data = truth_of(0)
    truths.keep(old)
    for summary in tmp_path.glob("*.summary"):
        summary.unlink()
    truths.keep(truth_of(1)[0])
    assert truths.get(old.task_id) is None
    left = truths.summary(old.task_id)
    assert left is not None
    assert left.compare(0, BytesSource(data)).equal


def test_a_table_has_one_digest_in_whatever_order_it_was_written() -> None:
    blocks = {1: b"a" * 16, 200: b"b" * 16}
    one, other = DigestTable(SIZE), DigestTable(SIZE)
    for block in sorted(blocks):
        one.set(block, blocks[block])
    for block in sorted(blocks, reverse=True):
        other.set(block, blocks[block])
    other.set(3, b"c" * 16)
    assert one.digest() != other.digest()
    other.set(3, ZERO)
    assert one.digest() == other.digest()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.table", b""),
        ("d.table", b"no table at all, whatever its length is"),
        ("d.journal", b"digest jour"),
        ("d.journal", b"digest journal 1\n".ljust(25, b"\0") + bytes([7]) * 25),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.settle([(1, b"A" * 16)])
    ledger.compact()
    ledger.close()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LedgerDamaged, match=name):
        Ledger(tmp_path, "d", SIZE)


@pytest.mark.parametrize("name", ["d.table", "d.journal"])
def test_a_ledger_has_two_files(tmp_path: Path, name: str) -> None:
    ledger = Ledger(tmp_path, "d", SIZE)
    ledger.compact()
    ledger.close()
    require_whole(tmp_path, "d")
    (tmp_path / name).unlink()
    with pytest.raises(LedgerDamaged, match=f"{name} is gone"):
        require_whole(tmp_path, "d")
