"""Records the newest jobs of a world, each as one file that a browser opens from disk."""

from __future__ import annotations

from pathlib import Path

import httpx

from simulator.client import Client, RequestFailed
from simulator.failures import Failure
from simulator.recorder import recording, story

MOST_JOBS = 3


def write(folder: Path, client: Client) -> list[Path]:
    """The files that were written, named after their jobs. What cannot be recorded, since the world does not answer or
    the job is too large for a file, is left out: the test has failed already, and that is what counts."""
    written: list[Path] = []
    try:
        for name in _newest(client):
            path = folder / f"job-{name}.html"
            path.write_text(_text(client, name), encoding="utf-8")
            written.append(path)
    except (Failure, RequestFailed, httpx.HTTPError):
        return written
    return written


def _newest(client: Client) -> list[str]:
    jobs = [
        (str(job["properties"]["startTime"]), str(job["name"]))
        for vault in story.vaults(client)
        for job in client.list(f"{vault['id']}/backupJobs")
    ]
    return [name for _, name in sorted(jobs, reverse=True)[:MOST_JOBS]]


def _text(client: Client, name: str) -> str:
    found = story.find_job(client, name)
    return recording.html(story.collect(client, found, with_verdict=story.is_over(found.body)), "en")
