"""The handler's own process is killed at a drawn moment, under a drawn script: the guest is not left frozen.

A moment is a number of things that have happened in the guest: so it needs no clock, and a slow machine changes none.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controlplane.json_object import Json
from extension.contract.bridge import FreezeRequest
from simulator.faults.vss_script import parse
from tests.handler_rig import ONLY_GUEST
from tests.patience import comes_true
from tests.unit.simulator.guest.vss.laboratory_rig import LaboratoryRig
from tests.unit.simulator.guest.vss.test_vss_killed import SCRIPTS

LATEST_MOMENT = 90
"""More than there is to tell of a backup with two freezes."""
LONGEST_SECONDS = 120
"""Real time after which a handler that does not end is a failure of the test."""
NUMBERS = itertools.count(1)
NO_SCRIPT: Json = {"writers": [], "vss": [], "installed": [], "missing": []}


class KilledHandler:
    """A process that backs the guest up, and is killed when so many things have happened there; 0: it ends itself."""

    def __init__(self, rig: LaboratoryRig, moment: int) -> None:
        self._left, number = moment, next(NUMBERS)
        handler = rig.handler.handler
        rig.rig.on_fact = self._told
        rig.handler.settle(number, task_id=f"{uuid4()}_1", custom=ONLY_GUEST)
        (handler.root / "Status" / f"{number}.status").write_text("[]")  # as enable left it
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(handler.root), "worker"],
            env=handler.environ(number),
            cwd=handler.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _told(self, name: str) -> None:
        """Something has happened in the guest."""
        self._left -= 1
        if self._left == 0:
            self.process.kill()

    def was_killed(self) -> bool:
        """Once it has ended."""
        return self.process.wait(LONGEST_SECONDS) != 0


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaboratoryRig]:
    made = LaboratoryRig(tmp_path_factory.mktemp("laboratory"))
    yield made
    made.close()


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@example(script=NO_SCRIPT, moment=1)
@example(script=NO_SCRIPT, moment=20)
@example(script=NO_SCRIPT, moment=40)
@given(script=SCRIPTS, moment=st.integers(0, LATEST_MOMENT))
def test_a_killed_handler_leaves_no_guest_frozen(rig: LaboratoryRig, script: Json, moment: int) -> None:
    asked = {
        key: [{k: v for k, v in rule.items() if v is not None} if isinstance(rule, dict) else rule for rule in rules]
        for key, rules in script.items()
    }
    text = yaml.safe_dump(asked, default_flow_style=True, width=200)
    parse(text)
    guest, look = rig.rig.guest, rig.rig.on_fact
    rig.set(text)
    handler = KilledHandler(rig, moment)
    try:
        killed = handler.was_killed()
        assert killed == bool(moment) or script is not NO_SCRIPT
        rig.wait_for_sessions()
    finally:
        rig.rig.on_fact = look
        handler.process.kill()
        handler.process.wait()
        rig.clear()
    assert comes_true(lambda: not rig.is_frozen)
    before = guest.workloads["database"].facts()["last_transaction"]
    guest.workloads["database"].run(1)
    assert guest.workloads["database"].facts()["last_transaction"] == before + 1
    session = guest.open_session("the next")
    assert guest.freeze(FreezeRequest(session, 60)).frozen
    assert guest.thaw(session).consistent
    guest.close_session(session)
