"""Each file of a state folder gone, empty, cut, overwritten, a folder, unreadable: what a start then says and does.

A start either goes on as if nothing had been, for what is made anew from the rest; goes on and says what is new; or is
refused in one sentence with its exit code. Nothing is begun anew in silence, and a refused start changes nothing: with
the file put back, the world is what it was.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from simulator.client import Client
from simulator.failures import Failure, explain
from simulator.scenario import Scenario
from simulator.world import Config, build

USAGE, LACKS = 2, 3
STARTS = "starts"
COPY = "restore it from a copy, or name another folder"
GONE = "gone, and what belongs to it is here; restore it from a copy, or name another folder"
SECRETS = "restore it from a copy, or remove it: the world then makes new secrets, and clients sign in again"
KEYS = "restore it from a copy, or remove it: every storage account then gets a new key"
AUTHORITY = "restore it from a copy, or remove its folder: the world then makes a new authority"
CHANGED = "was changed since the last run ended; restore it from a copy, or remove "
AWAY = "move it away, or restore it from a copy"

Told = tuple[int | str, str]
"""The exit code, or that it starts, and a part of what is said."""


def everything(told: Told, **others: Told) -> Mapping[str, Told]:
    return dict.fromkeys(DAMAGES, told) | others


def remove(file: Path) -> None:
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)


def make_empty(file: Path) -> None:
    remove(file)
    file.touch()


def cut(file: Path) -> None:
    content = file.read_bytes() if file.is_file() else b"{}"
    remove(file)
    file.write_bytes(content[: len(content) // 2])


def overwrite(file: Path) -> None:
    size = file.stat().st_size if file.is_file() else 0
    remove(file)
    file.write_bytes(Random(1).randbytes(size or 40))


def make_a_folder(file: Path) -> None:
    remove(file)
    file.mkdir()


def make_unreadable(file: Path) -> None:
    """By a link to itself, which not even a privileged user can open."""
    remove(file)
    file.symlink_to(file.name)


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "gone": remove,
    "empty": make_empty,
    "cut": cut,
    "garbage": overwrite,
    "folder": make_a_folder,
    "unreadable": make_unreadable,
}
MADE_ANEW = {"folder": (LACKS, AWAY), "unreadable": (LACKS, AWAY)}
"""Of files that a start writes in any case."""
TABLE: Mapping[str, Mapping[str, Told]] = {
    "world.json": everything((USAGE, COPY), gone=(USAGE, GONE), folder=(USAGE, GONE), unreadable=(USAGE, GONE)),
    "secrets.json": everything((USAGE, SECRETS), gone=(STARTS, "the world has new secrets")),
    "accounts.json": everything((USAGE, KEYS), gone=(STARTS, "these storage accounts have new keys")),
    "store.db": everything((USAGE, CHANGED), gone=(USAGE, GONE), empty=(USAGE, COPY), **MADE_ANEW),
    "store.mark": everything((STARTS, ""), folder=(LACKS, AWAY)),
    "ca/ca.pem": everything((USAGE, AUTHORITY), gone=(STARTS, "clients have to trust the new ca.pem")),
    "ca/ca.key": everything((USAGE, AUTHORITY)),
    "ca/server.pem": everything((STARTS, ""), **MADE_ANEW),
    "azurite/__azurite_db_blob__.json": everything((USAGE, COPY), gone=(USAGE, GONE), unreadable=(USAGE, GONE)),
    "azurite/__azurite_db_blob_extent__.json": everything((USAGE, COPY), gone=(USAGE, GONE), unreadable=(USAGE, GONE)),
    "azurite/deletions": everything((STARTS, ""), **MADE_ANEW),
    "azurite/forgotten": everything((STARTS, ""), **MADE_ANEW),
    "azurite/unexamined": everything((STARTS, ""), folder=(LACKS, AWAY)),
    "azurite/in-use": everything((STARTS, ""), **MADE_ANEW),
    "lock": everything((STARTS, ""), **MADE_ANEW),
    "store.db.lock": everything((STARTS, ""), **MADE_ANEW),
    "endpoints.json": everything((STARTS, ""), folder=(LACKS, AWAY)),
    "running": everything((STARTS, ""), folder=(LACKS, AWAY)),
    "logs/backupsim.jsonl": everything((STARTS, ""), **MADE_ANEW),
}
"""What lies in `guests` belongs to one machine each, and stops no world."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world with an account and a vault that ended in order."""
    folder = tmp_path_factory.mktemp("whole") / "world"
    with build(Config(state=folder)) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        scenario.create_account("restored01")
        scenario.create_vault()
    return folder


