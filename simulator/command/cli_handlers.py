"""Commands about handlers: pack ours, and publish, list, block and withdraw anybody's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, texts
from simulator.command.options import JsonOption, LangOption, StateOption

if TYPE_CHECKING:
    from controlplane.service_settings import OrderedExtension, ServiceSettings
    from simulator.client import Client
    from simulator.handlers.sources import HandlerSource

app = typer.Typer(help="Handlers as packages: pack ours, publish anybody's.", no_args_is_help=True)

COMMAND_KEYS = ("time", "verb", "handler", "version", "exit_code", "seconds")

Handler = Annotated[str, typer.Argument(metavar="NAME", help="Publisher and type, as in Contoso.Backup.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="As in 1.2.0.0.")]
HandlersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--handler",
        metavar="PATH",
        help="Publish this handler: a folder, a zip, or a command that prints the path of one; "
        "PATH=PUBLISHER.TYPE:VERSION names it otherwise than its manifest. May be repeated.",
        show_default=False,
    ),
]
WindowsExtensionOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME:VERSION",
        help="The extension that snapshots machines with Windows, as in Contoso.Backup:1.0; four numbers order exactly "
        "this version. It is kept; `usual` orders ours again.",
        show_default=False,
    ),
]
LinuxExtensionOption = Annotated[
    str | None,
    typer.Option(metavar="NAME:VERSION", help="The same for machines with Linux.", show_default=False),
]


@app.command()
def pack(
    out: Annotated[Path, typer.Argument(help="Zip file to write.")],
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Write the VMSnapshot handler as an extension package (the same bytes every time)."""
    from simulator.failures import WrongUse
    from simulator.packages import HANDLER_FOLDER, pack

    if not out.parent.is_dir():
        raise WrongUse(f"{out} cannot be written; name a file in an existing folder")
    pack(HANDLER_FOLDER, out)
    if as_json:
        _print({"schema_version": 1, "package": str(out), "size_bytes": out.stat().st_size})
    else:
        typer.echo(texts.label("packed", lang, file=out, size=out.stat().st_size))


