"""What happens in each scene: the acts of the machine's agent and of the service, and what goes wrong around them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

from simulator.conformance.stage.sealing import AES
from simulator.conformance.stage.stage import Stage
from simulator.conformance.stage.storage import Refusal

NEXT_VERSION = "99.0.0.0"
"""What a scene calls the same package when it stands for a newer one."""
TOGETHER_SECONDS = 0.5
GATE_SECONDS = 20.0
SLOW_SECONDS = 14.0
"""Longer than any freeze lasts."""
RATE = "The rate of snapshot blob calls is exceeded"
COUNT = "The snapshot count against this blob has been exceeded"
"""What Azure's storage says (seen in answers to the published Linux handler)."""
EXPONENT = "6.36458E+17"
"""Ticks as the documentation of the schema shows them, as a spreadsheet left them."""


def package(stage: Stage) -> None:
    """The package is looked at, and nothing is started."""


def install(stage: Stage) -> None:
    stage.install()
    stage.run("install")
    stage.machine.look("installed")


def backup(stage: Stage) -> None:
    stage.install()
    stage.task()
    stage.enable(1)


def watched_backup(stage: Stage) -> None:
    """The freeze waits until enable has returned, so that what happened first is known. Who works inside of enable is
    let go on after a while."""
    returned = threading.Event()

    def before_freeze() -> None:
        returned.wait(GATE_SECONDS)
        for line in stage.machine.command_lines(stage.machine.processes()):
            stage.observer.happened("process", line)

    stage.guest.before = {"freeze": before_freeze}
    stage.storage.before = {"write status1": lambda: stage.machine.look("the status blob is written")}
    stage.install()
    stage.task()
    stage.enable(1, returned=returned.set)


def same_number(stage: Stage) -> None:
    backup(stage)
    stage.enable(1)


def same_task(stage: Stage) -> None:
    backup(stage)
    stage.task(2, task_id=stage.tasks[0].task_id)
    stage.enable(2)


def lower_number(stage: Stage) -> None:
    stage.install()
    for number in (5, 3):
        stage.task(number)
        stage.enable(number)


def late(stage: Stage) -> None:
    stage.install()
    stage.task(started=datetime.now(UTC) - timedelta(minutes=141))
    stage.enable(1)


def in_time(stage: Stage) -> None:
    stage.install()
    for number, age in ((1, timedelta(minutes=138)), (2, timedelta(minutes=-5))):
        stage.task(number, started=datetime.now(UTC) - age)
        stage.enable(number)


def exponent(stage: Stage) -> None:
    stage.install()
    stage.task(tick_text=EXPONENT)
    stage.enable(1)


def refused(refusals: Mapping[int, Refusal], disks: int = 1) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.install()
        stage.task(disks=disks)
        stage.storage.refusals = {f"snapshot disk{place}": refusal for place, refusal in refusals.items()}
        stage.enable(1)

    return play


def expired(stage: Stage) -> None:
    stage.install()
    names = stage.disks(1)
    stage.storage.blobs[names[0]].expires = datetime.now(UTC) - timedelta(minutes=5)
    stage.task(disks=names)
    stage.enable(1)


def read_only(stage: Stage) -> None:
    stage.install()
    names = stage.disks(1)
    stage.storage.blobs[names[0]].permissions = "r"
    stage.task(disks=names)
    stage.enable(1)


def missing_disk(stage: Stage) -> None:
    stage.install()
    names = stage.disks(1)
    stage.storage.blobs[names[0]].exists = False
    stage.task(disks=names)
    stage.enable(1)


def many_disks(stage: Stage) -> None:
    """Each snapshot waits for another one to be asked for, but not for long: who asks one by one is only slower."""
    stage.install()
    names = stage.disks(8)
    waiting = threading.Semaphore(0)

    def together() -> None:
        waiting.release(2)
        for _ in range(3):
            waiting.acquire(timeout=TOGETHER_SECONDS / 3)

    stage.storage.before = {f"snapshot {name}": together for name in names}
    stage.task(disks=names)
    stage.enable(1)


def slow_disk(stage: Stage) -> None:
    stage.install()

    def slow() -> None:
        deadline = monotonic() + SLOW_SECONDS
        while stage.guest.is_frozen and monotonic() < deadline:
            sleep(0.05)

    stage.storage.before = {"snapshot disk1": slow}
    stage.task()
    stage.enable(1)


def freeze_refused(stage: Stage) -> None:
    stage.guest.freeze_fails = True
    backup(stage)


def let_go(stage: Stage) -> None:
    stage.guest.lets_go = True
    backup(stage)


def crash_allowed(stage: Stage) -> None:
    stage.guest.freeze_fails = True
    stage.install()
    custom = (
        '{"takeSnapshotFrom": "onlyGuest", "isManagedVm": true, "canTakeCrashConsistentSnapshot": true,'
        ' "backupRetryCount": 1}'
    )
    included = {"dataDiskLunList": [], "isOSDiskIncluded": True}
    stage.task(disks=1, public={"customSettings": custom}, objects={"includedDisks": included})
    stage.enable(1)


