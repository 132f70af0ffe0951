"""Handlers that are wrong in one thing each, for the conformance suite: our own with a few lines changed.

Each names the requirement that it fails. What real handlers got wrong is among it: a freeze that lasts too long, a
number that is forgotten, a disk that is left out, a report that is not written as a whole.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.packages import HANDLER_FOLDER, packed

MOST_LINES = 15


@dataclass(frozen=True)
class Flaw:
    requirement: str
    file: str
    changes: Mapping[str, str]
    """A text of that file -> what stands there instead."""
    shows_elsewhere: bool = True
    """Other scenes show it as well, by requirements that are broken there for the same reason: a handler that leaves
    disks out does so in each task. False: none does."""

    def package(self) -> bytes:
        """Our own package with this flaw, under our name and version."""
        assert self.file in {entry.removeprefix("extension/") for entry in _names()}
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(packed(HANDLER_FOLDER))) as good, zipfile.ZipFile(made, "w") as bad:
            for entry in good.infolist():
                content = good.read(entry)
                bad.writestr(
                    entry,
                    self._changed(content.decode())
                    if entry.filename in (self.file, f"extension/{self.file}")
                    else content,
                )
        return made.getvalue()

    def _changed(self, text: str) -> str:
        for old, new in self.changes.items():
            assert text.count(old) == 1, f"{self.file} has {old!r} {text.count(old)} times"
            assert max(old.count("\n"), new.count("\n")) < MOST_LINES
            text = text.replace(old, new)
        return text


def _names() -> list[str]:
    with zipfile.ZipFile(io.BytesIO(packed(HANDLER_FOLDER))) as good:
        return good.namelist()


MANIFEST = "HandlerManifest.json"
ENDS = "    command(package)\n    return 0"
RESULTS = "return tuple(disk.result() for disk in self._disks)"
THAWED = "        return None if answer.status == 409"
FREEZE = "self._guest.freeze(FREEZE_SECONDS, "
REASONS = "    reasons = [disk.error_message or"

FLAWS: Mapping[str, Flaw] = {
    "names-no-command-to-uninstall": Flaw("MAN-02", MANIFEST, {"bin\\\\uninstall.cmd": ""}),
    "restarts-the-machine": Flaw(
        "MAN-05", MANIFEST, {'"rebootAfterInstall": false': '"rebootAfterInstall": true'}, shows_elsewhere=False
    ),
    "fails-to-disable": Flaw(
        "LIF-13", "handler.py", {ENDS: ENDS.replace("0", "int(arguments[0] == 'disable')")}, shows_elsewhere=False
    ),
    "fails-to-update": Flaw(
        "UPD-01", "handler.py", {ENDS: ENDS.replace("0", "int(arguments[0] == 'update')")}, shows_elsewhere=False
    ),
    "forgets-the-number": Flaw("SEQ-04", "handler.py", {"    folder.begin(number)\n": ""}),
    "repeats-a-task": Flaw(
        "SEQ-06", "handler.py", {"settings.task_id == folder.last_task_id()": "settings.task_id == '?'"}
    ),
    "leaves-old-status-files": Flaw("SEQ-14", "handler.py", {"    folder.retire_others(number)\n": ""}),
    "never-too-late": Flaw(
        "AGE-01", "contract/settings.py", {"timedelta(minutes=140)": "timedelta(days=140)"}, shows_elsewhere=False
    ),
    "trusts-its-own-clock": Flaw(
        "AGE-06",
        "contract/settings.py",
        {"now - self.started > FRESHNESS_LIMIT": "not timedelta(0) <= now - self.started <= FRESHNESS_LIMIT"},
    ),
    "leaves-a-disk-out": Flaw("SNP-01", "task.py", {"for uri in settings.disks)": "for uri in settings.disks[:1])"}),
    "forgets-the-metadata": Flaw(
        "SNP-04", "task.py", {"DiskSnapshot(uri, settings.metadata)": "DiskSnapshot(uri, {})"}
    ),
    "asks-one-by-one": Flaw("SNP-11", "blobs.py", {"    if one_by_one:\n": "    if disks:\n"}),
    "reports-in-another-order": Flaw(
        "SNP-10",
        "takers.py",
        {RESULTS: f"{RESULTS}[::-1]"},
    ),
    "thaws-twice": Flaw(
        "FRZ-03",
        "guest_simulated.py",
        {THAWED: f'        self._exchange("POST", "thaw", {{}}, 9)\n{THAWED}'},
        shows_elsewhere=False,
    ),
    "forgets-the-writers": Flaw(
        "FRZ-04",
        "procedure.py",
        {f"{FREEZE}writers)": f"{FREEZE}False)"},
    ),
    "freezes-too-long": Flaw("FRZ-08", "procedure.py", {"HOLD_SECONDS = 9.0": "HOLD_SECONDS = 12.0"}),
    "calls-a-failure-success": Flaw(
        "PAR-03",
        "reporter.py",
        {'status="success" if outcome.succeeded or in_progress else "error"': 'status="success"'},
    ),
    "tells-no-finer-code": Flaw("PAR-09", "outcome.py", {"values, health_code=restricted)": "values)"}),
    "hides-what-the-storage-said": Flaw(
        "PAR-11", "contract/reports.py", {"None if error_message is None else redact(error_message)": "None"}
    ),
    "dies-silently": Flaw(
        "PAR-01",
        "outcome.py",
        {REASONS: "    import os\n\n    os._exit(0)\n" + REASONS},
    ),
    "writes-status-in-place": Flaw(
        "STF-09", "files.py", {"        _replace(draft, path)\n": "        path.write_text(text)\n"}
    ),
    "says-nothing-before": Flaw(
        "STB-25",
        "reporter.py",
        {"        self._write_status_blob(self._report(IN_PROGRESS, None))\n": ""},
    ),
    "writes-over-a-report": Flaw("BLB-04", "blobs.py", {'if kind == "BlockBlob" and size:': 'if kind == "?":'}),
    "gives-up-at-once": Flaw("BLB-07", "blobs.py", {"TRIES = 3": "TRIES = 1", "passing=passing": "passing=False"}),
    "ends-the-log-early": Flaw(
        "LOG-02", "reporter.py", {"        if not early:\n            self._write_log_blob()\n": ""}
    ),
    "names-the-wrong-language": Flaw("LNG-02", "reporter.py", {"lang=LANGUAGES[locale]": 'lang="en-US"'}),
    "keeps-protected-settings": Flaw("SET-24", "task.py", {"        self._wipe_protected_settings()\n": ""}),
}
