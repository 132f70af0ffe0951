"""The seam at which a whole script stands in the way of the writers and the VSS of a guest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from simulator.clock.real_time import RealTime
from simulator.faults.fault import Setting
from simulator.faults.seam import Seam
from simulator.faults.seams.vss_laboratory import Laboratory, Pause, Standing
from simulator.faults.vss_script import Script, parse
from simulator.guest.vss.scripting import VssScript

_script: Callable[[str], Script] = lru_cache(64)(parse)


class VssScriptSeam(Seam):
    """Scripts that stand for a guest. Each act of a rule is a hit."""

    NAME = "vss-script"
    WHAT = "Writers, VSS and its provider of a guest go by a script."
    PLACES = frozenset({"vm"})
    IS_STATE = True

    def laboratory(self, vm: str, pause: Callable[[], Pause]) -> Callable[[RealTime], VssScript]:
        """What a guest is given at a boot."""
        return lambda real_time: Laboratory(partial(self._standing, vm), self.board.clock, real_time, pause())

    def _standing(self, vm: str) -> Sequence[Standing]:
        if not self.board.has(self.NAME):
            return ()
        return [
            Standing(setting.number, _script(setting.text("script")), partial(self._acted, setting, vm))
            for setting in self.board.all_standing(self.NAME, {"vm": vm})
        ]

    def _acted(self, setting: Setting, vm: str, operation: str) -> None:
        self.board.count(setting.number, {"vm": vm, "operation": operation})
