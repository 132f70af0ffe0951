"""Commands that start other programs against a running world: az, shell, env, run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.command import texts
from simulator.command.options import LangOption, StateOption

if TYPE_CHECKING:
    from simulator.command.proxy import Names

app = typer.Typer()

PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""Everything from the first argument on belongs to the other program."""
SIGNALLED = 128
"""Added to the number of the signal that ended a program, as shells do."""


@app.command(context_settings={**PASS_ON, "help_option_names": []})
def az(
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments for az.", show_default=False)] = None,
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Run your az, signed in to the world; your own az configuration stays untouched."""
    from simulator.command import az as programs
    from simulator.command.proxy import Names

    given = arguments or []
    programs.check_arguments(given)
    endpoints, program = running(state, given), programs.find()
    folder = Path(endpoints["state"]) / "az"
    programs.prepare(program, endpoints, folder, programs.environment_of(endpoints, folder, os.environ))
    # az puts storage accounts' names into host names, which no name server knows.
    with _proxy(endpoints, Names((), programs.storage_domain(folder))) as proxy:
        environment = programs.environment_of(endpoints, folder, os.environ, proxy)
        code = _run([program, *given], environment)
    raise typer.Exit(code)


@app.command(context_settings=PASS_ON)
def shell(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            help="A program with its arguments, after --, or a line for the shell in one word; none: a shell.",
            show_default=False,
        ),
    ] = None,
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Start a shell, or one command, in which az, SDKs and Terraform use the world."""
    from simulator.command import client_environment

    endpoints = running(state, command)
    folder = Path(endpoints["state"]) / "az"
    _prepare_az(endpoints, folder, lang, is_wanted=True)
    bundle = client_environment.trust_bundle(Path(endpoints["ca_file"]))
    variables = client_environment.direct(endpoints, folder, bundle)
    environment = {**client_environment.without_others(os.environ), **variables}
    if not command:
        typer.echo(texts.label("shell_started", lang, arm=endpoints["arm"]), err=True)
        command = [_shell_program()]
    elif len(command) == 1:
        command = [_shell_program(), "/c" if os.name == "nt" else "-c", *command]
    raise typer.Exit(_run(command, environment))


@app.command()
def env(
    shell: Annotated[str, typer.Option(help="sh, pwsh, cmd or json.")] = "pwsh" if os.name == "nt" else "sh",
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Print the variables that point SDKs, az and Terraform at the world; they include its client secret."""
    from simulator.command import client_environment
    from simulator.failures import WrongUse

    if shell not in {*client_environment.SHELLS, "json"}:
        raise WrongUse(f"{shell} is not a shell that --shell knows; use sh, pwsh, cmd or json")
    endpoints = running(state)
    folder = Path(endpoints["state"]) / "az"
    _prepare_az(endpoints, folder, lang, is_wanted=False)
    bundle = client_environment.trust_bundle(Path(endpoints["ca_file"]))
    variables = client_environment.direct(endpoints, folder, bundle)
    sys.stdout.write(client_environment.render(variables, shell))


@app.command(context_settings=PASS_ON)
def run(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after --.")],
    state: StateOption = None,
    lang: LangOption = "en",
) -> None:
    """Run a program written for the real Azure; it reaches the world and nothing else."""
    from simulator.command import az as programs
    from simulator.command import client_environment
    from simulator.command.proxy import AZURE

    endpoints = running(state, command)
    folder = Path(endpoints["state"]) / "az-public"

    def tell(target: str) -> None:
        typer.echo(texts.label("refused", lang, target=target), err=True)

    with _proxy(endpoints, AZURE, tell) as proxy:
        variables = client_environment.proxied(endpoints, folder, proxy)
        environment = {**client_environment.without_others(os.environ), **variables}
        if programs.is_az(command[0]) and shutil.which(command[0]):
            programs.prepare_unchanged(command[0], endpoints, folder, environment)
        code = _run(command, environment)
    raise typer.Exit(code)


# ------------------------------------------------------------------------------------------------------------- inside


def running(state: Path | None, passed_on: Sequence[str] | None = None) -> dict[str, Any]:
    """How the running world is reached. `passed_on` are the arguments of another program; `--state` may have got among
    them by mistake."""
    from simulator.command.client_environment import check_target
    from simulator.failures import WrongUse
    from simulator.state.folder import running_endpoints, user_state_folder

    folder = state or user_state_folder()
    world = running_endpoints(folder)
    if world is None and any(word.partition("=")[0] == "--state" for word in passed_on or ()):
        raise WrongUse(
            f"no world is running in {folder}, and --state is among the arguments of the other program; "
            "write it before them, right after the command of backupsim"
        )
    if world is None:
        raise WrongUse(f"no world is running in {folder}; start one with backupsim up, or name another with --state")
    endpoints = world.to_json()
    check_target(endpoints)
    return endpoints


def _prepare_az(endpoints: Mapping[str, Any], folder: Path, language: str, is_wanted: bool) -> None:
    """Sign in the user's az, if there is one. The rest of the environment is as good without."""
    from simulator.command import az as programs
    from simulator.failures import Failure

    try:
        program = programs.find()
        programs.prepare(program, endpoints, folder, programs.environment_of(endpoints, folder, os.environ))
    except programs.MissingAz as missing:
        if is_wanted:
            typer.echo(f"backupsim: {texts.failure(str(missing), language)}", err=True)
    except Failure as failure:
        typer.echo(f"backupsim: {texts.failure(str(failure), language)}", err=True)


@contextmanager
def _proxy(
    endpoints: Mapping[str, Any], names: Names, on_refusal: Callable[[str], None] = lambda target: None
) -> Iterator[str]:
    """The URL of a proxy that answers for these names, while it is needed."""
    from simulator.command.proxy import Proxy, upstreams
    from simulator.state.authority import Authority

    certificate = Authority(Path(endpoints["state"]) / "ca").certificate_file(names.blob_domain, names.certified)
    proxy = Proxy(upstreams(endpoints, names), certificate, on_refusal)
    try:
        yield proxy.url
    finally:
        proxy.close()


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end, with our terminal; returns its exit code."""
    from simulator.failures import WrongUse

    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as problem:
        raise WrongUse(f"{command[0]}: {problem.strerror}; name a program that can be run") from None

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    # Ctrl-C reaches every program at the terminal; the started program decides how it reacts.
    former = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    former[signal.SIGTERM] = signal.signal(signal.SIGTERM, pass_on)
    try:
        code = process.wait()
    finally:
        for number, handler in former.items():
            with suppress(TypeError):
                signal.signal(number, handler)
    return code if code >= 0 else SIGNALLED - code


def _shell_program() -> str:
    if os.name == "nt":
        return os.environ.get("COMSPEC", "cmd.exe")
    return os.environ.get("SHELL", "/bin/sh")
