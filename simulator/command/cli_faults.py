"""Commands about faults: which there are, which are set, what they hit; set one, clear them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, texts
from simulator.command.options import JsonOption, LangOption, StateOption

if TYPE_CHECKING:
    from simulator.client import Client

LARGEST_FILE_BYTES = 64 * 1024
"""Of a parameter; the world refuses one that is longer than it takes."""

app = typer.Typer(help="Failures by their names: list, set and clear them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="FAULT", help="Its name, as `fault list` has it.", show_default=False)]


@app.command("list")
def list_faults(
    is_set: Annotated[bool, typer.Option("--set", help="Those that are set, with how often they hit.")] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """List the faults that can be set, or those that are."""
    with _client(state) as client:
        answer = client.sim("GET", "/faults")
    shown = answer["set"] if is_set else answer["catalogue"]
    if as_json:
        _print(shown)
        return
    if is_set:
        for each in shown:
            _say(setting_lines(each, lang))
        if not shown:
            typer.echo(texts.label("fault_none_set", lang))
        return
    width = max(len(each["name"]) for each in shown)
    for each in shown:
        typer.echo(f"{each['name']:<{width}}  {texts.detail(each['what'], lang)}")


@app.command()
def show(name: Name, state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Show what a fault does, where it can act, and its parameters."""
    with _client(state) as client:
        answer = _asked(client, "GET", "/faults/show", fault=name)
    if as_json:
        _print(answer)
        return
    typer.echo(texts.detail(answer["what"], lang))
    typer.echo(texts.label("fault_seam", lang, seam=answer["seam"]))
    if answer["places"]:
        typer.echo(texts.label("fault_places", lang, places=", ".join(f"--{place}" for place in answer["places"])))
    if answer["where"]:
        typer.echo(texts.label("fault_where", lang, where=_words(answer["where"])))
    for key, parameter in answer["parameters"].items():
        typer.echo(f"  {key}={parameter['default']}")
    for each in answer["set"]:
        _say(setting_lines(each, lang))


@app.command("set")
def set_fault(
    name: Name,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="Parameters, as `fault show` has them; KEY=@FILE reads one.",
            show_default=False,
        ),
    ] = None,
    vm: Annotated[str | None, typer.Option(help="Virtual machine, by name or ARM id.", show_default=False)] = None,
    disk: Annotated[str | None, typer.Option(help="Disk, by the name of its blob.", show_default=False)] = None,
    vault: Annotated[str | None, typer.Option(help="Vault, by name.", show_default=False)] = None,
    job: Annotated[str | None, typer.Option(help="Kind of job, as in Restore.", show_default=False)] = None,
    operation: Annotated[
        str | None, typer.Option(help="Operation; * stands for any characters.", show_default=False)
    ] = None,
    party: Annotated[str | None, typer.Option(help="Who asks the storage.", show_default=False)] = None,
    nth: Annotated[int | None, typer.Option(min=1, help="At this attempt alone.", show_default=False)] = None,
    first: Annotated[int | None, typer.Option(min=1, help="From this attempt on.", show_default=False)] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Up to this attempt.", show_default=False)] = None,
    after: Annotated[str | None, typer.Option(metavar="TIME", help="From this world time on.")] = None,
    before: Annotated[str | None, typer.Option(metavar="TIME", help="Until this world time.")] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="For so long in world time, as in 2h.")
    ] = None,
    probability: Annotated[float | None, typer.Option(min=0, max=1, help="With this chance at each attempt.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Set nothing, and tell which events of the last hour it would have hit.")
    ] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Make something fail from now on, until it is cleared or its time is over."""
    from simulator.clock.targets import duration_of

    where = {"vm": vm, "disk": disk, "vault": vault, "job": job, "operation": operation, "party": party}
    when = {
        "nth": nth,
        "first": first,
        "last": last,
        "after": after,
        "before": before,
        "for_seconds": None if duration is None else duration_of(duration).total_seconds(),
        "probability": probability,
    }
    body = {
        "fault": name,
        "where": _given(where),
        "when": _given(when),
        "parameters": _parameters(parameters or ()),
        "dry_run": dry_run,
    }
    with _client(state) as client:
        answer = _asked(client, "POST", "/faults/set", body)
    if as_json:
        _print(answer)
        return
    _say(setting_lines(answer, lang, announced=dry_run))
    if dry_run:
        _say(dry_run_lines(answer["would_have_hit"], lang))


@app.command()
def clear(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FAULT]...", help="Names or numbers of what is set.", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are set.")] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Let something fail no more."""
    from simulator.failures import WrongUse

    if not names and not everything:
        raise WrongUse("name the faults that are to be cleared, or say --all")
    with _client(state) as client:
        answer = _asked(client, "POST", "/faults/clear", {"faults": names or [], "all": everything})
    if as_json:
        _print(answer["cleared"])
        return
    for each in answer["cleared"]:
        typer.echo(texts.label("fault_cleared", lang, fault=each["fault"], number=each["number"], hits=each["hits"]))
    if not answer["cleared"]:
        typer.echo(texts.label("fault_none_set", lang))


