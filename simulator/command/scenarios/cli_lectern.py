"""`backupsim scenario tell` and its like: a story, and the jobs of a running world, before an audience."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import texts
from simulator.command.options import JsonOption, LangOption, StateOption
from simulator.command.scenarios.cli_scenario import SlowOption, StepOption
from simulator.command.scenarios.cli_scenario import app as app
from simulator.failures import WrongUse

SlowerOption = Annotated[
    float | None,
    typer.Option(min=0, max=100, help="Leave so many times the time that one needs to read each sentence."),
]


@app.command()
def tell(
    story: Annotated[str, typer.Argument(metavar="NAME", help="A story that comes with this program.")],
    step: StepOption = False,
    slow: SlowOption = 0.0,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Tell a story in the running world, which has to be empty: its page shows it."""
    _told("/stories/tell", {"story": story, "step": step, "slow": slow}, state, lang, as_json=as_json)


@app.command()
def pause(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Have the story of the running world wait after each sentence."""
    _told("/stories/change", {"step": True}, state, lang, as_json=as_json)


@app.command("next")
def next_sentence(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Let the story of the running world come to its next sentence."""
    _told("/stories/go", {}, state, lang, as_json=as_json)


@app.command()
def resume(
    slow: SlowerOption = None, state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en"
) -> None:
    """Let the story of the running world go on without waiting."""
    body: Json = {"step": False} | ({} if slow is None else {"slow": slow})
    _told("/stories/change", body, state, lang, as_json=as_json)


@app.command()
def end(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """End the story of the running world, after what it is doing."""
    _told("/stories/stop", {}, state, lang, as_json=as_json)


@app.command()
def lectern(
    mode: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODE]",
            help="run, slow (jobs rest at each border) or step (they wait there); nothing: show it.",
            show_default=False,
        ),
    ] = None,
    rest: Annotated[float | None, typer.Option(metavar="SECONDS", help="Length of a rest.", show_default=False)] = None,
    go: Annotated[bool, typer.Option("--go", help="Let on what waits.")] = False,
    job: Annotated[str | None, typer.Option(help="With --go, only this job.", show_default=False)] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Pause, step and slow the jobs of the running world, at borders outside of any freeze."""
    from simulator.client import Client

    with Client(_running(state)) as client:
        if mode is not None:
            client.sim("POST", "/lectern", {"mode": mode} | ({} if rest is None else {"seconds": rest}))
        shown = client.sim("POST", "/lectern/go", {"job": job or ""}) if go else client.sim("GET", "/lectern")
    if as_json:
        _print({"schema_version": 1, **shown})
        return
    typer.echo(texts.label(f"lectern_{shown['mode']}", lang, seconds=f"{shown['seconds']:g}"))
    for held in shown["held"]:
        typer.echo(texts.label("lectern_held", lang, kind=held["kind"], job=held["job"], border=held["border"]))


def _told(path: str, body: Json, state: Path | None, language: str, *, as_json: bool) -> None:
    """What the control API says of the story, as JSON or in the words told last."""
    from simulator.client import Client

    with Client(_running(state)) as client:
        told = client.sim("POST", path, body)["told"]
    if as_json:
        _print({"schema_version": 1, "told": told})
    elif told is not None and told["moments"]:
        typer.echo(told["moments"][-1]["texts"][language])


def _running(state: Path | None) -> Json:
    from simulator.state.folder import running_endpoints, user_state_folder

    folder = state or user_state_folder()
    world = running_endpoints(folder)
    if world is None:
        raise WrongUse(f"no world is running in {folder}; start one with backupsim up, or name another with --state")
    return world.to_json()


def _print(result: Json) -> None:
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
