"""`backupsim conform`: judge a handler by the conformance suite, and say what it does not meet."""

from __future__ import annotations

import json
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.command import texts
from simulator.command.options import JsonOption, LangOption, SeedOption
from simulator.failures import BAD, Failure, WrongUse

if TYPE_CHECKING:
    from simulator.conformance.outcome import Outcome
    from simulator.conformance.recording import Recording
    from simulator.conformance.requirement import Requirement
    from simulator.conformance.running import Package
    from simulator.conformance.scenes import Scene
    from simulator.conformance.suite import Verdict

app = typer.Typer()

PROFILES = ("windows", "linux")
IdsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="ID",
        help="Judge only this requirement, as FRZ-02, or a whole group, as FRZ. May be repeated.",
        show_default=False,
    ),
]


@app.command()
def conform(
    handler: Annotated[
        str, typer.Argument(metavar="HANDLER", help="A folder, a zip, or a command that prints its path.")
    ],
    profile: Annotated[str, typer.Option(help="The system that the handler is for: windows or linux.")] = "windows",
    select: IdsOption = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="ID", help="Leave this one out.", show_default=False)
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="What --json wrote: only what differs from it fails the run.", show_default=False),
    ] = None,
    former: Annotated[
        str | None,
        typer.Option("--from", metavar="OLD", help="The version that is updated from.", show_default=False),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Play each scene so many times.")] = 1,
    seed: SeedOption = 0,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML to this file.", show_default=False)] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.", show_default=False)] = None,
    as_json: JsonOption = False,
    lang: LangOption = "en",
) -> None:
    """Judge a snapshot handler by the conformance suite. Ends with 1 where a must is not met."""
    from simulator.command.conforming.page import html as page
    from simulator.conformance.junit import junit as xml

    if profile not in PROFILES:
        raise WrongUse(f"{profile} is no profile; use windows or linux")
    for file in (junit, html):
        if file is not None and not file.absolute().parent.is_dir():
            raise WrongUse(f"{file} cannot be written; name a file in an existing folder")
    known = None if baseline is None else _known(baseline)
    chosen, skipped = _chosen(select), _ids(skip)
    package = _package(handler)
    old = None if former is None else _package(former)
    words = ["backupsim", "conform", handler, "--profile", profile, "--seed", str(seed)]
    outcome = _run(package, old, profile, chosen, skipped, known, repeat, seed, shlex.join(words), lang)
    if junit is not None:
        junit.write_text(xml(outcome), encoding="utf-8")
    if html is not None:
        html.write_text(page(outcome, lang), encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps(outcome.to_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        for line in lines(outcome, lang):
            typer.echo(line)
    if not outcome.is_well:
        raise typer.Exit(BAD)


def _run(
    package: Package,
    former: Package | None,
    profile: str,
    chosen: Sequence[Requirement],
    skipped: frozenset[str],
    known: frozenset[str] | None,
    repeat: int,
    seed: int,
    reproduce: str,
    language: str,
) -> Outcome:
    from simulator.conformance.outcome import SKIPPED, Outcome, worst_of
    from simulator.conformance.running import Lacking, play_all
    from simulator.conformance.suite import REQUIREMENTS, Verdict, judged, scenes_of

    begun, clock = datetime.now(UTC), time.monotonic()
    wanted = [each for each in chosen if each.id not in skipped]
    scenes = scenes_of(wanted, profile)
    served = {scene.name: [each.id for each in wanted if each.scene == scene.name] for scene in scenes}
    runs: list[list[Verdict]] = []
    recordings: dict[str, Recording] = {}

    def told(scene: Scene) -> None:
        typer.echo(texts.label("conform_scene", language, scene=scene.name), err=True)

    try:
        for turn in range(repeat):
            played = play_all(scenes, package, profile, seed + turn, told, former, served)
            runs.append(judged(played, wanted, profile))
            recordings = recordings or played
    except Lacking as problem:
        raise Failure(str(problem)) from None
    verdicts = {each.requirement.id: each for each in worst_of(runs)}
    left_out = {each.id: Verdict(each, SKIPPED, "by --skip") for each in chosen if each.id in skipped}
    return Outcome(
        handler=package.name,
        version=package.version,
        profile=profile,
        seed=seed,
        repeat=repeat,
        platform=" ".join((platform.platform(), "Python", platform.python_version())),
        begun=begun.isoformat(timespec="seconds").replace("+00:00", "Z"),
        duration_seconds=time.monotonic() - clock,
        reproduce=reproduce,
        total=len(REQUIREMENTS),
        verdicts=[(verdicts | left_out)[each.id] for each in chosen],
        recordings=recordings,
        known=known,
    )


# ------------------------------------------------------------------------------------------------------- what was given


def _package(word: str) -> Package:
    """What is given, however wrong its manifest may be: that is to be judged, too."""
    from simulator.conformance.running import Package, Unreadable
    from simulator.handlers.sources import content_of, made_by

    path = made_by(word)
    try:
        return Package.read(content_of(path))
    except (OSError, ValueError, Unreadable) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise WrongUse(f"{path} cannot be judged: {reason}") from None


def _ids(words: Sequence[str] | None) -> frozenset[str]:
    from simulator.conformance.suite import REQUIREMENTS

    found: set[str] = set()
    for word in [part.strip().upper() for each in words or () for part in each.split(",") if part.strip()]:
        ids = [id for id in REQUIREMENTS if word in (id, id.partition("-")[0])]
        if not ids:
            raise WrongUse(f"{word} is no requirement; docs/conformance.md lists them, as FRZ-02")
        found.update(ids)
    return frozenset(found)


def _chosen(words: Sequence[str] | None) -> list[Requirement]:
    from simulator.conformance.suite import REQUIREMENTS

    ids = _ids(words)
    return [each for each in REQUIREMENTS.values() if not words or each.id in ids]


def _known(file: Path) -> frozenset[str]:
    from simulator.conformance.outcome import BadBaseline, known_failures

    try:
        return known_failures(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, BadBaseline):
        raise WrongUse(f"{file} is no baseline; write one with backupsim conform HANDLER --json") from None


# -------------------------------------------------------------------------------------------------------- what is shown


def lines(outcome: Outcome, language: str) -> list[str]:
    """What failed, with its reason; the last line is the summary."""
    from simulator.command.conforming import wording
    from simulator.conformance.outcome import SKIPPED
    from simulator.conformance.suite import FAILED, NOT_APPLICABLE, PASSED

    shown: list[str] = []
    for chapter in dict.fromkeys(each.requirement.chapter for each in outcome.of(FAILED)):
        shown.append(wording.chapter(chapter, language))
        for each in outcome.of(FAILED):
            if each.requirement.chapter == chapter:
                shown += _failure_lines(each, outcome, language)
    for each in outcome.unexpected_passes:
        shown.append(texts.label("conform_unexpected", language, id=each.requirement.id))
    counts = {
        "passed": len(outcome.of(PASSED)),
        "failed": len(outcome.failed_musts),
        "advice": len(outcome.of(FAILED)) - len(outcome.failed_musts),
        "absent": len(outcome.of(NOT_APPLICABLE)),
        "skipped": len(outcome.of(SKIPPED)),
    }
    key = "conform_well" if outcome.is_well else "conform_bad"
    names = {"name": outcome.handler, "version": outcome.version, "judged": len(outcome.verdicts)}
    return [*shown, texts.label(key, language, **names, **counts, total=outcome.total)]


def _failure_lines(verdict: Verdict, outcome: Outcome, language: str) -> list[str]:
    from simulator.command.conforming import wording

    requirement = verdict.requirement
    is_known = requirement.id in (outcome.known or ())
    key = "conform_known" if is_known else f"conform_{requirement.level}"
    head = texts.label(key, language, id=requirement.id, expected=wording.expected(requirement, language))
    return [head, f"    {wording.reason(verdict.reason, language)}"]
