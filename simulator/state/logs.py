"""Logs of a world: one JSON object per line in its folder, without secrets.

Whoever logs, ours or a library, does so through the standard library's logging; structlog gives each record its form.
Secrets are taken out at the very end, from the line as it will be written: whatever road a signature took to get there,
inside a URL, an exception or the repr of an object, the line does not show it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog

from extension.contract.redaction import redact
from simulator.failures import WrongUse

FILE = "backupsim.jsonl"
FILE_BYTES = 16 * 1024 * 1024
FORMER_FILES = 3
LEVELS = ("debug", "info", "warning", "error")
CHATTY = ("alembic", "azure", "httpcore", "httpx", "sqlalchemy", "urllib3", "uvicorn")
"""Libraries that log every request; they log with `debug` only."""


def redact_line(_logger: Any, _method: str, line: Any) -> str:
    """The last processor: what it returns is what is written."""
    return redact(str(line))


@contextmanager
def recording(folder: Path, level: str | None = None, console: TextIO | None = None) -> Iterator[None]:
    """Write the process's logs into the folder, and on the console too if one is given, until the end of the block."""
    number = _level(level or os.environ.get("BACKUPSIM_LOG") or "info")
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_FACTS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = RotatingFileHandler(folder / FILE, maxBytes=FILE_BYTES, backupCount=FORMER_FILES, encoding="utf-8")
    handlers: list[logging.Handler] = [file]
    file.setFormatter(_formatter(structlog.processors.JSONRenderer(ensure_ascii=False)))
    if console is not None:
        handlers.append(logging.StreamHandler(console))
        plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        handlers[-1].setFormatter(_formatter(plain))
    root = logging.getLogger()
    chatty = [logging.getLogger(name) for name in CHATTY]
    former = [(logger, logger.level) for logger in (root, *chatty)]
    root.setLevel(number)
    for logger in chatty:
        logger.setLevel(logging.NOTSET if number <= logging.DEBUG else logging.WARNING)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        for logger, was in former:
            logger.setLevel(was)


_FACTS: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
)


def _formatter(renderer: structlog.typing.Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, redact_line],
        foreign_pre_chain=_FACTS,
    )


def _level(name: str) -> int:
    if name.lower() not in LEVELS:
        raise WrongUse(f"{name} is not a log level; use one of {', '.join(LEVELS)}")
    return logging.getLevelNamesMapping()[name.upper()]
