"""What the demo prints: live progress on stderr, the result on stdout."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from controlplane.json_object import Json
from simulator.command import program, texts
from simulator.command.doctor import Check

PIPE_COLUMNS = 200
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def output() -> Console:
    """Where results go: as wide as the terminal, and for a pipe wide enough that no line is broken."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_COLUMNS)


class Progress:
    """One line a step: a spinner on a terminal, plain lines elsewhere."""

    def __init__(self, language: str, quiet: bool = False) -> None:
        self._language = language
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._status: Status | None = None
        self._line = ""

    def __call__(self, step: str, values: Json) -> None:
        self._finish("[green]✓[/green]")
        self._line = texts.step(step, self._language, values)
        if self._console.is_terminal:
            self._status = self._console.status(self._line)
            self._status.start()
        else:
            self._console.print(self._line, soft_wrap=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish("[green]✓[/green]" if error is None else "[red]✗[/red]")

    def _finish(self, mark: str) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
            self._console.print(f"{mark} {self._line}", soft_wrap=True)


def installing(language: str) -> AbstractContextManager[object]:
    """While Azurite is installed, which takes long and says nothing: a spinner on a terminal, a line elsewhere."""
    console, line = Console(stderr=True, highlight=False), texts.step("install", language, {})
    if console.is_terminal:
        return console.status(line)
    console.print(line, soft_wrap=True)
    return nullcontext()


def demo_result(result: Json, language: str, console: Console, hints: list[str]) -> None:
    """The whole story of a demo run as tables and a verdict."""

    def word(key: str, **values: object) -> str:
        return texts.label(key, language, **values)

    def words(*keys: str) -> list[str]:
        return [word(key) for key in keys]

    points = result["recovery_points"]
    disk_heads = words("point", "disk", "size", "allocated", "changed", "share", "transferred")
    for table in (
        _jobs(result["jobs"], word("jobs"), words("operation", "status", "task", "duration"), language),
        _points(points, word("points"), words("point", "consistency", "tiers", "freeze")),
        _disks(points, word("disks"), disk_heads),
        _checks(result["checks"], word("checks"), language),
    ):
        console.print(table)
        console.print()
    if result["restore"] and result["restore"]["database"]["found"]:
        console.print(_database(result["restore"]["database"], language), highlight=False)
    bad = sum(not check["passed"] for check in result["checks"])
    if result["verified"]:
        console.print(Text(word("verified"), style="bold green"))
    else:
        console.print(Text(word("failed", count=bad, total=len(result["checks"])), style="bold red"))
    if hints:
        console.print(f"\n{texts.label('next', language)}")
        for hint in hints:
            console.print(f"  {hint}", highlight=False, soft_wrap=True)


def hints(keep: Path | None, vss: bool, result: Json, language: str) -> list[str]:
    """What to type next, under the name by which this command was started."""
    commands = [("demo --keep ./world", "hint_keep"), ("up", "hint_up")]
    points = result["recovery_points"]
    if keep is not None and points:
        name = points[0]["id"].rpartition("/")[2]
        state = shlex.quote(str(keep))
        commands = [(f"verify {name} --state {state}", "hint_verify"), (f"up --state {state}", "hint_up_kept")]
    commands.append(("demo --no-vss", "hint_no_vss") if vss else ("demo", "hint_vss"))
    width = max(len(command) for command, _ in commands)
    return [f"{program.name()} {command:<{width}}   {texts.label(hint, language)}" for command, hint in commands]


def _database(report: Json, language: str) -> str:
    unclean = "recovered" if report["recovered"] else "torn"
    state = "clean" if report["opened_clean"] and not report["problem"] else unclean
    return texts.label(f"database_{state}", language, problem=texts.detail(report["problem"], language))


def verdict(result: Json, language: str, console: Console) -> None:
    """What `verify` found."""
    console.print(f"{result['recovery_point'].rpartition('/')[2]}  {result['consistency']}", highlight=False)
    console.print(_checks(result["checks"], "", language))
    styles = {"verified": "bold green", "failed": "bold red", "unknown": "bold yellow"}
    word = texts.label(f"verdict_{result['outcome']}", language)
    console.print(Text(word, style=styles[result["outcome"]]))


def doctor(checks: Sequence[Check], language: str, console: Console) -> None:
    """What `doctor` found, with the remedy where something is missing."""
    colours = {"ok": "green", "warn": "yellow", "missing": "bold red"}
    table = _table("", ["", "", ""])
    table.show_header = False
    for check in checks:
        sentence = texts.detail(check.detail, language)
        if check.status != "ok":
            remedy = texts.detail(check.remedy, language)
            sentence = texts.label("with_remedy", language, detail=sentence, remedy=remedy)
        status = Text(texts.label(check.status, language), style=colours[check.status])
        table.add_row(status, texts.check(check.name, language), sentence)
    console.print(table)


def _jobs(jobs: list[Json], title: str, heads: list[str], language: str) -> Table:
    table = _table(title, heads)
    for job in jobs:
        tasks = job["tasks"] or [{"id": "", "status": "", "duration_seconds": job["duration_seconds"]}]
        for number, task in enumerate(tasks):
            first = (job["operation"], job["status"]) if number == 0 else ("", "")
            table.add_row(*first, texts.task(task["id"], language), f"{task['duration_seconds']:.2f} s")
    return table


def _points(points: list[Json], title: str, heads: list[str]) -> Table:
    table = _table(title, heads)
    for point in points:
        window = point["freeze_window_milliseconds"]
        freeze = "–" if window is None else f"{window:.1f} ms"
        table.add_row(_short(point), point["consistency"], " + ".join(point["tiers"]), freeze)
    return table


def _disks(points: list[Json], title: str, heads: list[str]) -> Table:
    table = _table(title, heads)
    for column in table.columns[2:]:
        column.justify = "right"
    for point in points:
        for number, disk in enumerate(point["disks"]):
            size, allocated, changed, transferred = (
                byte_text(disk[f"{key}_bytes"]) for key in ("size", "allocated", "changed", "transferred")
            )
            share = f"{100 * disk['changed_bytes'] / disk['allocated_bytes']:.1f} %" if disk["allocated_bytes"] else "–"
            name = _short(point) if number == 0 else ""
            table.add_row(name, disk["name"], size, allocated, changed, share, transferred)
    return table


def _short(point: Json) -> str:
    return str(point["id"].rpartition("/")[2])


def _checks(checks: list[Json], title: str, language: str) -> Table:
    table = _table(title, ["", "", ""])
    table.show_header = False
    for check in checks:
        passed, known = check["passed"], check.get("known", True)
        word = texts.label("passed" if passed else "not_passed" if known else "not_known", language)
        mark = Text(word, style="green" if passed else "bold red" if known else "bold yellow")
        table.add_row(mark, texts.check(check["name"], language), texts.detail(check["detail"], language))
    return table


def _table(title: str, heads: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def byte_text(size_bytes: int) -> str:
    """A size in binary units, for instance 64.0 KiB."""
    size, unit = float(size_bytes), UNITS[0]
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
