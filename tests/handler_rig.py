"""An installed handler between a guest and a storage of a few lines each, with a task to carry out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extension.contract.reports import StatusReport
from extension.contract.settings import CustomSettings, SnapshotMethod, snapshot_request
from extension.handler import Package
from extension.task import Task
from tests.fake_guest import FakeGuest
from tests.fake_storage import FakeStorage
from tests.installed_handler import InstalledHandler, report_in

TASK = "e07354cf-041e-4370-929f-25a319ce8933_1"
ONLY_GUEST = CustomSettings(SnapshotMethod.ONLY_GUEST)
MAY_BE_CRASH_CONSISTENT = ONLY_GUEST._replace(can_take_crash_consistent_snapshot=True, backup_retry_count=1)


class Rig:
    def __init__(self, folder: Path, storage: FakeStorage | None = None) -> None:
        self.guest = FakeGuest()
        self.storage = storage or FakeStorage()
        self.handler = InstalledHandler(folder, self.guest.address)
        self.machine_time: Callable[[], datetime] = lambda: datetime.now(UTC)
        """What the machine's clock shows on which the handler runs."""
        self.on_pause: Callable[[float], None] = lambda seconds: None

    def close(self) -> None:
        self.guest.close()
        self.storage.close()

    def request(
        self,
        task_id: str = TASK,
        *,
        disks: int = 2,
        locale: str = "en-us",
        started: datetime | None = None,
        custom: CustomSettings = ONLY_GUEST,
        token: str = "",
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Public and protected settings, with blobs made for all that they name."""
        return snapshot_request(
            task_id=task_id,
            started=started or datetime.now(UTC),
            disks=[self.storage.add(f"disk{number}.vhd", "PageBlob", bytes(512)) for number in range(disks)],
            status_uri=self.storage.add("status", "BlockBlob"),
            logs_uri=self.storage.add("log", "BlockBlob"),
            locale=locale,
            metadata={"taskid": task_id},
            custom=custom,
            luns=list(range(disks)) if token else None,
            is_any_disk_excluded=False,
            snapshot_token=token,
        )

    def settle(self, number: int = 1, **request: Any) -> dict[str, Any]:
        """Settings all of which are public: both parts are merged, and nothing has to be sealed."""
        public, protected = self.request(**request)
        settings = {**public, **protected}
        self.handler.settle(number, settings)
        return settings

    def package(self, number: int = 1) -> Package:
        return Package(self.handler.root, self.handler.environ(number))

    def work(self, number: int = 1) -> StatusReport:
        """What a worker does, in this process; the report is that of the status blob."""
        self.carry_out(number)
        return self.report()

    def carry_out(self, number: int = 1) -> None:
        package = self.package(number)
        (self.handler.root / "Status" / f"{number}.status").write_text("[]")  # as enable left it
        Task(
            package.root,
            package.environ,
            package.folder,
            number,
            package.version,
            lambda: None,
            lambda: self.machine_time(),
            lambda seconds: self.on_pause(seconds),
        ).carry_out()

    def report(self) -> StatusReport:
        return report_in(self.storage.text("status"))

    def snapshots(self) -> int:
        return sum(len(blob.snapshots) for blob in self.storage.blobs.values())
