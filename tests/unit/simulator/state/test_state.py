"""The state folder: private, one holder, honest about a killed one; endpoints and secrets."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.failures import WrongUse
from simulator.state.folder import (
    Endpoints,
    StateFolder,
    StateInUse,
    cache_folder,
    running_endpoints,
    user_state_folder,
    write_private,
)

ROOT = Path(__file__).parents[4]
HOLD = """
import json, os, sys
from pathlib import Path
from simulator.state.folder import Endpoints, StateFolder, write_private
folder = StateFolder.open(Path(sys.argv[1]), seed=7)
endpoints = Endpoints(pid=os.getpid(), state=sys.argv[1], arm_http="http://127.0.0.1:7080")
write_private(folder.endpoints_file, json.dumps(endpoints.to_json()))
print("held", flush=True)
sys.stdin.read()
folder.close()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private_and_keeps_what_it_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "worlds" / "mine"
    with StateFolder.open(path, seed=3, config={"vss": False}) as folder:
        assert (folder.seed, folder.config, folder.was_killed) == (3, {"vss": False}, False)
        assert mode(path) == 0o700
        assert {mode(path / name) for name in ("world.json", "running")} == {0o600}
        assert json.loads((path / "world.json").read_text())["format_version"] == 1
        inside = {folder.store_file, folder.azurite, folder.guests, folder.handlers, folder.logs, folder.az, folder.ca}
        assert {place.parent for place in inside} == {path}
        assert {mode(place) for place in inside if place.exists()} == {0o700}
    with StateFolder.open(path, create=False, seed=99) as folder:
        assert (folder.seed, folder.config, folder.was_killed) == (3, {"vss": False}, False)


def test_a_folder_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with StateFolder.open(tmp_path):
        assert mode(tmp_path) == 0o700


def test_a_folder_runs_one_world_and_names_who_does(tmp_path: Path) -> None:
    with another_process(tmp_path / "w") as holder, pytest.raises(StateInUse, match=f"process {holder.pid};"):
        StateFolder.open(tmp_path / "w")
    with StateFolder.open(tmp_path / "v"), pytest.raises(StateInUse, match=f"process {os.getpid()};"):
        StateFolder.open(tmp_path / "v")


def test_a_running_world_is_found_and_an_ended_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "w"
    assert running_endpoints(path) is None
    with another_process(path) as holder:
        found = running_endpoints(path)
        assert found
        assert (found.pid, found.arm_http) == (holder.pid, "http://127.0.0.1:7080")
        assert mode(path / "endpoints.json") == 0o600
        holder.communicate()
    assert not (path / "endpoints.json").exists()
    with StateFolder.open(path) as folder:
        assert (folder.seed, folder.was_killed) == (7, False)


def test_the_next_start_knows_that_the_former_one_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "w"
    with another_process(path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert (path / "endpoints.json").exists()
        assert running_endpoints(path) is None, "what a killed world left is no address"
    with StateFolder.open(path) as folder:
        assert folder.was_killed
        assert not (path / "endpoints.json").exists()
    with StateFolder.open(path) as folder:
        assert not folder.was_killed


def test_closing_twice_takes_nothing_from_the_next_holder(tmp_path: Path) -> None:
    first = StateFolder.open(tmp_path)
    first.close()
    with StateFolder.open(tmp_path):
        first.close()
        assert (tmp_path / "running").exists()
        with pytest.raises(StateInUse):
            StateFolder.open(tmp_path)


def test_what_is_no_world_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is not the state folder of a world"):
        StateFolder.open(tmp_path / "absent", create=False)
    assert not (tmp_path / "absent").exists()
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "diary.txt").write_text("dear diary")
    with pytest.raises(WrongUse, match=r"holds diary\.txt"):
        StateFolder.open(home)
    assert (mode(home), [entry.name for entry in home.iterdir()]) == (0o755, ["diary.txt"])
    with pytest.raises(WrongUse, match="is not a folder"):
        StateFolder.open(home / "diary.txt")


@pytest.mark.parametrize("text", ["", "{bad", "[]", "{}", '{"format_version": 1}', "\udcff"])
def test_a_damaged_world_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "world.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(WrongUse, match=r"world\.json is damaged"):
        StateFolder.open(tmp_path)
    (tmp_path / "world.json").unlink()
    StateFolder.open(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WrongUse, match=r"file/world cannot be used \(Not a directory\)"):
        StateFolder.open(tmp_path / "file" / "world")


def test_a_start_that_was_killed_early_leaves_a_folder_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / ".world.json.new").write_text('{"form')
    with StateFolder.open(tmp_path, seed=5) as folder:
        assert folder.seed == 5


def test_another_format_is_refused_and_the_folder_stays_free(tmp_path: Path) -> None:
    StateFolder.open(tmp_path).close()
    world = json.loads((tmp_path / "world.json").read_text())
    (tmp_path / "world.json").write_text(json.dumps(world | {"format_version": 2}))
    with pytest.raises(WrongUse, match="has format 2, but this release supports format 1"):
        StateFolder.open(tmp_path)
    (tmp_path / "world.json").write_text(json.dumps(world))
    StateFolder.open(tmp_path).close()


def test_a_secret_is_made_once_per_folder_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made = iter(("first", "second"))
    with StateFolder.open(tmp_path / "a") as folder:
        assert folder.secret("client", lambda: next(made)) == "first"
    with StateFolder.open(tmp_path / "a") as folder:
        assert folder.secret("client", lambda: next(made)) == "first"
        assert folder.secret("other", lambda: next(made)) == "second"
        assert mode(folder.path / "secrets.json") == 0o600


def test_a_private_file_is_replaced_whole_whatever_lay_there(tmp_path: Path) -> None:
    target = tmp_path / "endpoints.json"
    target.write_text("old")
    target.chmod(0o644)
    (tmp_path / ".endpoints.json.new").write_text("half")
    (tmp_path / ".endpoints.json.new").chmod(0o666)
    write_private(target, "new")
    assert (target.read_text(), mode(target)) == ("new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["endpoints.json"]


@given(
    present=some.dictionaries(some.sampled_from(["arm", "blob", "sim_token", "client_secret", "location"]), some.text())
)
def test_endpoints_have_the_keys_of_what_is_there(present: dict[str, str]) -> None:
    endpoints = Endpoints(pid=1, state="/w", **present)  # type: ignore[arg-type]
    document = endpoints.to_json()
    assert document == {"schema_version": 1, "pid": 1, "state": "/w", **present}
    assert Endpoints.from_json(document | {"of_a_later_release": True}) == endpoints


def test_endpoints_show_no_secret_when_printed() -> None:
    accounts = {"disks": {"blob_endpoint": "http://127.0.0.1:10000/disks", "key": "c2VjcmV0"}}
    endpoints = Endpoints(pid=1, state="/w", client_secret="tell", sim_token="nobody", storage_accounts=accounts)
    assert not [secret for secret in ("tell", "nobody", "c2VjcmV0") if secret in repr(endpoints)]


def test_folders_are_named_by_the_environment_else_the_users_own() -> None:
    named = {"BACKUPSIM_STATE": "/somewhere/state", "BACKUPSIM_CACHE": "/somewhere/cache"}
    assert (user_state_folder(named), cache_folder(named)) == (Path("/somewhere/state"), Path("/somewhere/cache"))
    assert (user_state_folder({}).parts[-2:], cache_folder({}).name) == (("backupsim", "default"), "backupsim")
