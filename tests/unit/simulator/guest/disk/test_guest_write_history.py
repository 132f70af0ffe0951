"""The order of writes: an image is found in it where it is a state, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.guest.disk.digests import ZERO, DigestTable
from simulator.guest.disk.write_history import Change, Interval, Write, WriteHistory, instants, meet

SIZE = 64 * 65536


def digest(value: int) -> bytes:
    return bytes([value]) * 16 if value else ZERO


plans = st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=3), max_size=12)


def played(plan: list[list[tuple[int, int]]]) -> tuple[list[dict[int, int]], list[Write]]:
    """All states that a disk went through, and its writes."""
    states, made = [dict.fromkeys(range(6), 0)], []
    for number, step in enumerate(plan):
        before, after = states[-1], {**states[-1], **dict(step)}
        changes = tuple(Change(block, digest(before[block]), digest(after[block])) for block in dict(step))
        made.append(Write(0, 10 * number + 1, 10 * number + 2, changes))
        states.append(after)
    return states, made


def found(states: list[dict[int, int]], made: list[Write], image: dict[int, int]) -> list[Interval]:
    table = DigestTable(SIZE)
    for block, value in states[-1].items():
        table.set(block, digest(value))
    differing = {block: digest(value) for block, value in image.items() if value != states[-1][block]}
    return instants(table, made, differing)


@given(plans, st.data())
def test_every_state_is_found_between_its_writes(plan: list[list[tuple[int, int]]], data: st.DataObject) -> None:
    states, made = played(plan)
    which = data.draw(st.integers(0, len(states) - 1))
    after = made[which - 1].started if which else float("-inf")
    before = made[which].ended if which < len(made) else float("inf")
    assert Interval(after, before) in found(states, made, states[which])


@given(plans, st.dictionaries(st.integers(0, 5), st.integers(0, 3), min_size=6, max_size=6))
def test_what_never_was_is_not_found(plan: list[list[tuple[int, int]]], image: dict[int, int]) -> None:
    states, made = played(plan)
    assert bool(found(states, made, image)) == (image in states)


def test_disks_meet_where_one_instant_lies_in_all_of_them() -> None:
    first, second = Interval(10, 20), Interval(15, 30)
    assert meet([[first], [second]])
    assert not meet([[first], [Interval(20, 30)]])
    assert meet([[first], [Interval(20, 30), Interval(1, 11)]])
    assert not meet([[first], []])
    assert meet([[Interval(float("-inf"), float("inf"))], [Interval(float("-inf"), 3)]])


def test_writes_are_remembered_only_while_somebody_is_there() -> None:
    history = WriteHistory()
    history.record(Write(0, history.number(), history.number(), ()))
    first = history.begin()
    history.record(Write(0, history.number(), history.number(), ()))
    second = history.begin()
    history.record(Write(1, history.number(), history.number(), ()))
    assert [write.lun for write in history.end(first).writes] == [0, 1]
    assert [write.lun for write in history.end(second).writes] == [1]
    assert history.end(history.begin()).writes == ()


def test_too_long_a_history_says_that_it_is_not_complete() -> None:
    history = WriteHistory(longest=3)
    for _ in range(2):
        since = history.begin()
        for _ in range(3):
            history.record(Write(0, history.number(), history.number(), ()))
        assert history.end(since).complete
    since = history.begin()
    for _ in range(4):
        history.record(Write(0, history.number(), history.number(), ()))
    assert not history.end(since).complete
