"""The `backupsim` command: demo, up, verify, doctor, prefetch; cli_clients.py and its neighbours have the others.

stdout carries the result, stderr the progress. Exit codes: 0 all well, 1 a check failed or a job ended badly, 2 wrong
use, 3 something this machine lacks, 130 interrupted.
"""

from __future__ import annotations

import gc
import json
import shlex
import sys
import tempfile
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from controlplane.json_object import Json
from extension.contract.settings import SnapshotMethod
from simulator.command import (
    cli_clients,
    cli_clock,
    cli_control,
    cli_explain,
    cli_faults,
    cli_handlers,
    cli_page,
    cli_vault,
    cli_worlds,
    help_pages,
    program,
    texts,
    worlds,
)
from simulator.command.bootstrap import language_of
from simulator.command.cli_handlers import HandlersOption, LinuxExtensionOption, WindowsExtensionOption
from simulator.command.conforming import cli_conform
from simulator.command.options import (
    BlobAccountsOption,
    BlobEndpointOption,
    JsonOption,
    LangOption,
    LimitOption,
    OnDemandOption,
    SeedOption,
    Spoken,
    StateOption,
)
from simulator.command.scenarios import cli_lectern, cli_scenario
from simulator.command.scenarios.pauses import Pauses, paced
from simulator.state.interruption import INTERRUPTED as INTERRUPTED
from simulator.state.interruption import Interrupted, Interruptible

if TYPE_CHECKING:
    from simulator.world import Config, World


OK, BAD, USAGE, LACKS = 0, 1, 2, 3
MISPLACED = {
    "--state": "--state belongs to a command; write backupsim up --state FOLDER",
    "--lang": "--lang belongs to a command; write backupsim demo --lang zh-cn",
}
"""What to say of an option of the commands that stands before them."""

app = typer.Typer(
    name="backupsim",
    help="Azure VM backup on this machine: control plane, VMSnapshot handler and a simulated Windows guest.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_handlers.app, name="handler")
app.add_typer(cli_conform.app)
app.add_typer(cli_clients.app)
app.add_typer(cli_control.app)
app.add_typer(cli_page.app)
app.add_typer(cli_explain.app)
app.add_typer(cli_vault.app, name="vault")
app.add_typer(cli_worlds.app, name="world")
app.add_typer(cli_clock.app, name="clock")
app.add_typer(cli_faults.app, name="fault")
app.add_typer(cli_lectern.app, name="scenario")
app.add_typer(help_pages.app)


@app.command()
def demo(
    as_json: JsonOption = False,
    seed: SeedOption = 0,
    disks: Annotated[int, typer.Option(min=0, max=16, help="Number of data disks.")] = 2,
    keep: Annotated[Path | None, typer.Option(help="Keep the world in this folder.", show_default=False)] = None,
    vss: Annotated[bool, typer.Option("--vss/--no-vss", help="Whether the guest has the VSS service.")] = True,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in this machine's browser, and keep the world until Ctrl-C.")
    ] = False,
    scenario: cli_scenario.ScenarioOption = None,
    step: cli_scenario.StepOption = False,
    slow: cli_scenario.SlowOption = 0.0,
    handler: HandlersOption = None,
    windows_extension: WindowsExtensionOption = None,
    lang: LangOption = "en",
) -> None:
    """Back up a running Windows VM twice, restore it, and prove every byte; or tell a story."""
    from simulator.client import Client
    from simulator.command import show
    from simulator.command.demo import Demo, DemoOptions
    from simulator.failures import WrongUse
    from simulator.scenario import Scenario
    from simulator.world import Config, build

    options, pauses = DemoOptions(seed=seed, data_disks=disks, vss=vss), Pauses(slow, step)
    if scenario is not None:
        others: dict[str, object] = {"--keep": keep, "--open": open_page, "--no-vss": not vss, "--disks": disks != 2}
        others |= {"--handler": handler, "--windows-extension": windows_extension}
        cli_scenario.tell_of_demo(scenario, pauses, lang, others, seed=seed, as_json=as_json)
        return

    def tell(result: Json) -> None:
        if as_json:
            print_json(result)
        else:
            show.demo_result(result, lang, show.output(), show.hints(keep, vss, result, lang))

    with ExitStack() as stack, Interruptible() as interrupted:
        if keep is not None and (keep / "world.json").exists():
            raise WrongUse(
                f"{keep} already holds a world; start it with backupsim up --state {shlex.quote(str(keep))}, "
                "or name a new folder"
            )
        folder = keep if keep is not None else Path(stack.enter_context(_scratch_folder()))
        with show.Progress(lang, quiet=as_json) as progress:
            if _lacks_azurite():
                progress("install", {})
                _install_azurite()
            progress("start", {})
            locale = "en-us" if lang == "en" else lang
            config = Config(
                state=folder,
                seed=seed,
                vss=vss,
                locale=locale,
                scheduled=False,
                handlers=cli_handlers.sources(handler),
                windows_extension=cli_handlers.ordered(windows_extension, None)["windows_extension"],
            )
            world = stack.enter_context(build(config))
            told = cli_handlers.silence_teller(lang)
            client = stack.enter_context(Client(world.endpoints, on_silence=told))
            if open_page:
                cli_page.show(client.page_address(), lang)
            result = Demo(Scenario(client), options, paced(progress, pauses, lang)).run()
        if open_page:
            tell(result)
            _keep_until_interrupted(world, interrupted, lang)
    if not open_page:
        tell(result)
    raise typer.Exit(OK if result["verified"] else BAD)


