"""The writers of a Windows Server, and how `vssadmin list writers` shows them."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from uuid import UUID

from simulator.guest.vss.writer import Hresult, Level, State, Writer, WriterClass

# The identities are Microsoft's, the same on every machine. The levels of the in-box writers are not published; that
# system components freeze last is what the levels are for.
IN_BOX = (
    WriterClass("Task Scheduler Writer", "d61d61c8-d73a-4eee-8cdd-f6f9786b7124", "Schedule",
                instance_id="1bddd48e-5052-49db-9b07-b96f96727e6b"),
    WriterClass("VSS Metadata Store Writer", "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06", "",
                instance_id="088e7a7d-09a8-4cc6-a609-ad90e75ddc93"),
    WriterClass("Performance Counters Writer", "0bada1de-01a9-4625-8278-69e735f39dd2", ""),
    WriterClass("System Writer", "e8132975-6f93-4464-a53e-1050253ae220", "CryptSvc"),
    WriterClass("ASR Writer", "be000cbe-11fe-4426-9c58-531aa6355fc4", "VSS"),
    WriterClass("Shadow Copy Optimization Writer", "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f", "VSS"),
    WriterClass("Registry Writer", "afbab4a2-367d-4d15-a586-71dbb18f8485", "VSS"),
    WriterClass("COM+ REGDB Writer", "542da469-d3e1-473c-9f4f-7847f01fc64f", "VSS"),
    WriterClass("WMI Writer", "a6ad56c2-b509-4e6c-bb19-49d8f43532f0", "Winmgmt"),
)  # fmt: skip
SQL_SERVER = WriterClass("SqlServerWriter", "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", "SQLWriter", Level.BACK_END)

STATE_WORDS = {
    State.UNKNOWN: "Unknown",
    State.STABLE: "Stable",
    State.WAITING_FOR_FREEZE: "In-Progress",
    State.WAITING_FOR_THAW: "In-Progress",
    State.WAITING_FOR_POST_SNAPSHOT: "In-Progress",
    State.WAITING_FOR_BACKUP_COMPLETE: "Waiting for completion",
}
ERROR_WORDS = {
    Hresult.OK: "No error",
    Hresult.WRITER_INCONSISTENT_SNAPSHOT: "Inconsistent shadow copy",
    Hresult.WRITER_TIMEOUT: "Timed out",
    Hresult.WRITER_RETRYABLE: "Retryable error",
    Hresult.WRITER_NON_RETRYABLE: "Non-retryable error",
}
BANNER = (
    "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool",
    "(C) Copyright 2001-2013 Microsoft Corp.",
    "",
)


def in_box_writers(chance: Random) -> list[Writer]:
    """Those of a bare Windows Server; instance ids are drawn where they differ from machine to machine."""
    return [Writer(each, each.instance_id or guid(chance)) for each in IN_BOX]


def vssadmin_list_writers(writers: Iterable[Writer]) -> str:
    lines = [*BANNER]
    for writer in writers:
        lines += [
            f"Writer name: '{writer.writer_class.name}'",
            f"   Writer Id: {{{writer.writer_class.writer_id}}}",
            f"   Writer Instance Id: {{{writer.instance_id}}}",
            f"   State: [{writer.state.value}] {STATE_WORDS.get(writer.state, 'Failed')}",
            f"   Last error: {ERROR_WORDS.get(writer.last_error, 'Unexpected error')}",
            "",
        ]
    return "".join(line + "\r\n" for line in lines)


def guid(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))
