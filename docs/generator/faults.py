"""The page of faults: what can be made to fail, where, and what is seen of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.table import kinds
from controlplane.json_object import Json
from docs.generator.markdown import code, codes, page, section, table
from simulator.faults.catalogue import MODULES
from simulator.faults.fault import Definition
from simulator.faults.faults import SEAMS

OUTCOMES_FILE = Path(__file__).parents[1] / "faults/outcomes.json"
LONGEST_DEFAULT = 40
PHASES = ("enable", "agent", "snapshot", "transfer", "restore", "archive", "delete", "machine", "client")
TITLES = {
    "guest": "In the guest",
    "vss": "Scripts for VSS",
    "agent": "The agent and its handlers",
    "host": "The host and Compute",
    "providers": "Azure's other providers, limits and registrations",
    "arm": "Towards clients of Resource Manager",
    "storage": "The storage as service, vaults and machines ask it",
    "network": "The network of a machine",
    "gateway": "The way to the storage",
}


def text() -> str:
    outcomes: Mapping[str, Json] = json.loads(OUTCOMES_FILE.read_text(encoding="utf-8"))
    by_code = {kind.code: kind for kind in kinds().values()}
    layers = {module.__name__.rpartition(".")[2]: module.FAULTS for module in MODULES}
    return page(
        "Faults",
        "What can be made to fail by its name, and what comes of it: [failures](failures.md) tells how. The outcome is "
        "that of one act while the fault is set, with the values that it has unless others are given; a test carries "
        "all of them out, compares them with this page, clears the fault and makes a good backup.",
        _counts(outcomes),
        _seams(),
        *(_layer(TITLES[name], rows, outcomes, by_code) for name, rows in layers.items()),
    )


def _counts(outcomes: Mapping[str, Json]) -> str:
    """How many faults strike in each phase of a backup's life."""
    counted = Counter(outcome["phase"] for outcome in outcomes.values())
    rows = [(phase, str(counted[phase])) for phase in PHASES]
    told = f"{len(outcomes)} faults at {len(SEAMS)} seams, by the phase in which they strike:"
    return section("Phases", told, table(("phase", "faults"), rows))


def _seams() -> str:
    rows = [
        (
            code(name),
            seam.WHAT,
            "state" if seam.IS_STATE else "answer",
            codes(f"--{place}" for place in sorted(seam.PLACES)),
        )
        for name, seam in SEAMS.items()
    ]
    return section(
        "Seams",
        "The places at which Azure fails. A state lasts as long as its fault is set; an answer is asked for by each "
        "attempt, and attempts are counted. The last column says by what attempts are told apart.",
        table(("seam", "what happens there", "kind", "where"), rows),
    )


def _layer(
    title: str, rows: Sequence[Definition], outcomes: Mapping[str, Json], by_code: Mapping[str, ErrorKind]
) -> str:
    return section(
        title,
        table(
            ("fault", "what is so while it is set", "phase", "seam", "parameters", "act", "outcome", "error", "remedy"),
            [_row(each, outcomes[each.name], by_code) for each in rows],
        ),
    )


def _row(each: Definition, outcome: Json, by_code: Mapping[str, ErrorKind]) -> tuple[str, ...]:
    kind = by_code.get(outcome["code"] or "")
    parameters = codes(_parameter(key, parameter.default) for key, parameter in each.parameters.items())
    came = [outcome["status"], outcome["consistency"], outcome["health"]]
    number = f" ({kind.number})" if kind is not None and kind.number else ""
    return (
        code(each.name),
        each.what,
        outcome["phase"],
        code(each.seam),
        parameters,
        outcome["act"] + _beside(outcome),
        ", ".join(str(part) for part in came if part),
        f"{code(outcome['code'])}{number}" if outcome["code"] else "",
        kind.remedy if kind is not None and kind.remedy and not kind.blanks & _in(kind.remedy) else "",
    )


def _beside(outcome: Json) -> str:
    """The fault that has to be set with it, if there is one."""
    other = outcome.get("beside")
    if other is None:
        return ""
    values = codes(f"{key}={value}" for key, value in other["parameters"].items())
    return f", with {code(other['fault'])} and {values}"


def _parameter(key: str, default: object) -> str:
    """A long text is left out: `fault show` has it."""
    return f"{key}={default}" if len(str(default)) <= LONGEST_DEFAULT else key


def _in(text: str) -> frozenset[str]:
    return frozenset(part.partition("}")[0] for part in text.split("{")[1:])
