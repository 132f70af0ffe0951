"""What Windows writes to its event logs about VSS, entry by entry, as "source id: text".

Numbers and texts are those of the message tables of vsstrace.dll (VSS, Application log) and volsnap.sys (System log).
Which failure is written under which number follows from what the texts say; that assignment is ours where no sample of
a real log was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import NAMESPACE_DNS, uuid5

from simulator.guest.vss.hresult import OF_PROVIDERS, Hresult, with_words
from simulator.guest.vss.scripting import Step

if TYPE_CHECKING:
    from simulator.guest.vss.writer import Writer, WriterEvent

SYSTEM_PROVIDER = "{b5946137-7b9f-4925-af80-51abd60b20d5}"
TRANSACTION_SECONDS = 10
"""Within which transactions of the kernel have to freeze."""
SILENT = frozenset({Hresult.WRITER_NOT_RESPONDING, Hresult.WRITER_STATUS_NOT_AVAILABLE})
_ERROR = "Volume Shadow Copy Service error: "
_OPERATIONS = {
    "Identify": "Gathering Writer Data",
    "PrepareBackup": "PrepareForBackup Event",
    "PrepareSnapshot": "PrepareForSnapshot Event",
}


def of_writer(writer: Writer, event: WriterEvent) -> str:
    """A writer failed at an event: it rejected it, was not allowed to answer, or did not."""
    code = writer.last_error
    operation = _OPERATIONS.get(event.value, f"{event.value} Event")
    context = _context(
        operation,
        Execution_Context="Writer",
        Writer_Class_Id=f"{{{writer.writer_class.writer_id}}}",
        Writer_Name=writer.writer_class.name,
        Writer_Instance_ID=f"{{{writer.instance_id}}}",
    )
    if code == Hresult.ACCESS_DENIED:
        return (
            f"VSS 8194: {_ERROR}Unexpected error querying for the IVssWriterCallback interface.  "
            f"hr = {with_words(code)}\nThis is often caused by incorrect security settings in either the writer or "
            f"requestor process.{context}"
        )
    if code in SILENT:
        return (
            f"VSS 12301: {_ERROR}Writer {writer.writer_class.name} did not respond to a GatherWriterStatus call."
            f"{context}"
        )
    return (
        f"VSS 8229: A VSS writer has rejected an event with error {with_words(code)}\nChanges that the writer made to "
        "the writer components while handling the event will not be available to the requester. Check the event log "
        f"for related events from the application hosting the VSS writer.{context}"
    )


def of_vss(step: Step, code: Hresult, volume: str) -> Sequence[str]:
    """VSS or its provider failed at a step; `volume` is the first one of the set."""
    context = _context(step.value, Execution_Context="Coordinator")
    if code == Hresult.WRITER_INFRASTRUCTURE:
        return [
            f"VSS 12302: {_ERROR}An internal inconsistency was detected in trying to contact shadow copy service "
            f"writers.  Please check to see that the Event Service and Volume Shadow Copy Service are operating "
            f"properly.{context}"
        ]
    if code == Hresult.FLUSH_WRITES_TIMEOUT:
        return [_writes("flushed", 12297, code, volume, context), _flush_and_hold(volume)]
    if code == Hresult.HOLD_WRITES_TIMEOUT:
        return [_writes("held", 12298, code, volume, context), _flush_and_hold(volume)]
    if code in {Hresult.TRANSACTION_FREEZE_TIMEOUT, Hresult.TRANSACTION_THAW_TIMEOUT}:
        freezes = code == Hresult.TRANSACTION_FREEZE_TIMEOUT
        return [
            f"VSS {12323 if freezes else 12324}: Volume Shadow Copy Warning: A timeout was encountered while trying to "
            f"{'freeze' if freezes else 'thaw'} the Kernel Transaction Manager ({TRANSACTION_SECONDS} seconds)."
            f"{context}"
        ]
    if code in OF_PROVIDERS or step in {Step.COMMIT, Step.FINAL_COMMIT}:
        lines = [
            f"VSS 12293: {_ERROR}Error calling a routine on a Shadow Copy Provider {SYSTEM_PROVIDER}. Routine details "
            f"{step} [hr = {with_words(code)}].{context}"
        ]
        if code == Hresult.INSUFFICIENT_STORAGE:
            lines.append(
                f"volsnap 36: The shadow copies of volume {volume} were aborted because the shadow copy storage could "
                "not grow due to a user imposed limit."
            )
        return lines
    if step in {Step.INITIALIZE, Step.GATHER}:
        return [f"VSS 8193: {_ERROR}Unexpected error calling routine {step}.  hr = {with_words(code)}{context}"]
    return [f"VSS 12289: {_ERROR}Unexpected error {step}({volume}).  hr = {with_words(code)}{context}"]


def volume_name(disk: str) -> str:
    """The name of a volume as the mount manager of Windows has it: it stays the same for the same disk."""
    return f"\\\\?\\Volume{{{uuid5(NAMESPACE_DNS, disk)}}}\\"


def _writes(what: str, number: int, code: Hresult, volume: str, context: str) -> str:
    nothing = "0x00000000"
    flush, release = (with_words(code), nothing) if what == "flushed" else (nothing, with_words(code))
    return (
        f"VSS {number}: {_ERROR}The I/O writes cannot be {what} during the shadow copy creation period on volume "
        f"{volume}.\nThe volume index in the shadow copy set is 0. Error details: Open[{nothing}], Flush[{flush}], "
        f"Release[{release}], OnRun[{nothing}].{context}"
    )


def _flush_and_hold(volume: str) -> str:
    return (
        f"volsnap 8: The flush and hold writes operation on volume {volume} timed out while waiting for a release "
        "writes command."
    )


def _context(operation: str, **lines: str) -> str:
    told = "".join(f"\n   {key.replace('_', ' ')}: {value}" for key, value in lines.items())
    return f"\n\nOperation:\n   {operation}\n\nContext:{told}"
