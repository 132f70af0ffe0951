"""Commands about a world that runs elsewhere: wait for it, stop it, set its pace, tell a machine; and forecast."""

from __future__ import annotations

import base64
import json
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, texts
from simulator.command.options import JsonOption, LangOption, StateOption
from simulator.forecast_question import CHANGE_PERCENT_PER_DAY, DISK_GIB, MOST_GIB, MOST_YEARS, YEARS, Question

app = typer.Typer()


@app.command()
def wait(
    timeout: Annotated[float, typer.Option(min=0, help="Seconds after which it gives up, with exit code 1.")] = 60.0,
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Wait until the world is ready, and print the file with its endpoints."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    running = detached.wait(state or user_state_folder(), timeout)
    typer.echo(str(Path(running.state) / "endpoints.json"))


@app.command()
def stop(state: StateOption = None, lang: LangOption = "en") -> None:
    """Stop the world that runs in the background, and wait until it has ended."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    folder = state or user_state_folder()
    key = "up_stopped" if detached.stop(folder) else "none_runs"
    typer.echo(texts.label(key, lang, folder=folder), err=True)


@app.command()
def pace(
    least: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SECONDS]...",
            help="Least duration of jobs' visible steps; KIND=SECONDS for one kind of job, as in Restore=20; "
            "plausible: drawn from the seed for each step.",
            show_default=False,
        ),
    ] = None,
    hold: Annotated[list[str] | None, typer.Option(help="Let jobs wait before this step.", show_default=False)] = None,
    release: Annotated[list[str] | None, typer.Option(help="Hold this step no more.", show_default=False)] = None,
    off: Annotated[bool, typer.Option("--off", help="No pace, and nothing is held.")] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Slow down the jobs of the running world, hold their steps, or show what is slowed down and held."""
    from simulator.client import Client
    from simulator.pace import PLAUSIBLE, PaceSettings

    durations = least or []
    settings = PaceSettings.parse(durations)
    with Client(cli_clients.running(state)) as client:
        body: Json = {"kinds": {}, "hold": hold or [], "release": release or []}
        if off:
            now = client.sim("GET", "/pace")
            body |= {"seconds": 0, "kinds": dict.fromkeys(now["kinds"]), "plausible": False}
            body["release"] += now["held"]
        if any("=" not in word and word != PLAUSIBLE for word in durations):
            body["seconds"] = settings.seconds
        if settings.plausible:
            body["plausible"] = True
        body["kinds"] |= settings.kinds
        changes = bool(durations or hold or release or off)
        answer = client.sim("POST", "/pace", body) if changes else client.sim("GET", "/pace")
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **answer}, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in pace_lines(answer, lang) or [texts.label("pace_off", lang)]:
            typer.echo(line)


def pace_lines(pace: Json, language: str) -> Sequence[str]:
    """What a person is told of it; nothing where it is off."""

    def line(key: str, **values: object) -> str:
        return texts.label(key, language, **values)

    lines = [line("pace_plausible")] if pace["plausible"] else []
    lines += [line("pace_of_all", seconds=f"{pace['seconds']:g}")] if pace["seconds"] else []
    lines += [line("pace_of_kind", kind=kind, seconds=f"{seconds:g}") for kind, seconds in pace["kinds"].items()]
    lines += [line("pace_held", step=step, quoted=shlex.quote(step)) for step in pace["held"]]
    for waiting in pace["waiting"]:
        job = {key: waiting[key] for key in ("kind", "job", "step")}
        until = waiting["until"] and datetime.fromisoformat(waiting["until"]).isoformat(timespec="seconds")
        lines.append(line("pace_waits_until", **job, time=until) if until else line("pace_waits", **job))
    return lines


@app.command(context_settings=cli_clients.PASS_ON)
def guest(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Name or ARM id of a running machine.", show_default=False)],
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="LINE...",
            help="What its shell is told, as in vssadmin list writers; or what happens to a file: put LOCAL PATH, "
            "rm PATH, encrypt PATTERN.",
            show_default=False,
        ),
    ],
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Run a line in the shell of a machine (vssadmin, Get-Service, ls, cat), or put, delete or encrypt a file in it; or
    netns VM [COMMAND...]: run a command where the machine's own programs run."""
    from simulator.client import Client, RequestFailed
    from simulator.failures import BAD, WrongUse

    if vm == NAMESPACE:
        _run_in_namespace(words, state, lang)
    line = words[0] if len(words) == 1 else shlex.join(words)
    language = "zh-cn" if lang == "zh-cn" else "en-us"
    act = _file_act(words)
    with Client(cli_clients.running(state)) as client:
        try:
            if act:
                answer = client.sim("POST", "/vms/files/act", {"vm": vm, **act})
            else:
                answer = client.sim("POST", "/vms/run", {"vm": vm, "line": line, "language": language})
        except RequestFailed as error:
            if error.code in {"InvalidRequest", "NoSuchGuest", "FileRefused"}:
                raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
            raise
    if act:
        _tell_of_files(answer, lang, as_json)
        return
    if as_json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(answer["output"].replace("\r\n", "\n"))
        sys.stderr.write(answer["errors"] and f"{answer['errors']}\n")
    if answer["errors"]:
        raise typer.Exit(BAD)


NAMESPACE = "netns"
"""A machine of this name is named by its ARM id."""


def _run_in_namespace(words: Sequence[str], state: Path | None, language: str) -> NoReturn:
    from simulator.client import Client, RequestFailed
    from simulator.failures import WrongUse
    from simulator.netns.command import run_for

    with Client(cli_clients.running(state)) as client:
        try:
            told = partial(_tell_of_namespace, language)
            raise typer.Exit(run_for(client, words[0], words[1:], told, os.environ))
        except RequestFailed as error:
            if error.code in {"InvalidRequest", "NoSuchGuest"}:
                raise WrongUse(str(error).removeprefix(f"{error.code}: ")) from None
            raise


