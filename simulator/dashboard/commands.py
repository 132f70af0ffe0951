"""What a person can do on the page: the request behind a button, and the same as commands to copy."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from controlplane.json_object import Json
from simulator.client import API_VERSIONS
from simulator.recorder.story import to_text

VERSION = API_VERSIONS["Microsoft.RecoveryServices"]


@dataclass(frozen=True)
class Action:
    """A request below `arm/` or `sim/` of the page, and the commands that ask the same."""

    method: str
    path: str
    body: Json
    commands: tuple[str, ...]
    then: str
    """What the page does with the answer: `job` follows its operation to the job, `stay` does nothing, any other opens
    the view of this name."""
    content_from: str = ""
    """A path below the page whose answer has the `content` of the body."""

    @property
    def request(self) -> str:
        asked = {"method": self.method, "path": self.path, "body": self.body, "then": self.then}
        return to_text(asked | ({"content_from": self.content_from} if self.content_from else {}))


def of_az(*words: str) -> tuple[str, ...]:
    """By one's own az within `backupsim shell`, and by the command that needs none."""
    line = shlex.join(words)
    return f"az {line}", f"backupsim az {line}"


def backup_now(item: str, group: str, vault: str, machine: str) -> Action:
    """A backup on demand of a protected item. `item`: its ARM id."""
    words = ("backup", "protection", "backup-now", "--resource-group", group, "--vault-name", vault)
    of_item = ("--container-name", machine, "--item-name", machine, "--backup-management-type", "AzureIaasVM")
    body = {"properties": {"objectType": "IaasVMBackupRequest"}}
    return Action("POST", f"arm{item}/backup?api-version={VERSION}", body, of_az(*words, *of_item), "job")


def cancel_job(vault: str, job: str) -> Action:
    """Ask a job to stop. `vault`: its ARM id."""
    parts = vault.split("/")
    words = ("backup", "job", "stop", "--resource-group", parts[4], "--vault-name", parts[-1], "--name", job)
    return Action("POST", f"arm{vault}/backupJobs/{job}/cancel?api-version={VERSION}", {}, of_az(*words), "stay")


def record(job: str) -> tuple[str, ...]:
    return (f"backupsim record {shlex.quote(job)} --html {shlex.quote(f'{job}.html')}",)


# ------------------------------------------------------------------------------- what only a simulator can: az has none


def _of_control(path: str, body: Json, line: str) -> Action:
    return Action("POST", f"sim{path}", body, (f"backupsim {line}",), "stay")


def advance(step: str) -> Action:
    return _of_control("/clock/advance", {"by": step}, f"clock advance {step}")


def until_next() -> Action:
    return _of_control("/clock/advance", {"until": "next"}, "clock until next")


def stop_advance() -> Action:
    return _of_control("/clock/stop", {}, "clock stop")


def set_clock(mode: str) -> Action:
    return _of_control("/clock/set", {"mode": mode}, f"clock set {mode}")


def set_fault(name: str) -> Action:
    return _of_control("/faults/set", {"fault": name}, f"fault set {name}")


def clear_fault(number: str) -> Action:
    """One that is set, by its number."""
    return _of_control("/faults/clear", {"faults": [number]}, f"fault clear {number}")


def clear_faults() -> Action:
    return _of_control("/faults/clear", {"all": True}, "fault clear --all")


def set_lectern(mode: str, seconds: float = 3.0) -> Action:
    """How jobs go on: run, slow or step. `seconds` is the length of a rest."""
    rest = f" --rest {seconds:g}" if mode == "slow" else ""
    body = {"mode": mode} | ({"seconds": seconds} if rest else {})
    return _of_control("/lectern", body, f"scenario lectern {mode}{rest}")


def let_on(job: str) -> Action:
    """One job over the border at which it waits."""
    return _of_control("/lectern/go", {"job": job}, f"scenario lectern --go --job {shlex.quote(job)}")


def tell_story(name: str) -> Action:
    return _of_control("/stories/tell", {"story": name, "step": True}, f"scenario tell {name} --step")


def next_sentence() -> Action:
    return _of_control("/stories/go", {}, "scenario next")


def pause_story() -> Action:
    return _of_control("/stories/change", {"step": True}, "scenario pause")


def resume_story(slow: float) -> Action:
    return _of_control("/stories/change", {"step": False, "slow": slow}, f"scenario resume --slow {slow:g}")


def end_story() -> Action:
    return _of_control("/stories/stop", {}, "scenario end")


def empty_world() -> Action:
    """Everything in it is deleted; docs/control.md says how `SIM` and `SIM_TOKEN` are set."""
    line = 'curl --fail -X POST -H "Authorization: Bearer $SIM_TOKEN" "$SIM/reset"'
    return Action("POST", "sim/reset", {}, (line,), "lectern")
