"""The world that a command works on: its configuration, and its endpoints whether it runs or not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controlplane.service_settings import Limits
    from simulator.world import Config


def limits(words: Sequence[str] | None) -> Limits | None:
    """Of `--limit NAME=COUNT`; None where none was given. Raises WrongUse."""
    from simulator.state.limits import limits_of

    return limits_of(words or ())


def config(state: Path | None, *, create: bool = True, **values: Any) -> Config:
    """The configuration of the world in a state folder (None: the user's). `create`: it may be a new one."""
    from simulator.failures import WrongUse
    from simulator.state.folder import user_state_folder
    from simulator.world import Config

    folder = state or user_state_folder()
    if not create and not (folder / "world.json").is_file():
        raise WrongUse(f"{folder} is not the state folder of a world; name one with --state")
    return Config(state=folder, dsn=os.environ.get("BACKUPSIM_DSN") or None, **values)


def endpoints(
    state: Path | None, keep: ExitStack, *, blob_endpoint: str | None, blob_accounts: str | None
) -> dict[str, Any]:
    """Those of the running world; one that does not run is opened until `keep` ends, and nothing goes on in it."""
    from simulator.state.folder import running_endpoints
    from simulator.world import build

    of_world = config(state, create=False, boot=False, blob_endpoint=blob_endpoint, blob_accounts=blob_accounts)
    running = running_endpoints(of_world.state)
    return running.to_json() if running else keep.enter_context(build(of_world)).endpoints
