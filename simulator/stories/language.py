"""The verbs of told stories: what each takes, of what kind, and which values it gives to the sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    TEXT = "a text"
    NUMBER = "a whole number"
    NUMBERS = "a list of whole numbers"
    FLAG = "true or false"
    MAPPING = "keys with values"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kind: Kind = Kind.TEXT
    required: bool = True
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verb:
    """What of it stands alone, as in `advance: 30d`, is its first parameter."""

    name: str
    meaning: str
    parameters: tuple[Parameter, ...]
    gives: tuple[str, ...] = ()
    """Names of the values that sentences may show after it."""


def _text(name: str, *one_of: str) -> Parameter:
    return Parameter(name, one_of=one_of)


def _may(name: str, kind: Kind = Kind.TEXT, *one_of: str) -> Parameter:
    return Parameter(name, kind, False, one_of)


MACHINE, POINT = _text("machine"), _text("point")
SYSTEMS = ("sql", "windows", "linux")
_VERBS = (
    Verb(
        "machine",
        "Create a machine and wait for its agent: Windows with SQL Server, plain Windows or Linux; data disks in GiB.",
        (MACHINE, _may("system", Kind.TEXT, *SYSTEMS), _may("data_disks", Kind.NUMBERS), _may("managed", Kind.FLAG)),
        ("machine",),
    ),
    Verb(
        "policy",
        "Create a policy that backs up daily, or on Sundays, and keeps so many days, weeks, months and years.",
        (
            _text("policy"),
            _text("every", "day", "week"),
            _may("days", Kind.NUMBER),
            _may("weeks", Kind.NUMBER),
            _may("months", Kind.NUMBER),
            _may("years", Kind.NUMBER),
        ),
        ("policy",),
    ),
    Verb("protect", "Protect a machine by a policy, DefaultPolicy unless another is named.", (MACHINE, _may("policy"))),
    Verb(
        "work",
        "Let the database in a machine commit so many transactions.",
        (MACHINE, Parameter("transactions", Kind.NUMBER)),
        ("last_transaction",),
    ),
    Verb(
        "write file",
        "Write a file in a machine: a text, or so many MiB.",
        (MACHINE, _text("path"), _may("text"), _may("mebibytes", Kind.NUMBER)),
        ("path",),
    ),
    Verb("delete file", "Delete a file in a machine.", (MACHINE, _text("path")), ("path",)),
    Verb(
        "encrypt files",
        "Overwrite the files that a pattern fits, as ransomware does.",
        (MACHINE, _text("path")),
        ("encrypted",),
    ),
    Verb(
        "back up",
        "Back up on demand, and end as is said: Completed unless another status is named.",
        (MACHINE, _may("as"), _may("ends")),
        ("status", "consistency", "changed", "error"),
    ),
    Verb("turn on", "Start a machine that is off, and wait for its agent.", (MACHINE,)),
    Verb("turn off", "Stop a machine and give its host back.", (MACHINE,)),
    Verb("delete machine", "Delete a machine, and the account in which its disks lie.", (MACHINE,)),
    Verb(
        "delete backups",
        "Stop protection of a machine and delete its backup data; the vault keeps them softly.",
        (MACHINE,),
    ),
    Verb("undelete backups", "Bring softly deleted backup data back.", (MACHINE,)),
    Verb(
        "set fault",
        "Have something fail in a machine, see docs/faults.md.",
        (_text("fault"), MACHINE, _may("disk"), _may("parameters", Kind.MAPPING)),
        ("fault",),
    ),
    Verb("clear fault", "Have it fail no more.", (_text("fault"),)),
    Verb("restart service", "Restart a service of a Windows machine.", (_text("service"), MACHINE)),
    Verb(
        "lock",
        "Put a lock on a resource group.",
        (_text("group"), _text("level", "ReadOnly", "CanNotDelete")),
        ("group",),
    ),
    Verb("unlock", "Take that lock away.", (_text("group"),)),
    Verb("advance", "Let world time pass: 30d, 36h.", (_text("by"),), ("now", "backups")),
    Verb(
        "find file",
        "Look for a file by its name in every recovery point of a machine.",
        (MACHINE, _text("file")),
        ("file", "found", "points", "whole", "last_whole"),
    ),
    Verb(
        "restore disks",
        "Restore the disks of a recovery point to a storage account.",
        (MACHINE, POINT, _may("account")),
        ("account", "point_time"),
    ),
    Verb(
        "restore machine",
        "Make another machine of a recovery point.",
        (MACHINE, POINT, _text("as")),
        ("copy", "point_time"),
    ),
    Verb(
        "bring back file",
        "Copy a file from the disks that were restored last to its machine.",
        (MACHINE, _text("path")),
        ("path",),
    ),
    Verb(
        "verify",
        "Compare a recovery point, and the disks that were restored of it, with what the guest had written.",
        (MACHINE, POINT),
        ("checked",),
    ),
    Verb(
        "expect file",
        "Whether a file is as it was written, gone or changed.",
        (MACHINE, _text("path"), _text("is", "as written", "gone", "changed")),
    ),
    Verb("expect machine", "Whether a machine is there.", (MACHINE, _text("is", "running", "gone"))),
    Verb(
        "expect backups",
        "Whether a machine's backups are protected, or softly deleted.",
        (MACHINE, _text("is", "protected", "softly deleted", "stopped")),
    ),
    Verb(
        "expect points",
        "How many recovery points there are, and how consistent the newest is.",
        (MACHINE, _may("at_least", Kind.NUMBER), _may("at_most", Kind.NUMBER), _may("consistency")),
        ("points", "oldest", "consistency"),
    ),
    Verb(
        "expect growth",
        "That the newest backup changed at least so many times as much as the median of those before it.",
        (MACHINE, Parameter("times", Kind.NUMBER)),
        ("changed", "usual"),
    ),
    Verb(
        "expect database",
        "What the database of a recovery point is when it is opened: clean, to be recovered, torn, or not clean.",
        (MACHINE, POINT, _text("is", "clean", "recovered", "torn", "not clean")),
        ("database",),
    ),
    Verb(
        "expect lost transactions",
        "That the database of a machine is back to before the work that was asked for last.",
        (MACHINE,),
        ("last_transaction",),
    ),
)
VERBS: Mapping[str, Verb] = {verb.name: verb for verb in _VERBS}
NAMED_POINTS = ("oldest", "newest", "last whole")
"""Recovery points that every story knows; any other name is one that a backup was given by `as`."""
