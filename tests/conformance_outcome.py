"""A made outcome of the conformance suite, for tests of what is shown of one: some of everything."""

from __future__ import annotations

from simulator.conformance.outcome import SKIPPED, Outcome
from simulator.conformance.recording import CommandRun, Exchange, Happening, Recording
from simulator.conformance.suite import FAILED, NOT_APPLICABLE, PASSED, REQUIREMENTS, Verdict

SECRET = "c2lnbmF0dXJl/x=="
FAILURES = {
    "FRZ-02": "the freeze was <released>",
    "SNP-01": "there is none of disk1",
    "STB-02": "it is not",
    "LIF-02": "the second time it does not end with 0",
}


def outcome(known: frozenset[str] | None = None) -> Outcome:
    """Two musts and a should are not met, and one is not met in an own scene; one is skipped."""
    verdicts = []
    for id, requirement in REQUIREMENTS.items():
        if id in FAILURES:
            verdicts.append(Verdict(requirement, FAILED, FAILURES[id]))
        elif requirement.profiles == ("linux",):
            verdicts.append(Verdict(requirement, NOT_APPLICABLE, "not for windows"))
        elif id == "AGE-06":
            verdicts.append(Verdict(requirement, SKIPPED, "by --skip"))
        else:
            verdicts.append(Verdict(requirement, PASSED))
    return Outcome(
        handler="Contoso.Backup.<Handler>",
        version="1.0",
        profile="windows",
        seed=7,
        repeat=1,
        platform="Linux-6.8 Python 3.11",
        begun="2026-11-30T12:00:00Z",
        duration_seconds=38.5,
        reproduce="backupsim conform ./mine --profile windows --seed 7",
        total=len(REQUIREMENTS),
        verdicts=verdicts,
        recordings={"backup": _recording()},
        known=known,
    )


def _recording() -> Recording:
    def exchange(at: float, party: str, what: str, status: int) -> Exchange:
        return Exchange(at, at + 0.01, party, what, "PUT", "/x", f"sig={SECRET}", (), SECRET, status, SECRET)

    return Recording(
        scene="backup",
        profile="windows",
        seed=7,
        handler="Contoso.Backup",
        version="1.0",
        commands=(
            CommandRun(0.01, "install", 0, 0, "", "", 0.2),
            CommandRun(0.3, "enable", 1, None, "", "", 60.0),
        ),
        exchanges=(
            exchange(0.52, "guest", "session", 200),
            exchange(0.6, "guest", "freeze", 200),
            exchange(0.61, "storage", "snapshot <disk0>", 201),
            exchange(0.62, "storage", f"snapshot {SECRET}", 0),
        ),
        happenings=(
            Happening(0.6, "frozen", "with writers"),
            Happening(0.63, "process", f"handler {SECRET}"),
            Happening(0.7, "released", "the requester was gone"),
        ),
        secrets={"the signature of disk0": SECRET},
    )
