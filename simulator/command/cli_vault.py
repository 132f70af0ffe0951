"""Commands about vaults: check whether what recovery points name is there and holds what was written."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import ExitStack
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import texts, worlds
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
