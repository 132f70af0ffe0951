"""What `up --start-spread` takes."""

from __future__ import annotations

import pytest

from simulator.failures import WrongUse
from simulator.start_spread import spread_of


@pytest.mark.parametrize(("text", "seconds"), [("2h", 7200), ("90m", 5400), ("PT30M", 1800), ("0s", 0)])
def test_a_spread_is_a_duration_of_up_to_two_hours(text: str, seconds: float) -> None:
    assert spread_of(text) == seconds


@pytest.mark.parametrize("text", ["121m", "1d", "two hours", "", "-1h"])
def test_anything_else_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(WrongUse, match=r"two hours of their due time|is no duration"):
        spread_of(text)
