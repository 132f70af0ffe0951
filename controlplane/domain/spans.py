"""Arithmetic of spans: stretches of a disk as (start, end) pairs, ascending and not overlapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same bytes in as few spans as possible; the input may be unsorted and may overlap."""
    result: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def within(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of the spans between `start` and `end`."""
    cut = ((max(first, start), min(last, end)) for first, last in spans)
    return [span for span in cut if span[0] < span[1]]


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The parts of `spans` that are in none of `taken`; both ascending."""
    result: list[Span] = []
    rest = iter(taken)
    hole = next(rest, None)
    for start, end in spans:
        while hole and hole[1] <= start:
            hole = next(rest, None)
        while hole and hole[0] < end:
            if start < hole[0]:
                result.append((start, hole[0]))
            start = hole[1]
            if start >= end:
                break
            hole = next(rest, None)
        if start < end:
            result.append((start, end))
    return result


def widened(spans: Iterable[Span], unit: int, limit: int) -> list[Span]:
    """The spans grown outwards to whole units, but not past `limit`."""
    return merged((start - start % unit, min(-(-end // unit) * unit, limit)) for start, end in spans)


def pieces(spans: Iterable[Span], longest: int) -> Iterator[Span]:
    """The same spans cut so that none crosses a multiple of `longest`."""
    for start, end in spans:
        while start < end:
            cut = min(start - start % longest + longest, end)
            yield start, cut
            start = cut
