"""Commands about world time: show it, set it, advance it, and say what lies ahead."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from controlplane.json_object import Json
from simulator.command import cli_clients, cli_handlers, texts
from simulator.command.options import JsonOption, LangOption, StateOption
from simulator.state.interruption import INTERRUPTED, Interrupted, Interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.client import Client

app = typer.Typer(help="World time: show it, set it, advance it.", invoke_without_command=True)

MOST_SHOWN = 20
"""Jobs that a person is shown; `--json` has all of them."""
GOOD = frozenset({"Completed", "CompletedWithWarnings", "Cancelled"})

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Do nothing, and list what is due until then, as far as it is known now.")
]


@app.callback(invoke_without_command=True)
def clock(
    context: typer.Context, state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en"
) -> None:
    """Show the world's time, how it passes, who holds it, and what is due next."""
    if context.invoked_subcommand is not None:
        return
    with _client(state) as client:
        shown = client.sim("GET", "/clock")
    _tell(shown, as_json, lambda: lines(shown, lang))


@app.command()
def now(state: StateOption = None, lang: LangOption = "en") -> None:
    """Print the world's time alone, for scripts."""
    with _client(state) as client:
        typer.echo(client.sim("GET", "/clock")["now"])


@app.command("set")
def set_mode(
    mode: Annotated[str | None, typer.Argument(help="real, scaled or virtual.", show_default=False)] = None,
    rate: Annotated[
        float | None, typer.Option(help="World seconds in a real second, of a scaled clock.", show_default=False)
    ] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Let world time pass in another way from now on."""
    with _client(state) as client:
        body = {key: value for key, value in (("mode", mode), ("rate", rate)) if value is not None}
        shown = client.sim("POST", "/clock/set", body)
    _tell(shown, as_json, lambda: lines(shown, lang))


@app.command()
def advance(
    duration: Annotated[str, typer.Argument(help="As in 30d, 36h, 1d12h or P30D.")],
    dry_run: DryRunOption = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Advance world time by a duration; what is due on the way is done, each thing at its own instant."""
    _advance({"by": duration}, dry_run, state, as_json, lang)


@app.command()
def to(
    time: Annotated[str, typer.Argument(help="As in 2026-03-01T08:00:00Z or 2026-03-01.")],
    dry_run: DryRunOption = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Advance world time to a time."""
    _advance({"to": time}, dry_run, state, as_json, lang)


@app.command()
def until(
    what: Annotated[
        list[str],
        typer.Argument(
            help="next: the next thing that is due; idle: nobody works; job ID; or an ARM path and a JMESPath."
        ),
    ],
    dry_run: DryRunOption = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Advance world time until something is so."""
    _advance({"until": until_of(what)}, dry_run, state, as_json, lang)


@app.command()
def resume(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Go on with an advance that failed, or was cut off by the end of the world."""
    _advance({"resume": True}, False, state, as_json, lang)


@app.command("stop")
def stop_advance(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Stop the advance that is under way, between two instants."""
    from simulator.client import RequestFailed
    from simulator.failures import WrongUse

    with _client(state) as client:
        try:
            ended = client.sim("POST", "/clock/stop")
        except RequestFailed as error:
            if error.code == "NoAdvance":
                raise WrongUse("no advance is under way, so there is none to stop") from None
            raise
    _tell(ended, as_json, lambda: result_lines(ended, lang))


def until_of(words: Sequence[str]) -> Any:
    """What `until` is to be sent as. WrongUse."""
    from simulator.failures import WrongUse

    match words:
        case ["next" | "idle" as word]:
            return word
        case ["job", job]:
            return {"job": job}
        case [path, condition] if path.startswith("/"):
            return {"path": path, "condition": condition}
    raise WrongUse(
        "until takes next, idle, job ID, or a path of ARM with a JMESPath as in /subscriptions/... 'properties.x'"
    )


# ------------------------------------------------------------------------------------------------------------- inside


def _client(state: Path | None, lang: str = "en") -> Client:
    from simulator.client import Client

    told = cli_handlers.silence_teller(lang)
    return Client(cli_clients.running(state), limit_seconds=float("inf"), on_silence=told)


def _tell(answer: Json, as_json: bool, said: Callable[[], Sequence[str]]) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": 1, **answer}, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in said():
            typer.echo(line)


def _advance(asked: Json, dry_run: bool, state: Path | None, as_json: bool, lang: str) -> NoReturn:
    from simulator.failures import BAD

    with _client(state, lang) as client:
        if dry_run:
            due = client.sim("GET", "/clock/due", None, **_query(asked))
            _tell(due, as_json, lambda: due_lines(due, lang))
            raise typer.Exit
        result, code = _watched(client, asked, as_json, lang)
    _tell(result, as_json, lambda: result_lines(result, lang))
    failed = any(status not in GOOD for status in result["outcomes"])
    raise typer.Exit(code or (BAD if failed else 0))


def _query(asked: Json) -> dict[str, str]:
    from simulator.failures import WrongUse

    if not all(isinstance(value, str) for value in asked.values()):
        raise WrongUse("nobody knows yet when that will be so; --dry-run takes a duration, a time, next or idle")
    return dict(asked)


def _watched(client: Client, asked: Json, quiet: bool, lang: str) -> tuple[Json, int]:
    """Advance, and show how far it is; its result and the exit code. Ctrl-C ends it between two instants."""
    from simulator.client import RequestFailed
    from simulator.failures import WrongUse

    with _progress(lang, quiet) as shown:
        try:
            with Interruptible():
                return client.advance(shown, **asked, asked_by=f"backupsim clock, process {os.getpid()}"), 0
        except Interrupted:
            return _stopped(client), INTERRUPTED
        except RequestFailed as error:
            if error.code == "NoSuchJob":
                job = asked["until"]["job"]
                raise WrongUse(f"no job {job} exists in this world; name one by its id") from None
            raise


def _stopped(client: Client) -> Json:
    """Where an advance stopped; one that had just ended is as good."""
    from simulator.client import RequestFailed

    try:
        return client.sim("POST", "/clock/stop")
    except RequestFailed as error:
        if error.code != "NoAdvance":
            raise
        return client.sim("GET", "/clock/advance")


@contextmanager
def _progress(lang: str, quiet: bool) -> Iterator[Callable[[Json], None]]:
    """What shows how far it is: a line that changes on a terminal, and nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    status = console.status(texts.label("clock_begins", lang)) if console.is_terminal else None

    def show(progress: Json) -> None:
        if status is not None:
            status.update(progress_line(progress, lang))

    with nullcontext() if status is None else status:
        yield show


# ------------------------------------------------------------------------------------------------- what a person reads


def lines(shown: Json, language: str) -> list[str]:
    """The clock, as GET /_sim/clock tells it."""

    def line(key: str, **values: object) -> str:
        return texts.label(key, language, **values)

    told = [line(f"clock_{shown['mode']}", now=shown["now"], rate=f"{shown['rate']:g}")]
    if (advance := shown["advance"]) is not None:
        told.append(line("clock_advancing", progress=progress_line(advance, language), who=advance["asked_by"]))
    if (interrupted := shown["interrupted"]) is not None:
        end = interrupted["end"] or line("clock_no_end")
        told.append(line("clock_interrupted", who=interrupted["asked_by"], end=end))
    told.append(line("clock_next", time=shown["next_due"]) if shown["next_due"] else line("clock_no_next"))
    told += [line("clock_holder", who=texts.detail(who, language)) for who in shown["holders"][:MOST_SHOWN]]
    return told


def progress_line(progress: Json, language: str) -> str:
    """How far an advance is, in one line."""
    target = texts.detail(progress["target"], language)
    counted = {"now": progress["now"], "jobs": progress["job_count"], "target": target}
    if progress["end"] is None:
        return texts.label("clock_progress", language, **counted)
    return texts.label("clock_progress_to", language, end=progress["end"], percent=percent(progress), **counted)


def percent(progress: Json) -> int:
    """How much of the way it has gone."""
    from datetime import datetime

    began, now, end = (datetime.fromisoformat(progress[key]) for key in ("began", "now", "end"))
    return 100 if end == began else int(100 * (now - began) / (end - began))


def due_lines(due: Json, language: str) -> list[str]:
    """What a dry run found."""
    told = [f"{each['time']}  {each['kind']:<12}  {each['what']}" for each in due["due"]]
    if due["more"]:
        told.append(texts.label("clock_more_due", language))
    elif not told:
        told.append(texts.label("clock_nothing_due", language))
    return told


def result_lines(result: Json, language: str) -> list[str]:
    """Where an advance stopped and why, and what ran on the way: each job where there are few, else those that ended
    badly."""

    def line(key: str, **values: object) -> str:
        return texts.label(key, language, **values)

    jobs = result["jobs"]
    if result["job_count"] > MOST_SHOWN:
        jobs = [job for job in jobs if job["status"] not in GOOD]
    told = [
        line("clock_job", time=job["ended"], operation=job["operation"], status=job["status"], id=job["id"])
        for job in jobs[:MOST_SHOWN]
    ]
    told += [line("clock_outcome", count=count, status=status) for status, count in sorted(result["outcomes"].items())]
    told += [line(f"clock_{change}", count=count) for change, count in sorted(result["changes"].items())]
    target, problem = (texts.detail(result[key] or "", language) for key in ("target", "problem"))
    return [*told, line(f"clock_{result['reason']}", now=result["now"], target=target, problem=problem)]
