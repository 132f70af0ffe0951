"""Commands about a world that runs elsewhere: wait for it, stop it, set its pace."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients

app = typer.Typer()


@app.command()
def wait(
    timeout: Annotated[float, typer.Option(min=0, help="Seconds after which it gives up, with exit code 1.")] = 60.0,
    state: cli_clients.StateOption = None,
) -> None:
    """Wait until the world is ready, and print the file with its endpoints."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    running = detached.wait(state or user_state_folder(), timeout)
    typer.echo(str(Path(running.state) / "endpoints.json"))


@app.command()
def stop(state: cli_clients.StateOption = None) -> None:
    """Stop the world that runs in the background, and wait until it has ended."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    folder = state or user_state_folder()
    stopped = detached.stop(folder)
    said = "stopped; the state folder keeps the world" if stopped else f"no world is running in {folder}"
    typer.echo(said, err=True)


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
    state: cli_clients.StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")] = False,
) -> None:
    """Slow down the jobs of the running world, hold their steps, or show what is slowed down and held."""
    from simulator.client import Client
    from simulator.pace import PaceSettings

    asked = least or []
    settings = PaceSettings.parse(asked)
    with Client(cli_clients.running(state)) as client:
        body: Json = {"kinds": {}, "hold": hold or [], "release": release or []}
        if off:
            now = client.sim("GET", "/pace")
            body |= {"seconds": 0, "kinds": dict.fromkeys(now["kinds"]), "release": [*body["release"], *now["held"]]}
        if any("=" not in word for word in asked):
            body["seconds"] = settings.seconds
        body["kinds"] |= settings.kinds
        changes = bool(asked or hold or release or off)
        shown = client.sim("POST", "/pace", body) if changes else client.sim("GET", "/pace")
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **shown}, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in pace_lines(shown) or ["off"]:
            typer.echo(line)


def pace_lines(pace: Json) -> Sequence[str]:
    """What a person is told of it; nothing where it is off."""
    lines = [f"each step takes at least {pace['seconds']:g} s"] if pace["seconds"] else []
    lines += [f"each step of {kind} takes at least {seconds:g} s" for kind, seconds in pace["kinds"].items()]
    for step in pace["held"]:
        lines.append(f"{step} is held; backupsim pace --release {shlex.quote(step)} lets it go on")
    for waiting in pace["waiting"]:
        until = f"until {waiting['until']}" if waiting["until"] else "until it is released"
        lines.append(f"{waiting['kind']} {waiting['job']} waits before {waiting['step']} {until}")
    return lines
