"""Stand-ins for what lies behind the wire server: a guest that remembers what it was asked, and a machine around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

from controlplane.domain.events.event import Fact
from controlplane.json_object import Json
from controlplane.ports import Blob
from extension.contract.bridge import Facts, FreezeReport, FreezeRequest, ThawReport, Volume, WriterReport
from simulator.guest.vss.snapshot_set import NoSuchSession, NotFrozen
from simulator.guest.workload.quiescence import NotAtRest
from simulator.host.bridge import BridgedGuest
from simulator.host.certificates import TenantCertificate, make_tenant_certificate
from simulator.host.goalstate import GoalState

TOKEN = "token-of-the-machine"
FACTS = Facts("sql01", "Windows Server 2022 Datacenter", "10.0.20348", "2.7.41491.1172", "0" * 8, True)


class FakeGuest:
    """Obeys the rules of sessions and freezes without freezing anything."""

    def __init__(self) -> None:
        self.sessions: list[str] = []
        self.closed: SimpleQueue[str] = SimpleQueue()
        self.frozen: str | None = None
        self.made = 0
        self.at_rest = False

    def open_session(self, task_id: str) -> str:
        self.made += 1
        session = f"{task_id}-{self.made}"
        self.sessions.append(session)
        return session

    def close_session(self, session: str) -> None:
        self.sessions.remove(session)
        if self.frozen == session:
            self.frozen = None
        self.closed.put(session)

    def facts(self) -> Facts:
        return FACTS

    def volumes(self) -> tuple[Volume, ...]:
        return (Volume("F:\\", 0, "NTFS", 1 << 30, 1 << 20),)

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 19, 13, 27, 466585, tzinfo=UTC)

    def clock_ahead(self) -> timedelta:
        return timedelta(seconds=-90)

    def tell_workload(self, name: str, act: str, seconds: float) -> bool:
        if name != "database" or act not in ("freeze", "thaw", "status"):
            raise NotAtRest(f"no {act} of {name} here")
        self.at_rest = act == "freeze" or (act == "status" and self.at_rest)
        return self.at_rest

    def freeze(self, request: FreezeRequest) -> FreezeReport:
        if request.session not in self.sessions:
            raise NoSuchSession("no such session")
        if self.frozen is not None:
            return FreezeReport(False, 0x80042301, "frozen already")
        self.frozen = request.session
        return FreezeReport(True, writers=(WriterReport("SqlServerWriter", "w", "i", 5),) if request.writers else ())

    def thaw(self, session: str) -> ThawReport:
        if self.frozen != session:
            raise NotFrozen("this session has frozen nothing")
        self.frozen = None
        return ThawReport(True, 12.5)


_CERTIFICATE = make_tenant_certificate()


def goal_state(**changes: object) -> GoalState:
    values: dict[str, object] = {
        "incarnation": 1,
        "container_id": "c0ffee00-1111-2222-3333-444455556666",
        "instance": "_sql01",
        "machine_id": "9f6a2b1c-0000-4000-8000-123456789abc",
        "created": datetime(2026, 11, 22, 19, 0, tzinfo=UTC),
    }
    return GoalState(**(values | changes))  # type: ignore[arg-type]


@dataclass
class FakeMachine:
    vm: str = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/sql01"
    key: str = "sql01-00000000"
    token: str = TOKEN
    goal_state: GoalState = field(default_factory=goal_state)
    certificate: TenantCertificate = _CERTIFICATE
    guest: BridgedGuest | None = field(default_factory=FakeGuest)
    disk_blobs: dict[int, Blob] = field(default_factory=dict)
    status_blob: Blob | None = None
    reports: list[Json] = field(default_factory=list)
    told: list[Fact] = field(default_factory=list)
    heard: int = 0
    """How often a program of it was."""

    def report(self, status: Json) -> None:
        self.reports.append(status)

    def tell(self, fact: Fact) -> None:
        self.told.append(fact)

    def sign_of_life(self) -> None:
        self.heard += 1
