"""The form of a log line, by structlog: one JSON object, or a line for a terminal; without secrets either way.

Loaded with the first line that a world logs: structlog brings a library for terminals along, and a world at rest logs
nothing.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog

from extension.contract.redaction import redact


def redact_line(_logger: Any, _method: str, line: Any) -> str:
    """The last processor: what it returns is what is written."""
    return redact(str(line))


_FACTS: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
)

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_FACTS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)


def logger(name: str) -> Any:
    """One whose calls take facts by keyword: `logger("clock").error("action failed", reason=...)`."""
    return structlog.get_logger(name)


def formatter(for_terminal: bool) -> logging.Formatter:
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if for_terminal:
        renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, redact_line],
        foreign_pre_chain=_FACTS,
    )
