"""Docs cannot rot: what is generated is fresh, and what is written by hand names only what there is."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest

from docs.generator import command, coverage, source
from docs.generator.pages import FOLDER, PAGES
from simulator import failures
from simulator.command import bootstrap, cli
from simulator.control import api as control
from simulator.state.folder import Endpoints

ROOT = source.ROOT
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted(FOLDER.rglob("*.md"))]
COMMANDS = {tuple(name.split()[1:]): found for name, found in command.commands()}
OPTIONS = {
    name: {text for option in command.options(found) for text in (*option.opts, *option.secondary_opts)}
    for name, found in COMMANDS.items()
}
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    return FENCE.sub("", text_of(path))


def anchors(path: Path) -> set[str]:
    """The headings of a page as links know them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# ---------------------------------------------------------------------------------------------------------- whole pages


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_generator_writes(name: str) -> None:
    assert text_of(FOLDER / name) == PAGES[name](), "run python -m docs.generator"


def test_the_reading_order_names_every_page() -> None:
    assert [name_of(page) for page in FOLDER.glob("*.md") if f"({page.name})" not in text_of(FOLDER / "README.md")] == [
        "docs/README.md"
    ]


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", SPAN.sub("", prose_of(page))):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert not lost


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_every_module_that_is_named_exists(page: Path) -> None:
    homes = [ROOT, *(ROOT / package for package in source.PRODUCT)]
    named = {span for span in SPAN.findall(prose_of(page)) if re.fullmatch(r"[\w./-]+(\.py|\w/)", span)}
    of_a_world = {f"{name}/" for name in command.STATE_FOLDER}
    assert not {span for span in named - of_a_world if not any((home / span).exists() for home in homes)}


PATH = re.compile(r"(?<![\w./:-])(?:extension|controlplane|simulator|tests|bench|docs)(?:/[\w-]+)+(?:\.\w+|/)?")
DOTTED = re.compile(r"(?<![\w./-])(?:extension|controlplane|simulator|bench)(?:\.[a-z_]\w*)+")
SOURCES = sorted(path for tree in (*source.PRODUCT, "bench", "docs", "tests") for path in (ROOT / tree).rglob("*.py"))


def is_there(dotted: str) -> bool:
    """Whether it is a module, or a name in one."""
    path = ROOT / dotted.replace(".", "/")
    return any(each.is_dir() or each.with_suffix(".py").is_file() for each in (path, path.parent))


@pytest.mark.parametrize("page", [*DOCUMENTS, ROOT / "pyproject.toml", ROOT / ".ci/run"], ids=name_of)
def test_every_place_in_the_code_that_a_page_names_is_there(page: Path) -> None:
    text = re.sub(r"\.{3}|…", "", text_of(page))
    assert {path for path in PATH.findall(text) if not (ROOT / path).exists()} == set()
    assert {name for name in DOTTED.findall(text) if not is_there(name)} == set()


def test_a_place_that_is_gone_would_be_found() -> None:
    gone = "/".join(("simulator", "clock.py"))
    assert PATH.findall(f"see `{gone}` and arm/app.py") == [gone]
    assert not (ROOT / gone).exists()
    assert is_there("simulator.state.folder.Endpoints")
    assert not is_there("simulator.gone.away")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_that_a_comment_names_is_there(path: Path) -> None:
    named = {found for found in PATH.findall(text_of(path)) if found.endswith(".py")}
    assert {found for found in named if not (ROOT / found).exists()} == set()


# ---------------------------------------------------------------------------------------------------------- the command


def test_the_readme_shows_every_command() -> None:
    assert [name for name in COMMANDS if f"backupsim {' '.join(name)}" not in text_of(README)] == []


def test_every_option_is_described() -> None:
    described = "\n".join(text_of(page) for page in DOCUMENTS)
    assert {option for options in OPTIONS.values() for option in options if f"`{option}`" not in described} == set()


def typed(page: Path) -> Iterator[list[str]]:
    """The command lines of ours on a page, without their first word or two."""
    blocks = FENCE.findall(text_of(page))
    for line in (*SPAN.findall(prose_of(page)), *(line for block in blocks for line in block.split("\n"))):
        found = re.search(r"(?<![\w./-])(?:backupsim|python3 simulator)(?=\s|$|\))([^)]*)", line)
        if found:
            yield [word for word in shlex.split(found[1], comments=True) if word != "&"]


