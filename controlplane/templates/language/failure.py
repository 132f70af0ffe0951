"""What is wrong with a template, or with the values for its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controlplane.domain.errors.resources import INVALID_TEMPLATE
from controlplane.json_object import Json

Path = tuple[str | int, ...]
"""Where in a template: keys and indexes from its top."""

AT = "\x00"
"""Stands in a reason where the service tells line and column, until these are known."""
NO_TEMPLATE = "Deployment template parse failed: '{0}'."
FAILED = "Deployment template validation failed: '{0}'."
UNPROCESSED = "Unable to process template language expressions for resource '{1}'{2}. '{0}'"


class TemplateError(Exception):
    """The template cannot be deployed.

    `str(error)` is the reason, one sentence without a full stop; `message` is what the service says, `code` its code.
    `path` tells where in the template, and `line` and `column` where in its text, both from 1, if that is known.
    `details` are errors as ARM shows them, for codes that have some.
    """

    def __init__(
        self,
        reason: str,
        code: str = INVALID_TEMPLATE.code,
        *,
        path: Path = (),
        details: tuple[Json, ...] = (),
        form: str = FAILED,
        resource: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.path = path
        self.details = details
        self.form = form
        self.resource = resource
        self.line: int | None = None
        self.column: int | None = None

    def __str__(self) -> str:
        return self.reason.replace(AT, self._place())

    @property
    def message(self) -> str:
        return self.form.format(f"{self}.", self.resource, self._place())

    def violation(self) -> Json:
        """The entry of `additionalInfo` that says where."""
        path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path).lstrip(".")
        place = {"lineNumber": self.line or 0, "linePosition": self.column or 0, "path": path}
        return {"type": "TemplateViolation", "info": place}

    def _place(self) -> str:
        return "" if self.line is None else f" at line '{self.line}' and column '{self.column}'"


class NotSimulated(Exception):
    """Something that the template language has and this package does not; the text names it."""


@contextmanager
def telling(subject: str, path: Path, *, form: str = FAILED, resource: str = "") -> Iterator[None]:
    """Say of an error in here what it is about and where; the innermost that knows says it. `subject` goes before the
    reason, unless it is empty."""
    try:
        yield
    except TemplateError as error:
        if not error.path:
            error.path, error.form, error.resource = path, form, resource
            if subject:
                error.reason = f"{subject}{AT} is not valid: {error.reason}"
        raise
