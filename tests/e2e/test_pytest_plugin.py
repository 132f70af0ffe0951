"""The pytest plugin, as a project of somebody's uses it."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.client import Client
from simulator.saved_worlds.library import Library
from simulator.world import Config, build
from tests.e2e.conftest import ROOT
from tests.e2e.plugin_run import run_pytest
from tests.e2e.running import up

XDIST = ("-p", "simulator.pytest_plugin", "-p", "xdist")


def test_nothing_of_ours_is_loaded_until_a_test_needs_it(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        """
import sys

def test_other():
    ours = {name for name in sys.modules if name.partition(".")[0] in {"simulator", "controlplane", "extension"}}
    assert ours == {"simulator", "simulator.pytest_plugin"}
"""
    )
    done = run_pytest(tmp_path)
    assert done.counts == {"passed": 1}, done.said


ISOLATION = """
import pytest

GROUP = "/subscriptions/{}/resourceGroups/mine"
NUMBERS = range(3)

@pytest.mark.parametrize("number", NUMBERS)
def test_each_has_a_world_of_its_own(backup_world, backup_arm, number):
    path = GROUP.format(backup_world.subscription_id)
    assert backup_arm.get(path).status_code == 404
    assert backup_arm.put(path, json={"location": "westus"}).status_code == 201

SEEN = []

@pytest.mark.parametrize("number", NUMBERS)
def test_the_session_has_one(backup_session_world, number):
    SEEN.append(backup_session_world.arm)
    assert len(set(SEEN)) == 1

@pytest.mark.backup_world(clock="virtual", start="2026-03-01T08:00:00Z", location="westeurope")
def test_the_mark_describes_it(backup_world, backup_clock, backup_session_world):
    assert backup_world.location == "westeurope"
    assert backup_clock.now().isoformat() == "2026-03-01T08:00:00+00:00"
    backup_clock.advance("1d")
    assert backup_clock.now().isoformat() == "2026-03-02T08:00:00+00:00"
    assert backup_session_world.clock.now() != backup_clock.now()
    assert backup_session_world.arm != backup_world.arm

pytestmark = pytest.mark.backup_world(location="northeurope")

def test_the_mark_of_the_module_counts(backup_world):
    assert backup_world.location == "northeurope"
"""


@pytest.mark.slow
def test_worlds_on_two_workers(tmp_path: Path) -> None:
    (tmp_path / "test_isolation.py").write_text(ISOLATION)
    done = run_pytest(tmp_path, "-n", "2", plugins=XDIST)
    assert (done.code, done.counts) == (0, {"passed": 8}), done.said


MISTAKES = """
import pytest

@pytest.mark.backup_world(locations="westus")
def test_keyword(backup_world): pass

@pytest.mark.backup_world(clock="sundial")
def test_value(backup_world): pass

@pytest.mark.backup_world(vss="yes")
def test_kind(backup_world): pass

@pytest.mark.backup_world("westus")
def test_position(backup_world): pass

@pytest.mark.backup_world(location="westus")
def test_no_world(): pass

@pytest.mark.fault("arm-throttled")
def test_no_world_for_a_fault(): pass

@pytest.mark.fault("arm-throtled")
def test_fault(backup_world): pass
"""
SENTENCES = (
    "the mark backup_world takes no locations; did you mean location?",
    "sundial is no mode of a clock; it is real, scaled or virtual",
    "vss='yes' is not possible; it is True or False",
    "the mark backup_world takes keywords alone",
    "the mark backup_world has no effect here",
    "the mark fault has no effect here",
    "did you mean arm-throttled?",
)


@pytest.mark.slow
def test_each_mistake_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "test_mistakes.py").write_text(MISTAKES)
    done = run_pytest(tmp_path)
    assert done.code == 1
    assert done.counts.get("passed", 0) == 0, done.said
    assert [sentence for sentence in SENTENCES if sentence not in done.said] == []
    assert "Traceback" not in done.said


FAILING = """
from simulator.testing import assert_job

def test_that_fails(backup_protected_vm, backup_faults):
    backup_faults.set("guest-out-of-memory", vm="sql01")
    assert_job(backup_protected_vm.back_up()).completed()
"""


def test_a_failed_test_tells_the_causes_and_keeps_its_world(tmp_path: Path) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING)
    done = run_pytest(tmp_path, "--backupsim-keep-failed", "kept", "--backupsim-seed", "5")
    assert done.counts == {"failed": 1}, done.said
    assert "was expected to be Completed: it is Failed; ExtensionFailedOutOfMemoryError" in done.said
    assert "!" in done.said
    assert "fault.hit" in done.said
    assert "to see the same: --backupsim-seed 5" in done.said
    (kept,) = (tmp_path / "kept").iterdir()
    recording = json.loads((kept / "recording.json").read_text())
    assert recording["test"] == "test_failing.py::test_that_fails"
    assert "fault.hit" in {event["name"] for event in recording["events"]}
    secrets = json.loads((kept / "world/secrets.json").read_text()).values()
    assert not [secret for secret in secrets if secret in (kept / "recording.json").read_text() + done.said]
    with up(kept / "world") as world:
        assert world.client.list(f"{world.client.subscription}/resourceGroups")


@pytest.mark.slow
def test_it_can_be_switched_off(tmp_path: Path) -> None:
    """As an installed one by `-p no:backupsim`: here by leaving it out."""
    (tmp_path / "test_world.py").write_text("def test_world(backup_world): pass\n")
    done = run_pytest(tmp_path, plugins=())
    assert "fixture 'backup_world' not found" in done.said


@pytest.mark.slow
def test_a_package_that_hides_ours_is_named(tmp_path: Path) -> None:
    """The plugin is loaded as a wheel has it, under a name that nobody else has."""
    plugin = Path(sys.modules["simulator"].__path__[0]) / "pytest_plugin.py"
    (tmp_path / "backupsim_pytest.py").write_bytes(plugin.read_bytes())
    (tmp_path / "simulator").mkdir()
    (tmp_path / "simulator/__init__.py").touch()
    (tmp_path / "test_world.py").write_text("def test_world(backup_world): pass\n")
    done = run_pytest(tmp_path, plugins=("-p", "backupsim_pytest"), PYTHONPATH=str(tmp_path))
    assert f"{tmp_path / 'simulator'} hides the package simulator of azure-backup-simulator" in done.said


@pytest.mark.slow
def test_order_and_number_of_workers_change_no_seed(tmp_path: Path) -> None:
    (tmp_path / "test_seed.py").write_text(
        """
