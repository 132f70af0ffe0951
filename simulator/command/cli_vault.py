"""Commands about vaults: whether they hold what was written, which files a recovery point has, and what changed."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, texts, worlds
from simulator.command.options import (
    BlobAccountsOption,
    BlobEndpointOption,
    JsonOption,
    LangOption,
    SeedOption,
    StateOption,
)

app = typer.Typer(help="The vaults of a world.", no_args_is_help=True)

LOOK_SECONDS = 0.1
MOST_GROUPS = 100
"""Parts of a disk that are listed; --json has all."""
MIB = 1024 * 1024

PointArgument = Annotated[
    str, typer.Argument(metavar="RECOVERY_POINT", help="Name or ARM id of a recovery point.", show_default=False)
]


@app.command()
def check(
    vault: Annotated[str | None, typer.Argument(help="Name of a vault; without it, all.", show_default=False)] = None,
    read_data: Annotated[bool, typer.Option("--read-data", help="Read every block and compare it.")] = False,
    read_data_subset: Annotated[
        str | None,
        typer.Option(
            metavar="N%",
            help="Read this share of the data, that which was read longest ago.",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 0,
    state: StateOption = None,
    blob_endpoint: BlobEndpointOption = None,
    blob_accounts: BlobAccountsOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Check that vaults have what their recovery points name, and mark points that are damaged. Repairs nothing."""
    from simulator.client import Client, RequestFailed
    from simulator.command import show
    from simulator.failures import BAD, WrongUse

    body: Json = {"read_data_percent": _percent(read_data, read_data_subset), "seed": seed}
    if vault is not None:
        body["vault"] = vault
    with ExitStack() as stack:
        endpoints = worlds.endpoints(state, stack, blob_endpoint=blob_endpoint, blob_accounts=blob_accounts)
        client = stack.enter_context(Client(endpoints))
        progress = stack.enter_context(show.Progress(lang, quiet=as_json))
        progress("vault_check", {})
        try:
            operation = client.sim("POST", "/vaultcheck", body)
        except RequestFailed as error:
            if error.code == "NoSuchVault":
                raise WrongUse(f"no vault {vault} exists in this world; name another one, or none for all") from None
            raise
        while operation["status"] == "InProgress":
            time.sleep(LOOK_SECONDS)
            operation = client.sim("GET", "/vaultcheck", id=operation["id"])
        if operation["status"] == "Failed":
            raise RequestFailed(200, operation["error"]["code"], operation["error"]["message"])
    report: Json = operation["report"]
    if as_json:
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in lines(report, lang):
            typer.echo(line)
    raise typer.Exit(0 if report["healthy"] else BAD)


def _percent(everything: bool, subset: str | None) -> float:
    from simulator.failures import WrongUse

    if subset is None:
        return 100.0 if everything else 0.0
    share = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)%", subset)
    if everything or share is None or not 0 < float(share[1]) <= 100:
        raise WrongUse("--read-data-subset takes a share such as 5%, and stands without --read-data")
    return float(share[1])


def lines(report: Json, language: str) -> list[str]:
    """What a person is told of a report."""

    def line(key: str, **values: object) -> str:
        return texts.label(key, language, **values)

    told = []
    for each in report["problems"]:
        point = each["point"].rpartition("/")[2]
        problem = texts.detail(each["problem"], language)
        told.append(line("check_problem", point=point, disk=each["disk"], copy=each["copy"], problem=problem))
    if report["problem_count"] > len(report["problems"]):
        told.append(line("check_more", count=report["problem_count"] - len(report["problems"])))
    for each in report["unnamed"] or []:
        told.append(line("check_unnamed", kind=line(f"check_{each['kind']}"), name=each["name"]))
    for name in report["snapshots_without_digests"]:
        told.append(line("check_no_digests", name=name))
    checked = report["checked"]
    told.append(line("check_counts", **{key: checked[key] for key in ("points", "manifests", "packs", "snapshots")}))
    if report["read_data_percent"]:
        mebibytes = f"{checked['read_bytes'] / 1024**2:.1f}"
        oldest = report["oldest_read"] or line("check_never")
        told.append(line("check_read", mebibytes=mebibytes, oldest=oldest))
    key = "check_good" if report["healthy"] else "check_bad"
    return [*told, line(key, count=report["problem_count"], vaults=", ".join(report["vaults"]))]


