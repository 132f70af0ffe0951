"""The process in which the worlds of one pytest process run, over one Azurite.

It is a process of its own so that what a test does to its interpreter, a patched clock, a trace of coverage or a socket
that is forbidden, does nothing to a world. It reads requests from standard input and answers on standard output, a
JSON object on a line each:

    {"verb": "open", "state", "seed", "options", "handlers", "apart", "fork_of"}
                                        ->  {"endpoints", "seed"} or {"problem"}
    {"verb": "save", "state", "target"} ->  {} or {"problem"}
    {"verb": "close", "state", "keep"}  ->  {}

`apart`: the world gets an Azurite of its own, so that its folder holds all of it; a fork of a saved one always does. A
world that is not kept is closed and removed behind the answer. When input ends, all worlds are closed, and so does the
process.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from controlplane.json_object import Json
from simulator.failures import explain
from simulator.handlers.sources import HandlerSource
from simulator.packages import HANDLER_FOLDER, published
from simulator.saved_worlds.library import forked
from simulator.state.folder import cache_folder
from simulator.state.signing_keys import KeysAhead
from simulator.storage.shared_azurite import SharedAzurite
from simulator.testing.world_options import config_of
from simulator.world import World, build

CLOSERS = 2
MOST_CLOSING = 8
"""So many worlds may wait for their end; then the next request waits too."""


class WorldsProcess:
    """Opens and closes worlds. `folder` is its own, for the Azurite that they share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._worlds: dict[str, World] = {}
        self._azurite: SharedAzurite | None = None
        self._azurites = 0
        self._packages: list[Path] = []
        self._new_key = KeysAhead()
        self._stack.callback(self._new_key.close)
        self._closing: list[Future[None]] = []
        self._closers = ThreadPoolExecutor(CLOSERS, thread_name_prefix="closing")
        self._verbs: dict[str, Callable[[Json], Json]] = {
            "open": self._open,
            "save": self._save,
            "close": self._close,
        }

    def answer(self, request: Json) -> Json:
        try:
            return self._verbs[request["verb"]](request)
        except Exception as error:
            explained = explain(error)
            if explained is None:
                raise
            return {"problem": explained.sentence}

    def close(self) -> None:
        for world in self._worlds.values():
            world.close()
        self._closers.shutdown()
        self._stack.close()

    def _open(self, request: Json) -> Json:
        self._await_closings(MOST_CLOSING)
        state, saved = Path(request["state"]), request["fork_of"]
        shared = None if request["apart"] or saved else self._shared()
        given = [HandlerSource(Path(path), name, version) for path, name, version in request["handlers"]]
        asked = request["options"]
        if saved:
            forked(Path(saved), state)
        more = {"azurite": shared, "packages": self._own_handler(), "handlers": given, "new_signing_key": self._new_key}
        try:
            world = build(config_of(state, request["seed"], asked, is_fork=bool(saved), **more))
        except BaseException:
            if saved:
                shutil.rmtree(state, ignore_errors=True)
            raise
        self._worlds[request["state"]] = world
        return {"endpoints": world.endpoints, "seed": world.state.seed}

    def _save(self, request: Json) -> Json:
        self._worlds[request["state"]].save(Path(request["target"]))
        return {}

    def _close(self, request: Json) -> Json:
        world = self._worlds.pop(request["state"])
        if request["keep"]:
            world.close()
        else:
            self._closing.append(self._closers.submit(self._remove, world))
        return {}

    def _remove(self, world: World) -> None:
        state = world.config.state
        world.close()
        if world.config.azurite is not None and world.config.azurite.alive:
            world.config.azurite.forget(state)
        shutil.rmtree(state, ignore_errors=True)

    def _await_closings(self, most: int) -> None:
        while len(self._closing) >= most:
            self._closing.pop(0).result()
        ended = [each for each in self._closing if each.done()]
        self._closing = [each for each in self._closing if each not in ended]
        for each in ended:
            each.result()

    def _own_handler(self) -> list[Path]:
        """Our own handler as zips, which are packed once and not for each world."""
        if not self._packages:
            for number, package in enumerate(published(HANDLER_FOLDER)):
                file = self._folder / f"handler{number}.zip"
                file.write_bytes(package)
                self._packages.append(file)
        return self._packages

    def _shared(self) -> SharedAzurite:
        """The Azurite that runs, or a new one where none does: a world whose Azurite has ended is lost, and others are
        not."""
        if self._azurite is None or not self._azurite.alive:
            self._azurites += 1
            self._azurite = SharedAzurite(cache_folder(), self._folder / f"azurite{self._azurites}")
            self._stack.callback(self._azurite.close)
        return self._azurite


def requests(lines: TextIO) -> Iterator[Json]:
    for line in lines:
        request: Json = json.loads(line)
        yield request


def main() -> None:
    """Standard output is for answers alone: what else is printed goes where errors go."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        process = WorldsProcess(Path(sys.argv[1]))
        try:
            for request in requests(sys.stdin):
                answers.write(json.dumps(process.answer(request)) + "\n")
                answers.flush()
        finally:
            process.close()


if __name__ == "__main__":
    main()