def _keep_until_interrupted(world: World, interrupted: Event, language: str) -> None:
    typer.echo(texts.label("up_stop_it", language), err=True)
    with suppress(Interrupted):
        while not interrupted.wait(0.2):
            if world.failure:
                raise world.failure


@app.command()
def up(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="HTTP port of ARM; 0: free ports for all services.")
    ] = 7080,
    https_port: Annotated[int, typer.Option(min=0, max=65535, help="HTTPS port of ARM; 0: a free port.")] = 7443,
    blob_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of blob storage; 0: a free port.")] = 10000,
    state: StateOption = None,
    endpoints: Annotated[Path | None, typer.Option(help="Also write endpoints.json here.", show_default=False)] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when the world is ready, and print the file with its endpoints.")
    ] = False,
    blob_endpoint: BlobEndpointOption = None,
    blob_accounts: BlobAccountsOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    sim_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NETWORK",
            help="Accept control API requests from there too, as in 172.16.0.0/12. May be repeated.",
            show_default=False,
        ),
    ] = None,
    seed: SeedOption = 0,
    vss: Annotated[bool, typer.Option("--vss/--no-vss", help="Whether new guests have the VSS service.")] = True,
    workload_rate: Annotated[
        float,
        typer.Option(
            min=0, max=100, help="How often workloads in guests write, 1 being as usual; 0: only when they are told to."
        ),
    ] = 1.0,
    workload_per_day: Annotated[
        str | None,
        typer.Option(
            metavar="WORK",
            help="What workloads write for each day of world time when a backup begins, as in 5MiB,200tx,+1%: "
            "bytes of files, transactions, growth a month.",
            show_default=False,
        ),
    ] = None,
    hold_lapse: Annotated[
        float,
        typer.Option(
            min=1,
            max=3600,
            metavar="SECONDS",
            help="Real time after which a machine without a sign of life does not hold world time any more.",
        ),
    ] = 30.0,
    pace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SECONDS",
            help="Least duration of jobs' visible steps; KIND=SECONDS for one kind of job; plausible: drawn from the "
            "seed for each step, and kept. May be repeated.",
            show_default=False,
        ),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="How world time passes: real, scaled or virtual, which stands. A new world's is real.",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="World seconds in a real second, of a scaled clock: 60 unless said.", show_default=False),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="World time at which a world begins or goes on, as in 2026-03-01T08:00:00Z.",
            show_default=False,
        ),
    ] = None,
    limit_requests: Annotated[
        bool, typer.Option("--limit-requests", help="Answer 429 to clients that exceed ARM's request limits.")
    ] = False,
    on_demand_backups: OnDemandOption = 9,
    limit: LimitOption = None,
    snapshots_by: Annotated[
        SnapshotMethod,
        typer.Option(help="Who takes the snapshots of machines that run: the handler in them, their host."),
    ] = SnapshotMethod.ONLY_GUEST,
    start_spread: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Within which time after its due time a scheduled backup starts, up to 2h; the seed says when.",
        ),
    ] = None,
    snapshot_timeout: Annotated[
        int,
        typer.Option(
            min=5, metavar="SECONDS", help="How long a handler may stay silent before its backup gives it up."
        ),
    ] = 1200,
    strict_api_versions: Annotated[
        bool, typer.Option("--strict-api-versions", help="Refuse api-versions that the resource type does not support.")
    ] = False,
    inert_extensions: Annotated[
        bool,
        typer.Option(
            "--inert-extensions/--no-inert-extensions",
            help="Whether common extensions are installed without running anything, or refused.",
        ),
    ] = True,
    warm_start: Annotated[
        bool,
        typer.Option(
            "--warm-start/--cold-start",
            help="Whether handler processes are forked from an interpreter that waits, where the system can.",
        ),
    ] = True,
    faults: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Set the faults of this JSON list, in place of those of an earlier one.",
            show_default=False,
        ),
    ] = None,
    open_page: cli_page.OpenOption = False,
    page_password_file: cli_page.PagePasswordOption = None,
    handler: HandlersOption = None,
    windows_extension: WindowsExtensionOption = None,
    linux_extension: LinuxExtensionOption = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[VM=]none|simulated",
            help="Whose agent machines run: ours, or none, where a real one takes its place; of one machine or of all. "
            "It is kept. May be repeated.",
            show_default=False,
        ),
    ] = None,
    lang: LangOption = "en",
) -> None:
    """Run a world until Ctrl-C."""
    from simulator.clock.kept_clock import ClockSettings
    from simulator.daily_work import DailyWork
    from simulator.failures import WrongUse
    from simulator.pace import PaceSettings
    from simulator.start_spread import spread_of

    if endpoints is not None and (endpoints.is_dir() or not endpoints.parent.is_dir()):
        raise WrongUse(
            f"--endpoints {shlex.quote(str(endpoints))} cannot be written; name a file in an existing folder"
        )
    if detach:
        _start_detached(state, endpoints, lang)
        return
    # Objects made while loading are never freed; collecting garbage among them takes a tenth of a start.
    gc.disable()
    extensions = cli_handlers.ordered(windows_extension, linux_extension)
    config = worlds.config(
        state,
        seed=seed,
        host=host,
        arm_port=port,
        https_port=0 if port == 0 else https_port,
        blob_port=0 if port == 0 else blob_port,
        blob_endpoint=blob_endpoint,
        blob_accounts=blob_accounts,
        vss=vss,
        workload_rate=workload_rate,
        workload_per_day=None if workload_per_day is None else DailyWork.parse(workload_per_day),
        hold_lapse_seconds=hold_lapse,
        endpoints_copy=endpoints,
        page_password=cli_page.page_password(page_password_file),
        sim_networks=[_network(word) for word in sim_from or ()],
        pace=PaceSettings.parse(pace) if pace else None,
        clock=ClockSettings.parse(clock, rate, start),
        limit_requests=limit_requests,
        on_demand_backups_per_day=on_demand_backups,
        limits=worlds.limits(limit),
        take_snapshot_from=snapshots_by.value,
        start_spread_seconds=None if start_spread is None else spread_of(start_spread),
        snapshot_timeout_seconds=snapshot_timeout,
        strict_api_versions=strict_api_versions,
        inert_extensions=inert_extensions,
        warm_start=warm_start,
        faults=faults,
        handlers=cli_handlers.sources(handler),
        windows_extension=extensions["windows_extension"],
        linux_extension=extensions["linux_extension"],
        agents=tuple(agent or ()),
        on_examined=lambda done, total: typer.echo(texts.label("up_examined", lang, done=done, total=total), err=True),
    )
    _run_until_interrupted(config, lang, open_page)


