"""The page of errors: every name that service, sign-in, extension and command can show, with its remedy."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator

import simulator
from controlplane.domain.errors.kind import ErrorKind, Source
from controlplane.domain.errors.table import areas, kinds
from controlplane.domain.recovery_services.snapshot_failure import BY_NAME, UNKNOWN, meaning_of
from docs.generator import source
from docs.generator.markdown import code, page, paragraph, section, table
from docs.generator.messages import Message, messages
from docs.generator.texts import calls
from extension.contract.codes import Code
from extension.preconditions import NEEDED_SERVICES
from simulator.failures import Failure

SUCCESSES = frozenset(
    {Code.success, Code.success_appconsistent, Code.SuccessAlreadyProcessedInput, Code.ExtensionTempTerminalState}
)


def text() -> str:
    return page(
        "Errors",
        "Expected failures, by the name they bear. Braces stand for what is filled in; "
        "[messages](messages.md) has the sentences that fill in a reason. Anything that is not here is a bug, and "
        "shows a traceback in the log.",
        _service(),
        _extension(),
        _sign_in(),
        _command(),
    )


def our_codes() -> dict[str, str]:
    """The codes that Azure does not have or does not publish, with what is to be said of each, by code."""
    ours = [kind for kind in kinds().values() if kind.ours]
    return {kind.code: kind.source.text for kind in sorted(ours, key=lambda kind: kind.code)}


def _service() -> str:
    return section(
        "The service",
        "The error envelope of an ARM answer, or `errorDetails` of a job, where the remedy is among the "
        "`recommendations`. The status counts where it answers a request; the number, where one is known, is the "
        "`errorCode` of a job's error. The source says how the code is known. Where the service's own wording is "
        "not public, the message is ours.",
        *(part for area in areas() for part in (f"**{area.title}**", _kinds(area.kinds.values()))),
    )


def _kinds(rows: Iterable[ErrorKind]) -> str:
    return table(
        ("code", "number", "HTTP", "message", "remedy", "source"),
        [
            (
                code(kind.code),
                str(kind.number or ""),
                str(kind.status),
                _text(kind.message),
                _text(kind.remedy),
                _source(kind.source),
            )
            for kind in sorted(rows, key=lambda kind: (kind.code.lower(), kind.message))
        ],
    )


def _text(template: str) -> str:
    """A template with its blanks; doubled braces stand for single ones of the text."""
    return template.replace("{{", "{").replace("}}", "}")


def _source(source: Source) -> str:
    if source.address:
        return f"[{source.text}]({source.address})"
    return {"ours": f"**ours**: {source.text}", "known": "knowledge of the service"}.get(source.how, source.text)


def _extension() -> str:
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in _failures():
        meaning = meaning_of(name)
        again = "yes" if meaning.retry_without_freeze else ""
        alike.setdefault((meaning.kind.code, meaning.kind.message, meaning.kind.remedy, again), []).append(name)
    rows = [
        (", ".join(map(_reported, names)), code(name), message, remedy, again)
        for (name, message, remedy, again), names in alike.items()
    ]
    return section(
        "The extension",
        "What a failed snapshot task reports, and what the service makes of it: the job's error begins with the "
        "message and goes on with the extension's own sentence. A name that is not here means "
        f"{code(UNKNOWN.kind.code)}. *Without a freeze* marks failures for which a second attempt may do without one. "
        "[The contract](contract.md#codes) has the codes with the health that they stand for; a name without a number "
        f"travels in the telemetry, beside code {int(Code.error)}.",
        table(("reported", "error of the job", "message", "remedy", "without a freeze"), rows),
    )


def _failures() -> Iterator[str]:
    yield from (member.name for member in Code if member not in SUCCESSES)
    yield from sorted({*BY_NAME, *NEEDED_SERVICES.values()} - {member.name for member in Code})


def _reported(name: str) -> str:
    return f"{int(Code[name])} {code(name)}" if name in Code.__members__ else code(name)


def _sign_in() -> str:
    rows = {
        (f"AADSTS{number}", code(error), message)
        for path in source.files("controlplane/arm/sign_in")
        for error, number, message, *_ in calls(source.tree(path), "Refusal")
    }
    return section(
        "Signing in", "Answers of the token endpoint.", table(("number", "error", "description"), sorted(rows))
    )


NOT_IMPORTED = frozenset({"simulator.__main__", "simulator.pytest_plugin"})
"""Which begin something when they are imported."""


def _command() -> str:
    for module in pkgutil.walk_packages(simulator.__path__, "simulator."):
        if module.name not in NOT_IMPORTED:
            importlib.import_module(module.name)
    all_messages = messages("simulator")
    rows = [
        (code(kind.__name__), str(kind.exit_code), sentence, when if number == 0 else "")
        for kind in sorted(_below(Failure), key=lambda kind: (kind.__name__, kind.__module__))
        for when in [paragraph(kind.__doc__ or "")]
        for number, sentence in enumerate(_sentences(kind, all_messages))
    ]
    return section(
        "The command",
        "One sentence on stderr with the remedy, and an [exit code](command.md#exit-codes). The control API answers "
        "with the name as the code.",
        table(("failure", "exit code", "sentence", "when"), rows),
    )


def _sentences(kind: type[Failure], all_messages: Iterable[Message]) -> list[str]:
    """What is said of a kind of failure, each sentence once."""
    sentences = list(dict.fromkeys(message.text for message in all_messages if message.by == kind.__name__))
    assert sentences, f"{kind.__name__} is never raised with a sentence"
    return sentences


def _below(kind: type[Failure]) -> Iterator[type[Failure]]:
    for inner in kind.__subclasses__():
        if inner.__module__.startswith("simulator."):
            yield inner
            yield from _below(inner)