@app.command()
def hits(
    number: Annotated[
        int | None, typer.Argument(help="Number of what is or was set; without it, all.", show_default=False)
    ] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """List when faults acted, and upon what."""
    with _client(state) as client:
        query = {} if number is None else {"number": str(number)}
        found = client.sim("GET", "/faults/hits", None, **query)["hits"]
    if as_json:
        _print(found)
        return
    for each in found:
        typer.echo(f"{each['time']}  {each['number']}  {each['fault']}  {_words(each['facts'])}")
    if not found:
        typer.echo(texts.label("fault_no_hits", lang))


@app.command()
def requests(
    party: Annotated[
        str,
        typer.Option(help="A virtual machine, service, vault or wireserver.", show_default=False),
    ] = "",
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """List what came through the storage gateway, and what became of it."""
    with _client(state) as client:
        found = client.sim("GET", "/faults/requests", None, **({"party": party} if party else {}))["requests"]
    if as_json:
        _print(found)
        return
    for each in found:
        typer.echo(request_line(each))
    if not found:
        typer.echo(texts.label("fault_no_requests", lang))


def request_line(request: Json) -> str:
    """Whose request it was, what it asked for, and what became of it."""
    outcome = request["outcome"] or {"end": "-", "status": 0}
    came = " ".join(str(part) for part in (outcome["status"], outcome["end"]) if part)
    name = request["party"].rpartition("/")[2]
    return f"{request['time']}  {name}  {request['operation']} {request['path']}  {came}"


def setting_lines(setting: Json, language: str, *, announced: bool = False) -> Sequence[str]:
    """What a person is told of a fault that is set, or would be."""
    key = "fault_would_be" if announced else f"fault_{setting['status']}"
    named = {"fault": setting["fault"], "number": setting["number"], "hits": setting["hits"]}
    lines = [texts.label(key, language, **named)]
    if setting["where"]:
        lines.append("  " + texts.label("fault_where", language, where=_words(setting["where"])))
    when = {name: value for name, value in setting["when"].items() if value not in {None, 1}}
    if when:
        lines.append("  " + texts.label("fault_when", language, when=_words(when)))
    if setting["problem"]:
        lines.append("  " + texts.detail(setting["problem"], language))
    return lines


def dry_run_lines(past: Sequence[Json] | None, language: str) -> Sequence[str]:
    if past is None:
        return [texts.label("fault_untold", language)]
    lines = [f"  {each['time']}  {each['event']}  {each['name']}" for each in past]
    return [*lines, texts.label("fault_would_hit", language, count=len(past))]


def _given(values: Mapping[str, object]) -> Json:
    return {key: value for key, value in values.items() if value is not None}


def _parameters(words: Sequence[str]) -> Json:
    from simulator.failures import WrongUse

    pairs = [word.partition("=") for word in words]
    for key, equals, _ in pairs:
        if not equals or not key:
            raise WrongUse(f"{key} is no parameter; write KEY=VALUE, as in exit_code=5")
    return {key: _content(value[1:]) if value.startswith("@") else value for key, _, value in pairs}


def _content(path: str) -> str:
    """Of a file that a parameter names behind @."""
    from simulator.failures import WrongUse

    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST_FILE_BYTES).decode()
    except OSError as problem:
        raise WrongUse(f"{path} cannot be read: {problem.strerror}; name a file behind @") from None
    except UnicodeDecodeError:
        raise WrongUse(f"{path} is no text in UTF-8; name another file behind @") from None


def _words(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _client(state: Path | None) -> Client:
    from simulator.client import Client

    return Client(cli_clients.running(state))


def _asked(client: Client, method: str, path: str, body: Json | None = None, **query: str) -> Json:
    """What is asked wrongly is wrong use, whoever finds it."""
    from simulator.client import RequestFailed
    from simulator.failures import WrongUse

    try:
        return client.sim(method, path, body, **query)
    except RequestFailed as error:
        if error.code in {"InvalidRequest", "NoSuchFault"}:
            raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
        raise


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(line)


def _print(result: object) -> None:
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