def copied(whole: Path, to: Path) -> Path:
    subprocess.run(["cp", "-a", str(whole), str(to)], check=True)
    return to


def start(folder: Path) -> Told:
    """What a start of the world says, and with which exit code it ends if it does not start."""
    try:
        with build(Config(state=folder, boot=False)) as world, Client(world.endpoints) as client:
            accounts = client.list(f"{Scenario(client).group_id}/providers/Microsoft.Storage/storageAccounts")
            assert [each["name"] for each in accounts] == ["restored01"], "nothing was begun anew"
            return STARTS, "; ".join(world.renewed)
    except (Failure, OSError) as problem:
        explained = explain(problem)
        assert explained is not None
        assert "\n" not in explained.sentence
        return explained.exit_code, explained.sentence


@pytest.mark.slow
@pytest.mark.parametrize(("file", "damage"), [(file, damage) for file, row in TABLE.items() for damage in row])
def test_a_start_over_a_damaged_file(whole: Path, tmp_path: Path, file: str, damage: str) -> None:
    folder = copied(whole, tmp_path / "world")
    DAMAGES[damage](folder / file)
    wanted, part = TABLE[file][damage]
    ended, said = start(folder)
    assert ended == wanted, said
    assert part in said
    if ended == STARTS:
        return
    assert file in said, "the sentence names the file"
    remove(folder / file)
    if (whole / file).exists():
        shutil.copy2(whole / file, folder / file)
    assert start(folder) == (STARTS, ""), "with the file put back the world is what it was"


def test_the_table_has_every_file_of_a_world(whole: Path) -> None:
    """Those of the machines and blobs apart, and those without content."""
    ours = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.is_file() and path.stat().st_size}
    elsewhere = {path for path in ours if path.startswith(("guests/", "azurite/__blobstorage__/", "az/"))}
    assert ours - elsewhere - {"ca/.lock", ".gitignore"} <= set(TABLE)


# ------------------------------------------------------------------------------------- the store after an unclean end


def flip_page(file: Path, page: int, page_bytes: int = 4096) -> None:
    """Overwrite the head of a page, where the kind of its tree and its cells stand."""
    with file.open("r+b") as store:
        store.seek(page * page_bytes)
        store.write(bytes(64))


def test_a_flipped_page_is_found_after_an_unclean_end(whole: Path, tmp_path: Path) -> None:
    """Then nobody knows the digest of the file, and its structure is checked."""
    folder = copied(whole, tmp_path / "world")
    (folder / "store.mark").unlink()
    flip_page(folder / "store.db", 3)
    assert start(folder) == (USAGE, f"{folder / 'store.db'} is damaged; {COPY}")


def test_a_cut_store_is_found_after_an_unclean_end(whole: Path, tmp_path: Path) -> None:
    folder = copied(whole, tmp_path / "world")
    (folder / "store.mark").unlink()
    cut(folder / "store.db")
    assert start(folder) == (USAGE, f"{folder / 'store.db'} is damaged; {COPY}")


def test_a_store_is_put_back_from_an_older_copy(whole: Path, tmp_path: Path) -> None:
    """It is known by the digest of the end that it was copied after, and the world says that it is older."""
    folder = copied(whole, tmp_path / "world")
    older = shutil.copy2(folder / "store.db", tmp_path / "store.db")
    assert start(folder) == (STARTS, "")
    flip_page(folder / "store.db", 3)
    assert start(folder)[0] == USAGE
    shutil.copy2(older, folder / "store.db")
    told = "store.db is older than the last run: what happened after it was copied is not in it"
    assert start(folder) == (STARTS, told)
    assert start(folder) == (STARTS, ""), "said once"


def test_new_keys_and_secrets_work(whole: Path, tmp_path: Path) -> None:
    folder = copied(whole, tmp_path / "world")
    (folder / "accounts.json").unlink()
    (folder / "secrets.json").unlink()
    shutil.rmtree(folder / "ca")
    with build(Config(state=folder)) as world, Client(world.endpoints) as client:
        assert len(world.renewed) == 3
        keys = client.post(f"{Scenario(client).account_id('restored01')}/listKeys", {})
        assert keys.json()["keys"][0]["value"] == world.blobs.account_key("restored01")
