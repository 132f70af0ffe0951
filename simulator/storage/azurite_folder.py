"""What an Azurite of ours keeps in its folder, checked before it starts: it begins anew where its databases are gone.

Azurite (3.36, LokiBlobMetadataStore and LokiExtentMetadataStore) takes a missing or empty database for a new one, in
silence. A cut one makes it end with the message of a JSON parser.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from simulator.state.folder import write_private
from simulator.state.kept_files import FROM_A_COPY, Damaged, damaged

if TYPE_CHECKING:
    from simulator.storage.azurite import ManagedAccounts

ENDED_IN_ORDER = "ended-in-order"
"""What an Azurite leaves in its folder that has saved everything at its end."""
SAVES = "saves"
"""What lies there as long as no save failed."""
UNEXAMINED = "unexamined"
"""What lies there, and says how much an Azurite may have lost, until a start has looked for it: the one after it may
end in order before anybody has looked."""
MayHaveLost = Literal["", "recent", "anything"]
"""Nothing; what was of its last seconds; or more, since it could not save."""
DATABASES = ("__azurite_db_blob__.json", "__azurite_db_blob_extent__.json")
EXTENTS = "__blobstorage__"


def check(folder: Path) -> None:
    """Raises Damaged unless the folder holds what an Azurite has saved there. Reads the ends of its databases."""
    for name in DATABASES:
        file = folder / name
        if not file.exists():
            raise Damaged(f"{file} is gone, and what belongs to it is here; {FROM_A_COPY}")
        if not _is_whole(file):
            raise damaged(file)
    if not (folder / EXTENTS).is_dir():
        raise Damaged(f"{folder / EXTENTS} is gone, and what belongs to it is here; {FROM_A_COPY}")


def _is_whole(file: Path) -> bool:
    """Whether it begins and ends as an object of JSON does."""
    try:
        with file.open("rb") as database:
            first = database.read(1)
            database.seek(-1, 2)
            return first == b"{" and database.read(1) == b"}"
    except OSError:  # empty, a folder, or not to be read
        return False


def may_have_lost(folder: Path) -> MayHaveLost:
    """What those before the next Azurite may have lost, to be asked before it starts. A new folder is as one of an
    Azurite that was killed."""
    note, ended, saves = folder / UNEXAMINED, folder / ENDED_IN_ORDER, folder / SAVES
    noted = note.read_text(encoding="utf-8", errors="replace") if note.exists() else ""
    lost: MayHaveLost = "recent" if noted or not ended.exists() else ""
    if lost and (noted not in {"", "recent"} or not saves.exists()):
        lost = "anything"
    if lost != noted:
        write_private(note, lost)
    ended.unlink(missing_ok=True)  # now that it is noted
    saves.touch()
    return lost


def note_examined(folder: Path) -> None:
    (folder / UNEXAMINED).unlink(missing_ok=True)


def give_missing_keys(accounts: ManagedAccounts, names: Sequence[str]) -> Sequence[str]:
    """Add those accounts that have no key any more; returns their names."""
    missing = [name for name in names if name not in accounts]
    for name in missing:
        accounts.add(name)
    return missing
