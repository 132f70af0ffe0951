"""How long the steps of jobs plausibly take in world time, drawn from a seed, so that reports look like those of Azure.

What is documented is little: a snapshot comes first and is quick, data "might take some hours" to the vault at peak
times, and all of a backup takes less than 24 hours (About Azure VM backup). The ranges are our choice.
"""

from __future__ import annotations

from datetime import timedelta
from math import exp, log
from random import Random

from controlplane.domain.recovery_services.job import Job

MINUTE, HOUR = 60, 3600
STEP_SECONDS: dict[str, tuple[int, int]] = {
    "Configure protection": (20, 90),
    "Stop protection": (15, MINUTE),
    "Suspend backups": (15, MINUTE),
    "Delete backup data": (MINUTE, 10 * MINUTE),
    "Undelete": (15, MINUTE),
    "Take Snapshot": (MINUTE, 8 * MINUTE),
    "Transfer data to vault": (15 * MINUTE, 3 * HOUR),
    "Move recovery point": (HOUR, 6 * HOUR),
    "Create the restored disks": (2 * MINUTE, 15 * MINUTE),
    "Transfer data from vault": (20 * MINUTE, 4 * HOUR),
    "Create the restored virtual machine": (2 * MINUTE, 8 * MINUTE),
    "Back up the existing virtual machine": (MINUTE, 8 * MINUTE),
    "Replace the existing disks": (2 * MINUTE, 8 * MINUTE),
}
"""Name of a step -> the least and the most seconds that it takes. Two runs of a 4-hourly policy do not meet."""


def draw(seed: int, job: Job, step: str) -> timedelta:
    """Whole seconds of world time. For one seed the same step of a job of the same item and the same beginning always
    takes as long, whatever else goes on; short ones are more frequent than long ones (even in the logarithm). A step
    without a range takes none."""
    least, most = STEP_SECONDS.get(step, (0, 0))
    if not most:
        return timedelta(0)
    who = f"{job.vault} {job.container} {job.friendly_name}".lower()
    drawn = Random(f"{seed} {who} {job.operation} {job.started.isoformat()} {step}").random()
    return timedelta(seconds=round(exp(log(least) + drawn * (log(most) - log(least)))))
