"""A world in which one fault after the other is set, something is done, and what came of it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from controlplane.domain.monitoring import health
from controlplane.json_object import Json
from controlplane.ports import ServiceSettings, Store
from simulator.client import Client, RequestFailed
from simulator.clock.kept_clock import ClockSettings, Mode
from simulator.scenario import Scenario, machine_body
from simulator.scenario_values import Job, JobFailed
from simulator.world import Config, build
from tests.e2e.fault_acts import MANAGED, Course, MoreActs, told, with_what_is_left

VM = "sql01"
BACKUPS_PER_DAY = 1000
"""More than the acts make."""
ON_MANAGED_DISKS = {"first backup of managed disks", "backup of managed disks", "restore managed disks"}
"""Acts after which the machine with managed disks is backed up."""
SETTINGS = ServiceSettings(
    report_grace_seconds=0.5, storage_pause_seconds=0.2, storage_patience_seconds=3, report_poll_seconds=0.05
)


class FaultRig:
    def __init__(self, client: Client, store: Store) -> None:
        self.client, self.store = client, store
        self.jobs: dict[str, str] = {}
        """Fault -> the job that it was the last to strike."""
        self.scenario = Scenario(client)
        self.machine = self.scenario.create_machine(VM, data_disk_gib=(4,))
        self.item = self.scenario.protect(self.machine)
        assert self.scenario.back_up(self.item).status == "Completed"
        self._version = self._view()["vmAgent"]["vmAgentVersion"]
        self._more = MoreActs(client, self.scenario, self.item, self._send, self._ended)
        self.acts: Mapping[str, Callable[[], Any]] = {
            "backup": self._backup,
            "first backup": self._backup,
            "backup while off": self._backup,
            "restore": self._restore,
            "uninstall": self._uninstall,
            "boot": self._boot,
            "create and read": self._create_and_read,
            "create machine": self._create_machine,
            "first backup of managed disks": self._back_up_managed_disks,
            "list and create": self._list_and_create,
            "operation of a backup": self._operation,
            "request a backup": self._request_backup,
            **self._more.acts,
        }

    def run(self, fault: str, act: str, body: Json, beside: Json | None = None) -> Course:
        """Set the fault, act, and clear it. `beside`: another one that is set with it, and that it needs."""
        self._prepare(act)
        since = self._last_event()
        if beside is not None:
            self.client.sim("POST", "/faults/set", beside)
        self.client.sim("POST", "/faults/set", {"fault": fault, **body})
        self._settle(fault)
        try:
            result = self.acts[act]() if act in self.acts else self._request(act)
            setting = self.client.sim("GET", "/faults")["set"][-1]
        finally:
            self.client.sim("POST", "/faults/clear", {"all": True})
        if isinstance(result, Job):
            self.jobs[fault] = result.id
        events = self.client.sim("GET", "/events", since=str(since), limit="10000")["events"]
        return self._course(result, setting["hits"], events)

    def recover(self, act: str) -> Job:
        """After the fault was cleared: a backup."""
        if act in {"backup while off", "boot"}:
            self.client.finish(self.client.post(f"{self.machine.id}/deallocate"))
        if not _runs(self._view()):
            self.client.finish(self.client.post(f"{self.machine.id}/start"))
        if act.startswith("purge"):
            self.client.sim("POST", "/purge")
        self.client.wait_for(f"{self.machine.id}/instanceView", lambda view: _is_ready(view, self._version))
        return self.scenario.back_up(self.scenario.item_id(MANAGED) if act in ON_MANAGED_DISKS else self.item)

    # --------------------------------------------------------------------------------------------------- the acts

    def _backup(self) -> Job:
        return self._ended(self.scenario.start_backup(self.item))

    def _ended(self, name: str) -> Job:
        try:
            return self.scenario.wait_for_job(name)
        except JobFailed as failed:
            return failed.job

    def _request_backup(self) -> httpx.Response:
        body = {"properties": {"objectType": "IaasVMBackupRequest"}}
        return self._send("POST", f"{self.item.id}/backup", "2026-05-01", body)

    def _restore(self) -> Job:
        point = self.scenario.recovery_points(self.item)[-1]
        try:
            return self.scenario.restore_disks(point)
        except JobFailed as failed:
            return failed.job

    def _uninstall(self) -> Course:
        """The extension is gone all the same: whatever its commands return, the agent removes it."""
        self.client.finish(self.client.arm("DELETE", f"{self.machine.id}/extensions/VMSnapshot"))
        gone = "VMSnapshot" not in self.scenario.extensions(self.machine)
        return told("Succeeded" if gone else "Failed")

    def _boot(self) -> Course:
        self.client.finish(self.client.post(f"{self.machine.id}/deallocate"))
        answer = self.client.post(f"{self.machine.id}/start")
        code = None
        try:
            self.client.finish(answer)
        except RequestFailed as refused:
            code = refused.code
        return told(self._view()["statuses"][0]["code"], code)

    def _create_and_read(self) -> Course:
        self.client.arm("PUT", self._other_group, {"location": "westus"})
        answers = [self._send("GET", self._other_group, "2024-11-01") for _ in range(3)]
        code = answers[0].json()["error"]["code"]
        self.client.finish(self.client.arm("DELETE", self._other_group))
        return told(" ".join(str(answer.status_code) for answer in answers), code)

    def _create_machine(self) -> httpx.Response:
        body = machine_body("other01", "http://unused/", ())
        return self._send("PUT", self.scenario.machine_id("other01"), "2024-11-01", body)

    def _back_up_managed_disks(self) -> Job:
        return self._ended(self.scenario.start_backup(self._more.protect_managed()))

    def _list_and_create(self) -> Course:
        """What the second list has that the first had not, and the group itself, which is there."""
        before = self._groups()
        self.client.arm("PUT", self._other_group, {"location": "westus"})
        more = len(self._groups()) - len(before)
        is_new = self.client.get(self._other_group)["name"] not in before
        return told(f"{more} {'new' if is_new else 'known'}")

    def _groups(self) -> list[str]:
        return [group["name"] for group in self.client.list(f"{self.client.subscription}/resourceGroups")]

    def _operation(self) -> Course:
        """What an operation says of itself when its job has completed."""
        body = {"properties": {"objectType": "IaasVMBackupRequest"}}
        address = self.client.post(f"{self.item.id}/backup", body).headers["Azure-AsyncOperation"]
        begun = next(job["name"] for job in self.client.list(f"{self.scenario.vault_id}/backupJobs"))
        assert self._ended(begun).status == "Completed"
        shown = self.client.arm("GET", address).json()
        return told(shown["status"], (shown.get("error") or {}).get("code"))

    @property
    def _other_group(self) -> str:
        return f"{self.scenario.group_id}x"

    def _request(self, act: str) -> httpx.Response | str:
        """`GET vault`: one request of a client that tries nothing twice."""
        method, _, thing = act.partition(" ")
        assert thing == "vault", "the only thing that is asked for so"
        try:
            return self._send(method, self.scenario.vault_id, "2026-05-01")
        except httpx.TransportError as error:
            return type(error).__name__

    def _send(self, method: str, path: str, version: str, body: Json | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.client._bearer()}"}
        url = f"{self.client.endpoints['arm_http']}{path}?api-version={version}"
        with httpx.Client(trust_env=False, timeout=60) as plain:
            return plain.request(method, url, headers=headers, json=body)

    # ---------------------------------------------------------------------------------------------------- around them

    def _prepare(self, act: str) -> None:
        if act == "first backup":
            self.client.finish(self.client.arm("DELETE", f"{self.machine.id}/extensions/VMSnapshot"))
        if act == "backup while off":
            self.client.finish(self.client.post(f"{self.machine.id}/deallocate"))
        self._more.before.get(act, lambda: None)()

    def _settle(self, fault: str) -> None:
        """An agent's report takes its time."""
        if fault in {"agent-not-ready", "agent-old"}:
            self.client.wait_for(f"{self.machine.id}/instanceView", lambda view: not _is_ready(view, self._version))

    def _view(self) -> Json:
        return self.client.get(f"{self.machine.id}/instanceView")

    def _last_event(self) -> int:
        last, page = 0, self.client.sim("GET", "/events", limit="10000")["events"]
        while page:
            last = page[-1]["id"]
            page = self.client.sim("GET", "/events", since=str(last), limit="10000")["events"]
        return int(last)

    def _course(self, result: Course | Job | httpx.Response | str, hits: int, events: list[Json]) -> Course:
        if isinstance(result, Course):
            return with_what_is_left(result._replace(hits=hits, events=events))
        if isinstance(result, str):
            return Course(result, None, "", None, None, hits, events)
        if isinstance(result, httpx.Response):
            body = result.json() if result.content else {}
            error = body.get("error") or {}
            headers = {key.lower(): value for key, value in result.headers.items()}
            return Course(
                str(result.status_code), error.get("code"), error.get("message", ""), None, None, hits, events, headers
            )
        first = result.errors[0] if result.errors else None
        judged = [event["data"].get("consistency") for event in events if event["name"] == "snapshot.judged"]
        consistency = next((each for each in reversed(judged) if each), None)
        code, message = (first.code, first.message) if first else (None, "")
        return Course(result.status, code, message, consistency, self._health(result.id), hits, events)

    def _health(self, job: str) -> str | None:
        kept = [each for each in self.store.find(health.KIND) if each.id.endswith(f"|{job}".lower())]
        return health.from_json(kept[0].private).dimensions["healthStatus"] if kept else None


def _runs(view: Json) -> bool:
    return any(status["code"] == "PowerState/running" for status in view["statuses"])


def _is_ready(view: Json, version: str) -> bool:
    """Whether the agent says so, and that it is of this version."""
    agent = view["vmAgent"]
    is_ready = any(status.get("displayStatus") == "Ready" for status in agent["statuses"])
    return is_ready and agent["vmAgentVersion"] == version


@contextmanager
def fault_rig(
    folder: Path,
    mode: Mode = Mode.REAL,
    *,
    kind: type[FaultRig] = FaultRig,
    scheduled: bool = False,
    start: datetime | None = None,
) -> Iterator[FaultRig]:
    config = Config(
        state=folder,
        scheduled=scheduled,
        workload_rate=0,
        on_demand_backups_per_day=BACKUPS_PER_DAY,
        clock=ClockSettings(mode=mode, start=start),
        settings=SETTINGS,
    )
    with build(config) as world, Client(world.endpoints, limit_seconds=120) as client:
        yield kind(client, world.store)


__all__ = ["Course", "FaultRig", "RequestFailed", "fault_rig"]
