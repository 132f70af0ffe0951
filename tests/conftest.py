"""Lanes of the test suite: the default one, `--all` as CI runs it, `--long` for hours; and what they demand."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.postgresql import PostgreSQL

LANES = {
    "slow": ("--all", "takes too long for every run"),
    "long": ("--long", "takes hours"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lanes")
    group.addoption("--all", action="store_true", help="everything that CI runs; a skipped test is a failed one there")
    group.addoption("--long", action="store_true", help="the runs that take hours, too")
    group.addoption("--witnessed-days", type=int, default=365, help="of the witnessed year; fewer write no result")
    group.addoption("--az", type=Path, metavar="PATH", help="the az program for the tests that drive it")
    group.addoption("--terraform", type=Path, metavar="PATH", help="the terraform program for the tests that drive it")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A server, for whoever needs a database of its own in it."""
    from tests.postgresql import PostgreSQL, programs

    found = programs()
    if found is None or find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL; install Debian's package postgresql, and psycopg[binary] beside pytest")
    server = PostgreSQL(found)
    yield server
    server.close()


def pytest_configure(config: pytest.Config) -> None:
    # How long an example takes says more about the machine than about the code. What CI draws is the same every time,
    # so that a red run means the change; what a developer's run draws is not, and finds the rest.
    settings.register_profile("lane", deadline=None, derandomize=config.getoption("all"))
    settings.load_profile("lane")
    for mark, (option, why) in LANES.items():
        config.addinivalue_line("markers", f"{mark}: {why}; run with {option}")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Python looks for garbage again and again while thousands of tests are made, and in every test through all that
    was made for all of them: nothing of it is garbage, and the looks take a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to a lane that was not asked for, unless it was named one by one or by mark."""
    if config.option.markexpr:
        return
    closed = {mark for mark, (option, _) in LANES.items() if not config.getoption(option.lstrip("-"))}
    known: dict[pytest.Collector, frozenset[str]] = {}
    left_out = {item for item in items if closed & _marks(item, known)}
    if left_out and not any("::" in argument for argument in config.args):
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("all"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be under --all: {_why(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and collector.config.getoption("all"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be under --all: {_why(report)}"
    return report


def _marks(node: pytest.Item | pytest.Collector, known: dict[pytest.Collector, frozenset[str]]) -> frozenset[str]:
    """The names of a node's marks and of those above it. `known` are those of collectors: they have many tests."""
    own = frozenset(mark.name for mark in node.own_markers)
    above = node.parent
    if not isinstance(above, pytest.Collector):
        return own
    if above not in known:
        known[above] = _marks(above, known)
    return own | known[above]


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
