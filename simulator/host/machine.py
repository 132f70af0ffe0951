"""One hosted machine: applies its desired state, runs its guest and agent, and reports its observed state.

`advance()` does whatever is due, in the thread of whoever calls it, one caller at a time; it may take as long as a boot
takes. Between two advances others may look at the machine (the wire server does) and wake it.

A machine holds world time (`holds.py`) while it has something to do or to show. It lets go only after what it has to
show stands in the store: then whoever waits for that has been told.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Cause, Fact
from controlplane.fabric_documents import (
    OBSERVED,
    DesiredMachine,
    ObservedAgent,
    ObservedMachine,
    parse_snapshots,
    snapshots_to_json,
)
from controlplane.guest_urls import guest_sas
from controlplane.json_object import Json
from controlplane.ports import (
    Blob,
    BlobConflict,
    CommandResult,
    MachineSpec,
    PortError,
    PowerState,
    StorageUnavailable,
)
from extension.contract.bridge import TOKEN_FILE
from extension.contract.redaction import redact
from simulator.guest.agent.agent import Agent
from simulator.guest.agent.process import end_processes_below
from simulator.guest.conditions import MachineConditions
from simulator.guest.files import write_private
from simulator.guest.machine import BootFailed, Guest
from simulator.host import held_snapshots
from simulator.host.agents import AgentChoice
from simulator.host.certificates import TenantCertificate, tenant_certificate
from simulator.host.documents import AgentReport, machine_key, new_orders, observed_extensions, plugins
from simulator.host.goalstate import GoalState
from simulator.host.machine_story import MachineStory
from simulator.host.machine_work import MachineWork, earliest_end
from simulator.host.surroundings import Surroundings

HOST_FOLDER = "host"
"""What the host keeps of a machine, beside what would be on its system disk."""
TOKEN_BYTES, TOKEN_LETTERS = 32, 43
"""Of the secret of a machine's programs, and as many as it is written with."""
STATUS_CONTAINER = "agent-status"
RETRY = timedelta(seconds=10)
"""Real time until a machine is tried again after the storage did not answer or something unforeseen happened."""
TOLD = "told"
"""Key beside a machine's document: the newest event that its host has acted upon."""
STATUS_SAS_LASTS = timedelta(days=30)
"""Of the SAS in a goal state. Azure's own lasts until the year 9999; nothing that can be lost should. A host that is
started, a boot and a change make another one, and an agent that reports through the host needs none."""
NEVER = datetime.max.replace(tzinfo=UTC)
AT_ONCE = datetime.min.replace(tzinfo=UTC)
NO_AGENT = ObservedAgent("Not Ready", "Unknown")
"""Of a machine on which none is installed, from its boot on."""


