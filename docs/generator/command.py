"""The page of the command: what it takes and exits with, the variables it reads, what it leaves in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields

import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from docs.generator import source
from docs.generator.markdown import block, code, codes, page, section, table
from simulator.command import cli
from simulator.control import api as control
from simulator.state.folder import Endpoints

EXIT_CODES = {
    cli.OK: "all well",
    cli.BAD: "a check failed, or a job ended badly",
    cli.USAGE: "wrong use: arguments, or a file that they name",
    cli.LACKS: "this machine lacks something; the sentence says what, and how to get it",
    cli.INTERRUPTED: "interrupted",
}
VARIABLES = {
    "BACKUPSIM_ARM": "set for a program that is pointed at the world: address of ARM",
    "BACKUPSIM_AZ": "the az program; default: the one on PATH",
    "BACKUPSIM_BLOB_ACCOUNTS": "accounts of the endpoint in BACKUPSIM_BLOB_ENDPOINT, `name:key;name:key`",
    "BACKUPSIM_BLOB_ENDPOINT": "a blob endpoint to use instead of starting Azurite",
    "BACKUPSIM_CACHE": "folder for installed tools, which all worlds share; default: the user's cache folder",
    "BACKUPSIM_CONFORM_REQUIREMENTS": "set for a handler that is judged: ids of what its scene serves, with commas",
    "BACKUPSIM_CONFORM_RUN": "set for a handler that is judged: by it the suite knows its processes",
    "BACKUPSIM_CONFORM_SCENE": "set for a handler that is judged: the name of its scene",
    "BACKUPSIM_DSN": "database to use instead of store.db, as SQLAlchemy names it: an SQLite file, or PostgreSQL as "
    "`postgresql+psycopg://user:password@host/name`, for which the extra `postgresql` brings the driver",
    "BACKUPSIM_GUEST": "set by `backupsim guest netns VM` for what runs there: the name of the machine",
    "BACKUPSIM_LOG": "level of the log: debug, info, warning or error",
    "BACKUPSIM_STATE": "folder of the world; default: `default` in the user's state folder",
    "BACKUPSIM_WORLDS": "folder of the saved worlds; default: `worlds` in the user's state folder",
    "VMSNAPSHOT_PYTHON": "the handler's interpreter; default: the simulator's own in a simulated guest, else `python3`",
}
READ_BY_LIBRARIES = {"NO_COLOR": "any value: no colours"}
STATE_FOLDER = {
    "world.json": "format version, seed",
    "store.db": "every document and event (SQLite)",
    "store.mark": "how the last run left it: [damaged files](damaged-files.md)",
    "azurite": "what Azurite keeps",
    "accounts.json": "storage accounts and their keys",
    "ca": "authority that signs the world's certificates",
    "az": "configuration of an az that knows this world",
    "secrets.json": "client secret, signing key, token of `/_sim`",
    "guests": "a folder for each machine: what would be on its system disk, such as packages and settings",
    "logs": "one JSON object a line, without secrets",
    "up.log": "what `up --detach` says; it grows with each start",
    "endpoints.json": "how to reach the world; only while it runs",
    "lock": "held by the process that runs the world",
    "running": "there from the start to an orderly end",
}
ENDPOINTS = {
    "pid": "process that runs the world",
    "state": "its state folder",
    "arm": "ARM over https",
    "arm_http": "ARM over http",
    "login": "authority that gives tokens",
    "sim": "control API",
    "sim_token": "bearer token of the control API",
    "dashboard": "page to watch it",
    "blob": "blob endpoint of the storage",
    "storage_suffix": "what follows the account's name in host names",
    "storage_accounts": "name → `blob_endpoint`, `key`; those that ARM lists",
    "ca_file": "authority that signed the https certificate",
    "tenant_id": "a constant",
    "client_id": "a constant",
    "client_secret": "drawn for each state folder",
    "subscription_id": "a constant",
    "location": "region of everything",
}


def text() -> str:
    return page(
        "The command",
        "`backupsim`, which is `python3 simulator` in a checkout; without arguments it is `backupsim demo`. The result "
        "goes to stdout, progress to stderr. With `--lang zh-cn` both are Chinese, as is the sentence of a failure; "
        "help, usage errors, JSON, and the messages of ARM stay English.",
        *(_command(name, command) for name, command in commands()),
        section("Exit codes", table(("code", "meaning"), [(str(number), said) for number, said in EXIT_CODES.items()])),
        _variables(),
        _state_folder(),
        _endpoints(),
        _control(),
    )


def commands() -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command of `backupsim` by its full name, those of groups too."""
    return _commands("backupsim", typer.main.get_command(cli.app))


