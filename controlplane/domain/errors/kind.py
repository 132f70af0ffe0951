"""An error of the service, and the kind of error from which each is made.

Expected errors are one family, `ServiceError`; anything else is a bug and crashes. Every error is made from an
`ErrorKind` of the table in `controlplane.domain.errors`: `POLICY_NOT_FOUND.error(name="daily")`. Adapters and ARM
translate nothing: what is raised is what the ARM error envelope or the job's errorDetails shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Any, Literal


@dataclass
class ServiceError(Exception):
    """An error as the service names it. `status` is the HTTP status where it answers a request."""

    code: str
    message: str
    status: int = 400
    remedy: str = ""
    number: int = 0
    """errorCode of a job's errorDetails; 0 where no public number is known."""
    target: str | None = None
    details: list[dict[str, Any]] = field(default_factory=list)
    additional_info: list[dict[str, Any]] = field(default_factory=list)
    """Each with a `type` and an `info`."""
    retry_after_seconds: int = 0
    """When to ask again; 0 where asking again changes nothing."""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def envelope(self) -> dict[str, Any]:
        """The ARM error body."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details:
            error["details"] = self.details
        if self.additional_info:
            error["additionalInfo"] = self.additional_info
        return {"error": error}

    @classmethod
    def stored(cls, document: Mapping[str, Any], *, status: int = 400) -> ServiceError:
        """An error that was made earlier and kept: the fields of this class by name. `status` counts where the document
        has none."""
        return cls(**{"status": status, **document})


@dataclass(frozen=True)
class Source:
    """How a code is known. Documented: `text` is the title of the page at `address`. Observed: what shows it.
    Ours: Azure has no such code or none is public, and `text` says more."""

    how: Literal["documented", "observed", "known", "ours"]
    text: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class ErrorKind:
    """A row of the table: a code with one form of its message. `message`, `remedy` and `target` may have named blanks,
    `{name}`, which every use of the kind fills."""

    code: str
    message: str
    status: int = 400
    number: int = 0
    """errorCode of a job's errorDetails; 0 where no public number is known."""
    remedy: str = ""
    target: str | None = None
    retry_after_seconds: int = 0
    source: Source

    @property
    def ours(self) -> bool:
        """Whether the code is the simulator's own."""
        return self.source.how == "ours"

    @cached_property
    def blanks(self) -> frozenset[str]:
        """The names that `error` has to be given."""
        texts = (self.message, self.remedy, self.target or "")
        names = (name for text in texts for _, name, _, _ in Formatter().parse(text))
        return frozenset(name for name in names if name)

    def error(
        self,
        *,
        details: Iterable[dict[str, Any]] = (),
        additional_info: Iterable[dict[str, Any]] = (),
        retry_after_seconds: int | None = None,
        **values: object,
    ) -> ServiceError:
        """An error of this kind; `values` fill the blanks. TypeError where a value is missing or has no blank."""
        if values.keys() != self.blanks:
            raise TypeError(f"{self.code} needs {sorted(self.blanks)} and was given {sorted(values)}")
        return ServiceError(
            code=self.code,
            message=self.message.format_map(values),
            status=self.status,
            remedy=self.remedy.format_map(values),
            number=self.number,
            target=None if self.target is None else self.target.format_map(values),
            details=list(details),
            additional_info=list(additional_info),
            retry_after_seconds=self.retry_after_seconds if retry_after_seconds is None else retry_after_seconds,
        )
