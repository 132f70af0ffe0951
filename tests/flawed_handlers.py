"""Handlers that are wrong in one thing each: the minimal Python handler of examples/, with a few lines changed.

What real handlers got wrong is among it: a thaw that was forgotten, a disk that was left out, an address with its
signature in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PYTHON = Path(__file__).parents[1] / "examples" / "handlers" / "python"
NAME = "Contoso.Backup.PythonSnapshot"
MOST_LINES = 15

FREEZE = '        if guest("freeze", session=session, timeout_seconds=60, writers=writers)["frozen"]:\n'
THAW = '                thawed = guest("thaw", session=session)\n'
TAKE = '                snapshots = [snapshot(uri, task["backupMetadata"]) for uri in task["blobSASUri"]]\n'
TAKE_AND_THAW = f"            try:\n{TAKE}            finally:\n{THAW}"
STATUS_BLOB = '        ask(plain["statusBlobUri"], STORAGE | {"x-ms-blob-type": "BlockBlob"}, blob.encode(), "PUT")\n'
STATUS_FILE = '        write_status(document(public["taskId"], "success", code, consistency, None, inner))\n'
LOG = "        log = f\"task {public['taskId']} ended with code {code}\\n\"\n"
NEVER_THAWED = '                thawed = {"consistent": True}\n'


@dataclass(frozen=True)
class Flaw:
    what: str
    changes: Mapping[str, str]
    """A text of the handler -> what stands there instead."""
    rule: str
    """The one that it breaks."""
    requirement: str
    """The one of the conformance suite that it fails."""
    job: str = "Completed"
    """What the service makes of it."""

    def program(self) -> str:
        text = (PYTHON / "handler.py").read_text(encoding="utf-8")
        for old, new in self.changes.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text


FLAWS: Mapping[str, Flaw] = {
    "claims-without-freezing": Flaw(
        "says application-consistent and never asked for a freeze",
        {FREEZE: "        if session:\n", THAW: NEVER_THAWED},
        "freeze",
        "FRZ-01",
    ),
    "forgets-the-writers": Flaw(
        "says application-consistent and froze without the writers",
        {"writers=writers)": "writers=False)"},
        "freeze",
        "FRZ-04",
    ),
    "freezes-too-long": Flaw(
        "takes longer than the freeze lasts, and does not look whether it did",
        {
            "timeout_seconds=60": "timeout_seconds=2",
            THAW: f"                time.sleep(3)\n{THAW}",
            'taken = snapshots if thawed["consistent"] else None': "taken = snapshots if thawed else None",
        },
        "freeze_limit",
        "FRZ-02",
    ),
    "never-thaws": Flaw("ends without a thaw", {THAW: NEVER_THAWED}, "thaw", "FRZ-02"),
    "snapshots-after-the-thaw": Flaw(
        "thaws first",
        {TAKE_AND_THAW: THAW.removeprefix("    ") + TAKE.removeprefix("    ")},
        "snapshot_in_freeze",
        "SNP-03",
    ),
    "leaves-a-disk-out": Flaw(
        "snapshots the first disk alone",
        {'for uri in task["blobSASUri"]]': 'for uri in task["blobSASUri"][:1]]'},
        "every_disk",
        "SNP-01",
        job="Failed",
    ),
    "logs-the-sas": Flaw(
        "writes an address with its signature into its log",
        {LOG: LOG.replace("\\n", " {plain['statusBlobUri']}\\n")},
        "no_signature",
        "SEC-02",
    ),
    "writes-no-status-blob": Flaw("reports to the agent alone", {STATUS_BLOB: ""}, "status_blob", "STB-01"),
    "writes-no-status-file": Flaw("reports to the service alone", {STATUS_FILE: ""}, "status_file", "STF-06"),
}

HANGS = Flaw("never ends", {'if VERB == "enable":\n': 'if VERB == "enable":\n    time.sleep(3600)\n'}, "", "")
"""Its command to enable goes on for ever, without a word."""


def written(flaw: Flaw, folder: Path) -> Path:
    """The package of a flawed handler, as a folder."""
    folder.mkdir(parents=True)
    (folder / "HandlerManifest.json").write_bytes((PYTHON / "HandlerManifest.json").read_bytes())
    program = folder / "handler.py"
    program.write_text(flaw.program(), encoding="utf-8")
    program.chmod(0o755)
    return folder
