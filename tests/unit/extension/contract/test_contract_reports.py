"""Status and log blobs: written as the wire has them, read with all the quirks of the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension.contract.codes import VSS_WRITER_ERROR
from extension.contract.protocol import ProtocolError, StatusFile
from extension.contract.reports import (
    Code,
    Consistency,
    Health,
    Progress,
    SnapshotConsistency,
    SnapshotInfo,
    StatusReport,
    StorageDetails,
    health_of,
    log_blob,
    log_line,
    name_of,
    padded,
    parse_status_blob,
    unpadded,
)
from tests.unit.extension.contract import contract_golden

TIME = datetime(2026, 3, 1, 2, 3, 4, 567000, tzinfo=UTC)
VHD = "https://contosodisks.blob.core.windows.net/vhds/os.vhd"
VM_TYPE = "microsoft.compute/virtualmachines"


def report(status: str = "success", code: int = 1, snapshots: tuple[SnapshotInfo, ...] | None = None) -> StatusReport:
    return StatusReport(
        name="Microsoft.Azure.RecoveryServices.VMSnapshot",
        status=status,
        code=code,
        task_id="5b0fd3a5-6a4c-4f0e-9a57-1f6d7f2a9c11_1",
        time=TIME,
        message="A snapshot of 1 disk.",
        started_ticks="639079813845670000",
        machine_id="0d6f7c2e-3a0f-4f1b-8b56-9a4b4a0c5d77",
        snapshots=snapshots,
        telemetry={"extensionVersion": "1.9.0.0", "extErrorCode": "success"},
    )


def read(name: str) -> StatusReport:
    found = parse_status_blob(contract_golden.read(name))
    assert found is not None
    return found


# -------------------------------------------------------------------------------------------------- what the wire says

OUTCOMES: list[tuple[str, int, Progress, Consistency | None, tuple[int, ...], str]] = [
    ("in-progress.json", 4, "InProgress", None, (), "ExtensionTempTerminalState"),
    ("application.json", 0, "Succeeded", "AppConsistent", (), "success_appconsistent"),
    ("file-system.json", 1, "Succeeded", "FileSystemConsistent", (), "success"),
    ("crash.json", 1, "Succeeded", "CrashConsistent", (), "FailedRetryableFsFreezeFailed"),
    ("host-true-as-text.json", 1, "Succeeded", "FileSystemConsistent", (), "success"),
    ("direct-drive.json", 1, "Succeeded", "FileSystemConsistent", (), "success"),
    ("page-blob.bin", 1, "Succeeded", "FileSystemConsistent", (), "success"),
    ("numbers.json", 1, "Succeeded", "FileSystemConsistent", (), "success"),
    ("same-task.json", 3, "Succeeded", None, (), "SuccessAlreadyProcessedInput"),
    ("partial.json", 76, "Failed", None, (1,), "FailedRetryableSnapshotFailedRestrictedNetwork"),
    ("snapshot-limit.json", 85, "Failed", None, (0,), "FailedSnapshotLimitReached"),
    ("success-with-76.json", 76, "Failed", None, (), "FailedRetryableSnapshotFailedNoNetwork"),
    ("too-late.json", 402, "Failed", None, (), "FailedGuestAgentInvokedCommandTooLate"),
    ("freeze-failed.json", 121, "Failed", None, (), "FailedRetryableFsFreezeFailed"),
    ("pre-script.json", 300, "Failed", None, (), "FailedPrepostPreScriptFailed"),
    ("plain-message.json", 2, "Failed", None, (), "error"),
    ("missing-keys.json", -1, "Failed", None, (), "-1"),
]


@pytest.mark.parametrize(("name", "code", "progress", "consistency", "failed", "error_name"), OUTCOMES)
def test_an_outcome_is_judged_by_status_code_and_disks(
    name: str,
    code: int,
    progress: Progress,
    consistency: Consistency | None,
    failed: tuple[int, ...],
    error_name: str,
) -> None:
    found = read(f"status-blob.{name}")
    assert (found.code, found.progress, found.consistency) == (code, progress, consistency)
    assert (found.failed_disks, found.error_name) == (failed, error_name)


def test_every_golden_blob_is_judged() -> None:
    names = {path.name for path in (contract_golden.FOLDER / "read").glob("status-blob.*")}
    assert names == {f"status-blob.{row[0]}" for row in OUTCOMES}


@pytest.mark.parametrize(
    "name", ["in-progress", "application", "file-system", "crash", "partial", "freeze-failed", "pre-script"]
)
def test_what_was_read_is_written_byte_for_byte(name: str) -> None:
    data = contract_golden.read(f"status-blob.{name}.json")
    assert read(f"status-blob.{name}.json").render().encode() == data


def test_everything_in_a_blob_is_read() -> None:
    found = read("status-blob.partial.json")
    assert found == StatusReport(
        name="Microsoft.Azure.RecoveryServices.VMSnapshotLinux",
        status="error",
        code=76,
        task_id="5b0fd3a5-6a4c-4f0e-9a57-1f6d7f2a9c11_1",
        time=TIME,
        started_ticks="639079813845670000",
        machine_id="0d6f7c2e-3a0f-4f1b-8b56-9a4b4a0c5d77",
        snapshots=(
            SnapshotInfo(True, f"{VHD}?snapshot=2026-03-01T02:03:04.5670000Z", "", VHD),
            SnapshotInfo(
                False,
                error_message="<Error><Code>AuthorizationFailure</Code>"
                '<Message>Not "you".\nTime:2026</Message></Error>',
            ),
        ),
        telemetry={"extErrorCode": "FailedRetryableSnapshotFailedRestrictedNetwork"},
        storage=StorageDetails(2, 7340032, False, False),
        health_code=761,
        health=256,
    )
    assert found.snapshots is not None
    assert found.snapshots[0].stamp == "2026-03-01T02:03:04.5670000Z"
    assert found.snapshots[1].stamp is None


def test_numbers_and_flags_may_be_text_and_text_may_be_numbers() -> None:
    found = read("status-blob.numbers.json")
    assert found.storage == StorageDetails(2, 7340032, True, False)
    assert (found.task_id, found.started_ticks, found.message) == ("7", "639079813845670000", "")
    assert (found.health, found.health_code, found.snapshot_consistency) == (128, 121, 1)
    assert found.time == TIME.replace(microsecond=0)


def test_a_message_that_is_no_json_is_the_message() -> None:
    assert read("status-blob.plain-message.json").message == "Something went wrong."


def test_a_direct_drive_snapshot_keeps_its_identifier_and_its_dates() -> None:
    found = read("status-blob.direct-drive.json")
    assert found.snapshots is not None
    assert found.snapshots[0].direct_drive is not None
    assert found.snapshots[0].direct_drive["creationTime"]["DateTime"] == "/Date(1772330584567)/"
    assert r'"DateTime": "\/Date(1772330584567)\/"' in found.render()


@pytest.mark.parametrize("data", [b"", b"   ", b"\0" * 512, b" \0 \r\n", b"\0 "])
def test_an_empty_blob_is_no_report(data: bytes) -> None:
    assert parse_status_blob(data) is None


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b"[1]", b"7", b'[{"status": "error"}]', b'[{"status": {"code": ', b"\xff"]
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_status_blob(data)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (r"\/Date(1772330584567)\/", TIME),
        ("/Date(1772330584567+0100)/", TIME),
        ("/Date(-1000-0800)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-03-01T02:03:04.567Z", TIME),
        ("2026-03-01T02:03:04.567", TIME),
        ("yesterday", datetime(1970, 1, 1, tzinfo=UTC)),
        ("/Date(99999999999999999999)/", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_come_in_two_forms(text: str, time: datetime) -> None:
    found = parse_status_blob(f'[{{"timestampUTC": "{text}", "status": {{}}}}]'.encode())
    assert found is not None
    assert found.time == time


# ---------------------------------------------------------------------------------------------------------- judgements

TAKEN = SnapshotInfo.taken(VHD, "2026-03-01T02:03:04.5670000Z")
FAILED = SnapshotInfo.failed("no")


@pytest.mark.parametrize(
    ("status", "code", "progress"),
    [
        ("transitioning", 0, "InProgress"),
        ("success", 4, "InProgress"),
        ("Success", 0, "Succeeded"),
        ("warning", 1, "Succeeded"),
        ("error", 4, "Failed"),
        ("error", 1, "Failed"),
        ("success", 2, "Failed"),
        ("success", 12345, "Failed"),
        ("", 1, "Failed"),
    ],
)
def test_progress(status: str, code: int, progress: Progress) -> None:
    assert report(status, code).progress == progress


def test_a_success_with_a_failed_disk_is_a_failure() -> None:
    assert report(snapshots=(TAKEN, FAILED)).progress == "Failed"
    assert report(snapshots=(TAKEN, FAILED)).consistency is None


@pytest.mark.parametrize("snapshots", [None, ()])
def test_without_snapshots_there_is_nothing_to_restore(snapshots: tuple[SnapshotInfo, ...] | None) -> None:
    assert report(code=0, snapshots=snapshots).progress == "Succeeded"
    assert report(code=0, snapshots=snapshots).consistency is None


@pytest.mark.parametrize(
    ("code", "number", "consistency"),
    [
        (0, SnapshotConsistency.none, "AppConsistent"),
        (0, SnapshotConsistency.application, "AppConsistent"),
        (0, SnapshotConsistency.crash, "CrashConsistent"),
        (1, SnapshotConsistency.none, "FileSystemConsistent"),
        (1, SnapshotConsistency.file_system, "FileSystemConsistent"),
        (1, SnapshotConsistency.application, "FileSystemConsistent"),
        (1, SnapshotConsistency.crash, "CrashConsistent"),
        (3, SnapshotConsistency.application, None),
    ],
)
def test_consistency(code: int, number: SnapshotConsistency, consistency: Consistency | None) -> None:
    assert report(code=code, snapshots=(TAKEN,))._replace(snapshot_consistency=number).consistency == consistency


def test_a_snapshot_is_reported_without_the_signature_it_was_asked_with() -> None:
    info = SnapshotInfo.taken(f"{VHD}?sv=2018-03-28&sig=c2VjcmV0&sp=rw", "2026-03-01T02:03:04.5670000Z")
    assert info == SnapshotInfo(True, f"{VHD}?snapshot=2026-03-01T02:03:04.5670000Z", "", VHD)
    assert "c2VjcmV0" not in json.dumps(SnapshotInfo.failed(f"GET {VHD}?sig=c2VjcmV0&sp=rw").to_json())


# ------------------------------------------------------------------------------------------------------------- written

TEXTS = st.text()
SNAPSHOTS = st.builds(
    SnapshotInfo,
    is_successful=st.booleans(),
    snapshot_uri=st.none() | TEXTS,
    error_message=st.none() | TEXTS,
    blob_uri=st.none() | TEXTS,
    direct_drive=st.none() | st.just({"id": "a", "creationTime": {"DateTime": "/Date(5)/"}}),
)
MILLISECONDS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
REPORTS = st.builds(
    StatusReport,
    name=TEXTS,
    status=st.sampled_from(("success", "error")),
    code=st.sampled_from(Code),
    task_id=TEXTS,
    time=MILLISECONDS.map(lambda number: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)),
    message=TEXTS,
    started_ticks=TEXTS,
    machine_id=TEXTS,
    snapshots=st.none() | st.lists(SNAPSHOTS, max_size=3).map(tuple),
    telemetry=st.dictionaries(st.text(min_size=1), TEXTS, max_size=3),
    storage=st.builds(StorageDetails),
    snapshot_consistency=st.sampled_from(SnapshotConsistency),
    health_code=st.sampled_from(Code),
    health=st.sampled_from(Health),
    job_message=TEXTS,
    lang=st.text(min_size=1),
    operation=TEXTS,
    version=TEXTS,
)


@given(REPORTS)
def test_a_report_that_was_written_reads_the_same(original: StatusReport) -> None:
    assert parse_status_blob(padded(original.render().encode("ascii"))) == original


@given(REPORTS)
def test_the_status_file_carries_the_whole_report(original: StatusReport) -> None:
    status = StatusFile.parse(original.status_file(VM_TYPE).render())
    assert parse_status_blob(status.substatus[0].name.encode()) == original
    assert status.status == "success"
    assert status.code == original.code


def test_the_blob_that_is_written() -> None:
    done = report(code=0, snapshots=(TAKEN,))._replace(message="已为 1 个磁盘创建快照。", lang="zh-CN")
    contract_golden.check("status-blob.application.json", done.render())
    contract_golden.check("status-file.application.json", done.status_file(VM_TYPE).render())


def test_the_blob_that_is_written_for_a_failure() -> None:
    failed = report("error", 76, (TAKEN, FAILED))
    failed = failed._replace(health_code=Code.FailedRetryableSnapshotFailedRestrictedNetwork)
    contract_golden.check("status-blob.partial.json", failed.render())
    contract_golden.check("status-file.partial.json", failed.status_file(VM_TYPE).render())


def test_only_a_classic_machine_is_told_of_a_failure_in_its_status_file() -> None:
    failed = report("error", 402)
    assert failed.status_file("Microsoft.Compute/virtualMachines").status == "success"
    assert failed.status_file("Microsoft.ClassicCompute/virtualMachines").status == "error"
    assert failed.status_file("Microsoft.ClassicCompute/virtualMachines").code == 402
    assert report().status_file("Microsoft.ClassicCompute/virtualMachines").status == "success"
    assert report(code=4).status_file("Microsoft.ClassicCompute/virtualMachines").status == "success"


def test_the_status_file_leaves_out_what_the_status_blob_has_room_for() -> None:
    status = report(snapshots=(TAKEN,)).status_file(VM_TYPE).status_object()
    assert (status["telemetryData"], status["snapshotInfo"], status["vmHealthInfo"]) == (None, None, None)
    assert status["taskId"] == "5b0fd3a5-6a4c-4f0e-9a57-1f6d7f2a9c11_1"
    assert status["substatus"][0]["code"] == "0"
    assert status["substatus"][0]["formattedMessage"] is None


# ---------------------------------------------------------------------------------------------------- codes and health


@pytest.mark.parametrize(
    ("health", "codes"),
    [
        (Health.green, [0, 1, 2, 3, 4, 12, 13, 14, 17, 173]),
        (Health.yellow, [11, 16, 121, 122, 123, 124, *range(300, 319), *range(500, 513), 999, -1]),
        (Health.red, [15, 76, 85, 402, 556, 761]),
    ],
)
def test_health(health: Health, codes: list[int]) -> None:
    assert {health_of(code) for code in codes} == {health}


def test_every_code_has_its_health_tested_above() -> None:
    listed = [0, 1, 2, 3, 4, 12, 13, 14, 17, 173, 11, 16, 121, 122, 123, 124, *range(300, 319), *range(500, 513)]
    assert sorted([*listed, 15, 76, 85, 402, 556, 761]) == sorted(Code)


def test_a_report_that_is_not_final_says_the_machine_is_well() -> None:
    status = json.loads(report(code=Code.ExtensionTempTerminalState).render())[0]["status"]
    assert status["vmHealthInfo"] == {"vmHealthState": 0, "vmHealthStatusCode": 1}


def test_health_follows_the_code_unless_a_finer_one_is_given() -> None:
    health = json.loads(report("error", 402).render())[0]["status"]["vmHealthInfo"]
    assert health == {"vmHealthState": 256, "vmHealthStatusCode": 402}
    finer = report("error", 76)._replace(health_code=11)
    assert json.loads(finer.render())[0]["status"]["vmHealthInfo"] == {"vmHealthState": 128, "vmHealthStatusCode": 11}


def test_names_of_codes() -> None:
    assert name_of(76) == "FailedRetryableSnapshotFailedNoNetwork"
    assert name_of(77) == "77"


def test_the_telemetry_can_name_a_failure_that_has_no_number() -> None:
    failed = report("error", Code.error)._replace(telemetry={"extErrorCode": VSS_WRITER_ERROR})
    assert failed.error_name == "ExtensionFailedVssWriterInBadState"


# ------------------------------------------------------------------------------------------------------ blobs as bytes


@given(st.binary(max_size=1100).map(lambda data: b"x" + data + b"y"))
def test_padding_fills_pages_and_comes_off_again(data: bytes) -> None:
    assert len(padded(data)) % 512 == 0
    assert len(padded(data)) - len(data) < 512
    assert unpadded(padded(data) + b"\0" * 512) == data


def test_log_lines_inside_a_freeze_have_slashes() -> None:
    moment = datetime(2026, 3, 1, 3, 3, 4, 567890, tzinfo=timezone(timedelta(hours=1)))
    assert log_line(moment, "Info", "before") == "2026-03-01 02:03:04.567890  Info  before \n"
    assert log_line(moment, "Error", "inside", frozen=True) == "2026/03/01 02:03:04.567890  Error  inside \n"


def test_a_log_blob_ends_with_the_last_ten_lines_of_the_launcher() -> None:
    launcher = "".join(f"line {number}\n" for number in range(12))
    blob = log_blob([log_line(TIME, "Info", "快照")], launcher).decode()
    assert blob.startswith("2026-03-01 02:03:04.567000  Info  快照 \nTail of shell script log:line 2\n")
    assert blob.endswith("line 11\n")
    assert log_blob([]) == b"Tail of shell script log:"
