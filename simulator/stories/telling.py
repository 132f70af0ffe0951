"""Tells a story while it is acted, and again from its recording: the same moments, in either language.

A recording is JSON: `{"schema_version", "story", "title", "acts", "verified", "broken"}`. An act has what was said
before it, its steps with the values that they gave, and what was said after it; `broken` is None, or the line of the
step that did not do what the story expects, and why.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from controlplane.json_object import Json
from simulator.client import RequestFailed, StillRunning
from simulator.failures import Failure, WrongUse
from simulator.stories.reading import LANGUAGES, Act, Step, Story, Texts
from simulator.stories.sentences import ENDS, STEPS, both, filled, reading_seconds
from simulator.stories.stage import Stage

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that is told: `kind` is title, say, step, then or end."""

    kind: str
    act: int
    """The number of its act, from 1; 0 before the first and after the last."""
    texts: Texts


def act_out(story: Story, stage: Stage, tell: Callable[[Moment], None]) -> Json:
    """Act a story in a world and tell each moment as it comes; its recording. What the story does not expect ends it
    there, and is told."""
    recording: Json = {
        "schema_version": SCHEMA_VERSION,
        "story": story.name,
        "title": dict(story.title),
        "acts": [],
        "verified": False,
        "broken": None,
    }
    tell(_title(recording))
    values: dict[str, Any] = {}
    for number, act in enumerate(story.acts, 1):
        recorded = _begun(act, values)
        recording["acts"].append(recorded)
        tell(_said(recorded, number))
        for step in act.steps:
            if broken := _step(stage, step, recorded, values):
                recording["broken"] = broken
                tell(_end(recording))
                return recording
            tell(_stepped(recorded["steps"][-1], number))
        if act.then is not None:
            recorded["then"] = dict(filled(act.then, values))
            tell(Moment("then", number, recorded["then"]))
    recording["verified"] = True
    tell(_end(recording))
    return recording


def _begun(act: Act, values: Json) -> Json:
    return {"say": dict(filled(act.say, values)), "steps": [], "then": None}


def _step(stage: Stage, step: Step, recorded: Json, values: dict[str, Any]) -> Json | None:
    """Do a step and record it; what broke the story there, None where nothing did."""
    try:
        given = stage.act(step.verb, step.arguments)
    except (Failure, RequestFailed, StillRunning) as problem:
        return {"line": step.line, "verb": step.verb, "sentence": str(problem)}
    values.update({**_shown(step), **given})
    recorded["steps"].append({"verb": step.verb, "line": step.line, "values": {**_shown(step), **given}})
    return None


def _shown(step: Step) -> Json:
    """What of a step's own words its sentence may show."""
    return {name: value for name, value in step.arguments.items() if isinstance(value, str | int)}


# ----------------------------------------------------------------------------------------------------------- and again


def moments(recording: Json) -> Iterator[Moment]:
    """What was told when this was recorded, moment by moment. WrongUse where it is no recording."""
    try:
        yield from [replace(moment, texts=_plain(moment.texts)) for moment in _moments(recording)]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise WrongUse("this is no recording of a story; backupsim scenario run FILE --json writes one") from None


def _plain(texts: Texts) -> Texts:
    """Somebody else may have made the recording: without what a terminal would act upon. ValueError for no text."""
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a sentence is a text")
    return {language: "".join(filter(_is_shown, text)) for language, text in texts.items()}


def _is_shown(character: str) -> bool:
    return character == "\n" or not unicodedata.category(character).startswith("C")


def _moments(recording: Json) -> Iterator[Moment]:
    yield _title(recording)
    for number, act in enumerate(recording["acts"], 1):
        yield _said(act, number)
        for step in act["steps"]:
            yield _stepped(step, number)
        if act["then"] is not None:
            yield Moment("then", number, {language: act["then"][language] for language in LANGUAGES})
    yield _end(recording)


def _title(recording: Json) -> Moment:
    return Moment("title", 0, {language: recording["title"][language] for language in LANGUAGES})


def _said(act: Json, number: int) -> Moment:
    return Moment("say", number, {language: act["say"][language] for language in LANGUAGES})


def _stepped(step: Json, number: int) -> Moment:
    return Moment("step", number, both(STEPS[step["verb"]], step["values"]))


def _end(recording: Json) -> Moment:
    broken = recording["broken"]
    return Moment("end", 0, both(ENDS["broken" if broken else "told"], broken or {}))


# ------------------------------------------------------------------------------------------------------------ how long


def told_seconds(story: Story, language: str) -> float:
    """How long a story takes that is told with pauses to read each of its sentences, without what its world needs."""
    index = LANGUAGES.index(language)
    texts = [story.title[language], ENDS["told"][index]]
    for act in story.acts:
        texts += [act.say[language], *(STEPS[step.verb][index] for step in act.steps)]
        texts += [act.then[language]] if act.then else []
    return sum(reading_seconds(text, language) for text in texts)
