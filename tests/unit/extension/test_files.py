"""The files of a handler: which settings to work on, what is remembered, and that nobody ever sees half a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extension.contract.protocol import HandlerEnvironment, ProtocolError, StatusFile, settings_file
from extension.files import NO_SEQUENCE_NUMBER, RETIRED_FILES_MAX, HandlerFolder

TIME = datetime(2026, 3, 1, 2, 3, 4, 567890, tzinfo=UTC)
STATUS = StatusFile("success", 1, TIME, "Contoso.VMSnapshot", "Enable", "done")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package root as an agent lays it out."""
    root = tmp_path / "Packages" / "Plugins" / "Contoso.VMSnapshot" / "1.9.0.0"
    environment = HandlerEnvironment(
        name="Contoso.VMSnapshot",
        log_folder=str(tmp_path / "Logs" / "1.9.0.0"),
        config_folder=str(root / "RuntimeSettings"),
        status_folder=str(root / "Status"),
        events_folder=str(tmp_path / "Logs" / "Events"),
    )
    (root / "RuntimeSettings").mkdir(parents=True)
    (root / "HandlerEnvironment.json").write_text("\ufeff" + environment.render(), encoding="utf-8")
    return root


@pytest.fixture
def folder(package: Path) -> HandlerFolder:
    return HandlerFolder.open(package)


def give_settings(package: Path, number: int, age_seconds: int = 0) -> Path:
    path = package / "RuntimeSettings" / f"{number}.settings"
    path.write_text(settings_file({"taskId": f"t_{number}"}, "TUlJQg==", "AB" * 20), encoding="utf-8")
    os.utime(path, (1_700_000_000 - age_seconds,) * 2)
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --------------------------------------------------------------------------------------------------------- environment


def test_the_environment_may_lie_one_folder_above(package: Path) -> None:
    inner = package / "handler"
    inner.mkdir()
    assert HandlerFolder.open(inner).root == package
    assert HandlerFolder.open(package).environment.name == "Contoso.VMSnapshot"


def test_without_an_environment_there_is_no_handler(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"HandlerEnvironment\.json is missing"):
        HandlerFolder.open(tmp_path)


# --------------------------------------------------------------------------------------------------- sequence numbers


def test_the_agent_says_which_settings_to_work_on(folder: HandlerFolder, package: Path) -> None:
    give_settings(package, 7)
    assert folder.sequence_number({"ConfigSequenceNumber": "3"}) == 3
    assert folder.sequence_number({"ConfigSequenceNumber": " 0 "}) == 0


@pytest.mark.parametrize("told", [{}, {"ConfigSequenceNumber": ""}, {"ConfigSequenceNumber": "-1"}])
def test_else_the_settings_written_last_are_meant(folder: HandlerFolder, package: Path, told: dict[str, str]) -> None:
    give_settings(package, 9, age_seconds=60)
    give_settings(package, 2)
    give_settings(package, 10, age_seconds=120)
    (package / "RuntimeSettings" / "other.settings").write_text("")
    assert folder.sequence_number(told) == 2


def test_without_any_settings_there_is_no_number(folder: HandlerFolder) -> None:
    with pytest.raises(ProtocolError, match="no settings file"):
        folder.sequence_number({})


def test_a_number_once_begun_is_remembered(folder: HandlerFolder, package: Path) -> None:
    assert folder.last_sequence_number() == NO_SEQUENCE_NUMBER
    folder.begin(12)
    assert HandlerFolder.open(package).last_sequence_number() == 12
    assert (package / "mrseq").read_text() == "12"
    (package / "mrseq").write_text("rubbish")
    assert folder.last_sequence_number() == NO_SEQUENCE_NUMBER


def test_other_settings_and_statuses_are_put_aside(folder: HandlerFolder, package: Path) -> None:
    for number in (1, 2, 3):
        give_settings(package, number)
        folder.write_status(number, STATUS)
    folder.retire_others(2)
    folder.retire_others(2)
    assert names(package / "RuntimeSettings") == {"1_settings", "2.settings", "3_settings"}
    assert names(package / "Status") == {"1_status", "2.status", "3_status"}


def test_only_the_newest_of_those_put_aside_are_kept(folder: HandlerFolder, package: Path) -> None:
    for number in range(RETIRED_FILES_MAX + 5):
        give_settings(package, number, age_seconds=number)
    folder.retire_others(0)
    assert names(package / "RuntimeSettings") == {
        "0.settings",
        *(f"{number}_settings" for number in range(1, RETIRED_FILES_MAX + 1)),
    }


# ------------------------------------------------------------------------------------------------------------ settings


def test_settings_are_read(folder: HandlerFolder, package: Path) -> None:
    give_settings(package, 4)
    settings = folder.settings(4)
    assert (settings.public, settings.protected, settings.thumbprint) == ({"taskId": "t_4"}, "TUlJQg==", "AB" * 20)


def test_settings_that_are_not_there_are_named(folder: HandlerFolder) -> None:
    with pytest.raises(ProtocolError, match=r"4\.settings is missing"):
        folder.settings(4)


