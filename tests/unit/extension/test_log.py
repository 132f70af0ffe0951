"""The handler's log: in a file at once, in memory while volumes are frozen, and never with a secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from extension.log import FILE_BYTES_MAX, LOG_FILE, Log

TIME = datetime(2026, 3, 1, 2, 3, 4, 567890, tzinfo=UTC)


def test_lines_go_to_the_file_at_once(tmp_path: Path) -> None:
    log = Log(tmp_path / "Logs" / "1.9.0.0", lambda: TIME)
    log.info("one")
    log.warning("two")
    log.error("三")
    text = (tmp_path / "Logs" / "1.9.0.0" / LOG_FILE).read_text(encoding="utf-8")
    assert text == (
        "2026-03-01 02:03:04.567890  Info  one \n"
        "2026-03-01 02:03:04.567890  Warning  two \n"
        "2026-03-01 02:03:04.567890  Error  三 \n"
    )
    assert "".join(log.lines) == text


def test_lines_wait_in_memory_while_the_log_is_held(tmp_path: Path) -> None:
    log = Log(tmp_path, lambda: TIME)
    log.info("before")
    written = (tmp_path / LOG_FILE).read_text()
    log.hold()
    log.info("inside")
    assert (tmp_path / LOG_FILE).read_text() == written
    assert len(log.lines) == 2
    log.release()
    log.info("after")
    assert (tmp_path / LOG_FILE).read_text() == "".join(log.lines)
    assert [line[:10] for line in log.lines] == ["2026-03-01", "2026/03/01", "2026-03-01"]


def test_a_held_log_does_not_even_make_its_folder(tmp_path: Path) -> None:
    log = Log(tmp_path / "Logs", lambda: TIME)
    log.hold()
    log.info("inside")
    assert not (tmp_path / "Logs").exists()


def test_a_new_log_goes_on_where_the_last_one_ended_but_remembers_only_itself(tmp_path: Path) -> None:
    Log(tmp_path, lambda: TIME).info("earlier")
    log = Log(tmp_path, lambda: TIME)
    log.info("now")
    assert len((tmp_path / LOG_FILE).read_text().splitlines()) == 2
    assert len(log.lines) == 1


def test_a_log_that_cannot_be_written_keeps_its_lines_and_catches_up(tmp_path: Path) -> None:
    folder = tmp_path / "Logs"
    folder.write_text("a file where the folder should be")
    log = Log(folder, lambda: TIME)
    log.info("one")
    folder.unlink()
    log.info("two")
    assert len((folder / LOG_FILE).read_text().splitlines()) == 2


def test_a_log_without_folder_is_memory_only() -> None:
    log = Log(None)
    log.info("one")
    assert len(log.lines) == 1


def test_no_secret_reaches_file_or_memory(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.info("PUT https://a/b?sv=1&sig=c2VjcmV0&sp=rw")
    log.hold()
    log.error("https://a/b?sig=c2VjcmV0")
    log.release()
    assert "c2VjcmV0" not in (tmp_path / LOG_FILE).read_text() + "".join(log.lines)


def test_text_that_no_file_can_hold_is_written_all_the_same(tmp_path: Path) -> None:
    Log(tmp_path, lambda: TIME).info("\ud800")
    assert r"\ud800" in (tmp_path / LOG_FILE).read_text()


def test_a_full_file_makes_room(tmp_path: Path) -> None:
    with (tmp_path / LOG_FILE).open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    Log(tmp_path, lambda: TIME).info("one")
    assert (tmp_path / LOG_FILE).stat().st_size < 100
    assert len(list(tmp_path.iterdir())) == 2