def _tell_of_namespace(language: str, vm: str) -> None:
    typer.echo(texts.label("guest_netns", language, vm=vm), err=True)


FILE_ACTS = {"put": "LOCAL PATH", "rm": "PATH", "encrypt": "PATTERN"}
"""What happens to a file, and what is named for it."""


def _file_act(words: Sequence[str]) -> Json | None:
    """The body of what is asked of a file; None where the words are a line for the shell."""
    from simulator.failures import WrongUse

    act, arguments = words[0], list(words[1:])
    if act not in FILE_ACTS:
        return None
    if len(arguments) != (2 if act == "put" else 1):
        usage = f"{act} {FILE_ACTS[act]}"
        raise WrongUse(f"write {usage}, with a path in the machine such as F:\\report.txt in quotes")
    if act != "put":
        return {"act": act, "path": arguments[0]}
    local = Path(arguments[0])
    if not local.is_file():
        raise WrongUse(f"there is no file {local}; name one of this machine, and then a path in the other")
    return {"act": act, "path": arguments[1], "content": base64.b64encode(local.read_bytes()).decode()}


def _tell_of_files(answer: Json, language: str, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **answer}, indent=2, ensure_ascii=False) + "\n")
        return
    for key, paths in ((f"guest_{answer['act']}", answer["files"]), ("guest_left", answer["left"])):
        for path in paths:
            typer.echo(texts.label(key, language, path=path))


@app.command()
def forecast(
    policy: Annotated[
        str,
        typer.Argument(
            help="A policy of the running world or one that every vault has, by name; or a file with the JSON of one, "
            "as az writes it (-: stdin).",
            show_default=False,
        ),
    ],
    years: Annotated[int, typer.Option(min=1, max=MOST_YEARS, help="How far to look ahead.")] = YEARS,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="When it begins; without it, now.", show_default=False),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="List the recovery points at the end of this day.", show_default=False),
    ] = None,
    disk_gib: Annotated[float, typer.Option(min=0, max=MOST_GIB, help="What is on the machine's disks.")] = DISK_GIB,
    change_percent_per_day: Annotated[
        float, typer.Option(min=0, max=100, help="How much of that changes each day.")
    ] = CHANGE_PERCENT_PER_DAY,
    vault: Annotated[
        str | None, typer.Option(help="The vault that has the policy, if several do.", show_default=False)
    ] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Tell what a policy comes to: recovery points, what keeps them, how far back one can restore, storage."""
    from simulator.command import forecast_text

    day = _day(on)
    report = _report(policy, Question(start, years, disk_gib, change_percent_per_day), vault, state)
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
        return
    for line in list(forecast_text.lines(report, lang, day)):
        typer.echo(line)


def _day(text: str | None) -> date | None:
    from simulator.failures import WrongUse

    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise WrongUse(f"{text} is no date; write one like 2027-01-01") from None


def _report(policy: str, question: Question, vault: str | None, state: Path | None) -> Json:
    """Of a file; else of the running world's policy; else of a policy that every vault has."""
    from simulator import forecasting
    from simulator.failures import WrongUse
    from simulator.state.folder import running_endpoints, user_state_folder

    now = datetime.now(UTC)
    if _is_file(policy):
        name = "stdin" if policy == "-" else policy
        return forecasting.report(forecasting.read_file(_content(policy), name), Path(name).name, question, now)
    folder = state or user_state_folder()
    world = running_endpoints(folder)
    report = _of_world(world.to_json(), policy, question, vault) if world else None
    if report is not None:
        return report
    properties = forecasting.built_in(policy, now)
    if properties is None and world:
        raise WrongUse(f"the world of {folder} has no policy {policy}; name another one, or a file")
    if properties is None:
        raise WrongUse(
            f"no world is running in {folder}, and not every vault has a policy {policy}; start the world, or name "
            "DefaultPolicy, EnhancedPolicy or a file"
        )
    return forecasting.report(properties, policy, question, now)


def _of_world(endpoints: Json, policy: str, question: Question, vault: str | None) -> Json | None:
    """None where the world has no such policy."""
    from simulator.client import Client, RequestFailed
    from simulator.failures import WrongUse

    body = {
        "policy": policy,
        "vault": vault,
        "from": question.start,
        "years": question.years,
        "disk_gib": question.disk_gib,
        "change_percent_per_day": question.change_percent_per_day,
    }
    try:
        with Client(endpoints) as client:
            return client.sim("POST", "/forecast", body)
    except RequestFailed as error:
        if error.code == "NoSuchPolicy":
            return None
        if error.code == "AmbiguousPolicy":
            raise WrongUse(f"several vaults have a policy {policy}; name one with --vault") from None
        raise


def _is_file(policy: str) -> bool:
    """An ARM id has slashes, too."""
    if policy.lower().startswith("/subscriptions/"):
        return False
    return policy == "-" or policy.lower().endswith(".json") or os.sep in policy or Path(policy).is_file()


def _content(policy: str) -> bytes:
    from simulator.failures import WrongUse
    from simulator.forecasting import LARGEST_FILE_BYTES

    if policy == "-":
        return sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1)
    if not Path(policy).is_file():
        raise WrongUse(f"there is no file {policy}; name one with the JSON of a policy, or a policy by its name")
    with Path(policy).open("rb") as file:
        return file.read(LARGEST_FILE_BYTES + 1)
