"""What became of the scripts around a snapshot: whether they ran, what went wrong first, and what follows from it."""

from __future__ import annotations

from typing import NamedTuple

from extension.contract.codes import Code

NOT_CONFIGURED = frozenset(
    {
        Code.FailedPrepostPluginhostConfigParsing,
        Code.FailedPrepostPluginConfigParsing,
        Code.FailedPrepostPluginhostConfigNotFound,
        Code.FailedPrepostPluginhostConfigPermissionError,
        Code.FailedPrepostPluginConfigNotFound,
    }
)
"""With one of these the published handler takes the machine for one without scripts, and reports nothing of them."""


class ScriptCourse(NamedTuple):
    """What became of the scripts. `code` None: all went well; otherwise the first thing that went wrong."""

    code: Code | None = None
    reason: str = ""
    which: str = ""
    """pre or post; empty: none was run."""
    stops: bool = False
    """The backup must not be taken, or if it was, has failed."""
    has_run: bool = False
    """The pre-script was started, so the post-script is owed."""
    freezes: bool = True

    @property
    def application_consistent(self) -> bool:
        return self.has_run and self.code is None

    @property
    def is_shown(self) -> bool:
        """Whether a backup that goes on without scripts says so in the health of its machine."""
        return self.code is not None and self.code not in NOT_CONFIGURED


NO_SCRIPTS = ScriptCourse()
