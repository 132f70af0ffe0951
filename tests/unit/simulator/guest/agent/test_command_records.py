"""What commands came to is kept in lines, without secrets, and only the newest of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulator.guest.agent import command_records
from simulator.guest.agent.command_records import FILE, LARGEST_BYTES, CommandRecord, append, read

RECORD = CommandRecord("2026-11-22T08:30:00+00:00", "Contoso.Backup", "1.0", "enable", 3, 5, 0.25, "out", "err")


def test_records_are_read_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    killed = replace(RECORD, exit_code=None)
    for each in (RECORD, killed):
        append(tmp_path / "agent", each)
    assert read(tmp_path / "agent") == [RECORD, killed]
    assert read(tmp_path / "nobody") == []


def test_no_signature_is_kept(tmp_path: Path) -> None:
    uri = "https://x.blob.core.windows.net/c/b?sv=2020-10-02&sig=c2VjcmV0c2VjcmV0"
    append(tmp_path, replace(RECORD, stdout=f"PUT {uri}", stderr=uri))
    assert "c2VjcmV0c2VjcmV0" not in (tmp_path / FILE).read_text()


def test_old_records_go_and_lines_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    long = replace(RECORD, stdout="x" * 3000)
    written = LARGEST_BYTES // 3000 + 20
    for number in range(written):
        append(tmp_path, replace(long, sequence_number=number))
    kept = read(tmp_path)
    assert 0 < len(kept) < written
    assert kept[-1].sequence_number == written - 1
    assert (tmp_path / FILE).stat().st_size <= LARGEST_BYTES + 10_000
    with (tmp_path / command_records.FILE).open("ab") as file:
        file.write(b'\xff\n{"time": 1}\n[]\n')
    append(tmp_path, RECORD)
    assert read(tmp_path)[-1] == RECORD
