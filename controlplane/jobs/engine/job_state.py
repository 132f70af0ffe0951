"""What the state of every job of a vault holds: plain JSON in the store, typed for whoever reads a step.

Each family of plans has two types of its own. Its input extends JobInput: what the use case that opens the job knows.
Its state is that input with OpenedJob: what the steps read. A key that only a step adds is NotRequired there.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class JobInput(TypedDict):
    """What each use case gives to the job it opens."""

    vm: str
    """ARM id of the virtual machine that the job is about. Every event of the job names it."""


class OpenedJob(TypedDict):
    """What `records.open_job` adds."""

    job: str
    """Id of the job, a GUID. Snapshots and temporary blobs bear it, so that an undo finds them."""
    job_document: str
    """Id of the job's document, which is its ARM id."""
    operation: str
    """Id of the document of the ARM operation that began the job."""
    lock: str
    """Id of the document of kind `records.LOCK` that is deleted when the job ends."""
    event: NotRequired[int]
    """Id of the event that what is told next follows from. It is that of the opened job; in a step the engine puts that
    of the task in its place. A job of an earlier release has none."""


class JobState(JobInput, OpenedJob):
    """What the state of every job of a vault holds."""