@app.command()
def files(
    point: PointArgument,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A name, or a pattern such as *.txt.")] = "*",
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """List the files of a recovery point, each with its disk, size and the digest of its content."""
    told = _asked(state, "/recoverypoint/files", id=point, name=name)
    if as_json:
        _print_json(told)
        return
    typer.echo(texts.label("files_of", lang, count=len(told["files"]), place=texts.detail(told["place"], lang)))
    for file in told["files"]:
        typer.echo(f"{file['lun']:>3}  {file['size_bytes']:>12,}  {file['sha256'][:16]}  {file['name']}")
    for problem in told["problems"]:
        typer.echo(texts.detail(problem, lang), err=True)


@app.command("cat")
def content(
    point: PointArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A file of it.", show_default=False)],
    disk: Annotated[
        int | None, typer.Option(metavar="LUN", help="On which disk, where several have one.", show_default=False)
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there and not to stdout.", show_default=False)
    ] = None,
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Write what a file held at a recovery point, up to 2 MiB: a version of a file, without a restore."""
    from simulator.failures import WrongUse

    if to is not None and (to.is_dir() or not to.parent.is_dir()):
        raise WrongUse(f"{to} cannot be written; name a file in an existing folder")
    if disk is None:
        found = _asked(state, "/recoverypoint/files", id=point, name=name)["files"]
        luns = sorted({int(file["lun"]) for file in found})
        if len(luns) != 1:
            where = ", ".join(map(str, luns)) or "no"
            raise WrongUse(f"{where} disks of the recovery point have {name}; name one disk with --disk")
        disk, name = luns[0], str(found[0]["name"])
    told = _asked(state, "/recoverypoint/files/content", id=point, lun=str(disk), name=name)
    data = base64.b64decode(told["content"])
    if to is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    to.write_bytes(data)
    typer.echo(texts.label("file_written", lang, file=to, size=len(data)), err=True)


@app.command("map")
def disk_map(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Name or ARM id of a machine.", show_default=False)],
    since: Annotated[
        str | None,
        typer.Option(metavar="POINT", help="Changed since this recovery point, not the newest.", show_default=False),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="POINT", help="Changed until this recovery point, not until now.", show_default=False),
    ] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Tell how much of each part of a machine's disks is used, and changed between two recovery points."""
    points = {key: value for key, value in (("since", since), ("until", until)) if value is not None}
    told = _asked(state, "/vms/map", vm=vm, **points)
    if as_json:
        _print_json(told)
        return
    for line in map_lines(told, lang):
        typer.echo(line)


def map_lines(told: Json, language: str) -> list[str]:
    """What a person is told of a map: each disk, and below it the parts that changed."""
    lines = []
    for disk in told["disks"]:
        if disk["problem"]:
            problem = texts.detail(disk["problem"], language)
            lines.append(texts.label("map_problem", language, disk=disk["name"], problem=problem))
            continue
        changed = disk["changed_bytes"]
        key = "map_disk" if changed is not None else "map_first"
        used, other = f"{disk['allocated_bytes'] / MIB:,.1f}", f"{(changed or 0) / MIB:,.1f}"
        lines.append(texts.label(key, language, disk=disk["name"], lun=disk["lun"], used=used, changed=other))
        groups = [group for group in disk["groups"] if group[2]]
        for number, allocated, count in groups[:MOST_GROUPS]:
            start = f"{number * disk['group_bytes'] // MIB:,}"
            lines.append(f"  {start:>10} MiB  {allocated / 16:>8.1f}  {count / 16:>8.1f}")
        if len(groups) > MOST_GROUPS:
            lines.append(texts.label("map_more", language, count=len(groups) - MOST_GROUPS))
    return lines


def _asked(state: Path | None, path: str, **query: str) -> Json:
    """What the control API answers; WrongUse where it knows no such thing."""
    from simulator.client import Client, RequestFailed
    from simulator.failures import WrongUse

    with Client(cli_clients.running(state)) as client:
        try:
            return client.sim("GET", path, None, **query)
        except RequestFailed as error:
            if error.status in {400, 404, 409}:
                raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
            raise


def _print_json(answer: Json) -> None:
    sys.stdout.write(json.dumps({"schema_version": 1, **answer}, indent=2, ensure_ascii=False) + "\n")
