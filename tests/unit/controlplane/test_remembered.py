"""A memory with a bound: what was used last stays."""

from __future__ import annotations

from controlplane.remembered import Remembered


def test_what_was_put_is_found_until_it_is_forgotten() -> None:
    memory = Remembered(100)
    memory.put("a", 1, 10)
    memory.put("b", None, 10)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, None)
    memory.forget("a")
    memory.forget("c")
    assert memory.get("a") is None
    memory.put("a", 2, 10)
    memory.clear()
    assert memory.get("a") is None


def test_what_was_unused_longest_goes_first() -> None:
    memory = Remembered(30)
    for key in "abc":
        memory.put(key, key, 10)
    assert memory.get("a") == "a"
    memory.put("d", "d", 10)
    assert [memory.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_the_size_of_what_is_put_again_or_forgotten_counts_no_more() -> None:
    memory = Remembered(30)
    for _ in range(5):
        memory.put("a", "a", 20)
    memory.put("b", "b", 10)
    assert memory.get("a") == "a"
    memory.forget("a")
    memory.put("c", "c", 20)
    assert [memory.get(key) for key in "bc"] == ["b", "c"]
    memory.clear()
    memory.put("d", "d", 30)
    assert memory.get("d") == "d"


def test_what_is_too_large_is_not_kept_and_drives_nothing_out() -> None:
    memory = Remembered(30)
    memory.put("a", "a", 10)
    memory.put("b", "b", 31)
    assert (memory.get("a"), memory.get("b")) == ("a", None)
    memory.put("a", "larger", 31)
    assert memory.get("a") is None