def _network(word: str) -> IPv4Network | IPv6Network:
    from simulator.failures import WrongUse

    try:
        return ip_network(word)
    except ValueError:
        raise WrongUse(f"--sim-from {word} is not a network; write one as in 172.16.0.0/12") from None


def _start_detached(state: Path | None, copy: Path | None, language: str) -> None:
    """Do what this command was asked to, in a process of its own."""
    from simulator.command import detached
    from simulator.state.folder import user_state_folder

    folder = state or user_state_folder()

    def tell(line: str) -> None:
        if line != texts.label("up_stop_it", language):
            typer.echo(program.as_called(line), err=True)

    with Interruptible():
        running = detached.start([word for word in sys.argv[1:] if word != "--detach"], folder, tell)
    typer.echo(texts.label("up_detached", language, folder=shlex.quote(running.state)), err=True)
    typer.echo(str(copy or Path(running.state) / "endpoints.json"))


def _run_until_interrupted(config: Config, language: str, open_page: bool) -> None:
    from simulator.state.memory import give_back_large_buffers
    from simulator.world import build

    give_back_large_buffers()
    if config.blob_endpoint is None and _lacks_azurite():
        _install_azurite(language)
    with Interruptible() as interrupted:
        wanted: Config | None = replace(config, can_go_back=True)
        while wanted is not None:
            with build(wanted) as world, suppress(Interrupted):
                gc.freeze()
                gc.enable()
                _say_where(world, language)
                there = cli_worlds.at_addresses_of(world, wanted)
                if open_page:
                    cli_page.show_page(world.endpoints, language)
                while not interrupted.wait(0.2) and world.goes_back_to is None:
                    if world.failure:
                        raise world.failure
            wanted = None if interrupted.is_set() else cli_worlds.gone_back(world, there, language)
    typer.echo(texts.label("up_stopped", language), err=True)


