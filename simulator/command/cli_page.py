"""Commands that show: the page of a running world, and the record of a job as a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, texts
from simulator.command.options import JsonOption, LangOption, StateOption

app = typer.Typer()

OpenOption = Annotated[bool, typer.Option("--open", help="Open the page in this machine's browser.")]
PagePasswordOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Open the page to other machines, by HTTPS and with the password in this file.",
        show_default=False,
    ),
]
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
"""Characters."""


def page_password(file: Path | None) -> str | None:
    """The first line of a file. WrongUse where there is none, or it is no password."""
    from simulator.failures import WrongUse

    if file is None:
        return None
    if not file.is_file():
        raise WrongUse(f"there is no file {file}; write the password of the page into one")
    with file.open(encoding="utf-8", errors="replace") as lines:
        password = lines.readline(LONGEST_PASSWORD + 2).strip()
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise WrongUse(
            f"the password in {file} has {len(password)} characters; "
            f"use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} in its first line"
        )
    return password


@app.command()
def dashboard(
    open_it: OpenOption = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Print an address of the running world's page that signs in once, within a minute."""
    from simulator.client import Client

    with Client(cli_clients.running(state)) as client:
        address = client.page_address()
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, "url": address}, indent=2) + "\n")
    else:
        typer.echo(address)
    if open_it:
        show(address, lang)


def show_page(endpoints: Json, language: str) -> None:
    """Open the page of a world that was just started."""
    from simulator.client import Client

    with Client(endpoints) as client:
        show(client.page_address(), language)


def show(address: str, language: str) -> None:
    """Open an address in a browser; where there is none, say so and go on."""
    import webbrowser

    if not webbrowser.open(address):
        typer.echo(texts.label("page_no_browser", language, url=address), err=True)


@app.command()
def record(
    job: Annotated[str | None, typer.Argument(help="Name of a job.", show_default=False)] = None,
    last: Annotated[bool, typer.Option("--last", help="The job that was started last.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one file for a browser.", show_default=False)
    ] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Write the record of a job: its events in lanes, its freeze window to scale, and the verdict on what it made."""
    from simulator.client import Client
    from simulator.failures import WrongUse
    from simulator.recorder import recording, story

    if (job is None) != last:
        raise WrongUse("backupsim record takes the name of a job or --last, and not both")
    if html is None and not as_json:
        raise WrongUse("name a file with --html, or ask for the record with --json")
    if html is not None and (html.is_dir() or not html.parent.is_dir()):
        raise WrongUse(f"{html} cannot be written; name a file in an existing folder")
    with Client(cli_clients.running(state)) as client:
        found = story.last_job(client) if job is None else story.find_job(client, job)
        told = story.collect(client, found, with_verdict=story.is_over(found.body))
    if html is not None:
        text = recording.html(told, lang)
        html.write_text(text, encoding="utf-8")
        typer.echo(texts.label("recorded", lang, file=html, size=len(text.encode())), err=True)
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