def _commands(name: str, command: object) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    if isinstance(command, TyperGroup):
        for inner_name, inner in command.commands.items():
            yield from _commands(f"{name} {inner_name}", inner)
        if command.invoke_without_command:
            yield name, command
    else:
        assert isinstance(command, TyperCommand)
        yield name, command


def options(command: TyperCommand | TyperGroup) -> Iterator[TyperOption]:
    return (parameter for parameter in command.params if isinstance(parameter, TyperOption))


def _command(name: str, command: TyperCommand | TyperGroup) -> str:
    arguments = [
        (code(str(parameter.name).upper()), "", "", str(getattr(parameter, "help", "")))
        for parameter in command.params
        if not isinstance(parameter, TyperOption)
    ]
    rows = [*arguments, *map(_option, options(command))]
    return section(code(name), command.help or "", table(("parameter", "default", "variable", "meaning"), rows))


def _option(option: TyperOption) -> tuple[str, str, str, str]:
    default = option.default
    if option.secondary_opts:
        default = (option.opts if default else option.secondary_opts)[0]
    default_text = "" if default is None or default is False else str(default)
    names = (code(name) for name in (*option.opts, *option.secondary_opts))
    return " / ".join(names), code(default_text), code(option.envvar or ""), option.help or ""


def _variables() -> str:
    read = source.texts("(BACKUPSIM|VMSNAPSHOT)(_[A-Z]+)+", *source.PRODUCT)
    assert set(read) <= set(VARIABLES), f"VARIABLES does not describe {set(read) - set(VARIABLES)}"
    everything = {name: VARIABLES[name] for name in read} | READ_BY_LIBRARIES
    return section(
        "Environment variables",
        table(("variable", "meaning"), [(code(name), said) for name, said in sorted(everything.items())]),
    )


def _state_folder() -> str:
    texts = set(source.texts(r"[\w.]+", "simulator"))
    assert set(STATE_FOLDER) <= texts, f"nothing makes {set(STATE_FOLDER) - texts}"
    return section(
        "The state folder",
        "What a world keeps between runs: `--state`, for the demo `--keep`, without which it uses a temporary folder. "
        "Mode 0700, one running world at a time.",
        table(("name", "content"), [(code(name), said) for name, said in STATE_FOLDER.items()]),
    )


def _endpoints() -> str:
    names = [field.name for field in fields(Endpoints)]
    assert names == list(ENDPOINTS), f"ENDPOINTS has other keys than endpoints.json: {names}"
    schema = json.loads((source.ROOT / "docs/schemas/endpoints.schema.json").read_text(encoding="utf-8"))
    rows = [
        (code(name), "yes" if name in schema["required"] else "where there is one", ENDPOINTS[name]) for name in names
    ]
    return section(
        "endpoints.json",
        "Written with mode 0600 when the world is up, and anew when a storage account comes or goes; `--endpoints "
        "FILE` gets the same. Besides these keys it has `schema_version`, and a [JSON "
        "Schema](schemas/endpoints.schema.json). Later releases only add keys.",
        table(("key", "present", "meaning"), rows),
    )


def _control() -> str:
    about, _, routes = (control.__doc__ or "").partition("\n\n")
    return section(
        "The control API",
        f"{about} Its address and token are `sim` and `sim_token` of endpoints.json.",
        block(routes),
        f"Only {codes(sorted(control.LOOPBACK - {'testclient'}))} may ask, and whom `up --sim-from` names.",
    )
