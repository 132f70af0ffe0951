"""Waiting for a report that may come late, by another way, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from controlplane.domain.compute import managed_disk
from controlplane.domain.recovery_services import snapshot_failure
from controlplane.fabric_documents import OBSERVED
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.documents import managed_disks
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.retention import snapshots as own_snapshots
from controlplane.jobs.vault_check import unnamed
from controlplane.json_object import Json
from controlplane.ports import Blob, BlobNotFound, ServiceSettings, StorageUnavailable
from extension.contract.codes import VSS_SERVICE_ERROR, VSS_WRITER_ERROR, Code
from extension.contract.reports import SnapshotConsistency, StatusReport
from extension.contract.settings import VM_TYPE, SnapshotSettings
from extension.outcome import BY_HRESULT
from extension.preconditions import NEEDED_VALUES
from tests.patience import comes_true
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric, apply_desired, silent, snapshots
from tests.unit.controlplane.jobs.backup_world import BACKUP_REQUEST, ITEM, VM, VM_ID, BackupWorld, backup_world
from tests.unit.controlplane.passing_time import stop_schedules


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world(settings=ServiceSettings(report_poll_seconds=0.0, report_grace_seconds=0.1)) as world:
        yield world


def observe(guest: ScriptedFabric, **changes: object) -> None:
    """What the agent says of the extension."""
    found = guest.store.get(OBSERVED, VM)
    assert found is not None
    body = found.json()
    body["extensions"] = [extension | changes for extension in body["extensions"]]
    guest.store.put(OBSERVED, VM, body)


def title(job: Json) -> str:
    return str(job["errorDetails"][0]["errorTitle"])


def test_a_machine_that_stops_before_the_extension_is_installed_is_told_by_its_number(world: BackupWorld) -> None:
    def goes_off(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.power(VM, "stopped")
        observe(guest, handler_status=None, status=None, sequence_number=None)

    world.fabric.script = [goes_off]
    (error,) = world.back_up()["errorDetails"]
    assert (error["errorTitle"], error["errorCode"]) == ("AzureVmOffline", 380008)


def test_an_extension_that_cannot_be_installed_fails_the_job_early(world: BackupWorld) -> None:
    def broken(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        observe(guest, handler_status="NotReady", status=None, sequence_number=None)

    world.fabric.script = [broken]
    job = world.back_up()
    assert title(job) == "ExtensionInstallationFailure"
    assert "NotReady" in job["errorDetails"][0]["errorString"]


def test_an_extension_that_fails_without_a_report_is_quoted(world: BackupWorld) -> None:
    """A handler of somebody else's: it tells the agent alone, and no report that the service could read."""

    def fails(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        message = {"lang": "en-US", "message": "out of breath"}
        observe(guest, status={"status": "error", "code": 5, "formattedMessage": message})

    world.fabric.script = [fails]
    job = world.back_up()
    assert title(job) == "ExtensionOperationFailed"
    assert "out of breath" in job["errorDetails"][0]["errorString"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (1004, "ExtensionInstallationFailure"),
        (1007, "ExtensionInstallationFailure"),
        (1009, "ExtensionCommandExecFailure"),
        (1011, "ExtensionCommandExecFailure"),
    ],
)
def test_a_handler_that_its_agent_could_not_run_is_told_in_the_agent_s_words(
    world: BackupWorld, code: int, name: str
) -> None:
    def fails(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        message = {"lang": "en-US", "message": "it ended with exit code 52: no room"}
        observe(guest, handler_status="NotReady", status={"status": "error", "code": code, "formattedMessage": message})

    world.fabric.script = [fails]
    job = world.back_up()
    assert title(job) == name
    assert "it ended with exit code 52: no room" in job["errorDetails"][0]["errorString"]


def test_an_extension_that_is_removed_while_it_works_fails_the_job(world: BackupWorld) -> None:
    def removed(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.remove_extension(VM, "VMSnapshot")

    world.fabric.script = [removed]
    assert title(world.back_up()) == "ExtensionInstallationFailure"


def test_a_machine_that_is_deleted_meanwhile_fails_the_job(world: BackupWorld) -> None:
    world.fabric.script = [lambda guest, settings: guest.delete_vm(VM)]
    assert title(world.back_up()) == "BCMV2VMNotFound"


def boots(world: BackupWorld) -> None:
    """The machine runs, and its agent has not reported since."""
    found = world.store.get(OBSERVED, VM)
    assert found is not None
    world.store.put(OBSERVED, VM, found.json() | {"agent": None})


def start_and_wait(world: BackupWorld) -> Ticket:
    """A backup that has come to its wait for the agent."""
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert comes_true(lambda: bool(world.engine.waiting()))
    (waiting,) = world.engine.waiting()
    assert waiting.what == "the first report of the agent of SQL01"
    assert world.fabric.delivered == []
    return ticket


def test_the_agent_of_a_booting_machine_is_waited_for(world: BackupWorld) -> None:
    boots(world)
    ticket = start_and_wait(world)
    world.clock.jump(world.ports.settings.machine_timeout_seconds - 1)
    apply_desired(world.store, VM)
    assert world.ended(ticket)["status"] == "Completed"


def test_a_machine_that_is_being_started_is_waited_for(world: BackupWorld) -> None:
    """It is neither snapshotted as one that is off, nor given up for what it was before."""
    found = world.store.get(OBSERVED, VM)
    assert found is not None
    started = {"power": "stopped", "agent": None, "provisioning_state": "Updating"}
    world.store.put(OBSERVED, VM, found.json() | started)
    ticket = start_and_wait(world)
    apply_desired(world.store, VM)
    assert world.ended(ticket)["status"] == "Completed"
    assert [point.consistency for point in world.points()] == ["AppConsistent"]


def test_a_machine_that_cannot_be_started_is_not_waited_for(world: BackupWorld) -> None:
    found = world.store.get(OBSERVED, VM)
    assert found is not None
    failed = {"power": "stopped", "agent": None, "provisioning_state": "Failed", "problem": "no disk"}
    world.store.put(OBSERVED, VM, found.json() | failed)
    assert title(world.back_up()) == "UserErrorVmProvisioningStateFailed"


def test_an_agent_that_does_not_report_in_its_time_fails_the_job(world: BackupWorld) -> None:
    boots(world)
    ticket = start_and_wait(world)
    world.clock.jump(world.ports.settings.machine_timeout_seconds)
    job = world.ended(ticket)
    assert title(job) == "UserErrorGuestAgentStatusUnavailable"
    assert "unknown" in job["errorDetails"][0]["errorString"]
    assert world.fabric.delivered == []


def test_a_machine_that_stops_while_it_boots_is_snapshotted_by_the_service(world: BackupWorld) -> None:
    boots(world)
    ticket = start_and_wait(world)
    world.fabric.power(VM, "stopped")
    assert world.ended(ticket)["status"] == "Completed"
    assert [point.consistency for point in world.points()] == ["CrashConsistent"]


def test_a_job_that_waits_for_an_agent_can_be_cancelled(world: BackupWorld) -> None:
    boots(world)
    ticket = start_and_wait(world)
    assert world.engine.cancel(ticket.job_id)
    assert world.ended(ticket)["status"] == "Cancelled"
    assert world.snapshots() == []


def test_a_guest_without_a_certificate_fails_the_job(world: BackupWorld) -> None:
    found = world.store.get(OBSERVED, VM)
    assert found is not None
    world.store.put(OBSERVED, VM, found.json() | {"certificate": ""})
    job = world.back_up()
    assert title(job) == "UserErrorGuestAgentStatusUnavailable"
    assert "certificate" in job["errorDetails"][0]["errorString"]


@pytest.mark.parametrize("forgets", [False, True])
def test_an_attempt_after_an_ended_process_has_another_id(world: BackupWorld, forgets: bool) -> None:
    """Also where the storage was killed too and has forgotten the blobs of the one before."""
    world.fabric.script = [silent, snapshots()]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert comes_true(lambda: bool(world.engine.waiting()))
    world.engine.close()
    if forgets:
        world.blobs.delete_container(world.ports.settings.service_account, f"bcdrextensionlogs-{VM_ID}")
    assert world.new_engine().recover() == 1
    assert world.ended(ticket)["status"] == "Completed"
    ids = [SnapshotSettings.parse(each.public, each.protected).task_id for each in world.fabric.delivered]
    assert [id.rpartition("_")[2] for id in ids] == ["1", "2"]


def report(guest: ScriptedFabric, settings: SnapshotSettings, code: int) -> StatusReport:
    taken = guest.take(settings) if code == 0 else None
    return StatusReport(
        name="Microsoft.Azure.RecoveryServices.VMSnapshot",
        status="success" if code == 0 else "error",
        code=code,
        task_id=settings.task_id,
        time=guest.clock.now(),
        snapshots=taken,
        snapshot_consistency=SnapshotConsistency.application if code == 0 else SnapshotConsistency.none,
    )


@pytest.mark.parametrize(("code", "outcome"), [(0, "Completed"), (16, "Failed")])
def test_a_report_may_come_through_the_agent_alone(world: BackupWorld, code: int, outcome: str) -> None:
    """The handler cannot reach its status blob; what it told the agent holds the same report."""

    def unreachable(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        status = report(guest, settings, code).status_file(VM_TYPE)
        observe(guest, status={"status": status.status, "substatus": [{"name": status.substatus[0].name}]})

    world.fabric.script = [unreachable]
    job = world.back_up()
    assert job["status"] == outcome
    if outcome == "Failed":
        assert title(job) == "GuestAgentCertificateNotFound"


def test_a_late_report_in_the_blob_is_preferred_and_waited_for(world: BackupWorld) -> None:
    """The agent knows first; the blob follows within the grace, with all that only it has."""
    written = threading.Event()

    def slow(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        said = report(guest, settings, 0)
        status = said.status_file(VM_TYPE)
        observe(guest, status={"status": status.status, "substatus": [{"name": status.substatus[0].name}]})

        def write() -> None:
            guest.report(settings, 0, snapshots=said.snapshots, telemetry={"only": "in the blob"})
            written.set()

        timer = threading.Timer(0.02, write)
        timer.start()

    world.fabric.script = [slow]
    assert world.back_up()["status"] == "Completed"
    assert written.wait(10)
    assert world.points()[0].telemetry == {"only": "in the blob"}


def holders_while_it_waits(world: BackupWorld, ticket: Ticket) -> list[str]:
    """Who holds world time once the job waits for its report and has been looked at."""
    assert comes_true(lambda: bool(world.engine.waiting()))
    job = f"the job {ticket.job_id} (Backup)"
    assert comes_true(lambda: job not in world.engine.holders())
    world.engine.look()
    return list(world.engine.holders())


def test_a_handler_that_is_silent_does_not_hold_the_wait_for_its_report(world: BackupWorld) -> None:
    world.fabric.script = [silent]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert holders_while_it_waits(world, ticket) == []
    limit = timedelta(seconds=world.ports.settings.snapshot_timeout_seconds)
    assert world.engine.next_deadline() == world.clock.now() + limit


def test_a_report_that_may_be_late_holds_world_time() -> None:
    """The agent has told the end. Were time moved to the deadline now, the job would fail of it."""
    settings = ServiceSettings(report_poll_seconds=0.0, report_grace_seconds=3600.0)

    def ended_without_a_word(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        observe(guest, handler_status="NotReady", status=None, sequence_number=None)

    with backup_world(settings=settings) as world:
        world.fabric.script = [ended_without_a_word]
        ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
        (holder,) = holders_while_it_waits(world, ticket)
        assert holder.startswith("the report of the task ")
        world.engine.cancel(ticket.job_id)
        assert world.ended(ticket)["status"] == "Cancelled"


@pytest.mark.parametrize(("patience_seconds", "is_held"), [(3600.0, True), (0.0, False)])
def test_a_storage_that_does_not_answer_holds_world_time_for_a_while(patience_seconds: float, is_held: bool) -> None:
    """What is written there already is not late; and a storage that is gone for good does not hold it for ever."""

    def away(verb: str, blob: Blob) -> None:
        if verb == "read" and blob.name.endswith(".Status.txt"):
            raise StorageUnavailable("no answer")

    settings = ServiceSettings(report_poll_seconds=0.0, storage_patience_seconds=patience_seconds)
    with backup_world(settings=settings) as world:
        world.fabric.script = [silent]
        world.blobs.listener = away
        ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
        assert bool(holders_while_it_waits(world, ticket)) is is_held
        world.blobs.listener = None
        world.engine.look()
        assert comes_true(lambda: world.engine.holders() == [])
        world.clock.jump(world.ports.settings.snapshot_timeout_seconds)
        assert title(world.ended(ticket)) == "GuestAgentSnapshotTaskStatusError"


def test_a_storage_that_is_away_for_a_while_is_waited_for(world: BackupWorld) -> None:
    refused = 0

    def away(verb: str, blob: Blob) -> None:
        nonlocal refused
        if verb == "read" and blob.name.endswith(".Status.txt") and refused < 3:
            refused += 1
            raise StorageUnavailable("no answer")

    world.blobs.listener = away
    assert world.back_up()["status"] == "Completed"
    assert refused == 3


@pytest.mark.parametrize("text", [b"[{", b"null", b'[{"status": 5}]', b" \0 "])
def test_what_is_no_report_yet_is_waited_for(world: BackupWorld, text: bytes) -> None:
    def halfway(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        assert settings.report.status_uri is not None
        guest.blobs.put(guest.blobs.parse(settings.report.status_uri), text)
        threading.Timer(0.02, snapshots(), (guest, settings)).start()

    world.fabric.script = [halfway]
    assert world.back_up()["status"] == "Completed"


def test_a_report_of_another_task_is_waited_out(world: BackupWorld) -> None:
    """Even a success, in the right blob: it is not about this attempt."""

    def mistaken(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings._replace(task_id="another_1"), 0, snapshots=guest.take(settings))
        threading.Timer(0.05, snapshots(1, SnapshotConsistency.file_system), (guest, settings)).start()

    world.fabric.script = [mistaken]
    assert world.back_up()["status"] == "Completed"
    assert world.points()[0].consistency == "FileSystemConsistent"
    assert len(world.snapshots()) == 3, "what was taken for the mistaken report belongs to no point"


def test_a_status_blob_that_vanishes_fails_the_job(world: BackupWorld) -> None:
    def vanishes(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        assert settings.report.status_uri is not None
        blob = guest.blobs.parse(settings.report.status_uri)
        guest.blobs.delete(blob)
        with pytest.raises(BlobNotFound):
            guest.blobs.read(blob)

    world.fabric.script = [vanishes]
    assert world.back_up()["status"] == "Failed"


def test_closing_the_engine_ends_the_wait_and_the_next_process_tries_anew(world: BackupWorld) -> None:
    """The interrupted attempt's snapshots are not trusted; the next one has a task id of its own."""
    asked = threading.Event()

    def taken_but_not_reported(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.take(settings)
        asked.set()

    world.fabric.script = [taken_but_not_reported]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert asked.wait(10)
    world.engine.close()
    assert len(world.store.runs.unfinished()) == 1
    assert world.new_engine().recover() == 1
    assert world.ended(ticket)["status"] == "Completed"
    (point,) = world.points()
    assert point.task_id.endswith("_2")
    assert len(world.snapshots()) == 3


def test_silence_until_the_machine_comes_back_is_still_a_time_out(world: BackupWorld) -> None:
    world.fabric.script = [silent]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    while not world.fabric.delivered:
        threading.Event().wait(0.005)
    apply_desired(world.store, VM, agent="Not Ready")
    world.clock.jump(world.ports.settings.snapshot_timeout_seconds + 1)
    assert title(world.ended(ticket)) == "GuestAgentSnapshotTaskStatusError"


def test_a_backup_that_waits_for_its_report_is_cancelled_at_once_and_leaves_no_snapshot(world: BackupWorld) -> None:
    asked = threading.Event()

    def taken_but_not_reported(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.take(settings)
        asked.set()

    world.fabric.script = [taken_but_not_reported]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert asked.wait(10)
    while not world.engine.waiting():
        threading.Event().wait(0.005)
    assert world.engine.cancel(ticket.job_id)
    assert world.ended(ticket)["status"] == "Cancelled"
    assert world.snapshots() == []
    assert [attempt["code"] for attempt in world.job_private()["attempts"]] == [None]


def test_snapshots_that_a_handler_takes_after_its_job_was_cancelled_are_deleted(world: BackupWorld) -> None:
    world.fabric.script = [silent]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    while not world.engine.waiting():
        threading.Event().wait(0.005)
    assert world.engine.cancel(ticket.job_id)
    assert world.ended(ticket)["status"] == "Cancelled"
    job = world.job_private()["job"]["id"]
    disk = world.disks[0]
    stop_schedules(world.store)
    for seconds in (0, 60, world.ports.settings.snapshot_timeout_seconds):
        world.blobs.snapshot(disk.blob, {"jobid": job, "taskid": "t_1"})
        assert list(unnamed.find(world.ports, unnamed.listed(world.ports))) == [], "the service knows of it"
        world.advance(seconds)
        assert world.snapshots() == []
    assert own_snapshots.expected_late(world.store) == {job}, "its signature counts real time"
    (note,) = world.store.find(own_snapshots.LATE)
    world.store.put(own_snapshots.LATE, job, {}, private=note.private | {"real_until": 0.0})
    world.advance(3600)
    assert own_snapshots.expected_late(world.store) == set(), "its signature is over"


def go_on_in_another_process(world: BackupWorld) -> None:
    world.engine.close()
    assert world.new_engine().recover() == 1


def wait_for_report(world: BackupWorld, *script: Callable[[ScriptedFabric, SnapshotSettings], None]) -> Ticket:
    """A backup whose first handler was asked; `script` is what this one and those after it do."""
    world.fabric.script = list(script)
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert comes_true(lambda: bool(world.engine.waiting()))
    stop_schedules(world.store)
    return ticket


def test_snapshots_that_a_dead_storage_kept_go_once_it_answers(world: BackupWorld) -> None:
    """Nobody waits for another backup of the machine."""

    def taken_and_gone(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.take(settings)
        world.blobs.listener = refuse
        guest.remove_extension(VM, "VMSnapshot")

    def refuse(verb: str, blob: Blob) -> None:
        raise StorageUnavailable("no answer")

    world.fabric.script = [taken_and_gone]
    stop_schedules(world.store)
    assert world.back_up()["status"] == "Failed"
    world.blobs.listener = None
    assert len(world.snapshots()) == 3
    assert list(unnamed.find(world.ports, unnamed.listed(world.ports))) == [], "the service knows of them"
    world.advance(3600)
    assert world.snapshots() == []


def late_snapshot(world: BackupWorld, number: int) -> Blob:
    """What a handler of an earlier attempt takes."""
    job = world.job_private()["job"]["id"]
    disk = world.disks[0].blob
    return disk.at(world.blobs.snapshot(disk, {"jobid": job, "taskid": f"t_{number}"}))


def test_a_handler_whose_attempt_was_interrupted_may_come_late(world: BackupWorld) -> None:
    """Its job has gone on with another attempt, and completed: what that took stays."""
    ticket = wait_for_report(world, silent, snapshots())
    go_on_in_another_process(world)
    assert world.ended(ticket)["status"] == "Completed"
    taken = set(world.snapshots())
    late_snapshot(world, 1)
    world.advance(3600)
    assert set(world.snapshots()) == taken
    assert world.restore(world.points()[0])["status"] == "Completed"


def test_what_a_running_job_has_taken_is_left_alone(world: BackupWorld) -> None:
    """Its snapshots are named by nobody yet, while an earlier attempt of it is looked after."""
    wait_for_report(world, silent, silent)
    go_on_in_another_process(world)
    assert comes_true(lambda: bool(world.engine.waiting()))
    snapshot = late_snapshot(world, 2)
    own_snapshots.delete_late(world.ports, world.job_private()["job"]["id"])
    assert world.snapshots() == [snapshot]


# --------------------------------------------------------------------------------------------------- what failures mean


def test_every_failure_of_the_extension_has_a_meaning() -> None:
    no_failures = {"success", "success_appconsistent", "SuccessAlreadyProcessedInput", "ExtensionTempTerminalState"}
    never_sent = {"error_wrong_time", "error_same_taskid"}
    of_windows = {VSS_SERVICE_ERROR, VSS_WRITER_ERROR, *BY_HRESULT.values(), *(row[2] for row in NEEDED_VALUES)}
    for name in {code.name for code in Code} - no_failures - never_sent | of_windows:
        meaning = snapshot_failure.meaning_of(name)
        assert meaning is not snapshot_failure.UNKNOWN, name
        assert meaning.kind.message.endswith(".{detail}")
        assert meaning.kind.remedy.endswith(".")


def test_what_limits_snapshots_is_told_alike_whoever_asks_for_them() -> None:
    for answer, reported in (
        ("409 SnapshotCountExceeded: too many", "FailedSnapshotLimitReached"),
        ("409 SnapshotOperationRateExceeded: too fast", "FailedRetryableSnapshotRateExceeded"),
    ):
        refused = snapshot_failure.snapshot_refused(answer)
        assert refused is not None
        assert refused.code == snapshot_failure.meaning_of(reported).kind.code
        assert answer in refused.message
    assert snapshot_failure.snapshot_refused("409 SnapshotsPresent: there are some") is None


# ------------------------------------------------------------------------------------------- a disk that becomes larger


def growing(world: BackupWorld, grows: bool) -> None:
    """The first disk as a growth leaves it while it works, or when it has ended."""
    id = next(disk.managed_disk_id for disk in world.disks if disk.managed_disk_id)
    known = world.store.get(managed_disk.KIND, id)
    assert known is not None
    shown = known.json()
    private = {key: value for key, value in known.private.items() if key != managed_disks.BEFORE_BYTES}
    if grows:
        private[managed_disks.BEFORE_BYTES] = 1024
    else:
        shown["properties"]["diskSizeGB"] += 1
    world.store.put(known.kind, known.id, shown, private=private)


@pytest.fixture
def managed_world() -> Iterator[BackupWorld]:
    with backup_world(managed=True) as world:
        world.fabric.power(VM, "deallocated")
        yield world


def test_a_disk_that_grows_is_not_snapshotted(managed_world: BackupWorld) -> None:
    growing(managed_world, True)
    job = managed_world.back_up()
    assert title(job) == "UserErrorVmNotInDesirableState"
    assert managed_world.snapshots() == []
    growing(managed_world, False)
    assert managed_world.back_up()["status"] == "Completed"


@pytest.mark.parametrize("ended", [False, True])
def test_a_disk_that_begins_to_grow_meanwhile_fails_the_job(managed_world: BackupWorld, ended: bool) -> None:
    def grow(verb: str, blob: Blob) -> None:
        if verb == "snapshot done":
            managed_world.blobs.listener = None
            growing(managed_world, not ended)

    managed_world.blobs.listener = grow
    assert title(managed_world.back_up()) == "UserErrorVmNotInDesirableState"
    assert managed_world.snapshots() == []
    assert managed_world.points() == []
