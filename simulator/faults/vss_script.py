"""A script for the VSS of one guest, as a small YAML text: who fails at what, with which HRESULT, for how long.

    writers:
      - writer: SqlServerWriter          # a name of `vssadmin list writers`; * stands for any characters
        at: Freeze                       # an event of writers; Rest: between two backups
        does: fails                      # fails, vetoes, hangs, slows or changes
        hresult: VSS_E_WRITERERROR_RETRYABLE
        says: the writer could not freeze its files
        times: 2                         # only so often
        mends_with: SQLWriter            # not any more once this service was restarted
      - {writer: System Writer, at: Freeze, does: slows, seconds: 25}
      - {writer: WMI Writer, at: Freeze, does: changes, state: FAILED_AT_THAW, hresult: VSS_E_WRITERERROR_TIMEOUT}
    installed: [Microsoft Exchange Writer]   # writers of roles that the image has not
    missing: [Performance Counters Writer]   # writers that do not answer at all
    vss:
      - {at: CommitSnapshots, hresult: VSS_E_PROVIDER_VETO}
      - {at: HoldWrites, seconds: 0.5}       # the kernel lets go of the writes

All keys but `at`, and `writer` of a writer, have a default. Whatever is not understood is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from simulator.failures import WrongUse
from simulator.faults.fault import LONGEST_TEXT, unknown
from simulator.guest.vss.hresult import OF_WRITERS, SUCCESSES, Hresult, named
from simulator.guest.vss.scripting import Step
from simulator.guest.vss.writer import State, WriterEvent
from simulator.guest.vss.writers import ALL

REST = "Rest"
"""Where nobody is told anything."""
LONGEST_SECONDS = 366 * 24 * 3600.0
MOST_TIMES = 1_000_000


class Does(StrEnum):
    FAILS = "fails"
    VETOES = "vetoes"
    """It refuses and says nothing of why."""
    HANGS = "hangs"
    """It does not answer. World time says how long, where that is longer than its event may take."""
    SLOWS = "slows"
    """It takes so many real seconds, and then does what it is told, if that is not too late for it."""
    CHANGES = "changes"
    """It does what it is told, and then is in a failed state by itself."""


@dataclass(frozen=True, slots=True)
class WriterRule:
    writer: str
    at: WriterEvent | None
    """None: between two backups."""
    does: Does
    hresult: Hresult
    says: str
    seconds: float
    state: State
    times: int
    mends_with: str

    def names(self, writer: str) -> bool:
        return fnmatchcase(writer.lower(), self.writer.lower())


@dataclass(frozen=True, slots=True)
class VssRule:
    at: Step
    hresult: Hresult
    says: str
    seconds: float
    """How long writes are held, at HoldWrites."""
    writers: bool | None
    """Only where writers take part, or only where not; None: in both."""
    times: int
    mends_with: str


@dataclass(frozen=True, slots=True)
class Script:
    writers: tuple[WriterRule, ...] = ()
    vss: tuple[VssRule, ...] = ()
    installed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def parse(text: str) -> Script:
    """WrongUse for what is no script."""
    import yaml  # imported here: a world without a script does without

    if len(text) > LONGEST_TEXT:
        raise WrongUse(f"a script has at most {LONGEST_TEXT} characters, and this one has {len(text)}")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        where = getattr(problem, "problem_mark", None)
        line = f" in line {where.line + 1}" if where is not None else ""
        raise WrongUse(f"the script is no YAML{line}; see docs/vss-laboratory.md") from None
    keys = _object(document, "a script", ("writers", "vss", "installed", "missing"))
    if not keys:
        raise WrongUse("a script needs one of writers, vss, installed and missing; see docs/vss-laboratory.md")
    return Script(
        tuple(_writer_rule(each) for each in _list(keys, "writers")),
        tuple(_vss_rule(each) for each in _list(keys, "vss")),
        tuple(_known_writer(each) for each in _list(keys, "installed")),
        tuple(_known_writer(each) for each in _list(keys, "missing")),
    )


def _writer_rule(value: Any) -> WriterRule:
    known = ("writer", "at", "does", "hresult", "says", "seconds", "state", "times", "mends_with")
    keys = _object(value, "a rule for a writer", known)
    writer, at = _name(keys, "writer"), _name(keys, "at")
    if not any(fnmatchcase(name.lower(), writer.lower()) for name in ALL):
        raise WrongUse(unknown("writer", writer, ALL, "Windows"))
    events = [event.value for event in WriterEvent if event is not WriterEvent.ABORT]
    event = None if at == REST else WriterEvent(_one_of("event", at, events, "a writer"))
    if event is None and keys.get("does", "changes") != "changes":
        raise WrongUse("between two backups a writer only changes: write does: changes with at: Rest")
    does = Does(_one_of("act", _scalar(keys, "does", "changes" if event is None else "fails"), list(Does), "a writer"))
    if does in {Does.HANGS, Does.SLOWS} and "seconds" not in keys:
        raise WrongUse(f"a writer that {does} does so for some time; write seconds: 30")
    if does is Does.VETOES and "hresult" in keys:
        raise WrongUse("a writer that vetoes says nothing of why; with an hresult it fails")
    return WriterRule(
        writer,
        event,
        does,
        _code(keys, "WRITER_NON_RETRYABLE" if does is Does.VETOES else "WRITER_RETRYABLE", of_writer=True),
        _text(keys, "says", f"the writer {_SAID[does]}"),
        _number(keys, "seconds", 0.0, LONGEST_SECONDS),
        _failed_state(keys),
        int(_number(keys, "times", MOST_TIMES, MOST_TIMES)),
        _text(keys, "mends_with", ""),
    )


_SAID: Mapping[Does, str] = {
    Does.FAILS: "could not do what it was told",
    Does.VETOES: "vetoes the snapshot set",
    Does.HANGS: "does not answer",
    Does.SLOWS: "takes its time",
    Does.CHANGES: "failed by itself",
}


def _vss_rule(value: Any) -> VssRule:
    keys = _object(value, "a rule for VSS", ("at", "hresult", "says", "seconds", "writers", "times", "mends_with"))
    step = Step(_one_of("step", _name(keys, "at"), list(Step), "VSS"))
    if step is Step.HOLD and "hresult" in keys:
        raise WrongUse("at HoldWrites the kernel lets go after some seconds, and VSS finds the code; write seconds: 0")
    if step is not Step.HOLD and "seconds" in keys:
        raise WrongUse(f"seconds are for HoldWrites, and not for {step}")
    writers = keys.get("writers")
    if writers is not None and not isinstance(writers, bool):
        raise WrongUse("writers of a rule for VSS is true or false: whether writers take part in the snapshot set")
    return VssRule(
        step,
        _code(keys, "HOLD_WRITES_TIMEOUT" if step is Step.HOLD else "UNEXPECTED", of_writer=False),
        _text(keys, "says", f"the step {step} failed"),
        _number(keys, "seconds", 0.0, LONGEST_SECONDS),
        writers,
        int(_number(keys, "times", MOST_TIMES, MOST_TIMES)),
        _text(keys, "mends_with", ""),
    )


def _code(keys: Mapping[str, Any], default: str, *, of_writer: bool) -> Hresult:
    text = _scalar(keys, "hresult", default)
    code = named(text)
    if code is None and _is_success(text):
        raise WrongUse(f"{text} is a success, with which nothing fails")
    if code is None or code in {Hresult.OK, Hresult.NOT_IMPLEMENTED}:
        raise WrongUse(unknown("HRESULT", text, [each.name for each in Hresult], "VSS"))
    if of_writer and code not in OF_WRITERS:
        those = ", ".join(sorted(each.name for each in OF_WRITERS if not each.name.startswith("ASRERROR_")))
        raise WrongUse(f"{text} is none of a writer; it fails with {those}, the ASR Writer also with ASRERROR_*")
    if not of_writer and code in OF_WRITERS - {Hresult.ACCESS_DENIED}:
        raise WrongUse(f"{text} is a writer's; write it under writers")
    return code


def _is_success(text: str) -> bool:
    try:
        return text.upper().startswith("VSS_S_") or int(text, 16) in SUCCESSES
    except ValueError:
        return False


def _failed_state(keys: Mapping[str, Any]) -> State:
    failed = [state.name for state in State if state.failed]
    return State[_one_of("state", _scalar(keys, "state", State.FAILED_AT_FREEZE.name), failed, "a writer that failed")]


def _known_writer(value: Any) -> str:
    if not isinstance(value, str) or value not in ALL:
        raise WrongUse(unknown("writer", str(value)[:100] if isinstance(value, str | int) else "that", ALL, "Windows"))
    return value


def _object(value: Any, what: str, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WrongUse(f"{what} is a mapping of {', '.join(known)}")
    for key in value:
        if key not in known:
            raise WrongUse(unknown("key", str(key)[:100] if isinstance(key, str | int) else "that", known, what))
    return value


def _list(keys: Mapping[str, Any], key: str) -> list[Any]:
    value = keys.get(key) or []
    if not isinstance(value, list):
        raise WrongUse(f"{key} of a script is a list")
    return value


def _name(keys: Mapping[str, Any], key: str) -> str:
    value = keys.get(key)
    if not isinstance(value, str) or not value:
        raise WrongUse(f"a rule of a script says {key}: and a name behind it")
    return value


def _scalar(keys: Mapping[str, Any], key: str, default: str) -> str:
    """A text; YAML reads a number in hexadecimal as a number."""
    value = keys.get(key, default)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise WrongUse(f"{key} of a rule is a name")
    return f"0x{value & 0xFFFFFFFF:08x}" if isinstance(value, int) else value


def _text(keys: Mapping[str, Any], key: str, default: str) -> str:
    value = keys.get(key, default)
    if not isinstance(value, str):
        raise WrongUse(f"{key} of a rule is a text")
    return value


def _number(keys: Mapping[str, Any], key: str, default: float, most: float) -> float:
    value = keys.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise WrongUse(f"{key} of a rule is a number from 0 to {most:g}")
    return float(value)


def _one_of(thing: str, name: str, known: Collection[str], of: str) -> str:
    if name not in known:
        raise WrongUse(unknown(thing, name, known, of))
    return name
