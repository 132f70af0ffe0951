"""Whatever a script does, and whenever the handler is killed meanwhile: the guest is not left frozen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controlplane.json_object import Json
from extension.contract.bridge import FreezeRequest
from simulator.faults.vss_script import parse
from simulator.guest.vss.hresult import OF_WRITERS, Hresult
from simulator.guest.vss.scripting import Step
from simulator.guest.vss.snapshot_set import NoSuchSession, NotFrozen
from simulator.guest.vss.writer import State, WriterEvent
from simulator.guest.vss.writers import ALL, IN_BOX, SQL_SERVER
from tests.unit.simulator.guest.vss.laboratory_rig import LaboratoryRig

EVENTS = [event.value for event in WriterEvent if event is not WriterEvent.ABORT]
THERE = [each.name for each in (*IN_BOX, SQL_SERVER)]
SECONDS = st.sampled_from((0, 1, 9, 15, 25, 61, 7200))
TIMES = st.integers(1, 3)
LATEST_MOMENT = 60
"""More than the acts of VSS and its writers in a backup with two freezes have."""


def _codes(of_writer: bool) -> st.SearchStrategy[str]:
    those = [code.name for code in Hresult if (code in OF_WRITERS) == of_writer]
    return st.sampled_from([name for name in those if name not in {"OK", "NOT_IMPLEMENTED"}])


WRITER_RULES = st.one_of(
    st.fixed_dictionaries(
        {
            "writer": st.sampled_from([*THERE, "*"]),
            "at": st.sampled_from(EVENTS),
            "hresult": _codes(True),
            "times": TIMES,
        }
    ),
    st.fixed_dictionaries(
        {
            "writer": st.sampled_from(THERE),
            "at": st.sampled_from(EVENTS),
            "does": st.sampled_from(["hangs", "slows"]),
            "seconds": SECONDS,
            "times": TIMES,
        }
    ),
    st.fixed_dictionaries(
        {
            "writer": st.sampled_from(THERE),
            "at": st.sampled_from([*EVENTS, "Rest"]),
            "does": st.just("changes"),
            "state": st.sampled_from([state.name for state in State if state.failed]),
            "hresult": _codes(True),
        }
    ),
)
VSS_RULES = st.one_of(
    st.fixed_dictionaries(
        {
            "at": st.sampled_from([step.value for step in Step if step is not Step.HOLD]),
            "hresult": _codes(False),
            "writers": st.sampled_from([None, True, False]),
            "times": TIMES,
        }
    ),
    st.fixed_dictionaries({"at": st.just(Step.HOLD.value), "seconds": SECONDS, "times": TIMES}),
)
SCRIPTS = st.fixed_dictionaries(
    {
        "writers": st.lists(WRITER_RULES, max_size=4),
        "vss": st.lists(VSS_RULES, max_size=2),
        "installed": st.lists(st.sampled_from(sorted(set(ALL) - set(THERE))), max_size=2, unique=True),
        "missing": st.lists(st.sampled_from(THERE), max_size=2, unique=True),
    }
)


class Requester:
    """A handler's way through a backup. Its session is closed at a moment, which is what its guest sees of a kill."""

    def __init__(self, rig: LaboratoryRig, moment: int) -> None:
        self.rig = rig
        self.moment = moment
        self.killed = False
        self.session = rig.rig.guest.open_session("a task")

    def act(self) -> None:
        """Something happens."""
        self.moment -= 1
        if self.moment == 0 and not self.killed:
            self.killed = True
            self.rig.rig.guest.close_session(self.session)

    def back_up(self, held_seconds: float) -> None:
        guest = self.rig.rig.guest
        try:
            for writers in (True, False):
                self.act()
                if guest.freeze(FreezeRequest(self.session, 60, writers)).frozen:
                    self.act()
                    self.rig.real_time.jump(held_seconds)
                    self.act()
                    guest.thaw(self.session)
                    break
            self.act()
            guest.close_session(self.session)
        except (NoSuchSession, NotFrozen):
            assert self.killed or held_seconds, "only who was killed, or held for too long, has nothing to thaw"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaboratoryRig]:
    made = LaboratoryRig(tmp_path_factory.mktemp("laboratory"))
    yield made
    made.close()


FAILS_WHILE_FROZEN: Json = {
    "writers": [
        {
            "writer": SQL_SERVER.name,
            "at": "Freeze",
            "does": "changes",
            "state": "FAILED_AT_THAW",
            "hresult": "WRITER_NOT_RESPONDING",
        }
    ],
    "vss": [],
    "installed": [],
    "missing": [],
}


@settings(max_examples=150)
@example(script=FAILS_WHILE_FROZEN, moment=0, held_seconds=0.0)
@given(script=SCRIPTS, moment=st.integers(0, LATEST_MOMENT), held_seconds=st.sampled_from((0.0, 3.0, 11.0)))
def test_no_script_and_no_kill_leaves_the_guest_frozen(
    rig: LaboratoryRig, script: Json, moment: int, held_seconds: float
) -> None:
    asked = {
        key: [{k: v for k, v in rule.items() if v is not None} if isinstance(rule, dict) else rule for rule in rules]
        for key, rules in script.items()
    }
    text = yaml.safe_dump(asked, default_flow_style=True, width=200)
    parse(text)
    guest = rig.rig.guest
    rig.set(text)
    requester = Requester(rig, moment)
    rig.on_writer_event = requester.act
    try:
        requester.back_up(held_seconds)
    finally:
        rig.on_writer_event = lambda: None
        if not requester.killed and requester.session in guest.vss._sessions:
            guest.close_session(requester.session)
        rig.clear()
    assert not rig.is_frozen
    before = guest.workloads["database"].facts()["last_transaction"]
    guest.workloads["database"].run(1)
    guest.workloads["files"].run(1)
    assert guest.workloads["database"].facts()["last_transaction"] == before + 1
    session = guest.open_session("the next")
    assert guest.freeze(FreezeRequest(session, 60)).frozen
    assert guest.thaw(session).consistent
    guest.close_session(session)