def wrong_words(words: list[str]) -> set[str]:
    """What of a command line the command does not know."""
    if not words or words[0].startswith("-"):
        words = ["demo", *words]
    name = next((name for name in COMMANDS if tuple(words[: len(name)]) == name), None)
    if name is None:
        return {words[0]}
    if COMMANDS[name].context_settings.get("ignore_unknown_options"):
        return set()
    return {word.partition("=")[0] for word in words if word.startswith("--")} - OPTIONS[name]


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_a_command_line_on_a_page_is_one_that_works(page: Path) -> None:
    assert not [words for words in typed(page) if wrong_words(words)]


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_an_option_on_a_page_is_one_of_ours(page: Path) -> None:
    of_tests = {"--all", "--long", "--az", "--terraform"}
    of_tests |= {"--backupsim-seed", "--backupsim-keep-failed", "--backupsim-handler"}
    of_tests |= {"--backupsim-windows-extension", "--backupsim-linux-extension"}
    named = {span.split()[0] for span in SPAN.findall(prose_of(page)) if span.startswith("--")}
    assert not named - of_tests - {option for options in OPTIONS.values() for option in options}


def test_the_exit_codes_are_those_of_the_code() -> None:
    said = re.search(r"Exit codes: (.*?)\.", text_of(README), re.DOTALL)
    assert said
    numbers = [int(number) for number in re.findall(r"(?:^|, )\s*(\d+) ", said[1].replace("\n", " "))]
    assert numbers == [cli.OK, cli.BAD, cli.USAGE, cli.LACKS, cli.INTERRUPTED] == list(command.EXIT_CODES)
    assert (failures.BAD, failures.USAGE, failures.LACKS) == (cli.BAD, cli.USAGE, cli.LACKS)
    assert (bootstrap.LACKS, bootstrap.INTERRUPTED) == (cli.LACKS, cli.INTERRUPTED)


def test_the_schema_of_the_endpoints_has_the_keys_of_the_code() -> None:
    schema = json.loads(text_of(FOLDER / "schemas/endpoints.schema.json"))
    assert set(schema["properties"]) == {"schema_version", *(field.name for field in fields(Endpoints))}


def test_the_control_api_says_what_it_answers() -> None:
    said = re.findall(r"^(GET|POST) +/_sim(/\w+(?:/\w+)*)", control.__doc__ or "", re.MULTILINE)
    assert sorted(said) == sorted(coverage.answered(control.build(cast(Any, None)).routes))


# ----------------------------------------------------------------------------------------------------- what is nowhere

TREES = (".ci", "bench", "docs", "tests", *source.PRODUCT)
OWN_PLACES = [str(place) for place in (ROOT, Path.home()) if len(place.parts) > 1]
NOWHERE = re.compile(
    rf"(?:{'|'.join(map(re.escape, OWN_PLACES))})(?![\w-])"
    # The image has a home of its own; nobody else's belongs here.
    r"|(?<![\w.-])/(?:home|Users|work|workspaces?|builds)/(?!backupsim\b)[\w.-]|[A-Z]:\\+Users\\"
    r"|registry\.npmjs\.org|pypi\.org|files\.pythonhosted\.org|npmmirror\.com|\"resolved\":|--(?:extra-)?index-url"
    r"|https?://(?:10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)"
)


def texts() -> Iterator[tuple[Path, str]]:
    for path in (*ROOT.iterdir(), *(path for tree in TREES for path in (ROOT / tree).rglob("*"))):
        if path.is_file() and not {".git", "__pycache__", "node_modules", "uv.lock"} & set(path.parts):
            with suppress(UnicodeDecodeError):
                yield path, text_of(path)


def test_no_file_names_a_place_of_this_machine_or_of_a_registry() -> None:
    assert {name_of(path): found[0] for path, text in texts() if (found := NOWHERE.search(text))} == {}


@pytest.mark.parametrize(
    "parts",
    [
        (str(ROOT), ""),
        (str(Path.home()), "/notes"),
        ("/ho", "me/me/x"),
        ("C:\\Us", "ers\\me"),
        ("https://registry.npmjs", ".org/x"),
        ("--index", "-url"),
        ("http://10", ".1.2.3:80"),
    ],
    ids=["checkout", "home", "a home", "a home on Windows", "registry", "index", "private address"],
)
def test_such_a_place_would_be_found(parts: tuple[str, str]) -> None:
    assert NOWHERE.search(f"in '{''.join(parts)}'")


@pytest.mark.parametrize(
    "harmless", ["/home/backupsim", "docs/checkout/x", "http://127.0.0.1:10000", "a.home/x", "10.1.2.3"]
)
def test_what_is_harmless_is_left_alone(harmless: str) -> None:
    assert not NOWHERE.search(harmless)


def test_a_wrong_command_line_would_be_found() -> None:
    assert wrong_words(["up", "--prot", "0"]) == {"--prot"}
    assert wrong_words(["handler", "pakc", "x.zip"]) == {"handler"}
    assert not wrong_words(["--seed", "7"])
    assert not wrong_words(["handler", "pack", "x.zip", "--json"])
