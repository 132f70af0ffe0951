"""The command that runs a line in a machine of the world."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Annotated

import typer

from simulator.command import cli_clients
from simulator.command.options import JsonOption, LangOption, StateOption

app = typer.Typer()


@app.command(context_settings=cli_clients.PASS_ON)
def guest(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Name or ARM id of a running machine.", show_default=False)],
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="LINE...", help="What its shell is told, as in vssadmin list writers.", show_default=False
        ),
    ],
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Run a line in the shell of a machine: vssadmin, Get-Service, Restart-Service, Get-EventLog, dir, type."""
    from simulator.client import Client, RequestFailed
    from simulator.failures import BAD, WrongUse

    line = words[0] if len(words) == 1 else shlex.join(words)
    language = "zh-cn" if lang == "zh-cn" else "en-us"
    with Client(cli_clients.running(state)) as client:
        try:
            answer = client.sim("POST", "/vms/run", {"vm": vm, "line": line, "language": language})
        except RequestFailed as error:
            if error.code in {"InvalidRequest", "NoSuchGuest"}:
                raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
            raise
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(answer["output"].replace("\r\n", "\n"))
        sys.stderr.write(answer["errors"] and f"{answer['errors']}\n")
    if answer["errors"]:
        raise typer.Exit(BAD)
