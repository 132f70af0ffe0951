"""Commands about a world that runs elsewhere: wait for it, stop it, set its pace."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, texts
from simulator.command.options import JsonOption, LangOption, StateOption

app = typer.Typer()


@app.command()
def wait(
    timeout: Annotated[float, typer.Option(min=0, help="Seconds after which it gives up, with exit code 1.")] = 60.0,
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Wait until the world is ready, and print the file with its endpoints."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    running = detached.wait(state or user_state_folder(), timeout)
    typer.echo(str(Path(running.state) / "endpoints.json"))


@app.command()
def stop(state: StateOption = None, lang: LangOption = "en") -> None:
    """Stop the world that runs in the background, and wait until it has ended."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    folder = state or user_state_folder()
    key = "up_stopped" if detached.stop(folder) else "none_runs"
    typer.echo(texts.label(key, lang, folder=folder), err=True)


@app.command()
def pace(
    least: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SECONDS]...",
            help="Least duration of jobs' visible steps; KIND=SECONDS for one kind of job, as in Restore=20.",
            show_default=False,
        ),
    ] = None,
    hold: Annotated[list[str] | None, typer.Option(help="Let jobs wait before this step.", show_default=False)] = None,
    release: Annotated[list[str] | None, typer.Option(help="Hold this step no more.", show_default=False)] = None,
    off: Annotated[bool, typer.Option("--off", help="No pace, and nothing is held.")] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Slow down the jobs of the running world, hold their steps, or show what is slowed down and held."""
    from simulator.client import Client
    from simulator.pace import PaceSettings

    durations = least or []
    settings = PaceSettings.parse(durations)
    with Client(cli_clients.running(state)) as client:
        body: Json = {"kinds": {}, "hold": hold or [], "release": release or []}
        if off:
            now = client.sim("GET", "/pace")
            body |= {"seconds": 0, "kinds": dict.fromkeys(now["kinds"]), "release": [*body["release"], *now["held"]]}
        if any("=" not in word for word in durations):
            body["seconds"] = settings.seconds
        body["kinds"] |= settings.kinds
        changes = bool(durations or hold or release or off)
        answer = client.sim("POST", "/pace", body) if changes else client.sim("GET", "/pace")
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **answer}, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in pace_lines(answer, lang) or [texts.label("pace_off", lang)]:
            typer.echo(line)


def pace_lines(pace: Json, language: str) -> Sequence[str]:
    """What a person is told of it; nothing where it is off."""

    def line(key: str, **values: object) -> str:
        return texts.label(key, language, **values)

    lines = [line("pace_of_all", seconds=f"{pace['seconds']:g}")] if pace["seconds"] else []
    lines += [line("pace_of_kind", kind=kind, seconds=f"{seconds:g}") for kind, seconds in pace["kinds"].items()]
    lines += [line("pace_held", step=step, quoted=shlex.quote(step)) for step in pace["held"]]
    for waiting in pace["waiting"]:
        job = {key: waiting[key] for key in ("kind", "job", "step")}
        until = waiting["until"] and datetime.fromisoformat(waiting["until"]).isoformat(timespec="seconds")
        lines.append(line("pace_waits_until", **job, time=until) if until else line("pace_waits", **job))
    return lines
