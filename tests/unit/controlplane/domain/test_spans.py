"""Arithmetic of spans, against sets of numbers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.spans import Span, merged, pieces, widened, within, without

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def numbers(spans: list[Span]) -> set[int]:
    return {number for start, end in spans for number in range(start, end)}


def is_tidy(spans: list[Span]) -> bool:
    return all(start < end for start, end in spans) and all(one[1] <= other[0] for one, other in pairwise(spans))


@given(SPANS)
def test_merged_is_the_same_bytes_in_fewest_spans(spans: list[Span]) -> None:
    found = merged(spans)
    assert numbers(found) == numbers(spans)
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(SPANS, SPANS)
def test_without_takes_away(spans: list[Span], taken: list[Span]) -> None:
    found = without(merged(spans), merged(taken))
    assert numbers(found) == numbers(spans) - numbers(taken)
    assert is_tidy(found)


@given(SPANS, st.integers(0, 60), st.integers(0, 60))
def test_within_cuts_to_a_window(spans: list[Span], start: int, end: int) -> None:
    found = within(merged(spans), start, end)
    assert numbers(found) == numbers(spans) & set(range(start, end))
    assert is_tidy(found)


@given(SPANS, st.integers(1, 9))
def test_widened_grows_to_whole_units_up_to_the_limit(spans: list[Span], unit: int) -> None:
    found = widened(merged(spans), unit, 60)
    units = {number // unit for number in numbers(spans)}
    assert numbers(found) == {number for number in range(60) if number // unit in units}
    assert is_tidy(found)


@given(SPANS, st.integers(1, 9))
def test_pieces_cross_no_multiple(spans: list[Span], longest: int) -> None:
    found = list(pieces(merged(spans), longest))
    assert numbers(found) == numbers(spans)
    assert is_tidy(found)
    assert all(start // longest == (end - 1) // longest for start, end in found)
