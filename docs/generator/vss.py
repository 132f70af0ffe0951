"""The page of the VSS laboratory: how a script is written, and what comes of each of those that are tested."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from docs.generator.markdown import code, codes, page, section, table
from extension.contract import fallback
from simulator.faults import vss_script
from simulator.faults.fault import LONGEST_TEXT
from simulator.faults.vss_script import Does
from simulator.guest.vss.hresult import OF_PROVIDERS, OF_WRITERS, Hresult
from simulator.guest.vss.scripting import Step
from simulator.guest.vss.writer import WriterEvent
from simulator.guest.vss.writers import IN_BOX, OF_ROLES, SQL_SERVER

SCRIPTS_FILE = Path(__file__).parents[1] / "faults/vss-scripts.yaml"
ACTS: Mapping[Does, str] = {
    Does.FAILS: "rejects the event with `hresult`, by default `WRITER_RETRYABLE`",
    Does.VETOES: "rejects it and says nothing of why: `WRITER_NON_RETRYABLE`",
    Does.HANGS: "does not answer for `seconds`: real ones within the limit of the event, beyond it world time, in "
    "which it answers no later backup either",
    Does.SLOWS: "takes so many real `seconds`, and then does what it is told; beyond the limit of the event it fails",
    Does.CHANGES: "does what it is told, and then is in the failed `state` by itself; with `at: Rest` between two "
    "backups",
}
STEPS: Mapping[Step, str] = {
    Step.INITIALIZE: "the requester begins",
    Step.GATHER: "writers are gathered; only where they take part",
    Step.START: "the one snapshot set of the machine begins",
    Step.ADD: "volumes join it",
    Step.PREPARE: "writers are about to prepare",
    Step.FLUSH: "writers are frozen, volumes are flushed",
    Step.COMMIT: "the provider is about to take its snapshots",
    Step.HOLD: "the kernel holds writes for so many `seconds` only, of the 10 that it has",
    Step.FINAL_COMMIT: "the provider ends its work behind the thaw",
}


def text() -> str:
    scripts: Sequence[Mapping[str, Any]] = yaml.safe_load(SCRIPTS_FILE.read_text(encoding="utf-8"))
    return page(
        "The VSS laboratory",
        "A script says what the writers, VSS and its provider of a Windows machine do at a backup. It is set as the "
        "fault `vss-script`, and acts until it is cleared: [failures](failures.md) tells how faults are set. What "
        "follows from it is the product's own doing, as everywhere.",
        _use(),
        _language(),
        _steps(),
        _writers(),
        _codes(),
        _table(scripts),
        _fallback(),
    )


def _use() -> str:
    return section(
        "Use",
        "```sh\n"
        "backupsim fault set vss-script --vm sql01 script=@sql.yaml\n"
        "backupsim fault hits\n"
        "backupsim guest sql01 vssadmin list writers\n"
        "backupsim guest --lang zh-cn sql01 vssadmin list writers\n"
        "backupsim guest sql01 Get-EventLog\n"
        "backupsim guest sql01 Restart-Service SQLWriter\n"
        "backupsim fault clear vss-script\n"
        "```",
        "Each act of a rule is a hit. A machine that boots has restarted its services: rules that a restart mends act "
        "no more, and `times` is counted anew. `backupsim guest` runs a line in a machine, and `az vm run-command "
        "invoke` does the same; `vssadmin` also has `list providers` and `list shadows`.",
    )


def _language() -> str:
    lines = (inspect.getdoc(vss_script) or "").split("\n\n")[1].splitlines()
    example = "\n".join(line.removeprefix("    ") for line in lines)
    rows = [(code(does.value), ACTS[does]) for does in Does]
    events = codes(event.value for event in WriterEvent if event is not WriterEvent.ABORT)
    return section(
        "A script",
        f"```yaml\n{example}\n```",
        "The first rule that fits acts, scripts in the order in which they were set. A script has at most "
        f"{LONGEST_TEXT} characters. The events of a writer are {events} and `Rest`.",
        table(("does", "the writer"), rows),
        "Limits are those of Windows, and count real seconds: writes are held for 10, Exchange is frozen for 20 and "
        "any other writer for 60 at most.",
    )


def _steps() -> str:
    return section(
        "Steps of VSS",
        table(("at", "when"), [(code(step.value), STEPS[step]) for step in Step]),
        "`writers: true` lets a rule act only where writers take part, `writers: false` only where not: the handler "
        "freezes a second time without them when one failed.",
    )


def _writers() -> str:
    rows = [
        (code(each.name), code(each.writer_id), code(each.service) if each.service else "", where)
        for group, where in (
            (IN_BOX, "every Windows Server"),
            ((SQL_SERVER,), "images with SQL Server"),
            (OF_ROLES, "`installed`"),
        )
        for each in group
    ]
    return section("Writers", table(("writer", "id", "service", "there on"), rows))


def _codes() -> str:
    def who(each: Hresult) -> str:
        if each in OF_WRITERS:
            return "writer"
        return "provider" if each in OF_PROVIDERS else "requester, VSS"

    rows = [
        (code(each.name), code(f"0x{each:08X}"), who(each))
        for each in Hresult
        if each not in {Hresult.OK, Hresult.NOT_IMPLEMENTED}
    ]
    return section(
        "Codes",
        "A script names a code as Microsoft does, with or without `VSS_E_`, or by its number.",
        table(("code", "number", "who shows it"), rows),
    )


def _table(scripts: Sequence[Mapping[str, Any]]) -> str:
    rows = [_row(each) for each in scripts]
    return section(
        "What comes of a script",
        "Consistency of the recovery point; error of the first attempt, if that failed; and whether there was another "
        "attempt in the job. One test carries all of these out by guest, handler and the service's judgement, sees "
        "that nothing stays frozen, clears the script and makes an application-consistent backup. "
        "[vss-scripts.yaml](faults/vss-scripts.yaml) has the scripts themselves.",
        table(("script", "what is so", "consistency", "first attempt", "retry", "event log", "then"), rows),
    )


def _fallback() -> str:
    rows = [(rule.stage, _facts(rule.facts), rule.then, rule.why, rule.source) for rule in fallback.RULES]
    return section(
        "Fallback",
        "The rules by which a backup ends with less than it began with, as `extension/contract/fallback.py` has them; "
        "handler and service look there. Of the rows of a stage the first one that fits counts.",
        table(("when", "where", "then", "because", "source"), rows),
        "Rules of others that are not followed:",
        table(("rule", "why not", "source"), fallback.NOT_FOLLOWED),
    )


def _facts(facts: Mapping[str, bool]) -> str:
    said = [f"{'' if value else 'not '}{name.replace('_', ' ')}" for name, value in facts.items()]
    return ", ".join(said) or "else"


def _row(each: Mapping[str, Any]) -> tuple[str, ...]:
    outcome, then = each["outcome"], each.get("then")
    after = ""
    if then is not None:
        how = f"after {code(then['after'])}: " if then.get("after") else "the next backup: "
        after = how + str(then["outcome"]["consistency"])
    return (
        code(each["name"]),
        each["what"],
        outcome["consistency"] or "none",
        code(outcome["code"]) if outcome["code"] else "",
        outcome["retry"],
        ", ".join(each.get("log", ())),
        after,
    )
