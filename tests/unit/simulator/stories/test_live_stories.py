"""A story that is told in a world: it waits after each sentence, rests, goes on, and ends when somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest

from controlplane.json_object import Json
from simulator.client import Client
from simulator.failures import WrongUse
from simulator.stories.live import SLOWEST, Storyteller
from simulator.stories.reading import Story
from simulator.stories.stage import Stage
from simulator.stories.telling import Moment, act_out
from tests.patience import comes_true

ENDPOINTS = {
    "arm_http": "http://world",
    "sim": "http://world/_sim",
    "sim_token": "t",
    "tenant_id": "tenant",
    "client_id": "c",
    "client_secret": "s",
    "subscription_id": "sub",
}
NAME = "deleted-file"


class Acted:
    """Does nothing; its values are the names of what they stand for."""

    def act(self, verb: str, arguments: Json) -> Json:
        names = ("last_transaction", "status", "consistency", "changed", "error", "now", "backups", "file", "found")
        more = ("points", "whole", "last_whole", "account", "point_time", "checked", "oldest", "path", "is")
        return dict.fromkeys((*names, *more), "1")


def client(groups: list[str]) -> Client:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t"})
        return httpx.Response(200, json={"value": [{"name": name} for name in groups]})

    return Client(ENDPOINTS, transport=httpx.MockTransport(answer))


def act(story: Story, client: Client, tell: Callable[[Moment], None]) -> Json:
    return act_out(story, cast(Stage, Acted()), tell)


class Told:
    """A storyteller, and what was noted of what it told."""

    def __init__(self, act: Any = act) -> None:
        self.noted: list[tuple[str, str]] = []
        self.groups: list[str] = []
        self.teller = Storyteller(
            lambda: client(self.groups), lambda story, moment: self.noted.append((story, moment.kind)), act
        )

    @property
    def shown(self) -> Json:
        told: Json = self.teller.to_json()["told"]
        return told

    def waits_after(self, kind: str, count: int) -> bool:
        return comes_true(
            lambda: bool(self.shown["waits"]) and [each["kind"] for each in self.shown["moments"]][-1] == kind
        ) and comes_true(lambda: len(self.shown["moments"]) == count)


def test_a_story_is_told_to_its_end() -> None:
    told = Told()
    told.teller.tell(NAME, step=False, slow=0.0)
    assert comes_true(lambda: told.shown["status"] == "told")
    kinds = [each["kind"] for each in told.shown["moments"]]
    assert kinds[:2] == ["title", "say"]
    assert kinds[-1] == "end"
    assert comes_true(lambda: told.noted == [(NAME, kind) for kind in kinds])
    assert set(told.shown["moments"][1]["texts"]) == {"en", "zh-cn"}


def test_with_steps_it_waits_after_each_sentence_until_it_may_go_on() -> None:
    told = Told()
    told.teller.tell(NAME, step=True, slow=0.0)
    assert told.waits_after("title", 1)
    told.teller.go()
    assert told.waits_after("say", 2)
    with pytest.raises(WrongUse, match="a story is being told in this world"):
        told.teller.tell(NAME, step=True, slow=0.0)
    told.teller.change(step=False, slow=None)
    assert comes_true(lambda: told.shown["status"] == "told")
    with pytest.raises(WrongUse, match="no story is being told"):
        told.teller.go()


def test_a_story_that_rests_goes_on_at_once_when_somebody_says_so_and_can_be_paused() -> None:
    told = Told()
    told.teller.tell(NAME, step=False, slow=SLOWEST)
    assert comes_true(lambda: len(told.shown["moments"]) == 1)
    told.teller.go()
    assert comes_true(lambda: len(told.shown["moments"]) == 2)
    told.teller.change(step=True, slow=None)
    assert told.waits_after("say", 2)
    told.teller.stop()
    assert comes_true(lambda: told.shown["status"] == "stopped")
    assert told.shown["moments"][-1]["texts"]["zh-cn"] == "故事已停止。"


def test_another_story_can_be_told_after_it() -> None:
    told = Told()
    told.teller.tell(NAME, step=False, slow=0.0)
    assert comes_true(lambda: told.shown["status"] == "told")
    told.teller.tell(NAME, step=True, slow=0.0)
    assert told.waits_after("title", 1)
    told.teller.close()
    assert told.shown["status"] == "stopped"


def test_a_world_that_is_not_empty_keeps_what_it_has() -> None:
    told = Told()
    told.groups = ["mine"]
    with pytest.raises(WrongUse, match="this one has the resource group mine; reset it first"):
        told.teller.tell(NAME, step=False, slow=0.0)
    assert told.teller.to_json()["told"] is None


@pytest.mark.parametrize("slow", [-1.0, SLOWEST + 1, float("nan")])
def test_what_is_no_pace_is_refused(slow: float) -> None:
    told = Told()
    with pytest.raises(WrongUse, match="is not possible"):
        told.teller.tell(NAME, step=False, slow=slow)
    with pytest.raises(WrongUse, match="no story is called missing"):
        told.teller.tell("missing", step=False, slow=0.0)


def test_a_story_that_the_world_breaks_is_shown_as_broken() -> None:
    def breaking(story: Story, client: Client, tell: Callable[[Moment], None]) -> Json:
        told = act(story, client, tell)
        return told | {"verified": False, "broken": {"line": 3, "verb": "verify", "sentence": "it is not"}}

    told = Told(breaking)
    told.teller.tell(NAME, step=False, slow=0.0)
    assert comes_true(lambda: told.shown["status"] == "broken")
    assert told.shown["moments"][-1]["texts"]["en"] == "Not told to its end, in line 3: it is not"