def test_protected_settings_are_wiped_and_the_file_keeps_its_age_and_mode(folder: HandlerFolder, package: Path) -> None:
    path = give_settings(package, 4, age_seconds=600)
    give_settings(package, 5)
    path.chmod(0o600)
    before = path.stat()
    folder.wipe_protected_settings(4)
    assert (path.stat().st_mtime_ns, path.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
    assert folder.sequence_number({}) == 5
    assert folder.settings(4).protected is None
    assert folder.settings(4).public == {"taskId": "t_4"}
    assert "protectedSettings" not in json.loads(path.read_text())["runtimeSettings"][0]["handlerSettings"]
    assert names(package / "RuntimeSettings") == {"4.settings", "5.settings"}


def test_wiping_twice_or_nothing_does_no_harm(folder: HandlerFolder, package: Path) -> None:
    path = give_settings(package, 4)
    folder.wipe_protected_settings(4)
    identity = path.stat().st_ino
    folder.wipe_protected_settings(4)
    assert path.stat().st_ino == identity
    folder.wipe_protected_settings(5)
    path.write_text("")
    folder.wipe_protected_settings(4)
    assert path.read_text() == ""


# -------------------------------------------------------------------------------------------------------------- status


def test_a_status_is_written_as_a_whole(folder: HandlerFolder, package: Path) -> None:
    assert folder.write_status(4, STATUS)
    path = package / "Status" / "4.status"
    with path.open() as reader:
        first = reader.read(10)
        folder.write_status(4, STATUS._replace(code=76))
        # Whoever reads goes on reading the old file to its end.
        assert StatusFile.parse(first + reader.read()).code == 1
    assert StatusFile.parse(path.read_bytes()).code == 76
    assert names(package / "Status") == {"4.status"}


def test_a_status_that_was_retired_is_not_brought_back(folder: HandlerFolder, package: Path) -> None:
    folder.write_status(4, STATUS)
    assert folder.write_status(4, STATUS, only_over_old=True)
    folder.retire_others(5)
    assert not folder.write_status(4, STATUS, only_over_old=True)
    assert names(package / "Status") == {"4_status"}


# -------------------------------------------------------------------------------------------------------------- memory


def test_the_last_task_is_remembered(folder: HandlerFolder, package: Path) -> None:
    assert folder.last_task_id() is None
    folder.remember_task("5b0fd3a5_1")
    assert HandlerFolder.open(package).last_task_id() == "5b0fd3a5_1"


def test_a_copy_of_a_machine_forgets_the_number_of_its_original(folder: HandlerFolder) -> None:
    folder.begin(12)
    assert not folder.adopt_machine("aaaa")
    assert not folder.adopt_machine("aaaa")
    assert not folder.adopt_machine("")
    assert folder.last_sequence_number() == 12
    assert folder.adopt_machine("bbbb")
    assert folder.last_sequence_number() == NO_SEQUENCE_NUMBER
    assert not folder.adopt_machine("bbbb")


def test_all_memory_can_be_lost(folder: HandlerFolder, package: Path) -> None:
    before = names(package)
    folder.begin(12)
    folder.remember_task("t")
    folder.adopt_machine("aaaa")
    folder.forget()
    folder.forget()
    assert names(package) == before


# -------------------------------------------------------------------------------------------------------------- events


def test_an_event_has_the_shape_that_the_agent_collects(folder: HandlerFolder) -> None:
    path = folder.write_event(
        "GET https://a/b?sig=c2VjcmV0&sp=rw " + "x" * 4000,
        level="Error",
        operation_id="t_1",
        handler_version="1.9.0.0",
        at=TIME,
    )
    assert path is not None
    (event,) = json.loads(path.read_text())
    assert event.pop("Message").startswith("GET https://a/b?sig=REDACTED&sp=rw xxx")
    assert int(event.pop("EventTid")) > 0
    assert event == {
        "Version": "Contoso.VMSnapshot-1.9.0.0",
        "Timestamp": "2026-03-01T02:03:04.567890",
        "TaskName": "Enable",
        "EventLevel": "Error",
        "EventPid": str(os.getpid()),
        "OperationId": "t_1",
    }


def test_an_event_message_is_cut(folder: HandlerFolder) -> None:
    path = folder.write_event("x" * 4000)
    assert path is not None
    assert len(json.loads(path.read_text())[0]["Message"]) == 3000


def test_events_of_one_moment_have_files_of_their_own(folder: HandlerFolder) -> None:
    assert len({folder.write_event("a", at=TIME) for _ in range(3)}) == 3


def test_an_agent_without_events_folder_gets_none(package: Path) -> None:
    folder = HandlerFolder.open(package)
    quiet = HandlerFolder(folder.root, folder.environment._replace(events_folder=None))
    assert quiet.write_event("a") is None


# ------------------------------------------------------------------------------------------------------------ start-up


def test_nothing_costly_is_imported_before_it_is_needed() -> None:
    root = Path(__file__).parents[3]
    script = (
        f"import sys; sys.path.insert(0, {str(root)!r}); before = set(sys.modules)\n"
        "import extension.files, extension.log, extension.unseal, extension.contract.bridge\n"
        "import extension.contract.settings\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    costly = {"asyncio", "cryptography", "dataclasses", "decimal", "email", "hashlib", "http.client", "inspect"}
    costly |= {"logging", "secrets", "shutil", "socket", "ssl", "subprocess", "tempfile", "unittest", "urllib.request"}
    assert "extension.files" in done.stdout.split()
    assert not costly & set(done.stdout.split())
