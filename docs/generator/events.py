"""events.md: the catalogue of events."""

from __future__ import annotations

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import ROOT, Event, Fact, Party
from docs.generator import source
from docs.generator.markdown import code, page, paragraph, section, table

UNITS = ("bytes", "milliseconds", "seconds")
"""A field that has a unit ends with its name."""
ABOUT = {
    Party.ARM: "ARM",
    Party.SERVICE: "The service",
    Party.HOST: "The host",
    Party.AGENT: "The agent",
    Party.GUEST: "The guest",
    Party.HANDLER: "The handler",
    Party.STORAGE: "The storage",
    Party.WORLD: "The world",
}


def text() -> str:
    return page(
        "Events",
        "Every message and every change of state is one event of one stream: `GET /_sim/events`, the dashboard and the "
        "tests read it. An event says by whom it was seen, when, and from which event it follows; so from any event "
        "the way up ends at one request of a client, one due time of a schedule or one act upon the world: its "
        "start and end, or a request to the control API. Within a name, fields are only ever added, with a higher "
        "version. A field that says nothing is left out.",
        section("Every event", table(("field", "type"), [(code(each.name), code(each.type)) for each in _common()])),
        *(_of_party(party, title) for party, title in ABOUT.items()),
    )


def _common() -> list[source.Field]:
    return source.fields(Event)


def _of_party(party: Party, title: str) -> str:
    kinds = [kind for kind in CATALOGUE.values() if party is kind.PARTY]
    return section(
        title, f"Seen by {code(party)}.", table(("event", "meaning", "fields", "follows from"), _rows(kinds))
    )


def _rows(kinds: list[type[Fact]]) -> list[tuple[str, str, str, str]]:
    return [
        (
            f"{code(kind.NAME)} {_belongs(kind)}",
            paragraph(kind.__doc__ or ""),
            "<br>".join(_field(each) for each in source.fields(kind)),
            ", ".join(code(parent) if parent != ROOT else "nothing" for parent in kind.PARENTS),
        )
        for kind in kinds
    ]


def _belongs(kind: type[Fact]) -> str:
    """Version, and whether it has a job and a machine."""
    parts = [f"version {kind.VERSION}"]
    parts += [f"{word} {how}" for word, how in (("job", kind.JOB), ("vm", kind.VM)) if how != "never"]
    return f"<br>{'<br>'.join(parts)}"


def _field(field: source.Field) -> str:
    unit = next((f", {unit}" for unit in UNITS if field.name.endswith(unit)), "")
    meaning = f": {paragraph(field.text)}" if field.text else ""
    return f"{code(field.name)} ({field.type.replace(' | None', ', optional')}{unit}){meaning}"
