"""Tells a story in a world that others look at, a sentence at a time, and waits for whoever stands before the audience.

One story at once, in a thread of its own, by the addresses of the world like any other program.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context

from controlplane.json_object import Json
from simulator.client import Client
from simulator.failures import Failure, WrongUse
from simulator.stories import library
from simulator.stories.reading import LANGUAGES, Story
from simulator.stories.sentences import reading_seconds
from simulator.stories.stage import Stage
from simulator.stories.telling import Moment, act_out, moments, told_seconds

LONGEST_ANSWER_SECONDS = 600.0
"""For a verdict on a slow machine."""
SLOWEST = 100.0
END_SECONDS = 5.0
MOST_MOMENTS = 1000
"""Of one story that are kept; those of the library have 30 at most."""
STOPPED = {"en": "The story was stopped.", "zh-cn": "故事已停止。"}
BROKEN_OFF = {"en": "The story broke off; the world's log says why.", "zh-cn": "故事中断；环境的日志说明了原因。"}


class Stopped(Failure):
    """Somebody ended the story."""


class Storyteller:
    """`client` makes a client of the world, `note` hears each moment with the name of its story. Thread-safe."""

    def __init__(
        self,
        client: Callable[[], Client],
        note: Callable[[str, Moment], None],
        act: Callable[[Story, Client, Callable[[Moment], None]], Json] = lambda story, client, tell: act_out(
            story, Stage(client), tell
        ),
    ) -> None:
        self._client, self._note, self._act = client, note, act
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._told: Json | None = None
        self._step, self._slow = False, 0.0
        self._goes = self._stops = False

    # ------------------------------------------------------------------------------------------------- what people do

    def tell(self, name: str, step: bool, slow: float) -> None:
        """Begin a story of the library. WrongUse where another one is being told, or the world is not empty."""
        story = library.story(name)
        _check(slow)
        with self._changed:
            self._refuse_a_second()
        with self._client() as client:
            _refuse_a_full(client)
        with self._changed:
            self._refuse_a_second()
            self._step, self._slow, self._goes, self._stops = step, slow, False, False
            self._told = {
                "story": name,
                "title": dict(story.title),
                "moments": [],
                "status": "telling",
                "waits": False,
            }
            self._thread = threading.Thread(
                target=copy_context().run, args=(self._run, story, self._told), name="storyteller", daemon=True
            )
            self._thread.start()

    def change(self, step: bool | None, slow: float | None) -> None:
        """Whether it waits after each sentence, and how long it rests there."""
        _check(slow or 0.0)
        with self._changed:
            self._step = self._step if step is None else step
            self._slow = self._slow if slow is None else slow
            self._changed.notify_all()

    def go(self) -> None:
        """The next sentence. WrongUse where no story is being told."""
        with self._changed:
            self._refuse_none()
            self._goes = True
            self._changed.notify_all()

    def stop(self) -> None:
        """The story ends after what it is doing. WrongUse where none is being told."""
        with self._changed:
            self._refuse_none()
            self._stops = True
            self._changed.notify_all()

    def close(self) -> None:
        """End a story, for the end of the world; what it does at that moment may go on for a few seconds."""
        with self._changed:
            thread, self._stops = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(END_SECONDS)

    def to_json(self) -> Json:
        """`{"stories", "told", "step", "slow"}`; `told` is None before the first."""
        with self._changed:
            told = None if self._told is None else {**self._told, "moments": list(self._told["moments"])}
            return {"stories": _listed(), "told": told, "step": self._step, "slow": self._slow}

    # ---------------------------------------------------------------------------------------------------------- inside

    def _refuse_a_second(self) -> None:
        if self._is_telling:
            raise WrongUse("a story is being told in this world; stop it, or wait for its end")

    def _refuse_none(self) -> None:
        if not self._is_telling:
            raise WrongUse("no story is being told in this world; begin one first")

    @property
    def _is_telling(self) -> bool:
        return self._told is not None and self._told["status"] == "telling"

    def _run(self, story: Story, told: Json) -> None:
        status, end = "broken", Moment("end", 0, BROKEN_OFF)
        try:
            with self._client() as client:
                recording = self._act(story, client, lambda moment: self._hear(story.name, told, moment))
            status = "told" if recording["verified"] else "broken"
            end = list(moments(recording))[-1]
        except Stopped:
            status, end = "stopped", Moment("end", 0, STOPPED)
        finally:
            with self._changed:
                _keep(told, end)
                told.update(status=status, waits=False)
            self._note(story.name, end)

    def _hear(self, name: str, told: Json, moment: Moment) -> None:
        if moment.kind == "end":  # told once it is known how it ended
            return
        with self._changed:
            _keep(told, moment)
            told["waits"] = self._step
        self._note(name, moment)
        self._rest(moment, told)

    def _rest(self, moment: Moment, told: Json) -> None:
        """Until whoever steps says so, or the sentence has been read."""

        def is_let_on() -> bool:
            return self._goes or self._stops

        with self._changed:
            if self._slow and not self._step:
                seconds = self._slow * max(reading_seconds(moment.texts[each], each) for each in LANGUAGES)
                self._changed.wait_for(lambda: is_let_on() or self._step, seconds)
                told["waits"] = self._step
            self._changed.wait_for(lambda: is_let_on() or not self._step)
            self._goes, told["waits"] = False, False
            if self._stops:
                raise Stopped("the story was stopped")


def _keep(told: Json, moment: Moment) -> None:
    if len(told["moments"]) < MOST_MOMENTS:
        told["moments"].append({"kind": moment.kind, "act": moment.act, "texts": dict(moment.texts)})


def _check(slow: float) -> None:
    if not 0 <= slow <= SLOWEST:
        raise WrongUse(f"a story told {slow:g} times as slowly is not possible; use 0 to {SLOWEST:.0f}")


def _refuse_a_full(client: Client) -> None:
    groups = [group["name"] for group in client.list(f"{client.subscription}/resourceGroups")]
    if groups:
        raise WrongUse(f"a story needs an empty world, and this one has the resource group {groups[0]}; reset it first")


def _listed() -> list[Json]:
    stories = (library.story(name) for name in library.NAMES)
    return [
        {
            "name": each.name,
            "title": dict(each.title),
            "acts": len(each.acts),
            "seconds": {language: round(told_seconds(each, language)) for language in LANGUAGES},
        }
        for each in stories
    ]
