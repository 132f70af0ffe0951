"""Five worlds whose own files were damaged: what each command says, and that the remedy helps."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.damaged_states import furnish, replace_folder
from tests.e2e.running import Up, eventually, good_backup, is_ready, scenario_of, up

PAGE = ROOT / "docs" / "damaged-files.md"
PAGE_BYTES = 4096


def flip_page(store: Path) -> None:
    with store.open("r+b") as file:
        file.seek(3 * PAGE_BYTES)
        file.write(bytes(64))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def make_empty(file: Path) -> None:
    file.write_bytes(b"")


@dataclass(frozen=True)
class State:
    name: str
    file: str
    damage: Callable[[Path], None]
    is_made_anew: bool = False
    """The remedy that was tried: to remove the file, in place of putting back a copy."""


STATES = (
    State("a page of the store is flipped", "store.db", flip_page),
    State("the store is cut", "store.db", cut),
    State("the store is gone", "store.db", Path.unlink),
    State("the secrets are cut", "secrets.json", cut, is_made_anew=True),
    State("the accounts are empty", "accounts.json", make_empty, is_made_anew=True),
)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A stopped world with two recovery points, and the older one's name."""
    folder = tmp_path_factory.mktemp("damage") / "world"
    furnish(folder)
    with up(folder) as world:
        scenario = scenario_of(world.client)
        return folder, scenario.recovery_points(scenario.item_id())[0].id.rpartition("/")[2]


def said(folder: Path, *words: str) -> str:
    """The sentence and the exit code of a command that is refused."""
    done = backupsim(*words, "--state", str(folder))
    assert "Traceback" not in done.stderr
    (sentence,) = done.stderr.strip().splitlines()[-1:]
    return f"{sentence.removeprefix('backupsim: ').replace(f'{folder}/', '')} (exit code {done.returncode})"


def remedied(state: State, furnished: Path, folder: Path) -> Up:
    file = folder / state.file
    if state.is_made_anew:
        file.unlink()
    else:
        shutil.copy2(furnished / state.file, file)
    return Up(folder)


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_damage_is_refused_as_the_page_says_and_the_remedy_helps(
    state: State, furnished: tuple[Path, str], tmp_path: Path
) -> None:
    whole, point = furnished
    folder = tmp_path / "world"
    replace_folder(whole, folder)
    state.damage(folder / state.file)
    told = {said(folder, *words) for words in (("up", "--port", "0"), ("verify", point), ("vault", "check"))}
    (sentence,) = told
    world = remedied(state, whole, folder)
    try:
        scenario = scenario_of(world.client)
        eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
        points = scenario.recovery_points(scenario.item_id())
        assert len(points) == 2
        restored = scenario.restore_disks(points[0])
        assert scenario.verify(points[0], restored).verified
        good_backup(scenario)
        check = backupsim("vault", "check", "--read-data", "--json", "--state", str(folder))
        assert json.loads(check.stdout)["healthy"]
    finally:
        world.close()
    notes = [line.partition(" ")[2].strip() for line in world.stderr().splitlines() if line.startswith("note ")]
    remedy = "the file removed" if state.is_made_anew else "a copy put back"
    row = (state.name, sentence, f"{remedy}: {'; '.join(notes) or 'nothing'}", "Completed and verified")
    row_text = f"| {' | '.join(row)} |"
    assert any(fits(row_text, line) for line in PAGE.read_text(encoding="utf-8").splitlines()), row_text


def fits(row: str, line: str) -> bool:
    """The marks of storage accounts differ from world to world."""
    before, found, after = line.partition("ACCOUNTS")
    return row == line or (bool(found) and row.startswith(before) and row.endswith(after))