@app.command()
def publish(
    source: Annotated[
        str, typer.Argument(metavar="PATH", help="A folder, a zip, or a command that prints the path of one.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Publisher and type, in place of the manifest's name.", show_default=False)
    ] = None,
    version: Annotated[str | None, typer.Option(help="In place of the manifest's.", show_default=False)] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Publish a handler in a running world, in place of one of the same name and version."""
    from simulator.handlers.sources import made_by

    with _client(state) as client:
        body = {"path": str(made_by(source)), "name": name, "version": version}
        done = _asked(client, "POST", "/handlers/publish", {key: value for key, value in body.items() if value})
    if as_json:
        _print(done)
        return
    typer.echo(texts.label("handler_published", lang, name=done["name"], version=done["version"]))


@app.command("list")
def list_handlers(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """List what is published, which extension the service orders, and what machines have."""
    with _client(state) as client:
        answer = client.sim("GET", "/handlers")
    if as_json:
        _print(answer)
        return
    for each in answer["handlers"]:
        key = "handler_blocked" if each["status"] == "blocked" else "handler_given" if each["given"] else "handler_own"
        typer.echo(texts.label(key, lang, name=each["name"], version=each["version"]))
    for system, each in answer["ordered"].items():
        typer.echo(texts.label("handler_ordered", lang, system=system, name=each["name"], version=each["version"]))
    for each in answer["machines"]:
        vm = each["vm"].rpartition("/")[2]
        typer.echo(texts.label("handler_of_machine", lang, vm=vm, name=each["name"], version=each["version"]))


@app.command()
def block(
    name: Handler,
    version: Version,
    undo: Annotated[bool, typer.Option("--undo", help="Offer it again.")] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Choose a version for no order any more; a machine that has it gets another one with its next order."""
    with _client(state) as client:
        done = _asked(client, "POST", "/handlers/block", {"name": name, "version": version, "blocked": not undo})
    if as_json:
        _print(done)
        return
    key = "handler_unblocked" if undo else "handler_is_blocked"
    typer.echo(texts.label(key, lang, name=name, version=version))


@app.command()
def withdraw(
    name: Handler, version: Version, state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en"
) -> None:
    """Publish a version no more."""
    with _client(state) as client:
        done = _asked(client, "POST", "/handlers/withdraw", {"name": name, "version": version})
    if as_json:
        _print(done)
        return
    typer.echo(texts.label("handler_withdrawn", lang, name=name, version=version))


@app.command()
def logs(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Name or ARM id of a virtual machine.")],
    lines: Annotated[int, typer.Option(min=0, max=10_000, help="Of each file, the last so many.")] = 40,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Show what the handlers of a machine said: exit codes, stdout, stderr, status files and logs, without secrets."""
    with _client(state) as client:
        told = _asked(client, "GET", "/handlers/logs", None, vm=vm, lines=str(lines))
    if as_json:
        _print({"schema_version": 1, **told})
        return
    for line in log_lines(told, lang):
        typer.echo(line)


def log_lines(told: Json, language: str) -> list[str]:
    """What a person reads of it."""
    shown: list[str] = []
    for each in told["commands"]:
        key = "handler_command_killed" if each["exit_code"] is None else "handler_command"
        shown.append(texts.label(key, language, **{name: each[name] for name in COMMAND_KEYS}))
        for stream in ("stdout", "stderr"):
            shown += [f"  {stream}  {line}" for line in each[stream].splitlines()]
    for each in told["handlers"]:
        status = f"{each['status'] or each['state']} {each['message'] or ''}".rstrip()
        words = {"name": each["name"], "version": each["version"], "status": status, "folder": each["log_folder"]}
        shown.append(texts.label("handler_logs", language, **words))
        for file in (*each["status_files"], *each["files"]):
            shown.append(texts.label("handler_file", language, name=file["name"], size=file["size_bytes"]))
            shown += [f"  {line}" for line in file["lines"]]
    return shown or [texts.label("handler_no_logs", language)]


def silence_line(silent: Json, language: str) -> str:
    """What somebody who waits is told of a machine that has fallen silent."""
    vm = silent["vm"].rpartition("/")[2]
    works = ", ".join(texts.detail(each, language) for each in silent["works"])
    return texts.label("handler_silent", language, vm=vm, seconds=f"{silent['seconds']:.0f}", works=works)


def silence_teller(language: str) -> Callable[[Json], None]:
    """Says on stderr that a machine has fallen silent; what a client calls while it waits."""

    def tell(silent: Json) -> None:
        typer.echo(silence_line(silent, language), err=True)

    return tell


def sources(words: list[str] | None) -> list[HandlerSource]:
    """The handlers that an option names; a command that makes one is run."""
    from simulator.handlers.sources import HandlerSource

    return [HandlerSource.parse(word) for word in words or ()]


def ordered(windows: str | None, linux: str | None) -> dict[str, OrderedExtension | None]:
    """The extensions that the two options name, by the fields of a Config."""
    from simulator.handlers.ordered_extensions import FIELDS, parsed

    words = zip(FIELDS, (windows, linux), strict=True)
    return {field: None if word is None else parsed(word, field) for field, word in words}


def up_lines(listed: Sequence[Json], settings: ServiceSettings, language: str) -> list[str]:
    """What a start says of handlers that somebody published, and of extensions that are ordered in place of ours; and
    where the service orders none of them, so."""
    given = [each for each in listed if each["given"] and each["status"] == "published"]
    lines = [texts.label("up_handler", language, name=each["name"], version=each["version"]) for each in given]
    extensions, usuals = ((each.windows_extension, each.linux_extension) for each in (settings, type(settings)()))
    ordered = [f"{each.publisher}.{each.type}" for each in extensions]
    for system, each, usual in (("Windows", extensions[0], usuals[0]), ("Linux", extensions[1], usuals[1])):
        if each != usual:
            name = f"{each.publisher}.{each.type}"
            lines.append(texts.label("up_ordered", language, system=system, name=name, version=each.version))
    if given and not {each["name"].lower() for each in given} & {name.lower() for name in ordered}:
        lines.append(texts.label("up_handler_unused", language, ordered=", ".join(ordered)))
    return lines


def _client(state: Path | None) -> Client:
    from simulator.client import Client

    return Client(cli_clients.running(state))


def _asked(client: Client, method: str, path: str, body: Json | None, **query: str) -> Json:
    """What is asked wrongly is wrong use, whoever finds it."""
    from simulator.client import RequestFailed
    from simulator.failures import WrongUse

    try:
        return client.sim(method, path, body, **query)
    except RequestFailed as error:
        if error.code in {"InvalidRequest", "NoSuchHandler"}:
            raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
        raise


def _print(result: object) -> None:
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
