"""The page of state machines: every table of states, as a table and as a drawing; and the plans of all jobs."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.domain import state_machine as machine
from controlplane.domain.recovery_services import job, protected_item, recovery_point
from controlplane.domain.resources import deployment, operation
from controlplane.jobs.catalog import PLANS
from docs.generator.markdown import Edge, code, codes, diagram, page, section, table
from extension import snapshot
from simulator.guest.vss import writer as vss


def text() -> str:
    return page(
        "State machines",
        "Each of these is one table in the code: state and event give the next state, and a pair that the table lacks "
        "is a mistake of the program, never an answer to a user. The drawings leave nothing out unless they say so.",
        _entity(
            "Protected item",
            protected_item.STATES,
            "`domain/recovery_services/protected_item.py`. ARM has no state of its own for a soft-deleted item: it "
            "shows the state before the deletion, and `isScheduledForDeferredDelete`.",
        ),
        _entity(
            "Job",
            job.JOB_STATES,
            "`domain/recovery_services/job.py`. The events that end a job are what its tasks came to, by the matrix "
            "below.",
        ),
        _matrix(),
        _entity("Task of a job", job.TASK_STATES, "`domain/recovery_services/job.py`. The rows of ARM's `tasksList`."),
        _plans(),
        _entity(
            "Tiers of a recovery point",
            recovery_point.TIER_STATES,
            "`domain/recovery_services/recovery_point.py`. In ARM the tiers of "
            + "; ".join(f"{state} is {codes(tiers) or 'none'}" for state, tiers in recovery_point.TIERS.items())
            + ".",
        ),
        _entity("Operation", operation.STATES, "`domain/resources/operation.py`. ARM's long-running operation."),
        _entity(
            "Deployment",
            deployment.STATES,
            "`domain/resources/deployment.py`. ARM's `provisioningState`. One plan carries it on, *Deploy* "
            "(`controlplane/jobs/deployment.py`), in a single step whose progress is the document itself.",
        ),
        _entity(
            "Operation of a deployment",
            deployment.OPERATION_STATES,
            "`domain/resources/deployment.py`. One for each resource of the template; what is NotStarted is not "
            "listed, and what waits for one that failed stays so.",
        ),
        _procedure(),
        _writer(),
    )


def _entity(title: str, states: machine.Table, text: str) -> str:
    edges = list(_edges(states))
    rows = [(state, event, following) for state, event, following in edges]
    return section(title, text, diagram(next(iter(states)), edges), table(("state", "event", "next state"), rows))


def _edges(states: machine.Table) -> Iterator[Edge]:
    for state, events in states.items():
        for event, following in events.items():
            yield state, event, following


def _matrix() -> str:
    rows = [
        (required, optional or "any", status)
        for required, row in job.STATUS_BY_TASKS.items()
        for optional, status in row.items()
    ]
    return section(
        "Job status by tasks",
        "Of several tasks of a kind, the one in the worst state speaks for all. In a backup, *Take Snapshot* is "
        "required and *Transfer data to vault* is optional.",
        table(("required tasks", "optional tasks", "job"), rows),
    )


def _plans() -> str:
    rows = [
        (plan.name, step.name, _yes(step.required), _yes(step.listed), _yes(step.undo is not None))
        for plan in PLANS.values()
        for step in plan.steps
    ]
    return section(
        "Plans",
        "What the jobs do, in order (`controlplane/jobs/catalog.py`). A required step that fails undoes the plan in "
        "reverse, itself included; an optional one undoes itself only. Steps that are not listed have no row in ARM.",
        table(("plan", "step", "required", "listed", "can be undone"), rows),
    )


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _procedure() -> str:
    steps = [
        (state, event, following, action)
        for state, events in snapshot.TABLE.items()
        for event, (following, action) in events.items()
    ]
    return section(
        "Snapshot procedure",
        "`extension/snapshot.py`. The driver carries out an action and says what came of it. Whoever asked the guest "
        f"to freeze asks it to thaw exactly once: a thaw is owed in {codes(sorted(snapshot.OWES_THAW))}, also when the "
        "driver itself breaks.",
        diagram(snapshot.State.READY, [(state, event, following) for state, event, following, _ in steps]),
        table(
            ("state", "event", "next state", "action"),
            [(state, event, following, action or "") for state, event, following, action in steps],
        ),
    )


def _writer() -> str:
    limits = (
        f"Writes are held for {vss.HOLD_LIMIT_SECONDS:g} seconds at most, and a writer that was frozen for more than "
        f"{vss.WRITER_FREEZE_LIMIT_SECONDS:g} seconds counts as failed. Of the levels, {_level(max(vss.Level))} is "
        f"frozen first and {_level(min(vss.Level))} last; they thaw in the opposite order."
    )
    return section(
        "VSS writer",
        "`guest/vss/writer.py`. States are those of `VSS_WRITER_STATE`. The drawing leaves out the abort, by which "
        "a requester ends at any time, and an Identify that fails a second time.",
        diagram(_word(vss.State.STABLE), _drawn_law()),
        table(("event", "where the writer is", "next state", "where it is if it could not"), _law()),
        limits,
        table(("number", "state"), [(str(int(state)), _word(state)) for state in vss.State]),
    )


def _level(level: vss.Level) -> str:
    return level.name.lower().replace("_", "-")


def _drawn_law() -> Iterator[Edge]:
    for (state, event), (done, failed) in vss.LAW.items():
        if event is vss.WriterEvent.ABORT:
            continue
        yield _word(state), event, _word(done)
        if not state.failed:
            yield _word(state), f"{event} failed", _word(failed)


def _law() -> Iterator[tuple[str, str, str, str]]:
    """The law, with the states that share an outcome in one row."""
    rows: dict[tuple[vss.WriterEvent, str, str], list[str]] = {}
    for (state, event), (done, failed) in vss.LAW.items():
        unmoved = done is state and failed is state
        outcome = ("as before", "as before") if unmoved else (_word(done), _word(failed))
        rows.setdefault((event, *outcome), []).append(_word(state))
    for (event, done_word, failed_word), states in rows.items():
        yield code(event), ", ".join(states), done_word, failed_word


def _word(state: vss.State) -> str:
    return "".join(part.capitalize() for part in state.name.split("_"))
