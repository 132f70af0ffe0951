"""Options that several commands share, and the language in which a command speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from simulator.command.texts import LANGUAGES


@dataclass
class Spoken:
    """The context object of a run of the command; how it ends is said in this language too."""

    language: str = LANGUAGES[0]


def _speak(context: typer.Context, language: str) -> str:
    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language} is not one of {', '.join(LANGUAGES)}")
    context.ensure_object(Spoken).language = language
    return language


LangOption = Annotated[str, typer.Option("--lang", callback=_speak, help="Language of what is printed: en or zh-cn.")]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", envvar="BACKUPSIM_STATE", help="The world's state folder.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of generated data and random choices; timing still varies.")]
BlobEndpointOption = Annotated[
    str | None,
    typer.Option(envvar="BACKUPSIM_BLOB_ENDPOINT", help="Use this blob endpoint instead of starting Azurite."),
]
BlobAccountsOption = Annotated[
    str | None,
    typer.Option(
        envvar="BACKUPSIM_BLOB_ACCOUNTS",
        help="Its accounts as name:key;name:key, or a file with them.",
        show_default=False,
    ),
]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=COUNT",
        help="How much a vault may have or do, as in restores=10; 0: any number. Several times for several limits.",
        show_default=False,
    ),
]
OnDemandOption = Annotated[
    int, typer.Option(min=0, help="Backups on demand of one machine within 24 hours of world time; 0: any number.")
]
