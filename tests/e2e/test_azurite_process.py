"""Azurite as a child process: it ends with its parent, is missed when it dies, and starts again where it was."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.ports import BLOCK_BYTES, Blob, BlobMade, BlobNotFound, Deletion, StorageUnavailable
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from simulator.state.folder import cache_folder
from simulator.storage import forgotten_deletions
from simulator.storage.azurite import (
    PACKAGE,
    Azurite,
    InstallFailed,
    ManagedAccounts,
    MissingNode,
    StartFailed,
    find_node,
    install,
)
from tests.e2e.running import eventually

NOTE = Blob("notes", "container", "note")
DISK = Blob("notes", "vhds", "disk")
PARENT = """
import sys
from pathlib import Path
from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.ports import Blob
from simulator.storage.azurite import Azurite, ManagedAccounts
from simulator.state.folder import cache_folder

folder = Path(sys.argv[1])
accounts = ManagedAccounts(folder / "accounts.json")
azurite = Azurite(cache_folder(), folder / "data", accounts)
blobs = AzuriteBlobs(azurite.url, accounts)
blobs.add_account("notes")
blobs.put(Blob("notes", "container", "note"), b"written by a process that was killed")
print(azurite.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    try:
        install(cache_folder())
    except (MissingNode, InstallFailed) as lack:
        pytest.skip(str(lack))


class Place:
    """A folder with accounts and data, in which Azurite is started again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accounts = ManagedAccounts(folder / "accounts.json")
        self.died = Event()
        self.exit_codes: list[int] = []
        self.started: list[Azurite] = []

    def start(self, port: int = 0) -> Azurite:
        self.died.clear()
        azurite = Azurite(cache_folder(), self.folder / "data", self.accounts, port, self.on_exit)
        self.started.append(azurite)
        return azurite

    def on_exit(self, code: int) -> None:
        self.exit_codes.append(code)
        self.died.set()

    def blobs(self, azurite: Azurite) -> AzuriteBlobs:
        blobs = AzuriteBlobs(azurite.url, self.accounts)
        blobs.add_account(NOTE.account)
        return blobs


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    for azurite in place.started:
        azurite.close()


def port_of(azurite: Azurite) -> int:
    return int(azurite.url.rpartition(":")[2])


def has_ended(pid: int) -> bool:
    """Gone, or dead and waiting for somebody to take note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def kill(azurite: Azurite) -> None:
    os.kill(azurite.pid, signal.SIGKILL)


def test_what_was_written_is_there_after_a_stop(place: Place) -> None:
    first = place.start()
    place.blobs(first).put(NOTE, b"kept")
    first.close()
    assert not first.alive
    assert place.exit_codes == []
    again = place.start(port_of(first))
    assert again.url == first.url
    assert place.blobs(again).read(NOTE) == b"kept"


def test_closing_twice_is_fine(place: Place) -> None:
    azurite = place.start()
    azurite.close()
    azurite.close()


def test_an_account_added_while_it_rests_is_there_when_it_starts(place: Place) -> None:
    place.accounts.add("early")
    blobs = place.blobs(place.start())
    blobs.put(Blob("early", "container", "b"), b"")
    assert blobs.properties(Blob("early", "container", "b")) is not None


def test_the_development_account_that_everybody_knows_is_not_served(place: Place) -> None:
    azurite = place.start()
    with socket.create_connection(("127.0.0.1", port_of(azurite))) as connection:
        connection.sendall(b"GET /devstoreaccount1?comp=list HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")


def test_a_port_that_is_taken_is_named(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(StartFailed, match="EADDRINUSE"):
        place.start(other.getsockname()[1])


def test_a_killed_azurite_is_missed_at_once(place: Place) -> None:
    azurite = place.start()
    blobs = place.blobs(azurite)
    blobs.put(NOTE, b"")
    kill(azurite)
    assert place.died.wait(30)
    assert place.exit_codes == [-signal.SIGKILL]
    assert not azurite.alive
    start = monotonic()
    for attempt in (blobs.read, blobs.properties, blobs.snapshot, blobs.delete, lambda blob: blobs.put(blob, b"")):
        with pytest.raises(StorageUnavailable):
            attempt(NOTE)
    with pytest.raises(StorageUnavailable):
        place.accounts.add("late")
    assert monotonic() - start < 10


def test_what_a_killed_azurite_had_not_saved_is_missing_and_the_rest_is_there(place: Place) -> None:
    first = place.start()
    place.blobs(first).put(NOTE, b"saved")
    first.close()
    second = place.start()
    lost = Blob(NOTE.account, NOTE.container, "lost")
    place.blobs(second).put(lost, b"acknowledged, but only in its memory")
    kill(second)
    assert place.died.wait(30)
    blobs = place.blobs(place.start(port_of(second)))
    assert blobs.read(NOTE) == b"saved"
    with pytest.raises(BlobNotFound):
        blobs.read(lost)
    blobs.add_account("late")
    blobs.put(Blob("late", "container", "b"), b"")


@pytest.mark.slow
def test_a_disk_that_nobody_wrote_to_is_told_from_others_after_a_kill(place: Place) -> None:
    first = place.start()
    blobs = place.blobs(first)
    disk = Blob(NOTE.account, "vhds", "disk")
    blobs.create(disk, BLOCK_BYTES)
    blobs.write(disk, 0, b"1" * 512)
    before = blobs.snapshot(disk)
    first.close()
    second = place.start()
    place.blobs(second).write(disk, 0, b"2" * 512)  # acknowledged, but only in its memory
    kill(second)
    assert place.died.wait(30)
    blobs = place.blobs(place.start())
    unchanged = blobs.snapshot(disk)
    assert blobs.changed_ranges(disk.at(unchanged), before) == []
    assert blobs.read(disk.at(unchanged)) == blobs.read(disk.at(before))
    blobs.write(disk, 0, b"3" * 512)
    assert blobs.changed_ranges(disk.at(blobs.snapshot(disk)), unchanged) is None


def test_a_recovery_point_that_azurite_lost_is_named(place: Place) -> None:
    first = place.start()
    blobs = place.blobs(first)
    disk = Blob(NOTE.account, "vhds", "disk")
    blobs.create(disk, 4 * BLOCK_BYTES)
    blobs.write(disk, 0, b"1" * BLOCK_BYTES)
    stamp = blobs.snapshot(disk)
    first.close()
    second = place.start()
    point = VaultStore(place.blobs(second), NOTE.account).back_up(disk.at(stamp), 4 * BLOCK_BYTES, "job", None)
    kill(second)
    assert place.died.wait(30)
    vault = VaultStore(place.blobs(place.start()), NOTE.account)
    assert len(vault.check(point)) == 1
    again = vault.back_up(disk.at(stamp), 4 * BLOCK_BYTES, "job", None)
    assert vault.check(again) == []


@pytest.mark.slow
def test_a_recovery_point_whose_bytes_azurite_lost_is_named(place: Place) -> None:
    point = backed_up(place)
    for file in (place.folder / "data" / "__blobstorage__").iterdir():
        file.unlink()
    assert len(VaultStore(place.blobs(place.start()), NOTE.account).check(point)) == 1


@pytest.mark.slow
def test_bytes_are_found_again_of_which_azurite_had_not_saved_where_they_lie(place: Place) -> None:
    """As when it was killed after it saved what blobs there are and before it saved what extents there are."""
    point = backed_up(place)
    file = place.folder / "data" / "__azurite_db_blob_extent__.json"
    database = json.loads(file.read_text())
    for collection in database["collections"]:
        collection["data"] = []
    file.write_text(json.dumps(database))
    blobs = place.blobs(place.start())
    assert VaultStore(blobs, NOTE.account).check(point) == []
    assert blobs.read(DISK, 0, BLOCK_BYTES) == b"1" * BLOCK_BYTES


def test_files_that_no_blob_names_are_collected_at_the_next_start(place: Place) -> None:
    backed_up(place)
    stray = place.folder / "data" / "__blobstorage__" / "00000000-0000-4000-8000-000000000000"
    stray.write_bytes(b"appended, and never named")
    place.start()
    eventually(lambda: not stray.exists(), "Azurite collects")


def backed_up(place: Place) -> VaultPoint:
    """A recovery point of a disk, in an Azurite that has ended in order."""
    azurite = place.start()
    blobs = place.blobs(azurite)
    blobs.create(DISK, 4 * BLOCK_BYTES)
    blobs.write(DISK, 0, b"1" * BLOCK_BYTES)
    snapshot = DISK.at(blobs.snapshot(DISK))
    point = VaultStore(blobs, NOTE.account).back_up(snapshot, 4 * BLOCK_BYTES, "job", None)
    azurite.close()
    return point


IN_STEP = """
const fs = require("fs");
const path = require("path");
const [main, extents] = process.argv.slice(2);
const source = path.join(path.dirname(main), "..");
const Loki = require(require.resolve("lokijs", { paths: [main] }));
require(extents)(source, Loki);
const { default: BlobStore } = require(path.join(source, "blob/persistence/LokiBlobMetadataStore.js"));
const { default: Extents } = require(path.join(source, "common/persistence/LokiExtentMetadataStore.js"));
const { default: Files } = require(path.join(source, "common/persistence/FSExtentStore.js"));
const logger = { info() {}, debug() {}, error() {}, warn() {}, verbose() {} };
const known = (id) => ({ id, locationId: "Default", path: id, size: 1, lastModifiedInMS: 1 });
const has = (file, text) => fs.readFileSync(file, "utf8").includes(text);

(async () => {
  const told = {};
  const blobs = new BlobStore("blobs.json");
  const extentStore = new Extents("extents.json");
  const files = new Files(extentStore, [{ locationId: "Default", locationPath: "files", maxConcurrency: 1 }], logger);
  await blobs.init();
  await files.init();
  const named = blobs.db.addCollection("named");

  await extentStore.updateExtent(known("first"));
  named.insert({ extent: "first" });
  const saved = new Promise((resolve) => blobs.db.saveDatabase(resolve));
  await extentStore.updateExtent(known("while it saves"));
  await saved;
  told.extents_first = has("extents.json", "first") && has("blobs.json", "first");

  fs.writeFileSync("files/old", "1");
  await extentStore.updateExtent(known("old"));
  named.insert({ extent: "instead of old" });
  const adapter = blobs.db.persistenceAdapter;
  adapter.saveDatabase = (name, text, callback) => callback(new Error("no space"));
  told.deleted_unsaved = await files.deleteExtents(new Set(["old"]));
  told.kept_unsaved = fs.existsSync("files/old");
  named.insert({ extent: "later" });
  delete adapter.saveDatabase;
  told.deleted = await files.deleteExtents(new Set(["old"]));
  told.saved_before = has("blobs.json", "instead of old") && !fs.existsSync("files/old");
  console.log(JSON.stringify(told));
  process.exit(0);
})();
"""


def test_blobs_are_saved_after_their_extents_and_before_others_are_deleted(tmp_path: Path) -> None:
    program = tmp_path / "in_step.js"
    program.write_text(IN_STEP, encoding="utf-8")
    arguments = [find_node().program, program, install(cache_folder()), PACKAGE / "extents.js"]
    ended = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(ended.stdout or "{}") == {
        "extents_first": True,
        "deleted_unsaved": 0,
        "kept_unsaved": True,
        "deleted": 1,
        "saved_before": True,
    }, ended.stderr


def killed(place: Place, azurite: Azurite) -> Azurite:
    """Another one in the same folder, started after a kill of this one."""
    kill(azurite)
    assert place.died.wait(30)
    return place.start()


def notes(place: Place) -> str:
    return (place.folder / "data" / "deletions").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_azurite_that_was_killed_tells_what_it_had_deleted_and_what_was_made(place: Place) -> None:
    first = place.start()
    blobs, account = place.blobs(first), NOTE.account
    disk, snapshotted, boxed = (Blob(account, name, "disk") for name in ("vhds", "more", "box"))
    for each in (disk, snapshotted, boxed):
        blobs.create(each, BLOCK_BYTES)
    taken, others = disk.at(blobs.snapshot(disk)), snapshotted.at(blobs.snapshot(snapshotted))
    first.close()
    second = place.start()
    blobs = place.blobs(second)
    blobs.delete(taken)
    blobs.delete(disk)
    blobs.put(disk, b"made anew, and forgotten")
    blobs.delete(snapshotted, snapshots=True)
    blobs.delete_container(account, "box")
    with pytest.raises(BlobNotFound):
        blobs.read(boxed)
    third = killed(place, second)
    blobs = place.blobs(third)
    assert all(blobs.properties(each) is not None for each in (disk, taken, snapshotted, others, boxed))
    forgotten = [
        Deletion(taken),
        Deletion(disk),
        BlobMade(disk),
        Deletion(snapshotted, "include"),
        Deletion(Blob(account, "box", "")),
    ]
    folder = place.folder / "data"
    assert forgotten_deletions.read(folder) == forgotten
    third = killed(place, third)
    assert forgotten_deletions.read(folder) == forgotten, "nobody has said that they were repeated"
    place.blobs(third).delete(disk, snapshots=True)
    forgotten_deletions.forget(folder)
    killed(place, third)
    assert forgotten_deletions.read(folder) == [Deletion(disk, "include")]


def test_deletions_that_azurite_has_saved_are_not_forgotten(place: Place) -> None:
    first = place.start()
    blobs = place.blobs(first)
    other = Blob(NOTE.account, NOTE.container, "other")
    for blob in (NOTE, other):
        blobs.put(blob, b"old")
    blobs.delete(NOTE)
    blobs.put(NOTE, b"made anew")
    assert NOTE.name in notes(place)
    eventually(lambda: not notes(place), "Azurite saves")
    blobs.delete(other)
    second = killed(place, first)
    assert forgotten_deletions.read(place.folder / "data") == [Deletion(other)]
    assert place.blobs(second).read(NOTE) == b"made anew"
    second.close()
    place.start()
    assert notes(place) == ""


@pytest.mark.slow
def test_a_note_that_outlived_its_save_is_not_taken_for_a_forgotten_one(place: Place) -> None:
    """As when it was killed between its save and the end of its notes."""
    first = place.start()
    blobs = place.blobs(first)
    blobs.put(NOTE, b"old")
    blobs.delete(NOTE)
    blobs.put(NOTE, b"made anew")
    kept = notes(place)
    first.close()
    (place.folder / "data" / "deletions").write_text(f'{kept}{{"position": 9, "act": "dele', encoding="utf-8")
    place.blobs(place.start())
    assert kept.count("\n") == 3
    assert forgotten_deletions.read(place.folder / "data") == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the process in /proc")
def test_killing_the_parent_leaves_no_azurite_and_nothing_unsaved(place: Place) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(place.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdin
    assert parent.stdout
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    with suppress(OSError):
        parent.stdin.close()
    parent.stdout.close()
    # Starting in the same folder waits until the orphan has let go of it.
    azurite = Place(place.folder).start()
    place.started.append(azurite)
    assert has_ended(pid)
    blobs = AzuriteBlobs(azurite.url, ManagedAccounts(place.folder / "accounts.json"))
    assert blobs.read(NOTE) == b"written by a process that was killed"
