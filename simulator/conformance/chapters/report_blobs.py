"""Chapters: how report blobs are written, and logs."""

from __future__ import annotations

import re

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Chapter, unless
from simulator.conformance.views import (
    SUCCESSES,
    blob_text,
    claims_success,
    code,
    exchanges,
    freezes,
    status_file,
    task,
    texts_of_logs,
    told_code,
)

LINUX_HANDLER = "published Linux handler: source and behaviour"

BLOBS = Chapter("report blobs", "no-status-blob", LINUX_HANDLER)
LOGS = Chapter("logs", "backup", LINUX_HANDLER)

# ---------------------------------------------------------------------------------------------------------------- blobs


@BLOBS.must("BLB-01", "N.status tells how the task ended although the status blob does not exist")
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told in SUCCESSES, f"its code is {told}")


@BLOBS.should("BLB-02", "a status blob that does not exist is not made")
def _(recording: Recording) -> str | None:
    return unless(
        not [each for each in exchanges(recording, "storage", "write") if "status" in each.what], "it is tried"
    )


@BLOBS.must("BLB-03", "the log blob is written although the status blob does not exist")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).log_blob).strip(), "it is empty")


@BLOBS.should("BLB-04", "a status blob that is not empty is left alone: it is another run's", scene="full-status-blob")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).status_blob) == "old", "it has another text")


@BLOBS.must(
    "BLB-05", "N.status tells how the task ended although the status blob was not empty", scene="full-status-blob"
)
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told in SUCCESSES, f"its code is {told}")


@BLOBS.must(
    "BLB-06", "the status blob tells how the task ended although the log blob does not exist", scene="no-log-blob"
)
def _(recording: Recording) -> str | None:
    return unless(claims_success(recording), f"its code is {code(recording)}")


@BLOBS.should("BLB-07", "a write of the status blob that fails is tried again", scene="status-blob-fails")
def _(recording: Recording) -> str | None:
    last = freezes(recording)[-1][1]
    writes = [each for each in exchanges(recording, "storage", "write") if "status" in each.what and each.at > last]
    return unless(len(writes) > 1, f"it is tried {len(writes)} times")


@BLOBS.must(
    "BLB-08", "N.status tells how the task ended although the status blob cannot be written", scene="status-blob-fails"
)
def _(recording: Recording) -> str | None:
    told = told_code(status_file(recording)["status"])
    return unless(told in SUCCESSES, f"its code is {told}")


@BLOBS.must("BLB-09", "the log blob is written although the status blob cannot be", scene="status-blob-fails")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).log_blob).strip(), "it is empty")


@BLOBS.must("BLB-10", "a status blob that is a page blob is written", scene="page-blobs")
def _(recording: Recording) -> str | None:
    return unless(claims_success(recording), f"its code is {code(recording)}")


@BLOBS.must("BLB-11", "a log blob that is a page blob is written", scene="page-blobs")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).log_blob).strip(" \0"), "it is empty")


@BLOBS.must("BLB-12", "no write to a page blob is refused by the storage", scene="page-blobs")
def _(recording: Recording) -> str | None:
    refused = [each.what for each in recording.exchanges if each.party == "storage" and each.status >= 400]
    return unless(not refused, f"{', '.join(refused)} is")


# ----------------------------------------------------------------------------------------------------------------- logs


@LOGS.must("LOG-01", "the log blob is written")
def _(recording: Recording) -> str | None:
    return unless(blob_text(recording, task(recording).log_blob).strip(), "it is empty")


@LOGS.must(
    "LOG-02", "the log blob is written last after the thaw, so that it tells the end", needs=("LOG-01", "FRZ-01")
)
def _(recording: Recording) -> str | None:
    writes = [each for each in exchanges(recording, "storage", "write") if each.what == "write log1"]
    return unless(writes[-1].at > freezes(recording)[-1][1], "the last write comes before")


@LOGS.should("LOG-03", "a log names the taskId")
def _(recording: Recording) -> str | None:
    met = any(task(recording).task_id in text for text in texts_of_logs(recording).values())
    return unless(met, "none does")


@LOGS.should("LOG-04", "lines of the log blob begin with a time", needs=("LOG-01",))
def _(recording: Recording) -> str | None:
    first = blob_text(recording, task(recording).log_blob).splitlines()[0]
    return unless(re.match(r"\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d", first), f"the first is {first[:60]}")


@LOGS.should("LOG-05", "the log blob of a task that failed names the code", scene="one-refused")
def _(recording: Recording) -> str | None:
    text = blob_text(recording, task(recording).log_blob)
    return unless(re.search(r"\b(76|FailedRetryableSnapshotFailed\w+)\b", text), "it does not")


@LOGS.must("LOG-06", "commands write no more than 64 KiB to their streams")
def _(recording: Recording) -> str | None:
    return unless(all(len(each.stdout) + len(each.stderr) <= 65536 for each in recording.commands), "one writes more")


CHAPTERS = (BLOBS, LOGS)