def killed(before: str, party: str) -> Callable[[Stage], None]:
    """Killed at a moment; then the agent runs the same number again, and the service tries again with another task."""

    def play(stage: Stage) -> None:
        stage.install()
        stage.task(1)
        if party == "guest":
            stage.guest.before = {before: stage.machine.kill}
        else:
            stage.storage.before = {before: stage.machine.kill}
        stage.enable(1)
        stage.guest.before, stage.storage.before = {}, {}
        stage.enable(1)
        stage.task(2)
        stage.enable(2)

    return play


def blobs(stage: Stage, blob: str, *, exists: bool = True, content: bytes = b"", status: int = 0) -> None:
    stage.install()
    stage.task()
    stage.storage.blobs[blob].exists = exists
    stage.storage.blobs[blob].content = content
    if status:
        stage.storage.refusals = {f"write {blob}": Refusal(status, "InternalError")}
    stage.enable(1)


def page_blobs(stage: Stage) -> None:
    stage.install()
    stage.task(kind="PageBlob", content=b"\0" * 512)
    stage.enable(1)


def ciphers(stage: Stage) -> None:
    stage.install()
    stage.certificates.second.put_into(stage.machine.certificates)
    stage.task(1, cipher=AES)
    stage.enable(1)
    stage.task(2, certificate=stage.certificates.second)
    stage.enable(2)


def foreign_certificate(stage: Stage) -> None:
    stage.install()
    stage.task(certificate=stage.certificates.foreign, uris_public=True)
    stage.enable(1)


def damaged_settings(stage: Stage) -> None:
    stage.install()
    stage.settings_text(1, '{"runtimeSettings": [')
    stage.enable(1)
    stage.enable(2)


def wrong_settings(**changes: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.install()
        stage.task(**changes)
        stage.enable(1)

    return play


def split_settings(stage: Stage) -> None:
    stage.install()
    pairs = [{"Key": "rptype", "Value": "Full"}, {"Key": "ResourceName", "Value": "sql01"}]
    flags = [{"Key": "isSnapshotTtlEnabled", "Value": True}, {"Key": "somethingNew", "Value": False}]
    public = {"backupMetadata": [*pairs, {"Key": "JobId", "Value": "job-1"}], "dynamicConfigsFromCRP": flags}
    stage.task(
        objects={"backupMetadata": None},
        public_objects=public,
        public={"vmType": "Microsoft.Compute/VirtualMachines", "somethingNew": {"a": [1]}},
        uris_public=True,
        quotes=True,
    )
    stage.enable(1)


def empty_addresses(stage: Stage) -> None:
    stage.install()
    stage.task(public={"statusBlobUri": "", "logsBlobUri": "", "objectStr": ""})
    stage.enable(1)


def locale(stage: Stage) -> None:
    stage.install()
    stage.task(1, locale="zh-cn")
    stage.enable(1)
    stage.task(2, locale="tlh-qo")
    stage.enable(2)


def environment(stage: Stage) -> None:
    stage.install(as_object=True)
    stage.task()
    stage.enable(1)


def no_number(stage: Stage) -> None:
    """As an agent of an older version starts it: without ConfigSequenceNumber."""
    stage.install()
    stage.task(7)
    stage.machine.environment |= {"ConfigSequenceNumber": ""}
    stage.enable(7)


def leave(stage: Stage) -> None:
    backup(stage)
    stage.run("disable", 1)
    stage.task(2)
    stage.enable(2)
    stage.run("disable", 2)
    stage.run("uninstall", 2)
    stage.machine.look("uninstalled")


def update(stage: Stage) -> None:
    """disable of the old, update of the new, uninstall of the old, install and enable of the new, as agents do it."""
    machine = stage.machine
    stage.begin(stage.former)
    stage.task()
    stage.enable(1)
    old, former = machine.root, machine.version
    stage.run("disable", 1)
    settings = (machine.settings_folder / "1.settings").read_text(encoding="utf-8")
    kept = [(old / "mrseq", "mrseq")] if (old / "mrseq").is_file() else []
    statuses = list(machine.status_folder.glob("*.status"))
    texts = [(path.name, path.read_bytes()) for path in statuses]
    carried = [(name, path.read_bytes()) for path, name in kept]
    machine.unpack(stage.package.content, version=NEXT_VERSION)
    for name, content in texts:
        (machine.status_folder / name).write_bytes(content)
    for name, content in carried:
        (machine.root / name).write_bytes(content)
    stage.settings_text(1, settings)
    words = {"AZURE_GUEST_AGENT_UPDATING_FROM_VERSION": former, "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE": "0"}
    stage.run("update", 1, VERSION=NEXT_VERSION, **words)
    stage.run("install", 1, AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE="0")
    stage.enable(1)
    stage.task(2)
    stage.enable(2)


def no_vss(stage: Stage) -> None:
    stage.guest.facts = {**stage.guest.facts, "services": {"VSS": "Disabled", "COMSysApp": "Running"}}
    stage.guest.facts["vss_available"] = False
    backup(stage)
