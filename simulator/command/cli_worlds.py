"""Commands about saved worlds: save one, go back to it, fork, list and delete it, and carry it elsewhere as a file."""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from controlplane.json_object import Json
from simulator.command import texts
from simulator.command.options import JsonOption, LangOption, StateOption

if TYPE_CHECKING:
    from simulator.saved_worlds.library import Library
    from simulator.state.folder import Endpoints
    from simulator.world import Config, World

app = typer.Typer(help="Worlds that are saved: go back to one, fork it, carry it elsewhere.", no_args_is_help=True)

BACK_SECONDS = 300.0
"""Real time within which a world that goes back is ready again."""

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a saved world.", show_default=False)]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="The name to save it under.", show_default=False)]
LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--worlds", envvar="BACKUPSIM_WORLDS", help="The folder in which saved worlds lie.", show_default=False
    ),
]


@app.command()
def save(
    name: NewName,
    state: StateOption = None,
    worlds: LibraryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Save the world as it is, at the next moment of rest if it runs; it goes on."""
    library, folder = _library(worlds), _state(state)
    running = _running(folder)
    if running is None:
        saved = library.save_standing(name, folder).to_json()
    else:
        saved = _asked(running, "/worlds/save", {"name": name, "library": str(library.folder)})
    _tell({"schema_version": 1, **saved}, as_json, lang, "world_saved", name=name, size=_mebibytes(saved))


@app.command()
def restore(
    name: Name,
    state: StateOption = None,
    worlds: LibraryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Make the world again what was saved; one that runs begins anew at the same addresses. What came since is lost."""
    library, folder = _library(worlds), _state(state)
    library.find(name)
    running = _running(folder)
    if running is None:
        library.restore(name, folder)
    else:
        before = _published(folder)
        _asked(running, "/worlds/restore", {"name": name, "library": str(library.folder)})
        _await_return(folder, before)
    _tell({"schema_version": 1, "name": name, "state": str(folder)}, as_json, lang, "world_restored", name=name)


@app.command()
def fork(
    name: Name,
    state: StateOption = None,
    worlds: LibraryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Make a new world in the folder --state, with all that was saved; up starts it."""
    folder = _library(worlds).fork(name, _state(state))
    result = {"schema_version": 1, "name": name, "state": str(folder)}
    _tell(result, as_json, lang, "world_forked", name=name, folder=shlex.quote(str(folder)))


@app.command("list")
def list_worlds(worlds: LibraryOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """List the saved worlds."""
    library = _library(worlds)
    saved, left_over = ([each.to_json() for each in found] for found in (library.list(), library.left_over()))
    if as_json:
        told = {"schema_version": 1, "library": str(library.folder), "worlds": saved, "left_over": left_over}
        _print(told)
        return
    for each in saved:
        typer.echo(texts.label("world_listed", lang, name=each["name"], time=each["saved"], size=_mebibytes(each)))
    for each in left_over:
        typer.echo(texts.label("world_left_over", lang, name=each["name"], size=_mebibytes(each)))
    if not saved:
        typer.echo(texts.label("worlds_none", lang, folder=library.folder))


@app.command()
def delete(name: Name, worlds: LibraryOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Keep a saved world no longer."""
    _library(worlds).delete(name)
    _tell({"schema_version": 1, "name": name}, as_json, lang, "world_deleted", name=name)


@app.command()
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The zip to write.", show_default=False)],
    worlds: LibraryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Write a saved world into one file, which opens on another machine. It holds the world's keys."""
    size = _library(worlds).export(name, file)
    result = {"schema_version": 1, "name": name, "file": str(file), "size_bytes": size}
    _tell(result, as_json, lang, "world_exported", file=file, size=_mebibytes(result))


@app.command("import")
def import_world(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export wrote.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="Save it under this name.", show_default=False)] = None,
    worlds: LibraryOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Take in an exported world as a saved one."""
    saved = _library(worlds).take_in(file, name)
    told = {"schema_version": 1, **saved.to_json()}
    _tell(told, as_json, lang, "world_saved", name=saved.name, size=_mebibytes(told))


# -------------------------------------------------------------------------------------------------- a world that runs


def at_addresses_of(world: World, config: Config) -> Config:
    """The configuration by which a world would be found again where this one is."""
    https, http, blob = (urlsplit(world.endpoints[key]).port or 0 for key in ("arm", "arm_http", "blob"))
    return replace(config, https_port=https, arm_port=http, blob_port=blob)


def gone_back(world: World, config: Config, language: str) -> Config | None:
    """What to begin anew with where a world that has ended is to be a saved one again; else None. Time and faults are
    those of the saved world, whatever the start said of them."""
    from simulator.clock.kept_clock import ClockSettings
    from simulator.saved_worlds.library import go_back

    if world.goes_back_to is None:
        return None
    typer.echo(texts.label("up_goes_back", language), err=True)
    go_back(world.goes_back_to, config.state)
    return replace(config, faults=None, clock=ClockSettings())


# ------------------------------------------------------------------------------------------------------------- inside


def _library(folder: Path | None) -> Library:
    from simulator.saved_worlds.library import Library, user_library

    return Library(folder or user_library(), lambda: datetime.now(UTC))


def _state(folder: Path | None) -> Path:
    from simulator.state.folder import user_state_folder

    return (folder or user_state_folder()).absolute()


def _running(folder: Path) -> Endpoints | None:
    from simulator.state.folder import running_endpoints

    return running_endpoints(folder)


def _asked(running: Endpoints, path: str, body: Json) -> Json:
    """What is asked wrongly is wrong use, whoever finds it."""
    from simulator.client import Client, RequestFailed
    from simulator.failures import WrongUse

    with Client(running.to_json(), read_seconds=BACK_SECONDS) as client:
        try:
            return client.sim("POST", path, body)
        except RequestFailed as error:
            if error.code == "InvalidRequest":
                raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
            raise


def _published(folder: Path) -> tuple[int, int] | None:
    """Which file endpoints.json is: each start of a world writes a new one."""
    try:
        told = (folder / "endpoints.json").stat()
    except FileNotFoundError:
        return None
    return told.st_ino, told.st_mtime_ns


def _await_return(folder: Path, before: tuple[int, int] | None) -> None:
    from simulator.command.detached import POLL_SECONDS, NotReady

    deadline = time.monotonic() + BACK_SECONDS
    while _published(folder) in {None, before} or _running(folder) is None:
        if time.monotonic() >= deadline:
            raise NotReady(
                f"no world was ready in {shlex.quote(str(folder))} within {BACK_SECONDS:g} s; "
                "see what backupsim up says there"
            )
        time.sleep(POLL_SECONDS)


def _mebibytes(told: Json) -> str:
    return f"{told['size_bytes'] / 2**20:.1f}"


def _tell(result: Json, as_json: bool, language: str, key: str, **values: object) -> None:
    if as_json:
        _print(result)
    else:
        typer.echo(texts.label(key, language, **values))


def _print(result: Json) -> None:
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