class Machine:
    """One machine of a host, also as the wire server sees it."""

    goal_state: GoalState
    certificate: TenantCertificate
    token: str

    def __init__(self, vm: str, surroundings: Surroundings) -> None:
        self.vm = vm
        self.key = machine_key(vm)
        self.folder = surroundings.folder / self.key
        self.guest: Guest | None = None
        self.gone = False
        """It was deleted, and nothing of it is left."""
        self._woken = False
        self._due = NEVER
        self._work = MachineWork()
        self._all = surroundings
        self._story = MachineStory(vm, surroundings.event_buffer, surroundings.started)
        self._conditions = MachineConditions()
        """Under which it booted."""
        self._agent: Agent | None = None
        """Ours; None while it is off, and where a real one may take its place."""
        self._desired: DesiredMachine | None = None
        self._applied: DesiredMachine | None = None
        self._power: PowerState = "stopped"
        self._provisioning_state = "Creating"
        self._problem: str | None = None
        self._booted: datetime | None = None
        self._booted_as: tuple[MachineSpec, int] | None = None
        """With which specification, and at which order to boot anew, it booted last."""
        self._private_address: str | None = None
        """Known once it has booted."""
        self._report: AgentReport | None = None
        self._private: Json = {}
        self._shown: ObservedMachine | None = None

    # ------------------------------------------------------------------------------------- what others say, any thread

    def want(self, desired: DesiredMachine) -> None:
        self._desired = desired
        self._wake()

    def look_again(self) -> None:
        """What is outside of the documents may have changed, as a service in the guest."""
        if self._agent is not None:
            self._agent.report_again()
        self._wake()

    def report(self, status: Json) -> None:
        """The agent's aggregate status."""
        report = AgentReport.parse(status, self._all.clock.now())
        before = self._report
        if before is not None and replace(before, reported=report.reported) == report:
            self._report = report
            self._woken = True  # to show when it came, which nobody waits for
        else:
            self._work.has_news = True  # before the report is there, so that one of the two is always said
            self._report = report
            self._wake()
            self.sign_of_life()

    def tell(self, fact: Fact) -> None:
        """Something happened to this machine."""
        self._story.tell(fact)
        if isinstance(fact, events.SessionClosed):  # its requester has ended, and written its report before
            if (agent := self._agent) is not None:
                agent.expect_status()
            self._wake()
            self._all.ring()
            self._all.session_closed(self.vm)
        self._work.note(fact)
        self._all.holds.update(self)
        self.sign_of_life()

    def sign_of_life(self) -> None:
        """Something was seen of it."""
        self._all.holds.sign_of_life(self)

    def _wake(self) -> None:
        self._work.has_news = self._woken = True
        self._all.holds.update(self)

    # ---------------------------------------------------------------------------------------- what holds world time

    @property
    def name(self) -> str:
        return self.vm.rpartition("/")[2]

    @property
    def longest_silence_seconds(self) -> float:
        return self._work.longest_silence_seconds

    def works_on(self) -> Sequence[str]:
        if self.gone:
            return []
        # What one field no longer says another says already, which may have been read before: so a second look.
        return self._works_on() or self._works_on()

    def _works_on(self) -> Sequence[str]:
        goal = self.goal_state if self.guest is not None else None
        return self._work.in_words(self._desired is not self._applied, goal, self._report, self._shown)

    def gives_up_at(self) -> datetime | None:
        desired, shown = self._applied, self._shown
        if desired is None or shown is None or self.gone or self._work.waits:
            return None
        return earliest_end(desired, shown)

    # --------------------------------------------------------------------------------------------------- what it does

    def is_due(self, now: datetime) -> bool:
        """Whether it wants to advance; `now` is real time."""
        return self._woken or self._due <= now

    def advance(self) -> None:
        self._woken, self._due = False, NEVER  # cleared before looking, so that a wake-up meanwhile is not lost
        desired = self._desired
        if self._work.begin(desired is not self._applied):
            self._all.holds.update(self)
        if desired is not None and desired is not self._applied:
            self._become(desired)
        self._keep_to_choice()
        agent = self._running_agent()
        if agent is not None and agent.due <= self._all.real_time.now():
            agent.tick()
        self._show()
        if agent is not None:
            self._due = min(self._due, agent.due)
        self._rest()

    def _running_agent(self) -> Agent | None:
        return self._agent if self.guest is not None and self.guest.agent_runs else None

    def _rest(self) -> None:
        self._work.end()
        self._all.holds.update(self)

    def close(self, cause: Cause | None = None) -> None:
        """The host ends. The machine stays what it is, and is started again by the next host."""
        self._story.cause = cause
        self._power_off()

    def fail(self, problem: Exception) -> None:
        """An unexpected error. The machine is tried again after a pause."""
        self._woken = False
        self._try_again_later()
        sentence = redact(f"{type(problem).__name__}: {problem}")
        if self._desired is self._applied:
            self.tell(events.MachineFailed(sentence))
        else:
            self._set("Failed", sentence)
            self._show(self._desired)
        self._rest()

    def _try_again_later(self) -> None:
        self._due, self._work.waits = self._all.real_time.now() + RETRY, True

    def _become(self, desired: DesiredMachine) -> None:
        if self._applied is None:
            self._recall(desired)
            self._story.forget(self._private.get(TOLD, 0))
            self._story.cause = self._story.why(desired.cause)
        elif self._applied.born != desired.born:
            self._story.cause = self._story.why(desired.cause)
            self._power_off()
            self._booted = None
            self._recall(desired)
        else:
            self._story.cause = self._story.why(desired.cause)
        self._private[TOLD] = max(_causes(desired), default=self._private.get(TOLD, 0))
        if desired.deleted:
            self._delete(desired.dropped)
            self._applied = desired
            return
        self._order(desired)
        self._set("Updating" if self._private["boots"] else "Creating", None)
        self._show(desired)  # the certificate is wanted before the machine runs
        if self._turn(desired):
            self._run(desired)
            self._snapshot(desired)
            self._applied = desired
        else:
            self._try_again_later()
            self._show(desired)

    def _recall(self, desired: DesiredMachine) -> None:
        """What an earlier host knew of this machine, unless that was another one of the same name."""
        document = self._all.store.get(OBSERVED, self.vm)
        self._private = dict(document.private) if document is not None else {}
        if document is not None and self._private.get("born") == desired.born:
            self._shown = ObservedMachine.parse(document.json())
            self._power = self._shown.power
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._private, self._shown = {"born": desired.born, "incarnation": 0, "boots": 0}, None
            self._power = "stopped"
        if desired.deleted:
            return
        self.certificate = tenant_certificate(self.folder / HOST_FOLDER)
        self.token = _token(self.folder / TOKEN_FILE)
        self.goal_state = self._goal_state(desired)

    def _delete(self, dropped: Sequence[Blob]) -> None:
        """`dropped` are the blobs of disks that are gone too: those that were just made here."""
        self._power_off()
        for blob in dropped:
            with suppress(BlobConflict):  # snapshots of a disk outlive it, in its blob
                self._all.blobs.delete(blob)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._all.store.delete(OBSERVED, self.vm):
            self.tell(events.MachineDeleted())
        self.gone = self._woken = True

    # ------------------------------------------------------------------------------------------------------ goal state

    def _order(self, desired: DesiredMachine) -> None:
        """Publish another goal state if the extensions that are wanted changed."""
        goals = plugins(desired.extensions, self._all.packages)
        if self._private["incarnation"] and goals == self.goal_state.plugins and self._applied is not None:
            return
        self._private["incarnation"] += 1
        self.goal_state = self._goal_state(desired)
        before = self._applied.extensions if self._applied else ()
        changed = new_orders(desired.extensions, before, self._all.packages)
        self._story.publish(self.goal_state.incarnation, len(goals), changed)
        if self._agent is not None:
            self._agent.ring()

    def _goal_state(self, desired: DesiredMachine) -> GoalState:
        return GoalState(
            incarnation=self._private["incarnation"],
            container_id=desired.spec.vm_id,
            instance=f"_{desired.spec.name}",
            machine_id=desired.spec.vm_id,
            created=self._all.real_time.now(),  # agents that know no other time read it
            plugins=plugins(desired.extensions, self._all.packages),
            status_url=self._status_url(),
            private_address=self._private_address,
        )

    @property
    def wire_address(self) -> str:
        """The wire server and this machine's prefix there."""
        return self._all.wire.address_of(self.key)

    @property
    def status_blob(self) -> Blob | None:
        account = self._all.status_account
        return Blob(account, STATUS_CONTAINER, f"{self.key}.status") if account is not None else None

    @property
    def disk_blobs(self) -> dict[int, Blob]:
        guest = self.guest
        return {disk.lun: disk.blob for disk in guest.spec.disks} if guest is not None else {}

    def _status_url(self) -> str:
        blob = self.status_blob
        if blob is None:
            return ""
        # Signatures are checked in real time, whatever the world's clock says.
        expires = datetime.now(UTC) + STATUS_SAS_LASTS
        return guest_sas(self._all.blobs, self._all.storage_address(self.vm), blob, "rw", expires)

    # -------------------------------------------------------------------------------------------------------- commands

    def _run(self, desired: DesiredMachine) -> None:
        """Run the script that is asked for, once; a machine that is off lets it pass."""
        command = desired.command
        if command is None or command.number <= self._private.get("command", {}).get("number", 0):
            return
        output, errors = "", "the machine was not running"
        if self.guest is not None:
            output, errors = self.guest.run_script(command.script)
        self._private["command"] = {"number": command.number, "output": output, "errors": errors}

    def _snapshot(self, desired: DesiredMachine) -> None:
        """Snapshot the disks that are asked for, once."""
        wanted = desired.snapshots
        if wanted is None or wanted.order.task_id == self._private.get("snapshots", {}).get("task_id"):
            return
        taken = held_snapshots.take(wanted.order, self.guest, self._all.blobs)
        self._story.tell_of_hold(held_snapshots.told(taken), wanted.cause)
        self._private["snapshots"] = snapshots_to_json(taken)

    # ----------------------------------------------------------------------------------------------------------- power

    def _turn(self, desired: DesiredMachine) -> bool:
        """Start or stop as desired. False: it failed and is tried again later."""
        boot_inputs = (desired.spec, desired.restarts)
        if self.guest is not None and (desired.power != "running" or self._booted_as != boot_inputs):
            # Azure attaches data disks to a running machine; here a machine with other disks starts anew.
            self._power_off()
        try:
            if desired.power == "running" and self.guest is None:
                self._boot(desired.spec)
                self._booted_as = boot_inputs
        except (BootFailed, PortError) as problem:
            self._become_power("stopped")
            self._set("Failed", str(problem))
            return not isinstance(problem, StorageUnavailable)
        self._become_power(desired.power)
        self._set("Succeeded", None)
        return True

    def _boot(self, spec: MachineSpec) -> None:
        self._private["boots"] += 1
        conditions = self._all.conditions(self.vm, spec)
        self._private_address = conditions.network.private_address
        self.goal_state = replace(self.goal_state, private_address=self._private_address)
        guest = Guest(
            vm=self.vm,
            spec=spec,
            folder=self.folder,
            blobs=self._all.guest_blobs(self.vm),
            clock=self._all.clock,
            real_time=self._all.real_time,
            chance=Random(f"{self._all.seed} {self.vm.lower()} {self._private['boots']}"),
            conditions=conditions,
            on_event=self.tell,
        )
        guest.boot()
        self.guest, self._booted = guest, self._all.clock.now()
        self._all.wire.attach(self)
        self._conditions = conditions
        self._keep_to_choice()

    def _keep_to_choice(self) -> None:
        """Have our agent run, or leave its place to a real one."""
        if self.guest is None:
            return
        is_ours = self._all.agents.of(self.vm) is AgentChoice.SIMULATED
        if is_ours and self._agent is None:
            self._agent = self._new_agent(self.guest, self._conditions)
            self._report = None
        elif not is_ours and self._agent is not None:
            self._agent.close()
            self._agent = self._report = None

    def _new_agent(self, guest: Guest, conditions: MachineConditions) -> Agent:
        factories, profile = conditions.factories, guest.profile.agent
        address = conditions.network.wire_server(self._all.wire.address_of(self.key))
        return Agent(
            disk=self.folder,
            wire=factories.wire_client(address, self.token, profile.name),
            profile=profile,
            facts=guest.facts(),
            clock=self._all.clock,
            real_time=self._all.real_time,
            on_event=self.tell,
            on_output=self.sign_of_life,
            poll=conditions.agent_poll,
            run_command=factories.run_command,
            has_room=conditions.has_room,
        )

    def _power_off(self) -> None:
        if self._agent is not None:
            self._agent.close()
            self._agent = None
        if self.guest is not None:
            guest, self.guest = self.guest, None
            self._all.wire.detach(self.key)
            end_processes_below(self.folder)
            guest.shutdown()
        self._report = None

    def _become_power(self, power: PowerState) -> None:
        if power != self._power:
            self.tell(events.MachinePower(power))
        self._power = power

    # -------------------------------------------------------------------------------------------------- what it shows

    def _set(self, provisioning_state: str, problem: str | None) -> None:
        if problem is not None and problem != self._problem:
            self.tell(events.MachineFailed(problem))
        self._provisioning_state, self._problem = provisioning_state, problem

    def _show(self, desired: DesiredMachine | None = None) -> None:
        """Write the document if it has changed."""
        target = desired or self._applied
        if target is None or self.gone:
            return
        observed = self._observed(target)
        if observed != self._shown:
            self._all.store.put(OBSERVED, self.vm, observed.to_json(), private=self._private)
            self._shown = observed

    def _observed(self, desired: DesiredMachine) -> ObservedMachine:
        """Until the agent reports, its former report is kept."""
        report, former = self._report, self._shown
        extensions = former.extensions if former else ()
        if report is not None:
            extensions = observed_extensions(desired.extensions, self.goal_state, report, self._all.packages)
        system = report or former
        return ObservedMachine(
            vm=desired.vm,
            generation=desired.generation,
            power=self._power,
            provisioning_state=self._provisioning_state,
            problem=self._problem,
            certificate=self.certificate.pem,
            thumbprint=self.certificate.thumbprint,
            agent=self._observed_agent(report),
            computer_name=system.computer_name if system else None,
            os_name=system.os_name if system else None,
            os_version=system.os_version if system else None,
            booted=self._booted,
            extensions=extensions,
            command=CommandResult(**self._private["command"]) if "command" in self._private else None,
            snapshots=parse_snapshots(self._private["snapshots"]) if "snapshots" in self._private else None,
        )

    def _observed_agent(self, report: AgentReport | None) -> ObservedAgent | None:
        """As it reported, unless it has been stopped since; Azure sees that by its silence, and later. A system without
        an agent is waited for by nobody."""
        if self.guest is not None and not self.guest.has_agent:
            return NO_AGENT
        if report is None or self.guest is None:
            return None
        return report.agent if self.guest.agent_runs else replace(report.agent, status="Not Ready")


def _causes(desired: DesiredMachine) -> list[int]:
    """The events that a machine is as it shall be because of, as far as they are known."""
    snapshots = desired.snapshots.cause if desired.snapshots is not None else None
    causes = (desired.cause, snapshots, *(extension.cause for extension in desired.extensions))
    return [cause.event for cause in causes if cause is not None]


def _token(file: Path) -> str:
    """The secret by which the machine's programs are recognised; created once, and anew where it is not whole."""
    with suppress(FileNotFoundError, UnicodeDecodeError):
        kept = file.read_text(encoding="ascii")
        if len(kept) == TOKEN_LETTERS:
            return kept
    made = secrets.token_urlsafe(TOKEN_BYTES)
    write_private(file, made)
    return made
