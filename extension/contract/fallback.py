"""Which consistency a backup falls back to, and when: every rule is a row, and each row has its source.

A row holds where all of its facts are so; of those of a stage the first one counts. The handler goes by the stages of
one attempt, the service by those of a job and of its schedule. Both look here, so that no rule stands anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

BEFORE_FREEZE, FREEZE, THAW = "before the freeze", "after the freeze", "after the thaw"
"""Stages of an attempt, for the handler."""
MACHINE, ATTEMPT, JOB = "before the first attempt", "after an attempt", "after a job"
"""Stages of a job and of its schedule, for the service."""

GO_ON = "the freeze"
APPLICATION = "application-consistent snapshots"
FILE_SYSTEM = "file-system-consistent snapshots"
CRASH = "crash-consistent snapshots"
WITHOUT_WRITERS = "another freeze, without writers"
REPORT = "a report of failure"
BY_SERVICE = "crash-consistent snapshots by the service"
BY_HANDLER = "a task for the handler"
ANOTHER_ATTEMPT = "another attempt in the same job, which may be crash-consistent"
ANOTHER_JOB = "another job for the same run, ten minutes later"
NOTHING = "nothing: the job stays as it is"

INTRODUCTION = "[About Azure VM backup](https://learn.microsoft.com/azure/backup/backup-azure-vms-introduction#snapshot-consistency)"
LINUX_HANDLER = "[Microsoft's Linux handler](https://github.com/Azure/azure-linux-extensions/tree/master/VMBackup)"
TROUBLESHOOT = "[Troubleshoot backup failures](https://learn.microsoft.com/azure/backup/backup-azure-vms-troubleshoot)"
OURS = "a choice: no public source says how"


class Rule(NamedTuple):
    stage: str
    facts: Mapping[str, bool]
    """All of them have to be so. Empty: what is left."""
    then: str
    why: str
    source: str


RULES = (
    Rule(MACHINE, {"runs": False}, BY_SERVICE, "nobody writes to the disks of a machine that is off", INTRODUCTION),
    Rule(MACHINE, {}, BY_HANDLER, "the machine runs", INTRODUCTION),
    Rule(
        BEFORE_FREEZE,
        {"vss_usable": False, "crash_allowed": False},
        REPORT,
        "the service wants to know of a VSS that is disabled before it goes on without",
        LINUX_HANDLER,
    ),
    Rule(
        BEFORE_FREEZE,
        {"vss_usable": False},
        CRASH,
        "a repeated attempt may do without a freeze",
        LINUX_HANDLER,
    ),
    Rule(BEFORE_FREEZE, {}, GO_ON, "the system can freeze", INTRODUCTION),
    Rule(FREEZE, {"held": True, "all_writers": True}, APPLICATION, "every writer is frozen", INTRODUCTION),
    Rule(FREEZE, {"held": True}, FILE_SYSTEM, "the volumes are held, and some writers failed", INTRODUCTION),
    Rule(
        FREEZE,
        {"writers_failed": True},
        WITHOUT_WRITERS,
        "writers failed, and the volumes may still be held without them",
        OURS,
    ),
    Rule(
        FREEZE,
        {"crash_allowed": True},
        CRASH,
        "the service allows it for this attempt, which is a repeated one",
        LINUX_HANDLER,
    ),
    Rule(FREEZE, {}, REPORT, "the first attempt does not go on without a freeze", LINUX_HANDLER),
    Rule(THAW, {"kept": False, "crash_allowed": True}, CRASH, "the hold broke before the thaw", OURS),
    Rule(THAW, {"kept": False}, REPORT, "the hold broke, and the first attempt wants more than that", OURS),
    Rule(THAW, {"writers_failed": True}, FILE_SYSTEM, "a writer failed behind the snapshots", INTRODUCTION),
    Rule(THAW, {}, APPLICATION, "as it was taken", INTRODUCTION),
    Rule(
        ATTEMPT,
        {"freeze_in_the_way": True, "attempts_left": True},
        ANOTHER_ATTEMPT,
        "what stood in the way was the freeze",
        LINUX_HANDLER,
    ),
    Rule(ATTEMPT, {}, NOTHING, "another attempt would fail as this one did", OURS),
    Rule(
        JOB,
        {"service_error": True, "retries_left": True},
        ANOTHER_JOB,
        "the error is the service's own, whose remedy is to retry in a few minutes",
        TROUBLESHOOT,
    ),
    Rule(JOB, {}, NOTHING, "its owner has to mend it", TROUBLESHOOT),
)

NOT_FOLLOWED = (
    (
        "after writers failed, the next three restore points are file-system-consistent, and the fourth is tried with "
        "writers again",
        "it is told of restore points that somebody asks Compute for; whether backups do so is not said",
        "[Restore points](https://learn.microsoft.com/azure/virtual-machines/virtual-machines-create-restore-points)",
    ),
    (
        "a crash-consistent snapshot in a repeated attempt only of a machine with a single disk",
        "disks that were not frozen together are no less consistent for being several",
        LINUX_HANDLER,
    ),
)
"""Rules that a source has and this does not follow: the rule, why not, and the source."""


def then(stage: str, **facts: bool) -> str:
    """What follows at a stage where these facts are so."""
    for rule in RULES:
        if rule.stage == stage and all(facts.get(name) is value for name, value in rule.facts.items()):
            return rule.then
    raise LookupError(f"no rule for the stage {stage}")