@app.command()
def verify(
    recovery_point: Annotated[str, typer.Argument(help="Name or ARM id of a recovery point.")],
    state: StateOption = None,
    blob_endpoint: BlobEndpointOption = None,
    blob_accounts: BlobAccountsOption = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Compare a recovery point with what the guest had written, tier by tier, and open its database."""
    from simulator.client import Client
    from simulator.command import show

    with ExitStack() as stack, Interruptible():
        endpoints = worlds.endpoints(state, stack, blob_endpoint=blob_endpoint, blob_accounts=blob_accounts)
        client = stack.enter_context(Client(endpoints))
        stack.enter_context(show.Progress(lang, quiet=as_json))("verify", {})
        result = client.sim("POST", "/verify", {"recovery_point": recovery_point})
    if as_json:
        print_json(result)
    else:
        show.verdict(result, lang, show.output())
    raise typer.Exit({"verified": OK, "failed": BAD, "unknown": LACKS}[result["outcome"]])


@app.command()
def doctor(state: StateOption = None, as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Check what this machine has and lacks, and print remedies."""
    from simulator.command import show
    from simulator.command.doctor import look, report

    checks = report(look(state))
    if as_json:
        print_json({"schema_version": 1, "checks": [check.to_json() for check in checks]})
    else:
        show.doctor(checks, lang, show.output())
    raise typer.Exit(LACKS if any(check.status == "missing" for check in checks) else OK)


@app.command()
def prefetch(as_json: JsonOption = False, lang: LangOption = "en") -> None:
    """Download everything now, for a machine that will be offline."""
    folder = _install_azurite(lang)
    if as_json:
        print_json({"schema_version": 1, "azurite": str(folder)})
    else:
        typer.echo(texts.label("prefetched", lang, folder=folder))


# ------------------------------------------------------------------------------------------------------------- inside


def print_json(result: Json) -> None:
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


def _lacks_azurite() -> bool:
    from simulator.state.folder import cache_folder
    from simulator.storage.azurite import main_program

    return not main_program(cache_folder()).exists()


def _install_azurite(shown_in: str | None = None) -> Path:
    """Azurite's main program; installed now unless it is there already. Whoever waits gets a word in this language."""
    from simulator.command import show
    from simulator.state.folder import cache_folder
    from simulator.storage.azurite import install

    with show.installing(shown_in) if shown_in and _lacks_azurite() else nullcontext():
        return install(cache_folder())


def _scratch_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="backupsim-", ignore_cleanup_errors=True)


def _say_where(world: World, language: str) -> None:
    def say(key: str, **values: object) -> None:
        typer.echo(texts.label(key, language, **values), err=True)

    where = world.endpoints
    for sentence in world.renewed:
        say("up_renewed", sentence=texts.detail(sentence, language))
    for loss in world.losses:
        say("up_lost", loss=texts.detail(str(loss), language))
    say("up_arm", https=where["arm"], http=where["arm_http"])
    say("up_blobs", url=where["blob"])
    for answer in world.storage_answers.values():
        say("up_able" if answer.able else "up_unable", detail=texts.detail(answer.detail, language))
    say("up_state", folder=where["state"])
    clock = world.time.to_json()
    if clock["mode"] != "real" or clock["interrupted"]:
        for line in cli_clock.lines(clock, language):
            say("up_clock", line=line)
    for line in cli_control.pace_lines(world.pace.to_json(), language):
        say("up_pace", line=line)
    for setting in world.faults.settings:
        say("up_fault", fault=setting.definition.name, number=setting.number)
    say("up_page", url=where["dashboard"])
    for line in cli_handlers.up_lines(world.published.listed(), world.ports.settings, language):
        typer.echo(line, err=True)
    say("up_credentials")
    say("up_stop_it")


def main() -> NoReturn:
    """Entry point: every expected failure is one sentence with its exit code; only bugs show a traceback."""
    from simulator.failures import explain

    if len(sys.argv) == 1:
        sys.argv.append("demo")
    if sentence := MISPLACED.get(sys.argv[1].partition("=")[0]):
        typer.echo(f"backupsim: {texts.failure(sentence, language_of(sys.argv))}", err=True)
        sys.exit(USAGE)
    spoken = Spoken()
    try:
        command = typer.main.get_group(app)
        help_pages.tidy(command)
        command(prog_name=program.name(), obj=spoken)
    except (Interrupted, KeyboardInterrupt):
        typer.echo(texts.label("interrupted", spoken.language), err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        typer.echo(f"backupsim: {texts.failure(explained.sentence, spoken.language)}", err=True)
        sys.exit(explained.exit_code)
    sys.exit(OK)


if __name__ == "__main__":
    main()