import pytest
@pytest.mark.parametrize("number", range(2))
def test_seed(backup_world, number):
    print("seed of", number, backup_world.seed)
"""
    )
    alone = run_pytest(tmp_path, "-s", "-k", "1")
    both = run_pytest(tmp_path, "-s")
    (line,) = [line for line in alone.said.splitlines() if "seed of 1" in line]
    assert line.strip(".") in both.said


FORKS = """
from pathlib import Path
import pytest

@pytest.fixture(scope="session")
def prepared(backup_new_world):
    with backup_new_world(start="2026-03-02T08:00:00Z", location="westeurope") as world:
        world.client.put(world.client.group("kept"), {"location": "westus"})
        return world.save()

GROUPS = "/subscriptions/{}/resourceGroups"

def names(world):
    return {each["name"] for each in world.client.list(GROUPS.format(world.subscription_id))}

@pytest.mark.parametrize("number", range(2))
@pytest.mark.backup_world(fork_of="prepared")
def test_each_fork_has_what_was_saved_and_no_more(backup_world, backup_clock, number):
    assert names(backup_world) == {"kept"}
    assert (backup_world.location, backup_clock.now().isoformat()) == ("westeurope", "2026-03-02T08:00:00+00:00")
    backup_clock.advance("1d")
    backup_world.client.put(backup_world.client.group("mine"), {"location": "westus"})
    with backup_world.fork(start="2026-04-01T00:00:00Z") as other:
        assert (names(other), other.seed) == ({"kept", "mine"}, backup_world.seed)
        assert other.clock.now().isoformat() == "2026-04-01T00:00:00+00:00"
    assert backup_clock.now().isoformat() == "2026-03-03T08:00:00+00:00"
    told = [each["data"] for each in backup_world.events() if each["name"] == "world.saved"]
    assert [each["saved_as"] for each in told] == [""] and told[0]["size_bytes"] > 0

@pytest.mark.backup_world(fork_of=Path("kept.zip"))
def test_an_exported_one(backup_world):
    assert names(backup_world) == {"kept"}

@pytest.mark.backup_world(fork_of="named")
def test_a_saved_one(backup_world):
    assert names(backup_world) == {"kept"}

@pytest.mark.backup_world(fork_of="unknown")
def test_none_of_this_name(backup_world): pass

@pytest.mark.backup_world(fork_of="pytestconfig")
def test_no_world(backup_world): pass

def test_a_shared_azurite(backup_world):
    backup_world.fork()
"""
REFUSED_FORKS = (
    "no world is saved as unknown; backupsim world list shows those that are",
    "fork_of='pytestconfig' is no world; name a fixture that returns one, a saved world, or a file",
    "this world shares its Azurite with others, so it cannot be saved; open it with backup_world(own_azurite=True)",
)


@pytest.mark.slow
def test_worlds_are_forked(tmp_path: Path) -> None:
    library = Library(tmp_path / "worlds", lambda: datetime.now(UTC))
    with build(Config(state=tmp_path / "world")) as world, Client(world.endpoints) as client:
        client.put(client.group("kept"), {"location": "westus"})
        library.save("named", world.save)
    library.export("named", tmp_path / "kept.zip")
    (tmp_path / "test_forks.py").write_text(FORKS)
    done = run_pytest(tmp_path, BACKUPSIM_WORLDS=str(library.folder))
    assert done.counts == {"passed": 4, "failed": 1, "errors": 2}, done.said
    assert [sentence for sentence in REFUSED_FORKS if sentence not in done.said] == []


HANDLERS = """
import pytest
from simulator.testing import assert_job

@pytest.mark.backup_world(windows_extension="Contoso.Backup.PythonSnapshot:1.0")
def test_the_given_one_is_used(backup_protected_vm, backup_handler):
    assert (backup_handler.name, backup_handler.version) == ("Contoso.Backup.PythonSnapshot", "1.0.0.0")
    assert_job(backup_protected_vm.back_up()).completed().app_consistent()
    events = backup_protected_vm.world.events()
    started = [event["data"] for event in events if event["name"] == "handler.command_started"]
    assert {each["handler"] for each in started} == {"Contoso.Backup.PythonSnapshot"}

def test_no_machine_would_get_it(backup_world): pass
"""


@pytest.mark.slow
def test_a_handler_of_somebody_else_is_published_and_ordered(tmp_path: Path) -> None:
    (tmp_path / "test_handlers.py").write_text(HANDLERS)
    shutil.copytree(ROOT / "examples/handlers/python", tmp_path / "handler")
    done = run_pytest(tmp_path, "--backupsim-handler", "handler")
    assert done.counts == {"passed": 1, "error": 1}, done.said
    assert "no machine would get Contoso.Backup.PythonSnapshot; order it with --backupsim-windows-ext" in done.said
