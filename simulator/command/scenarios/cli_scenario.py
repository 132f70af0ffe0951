"""`backupsim scenario`: told stories, listed, shown, acted in a world of their own, and told again from a recording."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controlplane.json_object import Json
from simulator.command import texts
from simulator.command.options import JsonOption, LangOption
from simulator.command.scenarios.pauses import Pauses
from simulator.failures import BAD, WrongUse
from simulator.state.interruption import Interruptible

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.stories.telling import Moment

app = typer.Typer(help="Told stories: acted in a world of their own, in two languages.")
START = "2026-03-02T08:00:00Z"
"""World time at which a story begins."""
LONGEST_ANSWER_SECONDS = 600.0
"""For a verdict on a slow machine."""
LARGEST_RECORDING_BYTES = 4 * 1024 * 1024
STYLES = {"title": "bold", "say": "bold cyan", "step": "", "then": "italic", "end": "bold"}

ScenarioOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Tell this story instead; scenario list shows them.", show_default=False),
]
StepOption = Annotated[bool, typer.Option("--step", help="Wait for a key before each act.")]
SlowOption = Annotated[
    float,
    typer.Option(min=0, max=100, help="Leave so many times the time that one needs to read each sentence; 0: none."),
]


@app.command("list")
def list_stories(as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """List the stories that come with this program, with how long each takes when it is told."""
    from simulator.stories import library
    from simulator.stories.telling import told_seconds

    stories = [library.story(name) for name in library.NAMES]
    if as_json:
        rows = [{"name": each.name, "title": each.title, "acts": len(each.acts)} for each in stories]
        _print_json({"schema_version": 1, "stories": rows})
        return
    width = max(map(len, library.NAMES))
    for story in stories:
        minutes = max(1, round(told_seconds(story, lang) / 60))
        title = texts.label("story_row", lang, title=story.title[lang], minutes=minutes)
        typer.echo(f"{story.name:<{width}}  {title}")


@app.command()
def show(
    story: Annotated[str, typer.Argument(metavar="NAME", help="A story that comes with this program.")],
    lang: LangOption = "en",
) -> None:
    """Print a story as its file has it, to begin one of your own with."""
    from simulator.stories import library

    sys.stdout.write(library.text(story))


@app.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A story, or the name of one that comes with this.")],
    step: StepOption = False,
    slow: SlowOption = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of generated data and random choices.")] = 0,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Act a story in a world of its own, whose time stands until the story lets it pass."""
    tell_story(str(file), Pauses(slow, step), lang, seed=seed, as_json=as_json)


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="What scenario run --json wrote.")],
    step: StepOption = False,
    slow: SlowOption = 0.0,
    lang: LangOption = "en",
) -> None:
    """Tell a story again from its recording, in either language, without a world."""
    from rich.console import Console

    from simulator.stories.telling import moments

    teller = Teller(lang, Pauses(slow, step), Console())
    with Interruptible():
        for moment in moments(_recording(recording)):
            teller(moment)


def tell_story(name: str, pauses: Pauses, language: str, *, seed: int, as_json: bool) -> None:
    """Act a story of this name or file and tell it; ends with exit code 1 where it was not told to its end."""
    from rich.console import Console

    from simulator.client import Client
    from simulator.clock.kept_clock import ClockSettings
    from simulator.stories import library
    from simulator.stories.stage import Stage
    from simulator.stories.telling import act_out
    from simulator.world import Config, build

    story = library.find(name)
    teller = Teller(language, pauses, Console(stderr=True, quiet=True) if as_json else Console())
    with ExitStack() as stack, Interruptible():
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="backupsim-", ignore_cleanup_errors=True))
        if not as_json:
            typer.echo(texts.step("start", language, {}), err=True)
        clock = ClockSettings.parse("virtual", None, START)
        world = stack.enter_context(build(Config(state=Path(folder), seed=seed, clock=clock)))
        client = stack.enter_context(Client(world.endpoints, read_seconds=LONGEST_ANSWER_SECONDS))
        recording = act_out(story, Stage(client), teller)
    if as_json:
        _print_json(recording)
    if not recording["verified"]:
        raise typer.Exit(BAD)


def tell_of_demo(
    name: str, pauses: Pauses, language: str, others: Mapping[str, Any], *, seed: int, as_json: bool
) -> None:
    """`demo --scenario`. `others` are options of the demo's own that were given; WrongUse for any, since a story makes
    its own machines."""
    given = [option for option, value in others.items() if value]
    if given:
        raise WrongUse(f"{given[0]} is not for a story, which makes its own machines; leave it out")
    tell_story(name, pauses, language, seed=seed, as_json=as_json)


class Teller:
    """Prints what is told, a moment at a time, and leaves the audience its time."""

    def __init__(self, language: str, pauses: Pauses, console: Console) -> None:
        self._language, self._pauses, self._console = language, pauses, console

    def __call__(self, moment: Moment) -> None:
        from rich.text import Text

        text = moment.texts[self._language]
        if moment.kind == "say":
            self._pauses.before_act()
        if moment.kind == "end":  # its sentence may be one of the world's own, which is English where it arises
            text = texts.failure(moment.texts["en"], self._language)
        if moment.kind in ("say", "end"):
            self._console.print()
        line = {"say": f"{moment.act}  {text}", "step": f"   · {text}", "then": f"   {text}"}.get(moment.kind, text)
        self._console.print(Text(line, style=STYLES[moment.kind]), soft_wrap=True)
        self._pauses.after(text, self._language)


def _recording(path: Path) -> Json:
    if not path.is_file():
        raise WrongUse(f"there is no file {path}; backupsim scenario run FILE --json writes a recording")
    with path.open("rb") as file:
        content = file.read(LARGEST_RECORDING_BYTES + 1)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(content) > LARGEST_RECORDING_BYTES:
        raise WrongUse("this is no recording of a story; backupsim scenario run FILE --json writes one")
    return found


def _print_json(result: Json) -> None:
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
