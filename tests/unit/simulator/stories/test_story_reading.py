"""Stories are read whole or refused with a line; those that come with the program are right, and take their time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.failures import WrongUse
from simulator.stories import library
from simulator.stories.language import VERBS
from simulator.stories.reading import BLANK, LANGUAGES, StoryMistake, read
from simulator.stories.sentences import STEPS, WORDS, reading_seconds
from simulator.stories.stage import Stage
from simulator.stories.telling import told_seconds

PAGE = Path(__file__).parents[4] / "docs" / "stories.md"
GOOD = """title: {en: A story, zh-cn: 故事}
acts:
  - say: {en: It begins., zh-cn: 开始。}
    do:
      - machine: {machine: vm1, data_disks: [1]}
      - protect: vm1
      - back up: {machine: vm1, as: first}
      - verify: {machine: vm1, point: first}
    then: {en: 'It is {status}.', zh-cn: '{status}。'}
"""


def test_a_story_is_read_with_its_lines() -> None:
    story = read(GOOD, "mine")
    (act,) = story.acts
    assert [(step.verb, step.line) for step in act.steps] == [
        ("machine", 5),
        ("protect", 6),
        ("back up", 7),
        ("verify", 8),
    ]
    assert act.steps[0].arguments == {"machine": "vm1", "data_disks": [1]}
    assert act.steps[1].arguments == {"machine": "vm1"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("protect: vm1", "protekt: vm1", "line 6: there is no verb protekt; did you mean protect"),
        ("protect: vm1", "qqq: vm1", "line 6: there is no verb qqq; docs/stories.md lists the verbs"),
        ("protect: vm1", "protect: vm2", "line 6: no step before has made a machine vm2"),
        ("protect: vm1", "protect: {policy: p}", "line 6: protect needs machine"),
        ("protect: vm1", "protect: {machine: vm1, polcy: p}", "line 6: protect has no key polcy"),
        ("protect: vm1", "protect: [vm1]", "line 6: machine of protect is a text"),
        ("protect: vm1", "protect: {machine: vm1, machine: vm1}", "line 6: the key machine is there twice"),
        ("protect: vm1", "protect", "line 6: a step is one verb with what it takes"),
        ("[1]", "[0]", "line 5: data_disks of machine is a list of whole numbers"),
        ("data_disks: [1]", "system: os2", "line 5: system of machine is one of sql, windows, linux"),
        ("point: first", "point: second", "line 8: no backup before was called second"),
        ("'It is {status}.'", "'It is {size}.'", "line 9: no step before gives a value size"),
        ("'It is {status}.'", "It is it.", "line 9: both languages show the same values"),
        ("'It is {status}.'", "'It is {status.x}.'", "line 9: a sentence has words, and braces only around"),
        (", zh-cn: 开始。", "", "line 3: a sentence needs zh-cn"),
        ("title: {en: A story, zh-cn: 故事}", "titel: x", "line 1: a story has no key titel"),
        ("acts:\n", "acts: [\n", "this is no YAML"),
        ("A story", "&a A story", None),
        ("zh-cn: 故事", "zh-cn: *a", "no anchors and aliases"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, says: str | None) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if says is None:
        read(text, "mine")
        return
    with pytest.raises(StoryMistake, match=re.escape(says)):
        read(text, "mine")


@pytest.mark.parametrize(
    "text", ["", "[]", "- a", "x", "title: {en: a, zh-cn: b}\nacts: []\n", "a" * 70_000, "{" * 9_000]
)
def test_what_is_no_story_is_refused(text: str) -> None:
    with pytest.raises(StoryMistake):
        read(text, "mine")


def test_aliases_are_refused_before_they_grow() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"k{n}: &k{n} [*a, *a]\n" for n in range(9))
    with pytest.raises(StoryMistake, match="no anchors and aliases"):
        read(bomb, "mine")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUse, match="no text in UTF-8"):
        library.find(str(tmp_path / "story.yaml"))
    with pytest.raises(WrongUse, match="no story is called nothing"):
        library.find("nothing")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", library.NAMES)
def test_a_story_of_ours_takes_one_to_five_minutes_to_tell(name: str, language: str) -> None:
    assert 60 <= told_seconds(library.story(name), language) <= 300


@pytest.mark.parametrize("name", library.NAMES)
def test_a_story_of_ours_says_the_same_in_both_languages(name: str) -> None:
    for act in library.story(name).acts:
        for texts in filter(None, (act.say, act.then)):
            assert not re.search(r"[\u3400-\u9fff]", texts["en"])
            assert re.search(r"[\u3400-\u9fff]", texts["zh-cn"])


def test_every_verb_is_acted_and_has_its_sentence() -> None:
    acted = {name.removeprefix("do_").replace("_", " ") for name in dir(Stage) if name.startswith("do_")}
    assert acted == set(VERBS) == set(STEPS)
    for name, verb in VERBS.items():
        shown = {*verb.gives, *(parameter.name for parameter in verb.parameters if parameter.required)}
        for text in STEPS[name]:
            assert set(BLANK.findall(text)) <= shown, name


def test_the_words_of_expectations_have_a_chinese_text() -> None:
    words = {word for verb in VERBS.values() for each in verb.parameters if each.name == "is" for word in each.one_of}
    assert words - set(WORDS) == {"not clean"}, "which no sentence shows"


def test_the_page_has_the_verbs_of_the_code() -> None:
    rows = re.findall(r"^\| `([\w ]+)` \| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [
        (
            verb.name,
            ", ".join(f"`{each.name}`" + ("" if each.required else "?") for each in verb.parameters),
            verb.meaning,
            ", ".join(f"`{{{value}}}`" for value in verb.gives),
        )
        for verb in VERBS.values()
    ]


def test_the_story_on_the_page_is_one() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(read(text, "page").acts) == 1


def test_words_and_characters_take_their_time() -> None:
    assert reading_seconds("one two three four five", "en") == pytest.approx(5 / 2.5 + 1)
    assert reading_seconds("四个汉字", "zh-cn") == pytest.approx(2)
    assert reading_seconds("sql01 已受保护", "zh-cn") == pytest.approx(1 / 2.5 + 1 + 1)
