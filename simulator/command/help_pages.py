"""The pages of help: flags without the type that a flag does not take, and `help` beside `--help`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from simulator.command.options import LangOption
from simulator.failures import WrongUse

app = typer.Typer()


@app.command("help")
def help_command(
    context: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(help="The command to describe.", show_default=False)] = None,
    lang: LangOption = "en",
) -> None:
    """Show the help of all commands, or of one."""
    typer.echo(_place(context, command or []).get_help())


def _place(context: typer.Context, names: Sequence[str]) -> typer.Context:
    """Where help is asked for: the whole program, or the command with these names."""
    root = context.find_root()
    place = typer.Context(root.command, info_name=root.info_name)
    for name in names:
        group = place.command
        inner = group.commands.get(name) if isinstance(group, TyperGroup) else None
        if inner is None:
            raise WrongUse(f"there is no command {' '.join(names)}; backupsim help names them all")
        place = typer.Context(inner, parent=place, info_name=name)
    return place


def tidy(command: TyperGroup | TyperCommand) -> None:
    """Let the help of a command, and of those in it, show no type for flags."""
    context = typer.Context(command, help_option_names=command.context_settings.get("help_option_names"))
    for parameter in command.get_params(context):
        if isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
    for inner in command.commands.values() if isinstance(command, TyperGroup) else ():
        if isinstance(inner, TyperGroup | TyperCommand):
            tidy(inner)
