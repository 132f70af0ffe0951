"""What is told while a story is acted is told again from its recording, in either language; a broken one ends there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from simulator.failures import WrongUse
from simulator.stories.reading import read
from simulator.stories.stage import Stage, Unmet
from simulator.stories.telling import Moment, act_out, moments

STORY = read(
    """title: {en: A story, zh-cn: 故事}
acts:
  - say: {en: It begins., zh-cn: 开始。}
    do:
      - machine: {machine: vm1}
      - protect: vm1
      - back up: vm1
    then: {en: 'It is {consistency}.', zh-cn: '它是 {consistency}。'}
  - say: {en: 'After {changed}:', zh-cn: '在 {changed} 之后：'}
    do:
      - expect machine: {machine: vm1, is: gone}
""",
    "mine",
)
GIVEN = {"status": "Completed", "consistency": "AppConsistent", "changed": "1.5 MiB", "error": "-"}


class Acted:
    """Does nothing, and says what a backup came to. `breaks` is the verb at which the world is not as expected."""

    def __init__(self, breaks: str = "") -> None:
        self.done: list[str] = []
        self._breaks = breaks

    def act(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, str]:
        if verb == self._breaks:
            raise Unmet("vm1 is running, and not gone")
        self.done.append(verb)
        return dict(GIVEN) if verb == "back up" else {}


def told(breaks: str = "") -> tuple[list[Moment], dict[str, Any]]:
    heard: list[Moment] = []
    recording = act_out(STORY, cast(Stage, Acted(breaks)), heard.append)
    return heard, recording


def test_what_was_told_is_told_again_from_the_recording() -> None:
    heard, recording = told()
    assert recording["verified"]
    assert list(moments(json.loads(json.dumps(recording)))) == heard
    assert [moment.kind for moment in heard] == ["title", "say", "step", "step", "step", "then", "say", "step", "end"]


def test_values_come_into_both_languages() -> None:
    heard, _ = told()
    told_of = {moment.kind: moment.texts for moment in heard if moment.act == 1}
    assert told_of["then"] == {"en": "It is AppConsistent.", "zh-cn": "它是 AppConsistent。"}
    assert told_of["step"]["zh-cn"] == "vm1 的备份：Completed，AppConsistent，更改了 1.5 MiB"
    assert heard[-2].texts == {"en": "vm1 is gone", "zh-cn": "vm1：已消失"}


def test_a_story_ends_where_the_world_is_not_as_it_expects() -> None:
    heard, recording = told("expect machine")
    assert not recording["verified"]
    assert recording["broken"] == {"line": 11, "verb": "expect machine", "sentence": "vm1 is running, and not gone"}
    assert heard[-1].texts["en"] == "Not told to its end, in line 11: vm1 is running, and not gone"
    assert list(moments(recording)) == heard


def test_a_mistake_of_the_program_is_not_told_as_one_of_the_world() -> None:
    class Broken(Acted):
        def act(self, verb: str, arguments: Mapping[str, Any]) -> dict[str, str]:
            raise KeyError(verb)

    with pytest.raises(KeyError):
        act_out(STORY, cast(Stage, Broken()), lambda moment: None)


NUMBERS: dict[str, Any] = {"title": {"en": 1, "zh-cn": []}, "acts": [], "broken": None}


@pytest.mark.parametrize(
    "wrong", [{}, {"title": 1}, {"title": {"en": "a"}, "acts": []}, {"title": {}, "acts": [{}]}, NUMBERS]
)
def test_what_is_no_recording_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongUse, match="no recording of a story"):
        list(moments(wrong))


def test_a_recording_of_somebody_else_moves_no_terminal() -> None:
    title = {"en": "a\x1b[2Jb\u202e\x07", "zh-cn": "恢复\n点"}
    (first, _) = moments({"title": title, "acts": [], "broken": None})
    assert first.texts == {"en": "a[2Jb", "zh-cn": "恢复\n点"}
