"""The pytest plugin `backupsim`: worlds for tests, marks and options. `-p no:backupsim` switches it off.

pytest imports this module at its start, whether a test uses it or not, so it imports nothing but pytest; the rest is
loaded with the first fixture that needs it. A wheel installs this file as the module `backupsim_pytest`, whose name
nobody else has: another package may be called `simulator` in a project that is tested.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from simulator.testing.access import BackupAz, BackupCredential
    from simulator.testing.given_handlers import GivenHandler
    from simulator.testing.handler import BackupHandler
    from simulator.testing.opening import Opener, SavedBackupWorld
    from simulator.testing.world import (
        BackupClock,
        BackupFaults,
        BackupGuest,
        BackupVault,
        BackupVM,
        BackupWorld,
        ProtectedVM,
    )
    from simulator.testing.worlds import Worlds

pytest.register_assert_rewrite("simulator.testing.assertions")

WORLD_MARK = "backup_world(clock='virtual', start=..., location=..., ...): what the world of a test is like"
FAULT_MARK = "fault(name, vm=..., nth=..., ...): set a fault of the world just before the test's own code runs"
_WORLD = pytest.StashKey["BackupWorld"]()
_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("backupsim", "simulated Azure Backup")
    group.addoption(
        "--backupsim-handler",
        action="append",
        default=[],
        metavar="PATH",
        help="a handler that worlds publish: a folder, a zip, or a command that makes one, as backupsim up --handler",
    )
    for system in ("windows", "linux"):
        group.addoption(
            f"--backupsim-{system}-extension",
            metavar="NAME:VERSION",
            help=f"the extension that snapshots machines with {system.capitalize()}, as in Contoso.Backup:1.0",
        )
    group.addoption(
        "--backupsim-keep-failed",
        type=Path,
        metavar="DIR",
        help="keep the world of each failed test there, with a recording of its events",
    )
    group.addoption(
        "--backupsim-seed", type=int, default=0, metavar="N", help="what the chance of all worlds is drawn from"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", WORLD_MARK)
    config.addinivalue_line("markers", FAULT_MARK)


def pytest_report_header(config: pytest.Config) -> str | None:
    seed = config.getoption("backupsim_seed")
    return f"backupsim: seed {seed}" if seed else None


# ---------------------------------------------------------------------------------------------------------- the marks


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A mark that nothing would come of fails the test."""
    for name in ("backup_world", "fault"):
        is_marked = any(mark.name == name for mark in item.own_markers)
        if is_marked and "backup_world" not in getattr(item, "fixturenames", ()):
            pytest.fail(f"the mark {name} has no effect here: the test has no world of its own (backup_world)", False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Faults are set once all fixtures have done their work."""
    marks = list(item.iter_markers("fault"))
    world = item.stash.get(_WORLD, None)
    if world is not None:
        for mark in reversed(marks):
            _set_fault(world, mark)
    return (yield)


def _set_fault(world: BackupWorld, mark: pytest.Mark) -> None:
    from simulator.client import RequestFailed
    from simulator.failures import Failure

    try:
        if len(mark.args) != 1:
            raise ValueError("the mark fault takes one name and keywords, as in fault('agent-not-ready', vm='sql01')")
        world.faults.set(mark.args[0], **mark.kwargs)
    except (RequestFailed, Failure, ValueError) as problem:
        pytest.fail(str(problem), False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    world = item.stash.get(_WORLD, None)
    if report.failed and world is not None:
        item.stash[_FAILED] = True
        report.sections.append(("backupsim", _told_of(item, world)))
    return report


def _told_of(item: pytest.Item, world: BackupWorld) -> str:
    option = item.config.getoption
    kept = option("backupsim_keep_failed")
    told = f"to see the same: --backupsim-seed {option('backupsim_seed')}; the seed of this world is {world.seed}"
    if kept is None:
        return f"{told}\nto keep the world of a failed test: --backupsim-keep-failed DIR"
    folder = kept.absolute() / folder_name(item.nodeid)
    return f"{told}\nthe world is kept in {folder}; backupsim up --state {folder / 'world'} starts it again"


# --------------------------------------------------------------------------------------------------------- the worlds


@pytest.fixture(scope="session")
def _backup_worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """The process in which all worlds of this pytest process run: one for each worker of pytest-xdist."""
    worlds = _ours("worlds").Worlds(tmp_path_factory.mktemp("backupsim-worlds"))
    yield worlds
    worlds.end()


@pytest.fixture(scope="session")
def _backup_handlers(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Sequence[GivenHandler]:
    """Those of the command line."""
    words = pytestconfig.getoption("backupsim_handler")
    if not words:
        return []
    from simulator.failures import Failure

    try:
        found: list[GivenHandler] = _ours("given_handlers").given(words, tmp_path_factory.mktemp("backupsim-handlers"))
    except Failure as problem:
        pytest.fail(str(problem), False)
    return found


@pytest.fixture(scope="session")
def _backup_openers(
    _backup_worlds: Worlds,
    _backup_handlers: Sequence[GivenHandler],
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], Opener]:
    said = {name: pytestconfig.getoption(f"backupsim_{name}") for name in ("windows_extension", "linux_extension")}
    ordered = {name: word for name, word in said.items() if word is not None}
    opener = _ours("opening").Opener
    return lambda: opener(_backup_worlds, lambda: tmp_path_factory.mktemp("backupsim"), _backup_handlers, ordered)


@pytest.fixture(scope="session")
def _backup_opener(_backup_openers: Callable[[], Opener]) -> Iterator[Opener]:
    """Opens what lasts for the session."""
    opener = _backup_openers()
    yield opener
    opener.close()


@pytest.fixture
def _backup_own_opener(_backup_openers: Callable[[], Opener]) -> Iterator[Opener]:
    """Opens what is of one test."""
    opener = _backup_openers()
    yield opener
    opener.close()


@pytest.fixture(scope="session")
def backup_new_world(_backup_opener: Opener, pytestconfig: pytest.Config) -> Callable[..., BackupWorld]:
    """Opens a world that lasts for the session, has an Azurite of its own, and so can be saved and forked. It takes the
    keywords of the mark `backup_world`."""
    seed = pytestconfig.getoption("backupsim_seed")
    return lambda **options: _opened(_backup_opener, seed, options, apart=True)


@pytest.fixture(scope="session")
def backup_session_world(_backup_opener: Opener, pytestconfig: pytest.Config) -> BackupWorld:
    """A world that the tests of one worker share. Its time stands unless a test moves it."""
    return _opened(_backup_opener, pytestconfig.getoption("backupsim_seed"), {}, apart=False)


@pytest.fixture
def backup_world(_backup_own_opener: Opener, request: pytest.FixtureRequest) -> Iterator[BackupWorld]:
    """A world of this test alone, as the mark `backup_world` describes it."""
    keep = request.config.getoption("backupsim_keep_failed")
    options = _options(request.node)
    apart = bool(options.pop("own_azurite", False)) or keep is not None
    of = options.pop("fork_of", None)
    saved = None if of is None else _saved(request, of)
    seed = seed_of(request.config.getoption("backupsim_seed"), request.node.nodeid)
    world = _opened(_backup_own_opener, seed, options, apart=apart, of=saved)
    request.node.stash[_WORLD] = world
    yield world
    is_kept = keep is not None and request.node.stash.get(_FAILED, False)
    folder = keep.absolute() / folder_name(request.node.nodeid) if is_kept else None
    if folder is not None:
        _record(folder, request.node.nodeid, world)
    _backup_own_opener.end(world, keep=is_kept)
    if folder is not None:
        shutil.move(world.state, folder / "world")


def _saved(request: pytest.FixtureRequest, of: object) -> SavedBackupWorld:
    """What `fork_of` names: a fixture, a saved world by its name, or the file of an exported one."""
    from simulator.failures import Failure
    from simulator.testing.worlds import WorldRefused

    opener: Opener = request.getfixturevalue("_backup_opener")
    opening = _ours("opening")
    try:
        named = _named_by_fixture(request, of) if isinstance(of, str) else of
        if isinstance(named, str):
            return opener.named(named)
        if isinstance(named, Path):
            return opener.unpacked(named.absolute())
        found = named.save() if isinstance(named, _ours("world").BackupWorld) else named
    except (Failure, WorldRefused) as problem:
        pytest.fail(str(problem), False)
    if not isinstance(found, opening.SavedBackupWorld):
        pytest.fail(f"fork_of={of!r} is no world; name a fixture that returns one, a saved world, or a file", False)
    saved: SavedBackupWorld = found
    return saved


def _named_by_fixture(request: pytest.FixtureRequest, name: str) -> object:
    """The value of the fixture of this name; the name itself where there is none."""
    try:
        return request.getfixturevalue(name)
    except pytest.FixtureLookupError as problem:
        if problem.argname != name:
            raise
        return name


def _options(node: pytest.Item) -> dict[str, Any]:
    """Those of all its marks; the nearest counts."""
    options: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("backup_world"))):
        if mark.args:
            pytest.fail("the mark backup_world takes keywords alone, as in backup_world(location='westeurope')", False)
        options |= mark.kwargs
    return options


def _opened(
    opener: Opener, seed: int, options: dict[str, Any], *, apart: bool, of: SavedBackupWorld | None = None
) -> BackupWorld:
    from simulator.failures import Failure
    from simulator.testing.worlds import WorldRefused

    try:
        return opener.open(seed, options, apart=apart, of=of)
    except (Failure, WorldRefused) as problem:
        pytest.fail(str(problem), False)


def seed_of(base: int, test: str) -> int:
    """A test's own seed: the same in every order of tests and with any number of workers."""
    return zlib.crc32(f"{base} {test}".encode())


def folder_name(test: str) -> str:
    """A name for what is kept of a test, which no other test has."""
    plain = re.sub(r"[^\w.-]+", "-", test.rpartition("/")[2]).strip("-")[:80]
    return f"{plain}-{zlib.crc32(test.encode()):08x}"


def _record(folder: Path, test: str, world: BackupWorld) -> None:
    """The events of the world and its newest jobs, beside the folder that it will be moved to. What an earlier run kept
    is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    recording = {"schema_version": 1, "test": test, "seed": world.seed, "events": world.events()}
    (folder / "recording.json").write_text(json.dumps(recording, indent=1), encoding="utf-8")
    _ours("recordings").write(folder, world.client)


def _ours(name: str) -> Any:
    """A module of ours, unless something of the same name stands in its place."""
    try:
        return import_module(f"simulator.testing.{name}")
    except ModuleNotFoundError as problem:
        if problem.name not in {"simulator", "simulator.testing"}:
            raise
        place = getattr(import_module("simulator"), "__path__", ["another module"])[0]
        pytest.fail(
            f"{place} hides the package simulator of azure-backup-simulator; give one of them another name", False
        )


# ------------------------------------------------------------------------------------------------------- what is in it


@pytest.fixture
def backup_clock(backup_world: BackupWorld) -> BackupClock:
    """The time of this test's world."""
    return backup_world.clock


@pytest.fixture
def backup_faults(backup_world: BackupWorld) -> BackupFaults:
    """What fails in this test's world."""
    return backup_world.faults


@pytest.fixture
def backup_credential(backup_world: BackupWorld) -> Iterator[BackupCredential]:
    """A credential for clients of the Azure SDKs."""
    with _ours("access").BackupCredential(backup_world) as credential:
        yield credential


@pytest.fixture
def backup_arm(backup_world: BackupWorld, backup_credential: BackupCredential) -> Iterator[httpx.Client]:
    """An httpx client for Resource Manager: authorised, with relative paths."""
    with _ours("access").arm_client(backup_world, backup_credential) as client:
        yield client


@pytest.fixture
def backup_az(backup_world: BackupWorld) -> BackupAz:
    """The real az, signed in to this test's world."""
    az: BackupAz = _ours("access").BackupAz(backup_world)
    return az


@pytest.fixture
def backup_vault(backup_world: BackupWorld) -> BackupVault:
    """The vault `vault01` in the resource group `demo`."""
    return backup_world.find_vault() or backup_world.create_vault()


@pytest.fixture
def backup_vm(backup_world: BackupWorld) -> BackupVM:
    """The virtual machine `sql01`, which runs Windows and a database."""
    return backup_world.find_vm() or backup_world.create_vm()


@pytest.fixture
def backup_protected_vm(backup_world: BackupWorld, backup_vm: BackupVM, backup_vault: BackupVault) -> ProtectedVM:
    """The virtual machine `sql01`, protected by DefaultPolicy of `vault01`."""
    return backup_world.find_protected_vm() or backup_world.protect(backup_vm, backup_vault)


@pytest.fixture
def backup_guest(backup_vm: BackupVM) -> BackupGuest:
    """What runs inside the virtual machine `sql01`."""
    return backup_vm.guest


@pytest.fixture
def backup_handler(backup_world: BackupWorld, _backup_handlers: Sequence[GivenHandler]) -> BackupHandler:
    """The handler that this test's world publishes."""
    handler: BackupHandler = _ours("handler").BackupHandler(backup_world, _backup_handlers)
    return handler
