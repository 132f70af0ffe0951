"""What is wrong with a template, or with the values for its parameters."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]
"""Where in a template: keys and indexes from its top."""


class TemplateError(Exception):
    """The template cannot be deployed.

    `str(error)` is the reason, one sentence without a full stop; `message` is what the service says, `code` its code.
    `path` tells where in the template, and `line` and `column` where in its text, both from 1, if that is known.
    `details` are errors as ARM shows them, for codes that have some.
    """

    def __init__(self, reason: str, code: str = "InvalidTemplate", *, path: Path = (), details: tuple[Json, ...] = ()):
        super().__init__(reason)
        self.code = code
        self.path = path
        self.details = details
        self.line: int | None = None
        self.column: int | None = None

    @property
    def message(self) -> str:
        return f"Deployment template validation failed: '{self}.'."

    def violation(self) -> Json:
        """The entry of `additionalInfo` that says where."""
        path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path).lstrip(".")
        place = {"lineNumber": self.line or 0, "linePosition": self.column or 0, "path": path}
        return {"type": "TemplateViolation", "info": place}


class NotSimulated(Exception):
    """Something that the template language has and this package does not; the text names it."""
