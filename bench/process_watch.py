"""What a world's process and its children take: processor time, and memory while something else is measured."""

from __future__ import annotations

import threading

import psutil

MEMORY_LOOK_SECONDS = 0.25


class Processors:
    """Processor seconds since this was made: of the world, of its Azurite, and of processes that have ended, which are
    the handler's."""

    def __init__(self, pid: int) -> None:
        self._world = psutil.Process(pid)
        self._before = self._read()

    def since(self) -> dict[str, float]:
        return {name: seconds - self._before[name] for name, seconds in self._read().items()}

    def _read(self) -> dict[str, float]:
        own, running = self._world.cpu_times(), self._world.children(recursive=True)
        azurite = [each.cpu_times() for each in running if "azurite" in " ".join(each.cmdline())]
        parents = [own, *(each.cpu_times() for each in running)]
        return {
            "world": own.user + own.system,
            "ended": sum(each.children_user + each.children_system for each in parents),
            "azurite": sum(each.user + each.system for each in azurite),
        }


class MemoryWatch:
    """The memory of a process, looked at now and then until this is closed: at first, at the end and the most of it."""

    def __init__(self, pid: int, pause_seconds: float = MEMORY_LOOK_SECONDS) -> None:
        self._process = psutil.Process(pid)
        self._pause_seconds = pause_seconds
        self._ended = threading.Event()
        self._begin_mebibytes = self._end_mebibytes = self._peak_mebibytes = self._look()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._note()

    def _watch(self) -> None:
        while not self._ended.wait(self._pause_seconds):
            self._note()

    def mebibytes(self) -> dict[str, float]:
        return {"begin": self._begin_mebibytes, "peak": self._peak_mebibytes, "end": self._end_mebibytes}

    def _note(self) -> None:
        self._end_mebibytes = self._look()
        self._peak_mebibytes = max(self._peak_mebibytes, self._end_mebibytes)

    def _look(self) -> float:
        return float(self._process.memory_info().rss) / 2**20
