"""Every error the service can show: code, message, HTTP status, remedy.

Expected errors are one family, `ServiceError`; anything else is a bug and crashes. Adapters and ARM translate nothing:
what is raised here is what the ARM error envelope or the job's errorDetails shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def envelope(self) -> dict[str, Any]:
        """The ARM error body."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details:
            error["details"] = self.details
        return {"error": error}
