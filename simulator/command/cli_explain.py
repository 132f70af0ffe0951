"""The command that explains a job, a recovery point or a vault in plain words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Annotated

import typer

from controlplane.json_object import Json
from simulator.command import texts, worlds
from simulator.command.options import BlobAccountsOption, BlobEndpointOption, JsonOption, LangOption, StateOption

app = typer.Typer()

INDENT = len("handler    ")
"""Of what follows from a broken rule."""
WRONG_NAMES = frozenset({"InvalidRequest", "NothingToExplain"})
"""What the control API answers where the name means nothing, or more than one thing."""


@app.command()
def explain(
    name: Annotated[
        str,
        typer.Argument(metavar="POINT|JOB|VAULT", help="Its name or ARM id.", show_default=False),
    ],
    state: StateOption = None,
    blob_endpoint: BlobEndpointOption = None,
    blob_accounts: BlobAccountsOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Explain how a job or a recovery point came about, what failed and what helps, or what blocks a vault."""
    from simulator.client import Client, RequestFailed
    from simulator.failures import WrongUse

    with ExitStack() as stack:
        endpoints = worlds.endpoints(state, stack, blob_endpoint=blob_endpoint, blob_accounts=blob_accounts)
        client = stack.enter_context(Client(endpoints))
        try:
            answer = client.sim("GET", "/explain", of=name)
        except RequestFailed as error:
            if error.code in WRONG_NAMES:
                raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
            raise
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
        return
    for line in lines(answer, lang):
        typer.echo(line)


def lines(explained: Json, language: str) -> Iterator[str]:
    """What a person is told."""

    def those(*keys: str) -> Json:
        return {key: explained[key] for key in keys}

    if explained["kind"] == "vault":
        yield from _vault(explained, language)
        return
    if explained["kind"] == "job":
        yield texts.label("explain_job", language, **those("operation", "machine", "vault", "status"))
    else:
        tiers = ", ".join(explained["tiers"]) or texts.label("explain_no_tier", language)
        yield texts.label("explain_point", language, tiers=tiers, **those("name", "machine", "consistency"))
        for reason in explained["why"]:
            yield texts.label("explain_why", language, reason=texts.detail(reason, language))
    yield from _story(explained["story"], language)
    for failure in explained.get("failures", ()):
        yield from _failure(failure, language)
    yield from _rules(explained["rules"], language)


def _story(story: Sequence[Json], language: str) -> Iterator[str]:
    width = max((len(line["party"]) for line in story), default=0)
    for line in story:
        mark = "!" if line["trouble"] else " "
        yield f"{mark} {line['time']}  {line['party']:<{width}}  {texts.detail(line['text'], language)}"
    if not story:
        yield texts.label("explain_untold", language)


def _failure(failure: Json, language: str) -> Iterator[str]:
    error = texts.detail(f"{failure['code']}: {failure['message']}", language)
    yield texts.label("explain_failed", language, error=error)
    for where in failure["where"]:
        yield texts.label("explain_where", language, where=texts.detail(where, language))
    for remedy in failure["remedies"]:
        yield texts.label("explain_remedy", language, remedy=texts.detail(remedy, language))


def _rules(broken: Sequence[Json] | None, language: str) -> Iterator[str]:
    for each in broken or ():
        what = texts.detail(f"{each['rule']}: {each['detail']}", language)
        yield texts.label("explain_rule", language, rule=what)
        yield " " * INDENT + texts.detail(each["consequence"], language)
    if broken == []:
        yield texts.label("explain_rules_kept", language)


def _vault(explained: Json, language: str) -> Iterator[str]:
    yield texts.label("explain_vault", language, name=explained["name"])
    for blocker in explained["blockers"]:
        yield texts.label("explain_blocker", language, what=texts.detail(blocker["what"], language))
        if blocker["until"]:
            yield texts.label("explain_until", language, time=blocker["until"])
    if explained["deletable"]:
        yield texts.label("explain_deletable", language)
    if explained["soft_deleted_items"]:
        yield texts.label("explain_soft_deleted", language, count=explained["soft_deleted_items"])
    if not explained["commands"]:
        yield texts.label("explain_not_now", language)
        return
    yield texts.label("explain_commands", language)
    yield from (f"  {command}" for command in explained["commands"])
