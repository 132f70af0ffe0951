"""What a script may say, what is refused and why, and that every writer and every code can be had by one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from extension.contract.bridge import FreezeRequest
from simulator.failures import WrongUse
from simulator.faults import vss_script
from simulator.faults.vss_script import Does, parse
from simulator.guest.vss.hresult import OF_WRITERS, SUCCESSES, Hresult, named
from simulator.guest.vss.scripting import Step
from simulator.guest.vss.writer import State, WriterEvent
from simulator.guest.vss.writers import ALL, IN_BOX, SQL_SERVER
from tests.unit.simulator.faults.fault_setting import FaultSetting
from tests.unit.simulator.guest.vss.laboratory_rig import LaboratoryRig


def test_the_example_of_the_documentation_is_a_script() -> None:
    example = (inspect.getdoc(vss_script) or "").split("\n\n")[1]
    script = parse(inspect.cleandoc(example))
    first, slow, change = script.writers
    assert (first.writer, first.at, first.times, first.mends_with) == (
        "SqlServerWriter",
        WriterEvent.FREEZE,
        2,
        "SQLWriter",
    )
    assert (slow.does, slow.seconds) == (Does.SLOWS, 25)
    assert (change.state, change.hresult) == (State.FAILED_AT_THAW, Hresult.WRITER_TIMEOUT)
    assert [rule.at for rule in script.vss] == [Step.COMMIT, Step.HOLD]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a script is a mapping of"),
        ("{}", "needs one of writers"),
        ("{", "no YAML in line 1"),
        ("a: &a [*a]", "has no key a"),
        ("[" * 3000, "no YAML"),
        ("x" * 5000, "at most 4096 characters"),
        ("{rules: []}", "has no key rules"),
        ("{writers: SqlServerWriter}", "is a list"),
        ("{writers: [SqlServerWriter]}", "a rule for a writer is a mapping"),
        ("{writers: [{at: Freeze}]}", "says writer: and a name"),
        ("{writers: [{writer: SqlServerWriter}]}", "says at: and a name"),
        ("{writers: [{writer: Sql, at: Freeze}]}", "Windows has no writer Sql"),
        ("{writers: [{writer: SqlServerWriter, at: Freez}]}", "did you mean Freeze?"),
        ("{writers: [{writer: SqlServerWriter, at: Abort}]}", "a writer has no event Abort"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, does: breaks}]}", "has no act breaks"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, does: hangs}]}", "write seconds: 30"),
        (
            "{writers: [{writer: SqlServerWriter, at: Freeze, does: vetoes, hresult: 0x800423F3}]}",
            "says nothing of why",
        ),
        ("{writers: [{writer: SqlServerWriter, at: Rest, does: fails}]}", "only changes"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, hresult: VSS_E_PROVIDER_VETO}]}", "is none of a writer"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, hresult: 0x12345678}]}", "has no HRESULT 0x12345678"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, hresult: [1]}]}", "hresult of a rule is a name"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, does: changes, state: STABLE}]}", "has no state STABLE"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, times: -1}]}", "times of a rule is a number"),
        ("{writers: [{writer: SqlServerWriter, at: Freeze, says: 3}]}", "says of a rule is a text"),
        ("{vss: [{at: Commit}]}", "VSS has no step Commit"),
        ("{vss: [{at: CommitSnapshots, hresult: VSS_E_WRITERERROR_TIMEOUT}]}", "write it under writers"),
        ("{vss: [{at: CommitSnapshots, hresult: VSS_S_ASYNC_PENDING}]}", "is a success"),
        ("{vss: [{at: CommitSnapshots, seconds: 3}]}", "seconds are for HoldWrites"),
        ("{vss: [{at: HoldWrites, hresult: VSS_E_UNEXPECTED}]}", "write seconds: 0"),
        ("{vss: [{at: CommitSnapshots, writers: some}]}", "is true or false"),
        ("{missing: [Sql]}", "Windows has no writer Sql"),
        ("{installed: [[1]]}", "Windows has no writer that"),
    ],
)
def test_what_is_no_script_is_refused_and_sets_nothing(text: str, says: str) -> None:
    world = FaultSetting()
    with pytest.raises(WrongUse) as refused:
        world.faults.set({"fault": "vss-script", "parameters": {"script": text}})
    assert says in str(refused.value)
    assert world.board.is_empty


def test_every_code_of_vss_has_a_name_and_can_be_scripted() -> None:
    failures = [code for code in Hresult if code not in {Hresult.OK, Hresult.NOT_IMPLEMENTED}]
    of_vss = [code for code in failures if 0x80042301 <= code <= 0x80042417]
    assert len(of_vss) == 77, "as many as vsserror.h has, without the four successes"
    for code in failures:
        assert named(f"VSS_E_{code.name}") is named(f"0x{code:08X}") is code
        kind, rule = (
            ("writers", "writer: WMI Writer, at: Freeze") if code in OF_WRITERS else ("vss", "at: CommitSnapshots")
        )
        script = parse(f"{kind}: [{{{rule}, hresult: 0x{code:08X}}}]")
        assert [rule.hresult for rule in script.writers] + [rule.hresult for rule in script.vss] == [code]
    assert all(named(f"0x{code:08x}") is None for code in SUCCESSES)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaboratoryRig]:
    made = LaboratoryRig(tmp_path_factory.mktemp("laboratory"))
    yield made
    made.close()


def test_there_are_37_writers() -> None:
    assert len(ALL) == len({each.writer_id for each in ALL.values()}) == 37


@pytest.mark.parametrize("writer", sorted(ALL))
def test_every_writer_can_be_there_and_fail(rig: LaboratoryRig, writer: str) -> None:
    there = {each.name for each in (*IN_BOX, SQL_SERVER)}
    installed = "" if writer in there else f"installed: ['{writer}']\n"
    rig.set(f"{installed}writers: [{{writer: '{writer}', at: PrepareBackup}}]")
    assert f"'{writer}'" in rig.run("vssadmin list writers")
    outcome = rig.back_up()
    failed = [each.writer_class.name for each in rig.rig.guest.vss.writers.members if each.state.failed]
    rig.clear()
    assert (outcome.consistency, failed) == ("FileSystemConsistent", [writer])
    assert (f"'{writer}'" in rig.run("vssadmin list writers")) == (writer in there)


def test_a_boot_mends_what_a_restart_mends_and_counts_anew(tmp_path: Path) -> None:
    rig = LaboratoryRig(tmp_path)
    rig.set("writers: [{writer: SqlServerWriter, at: Freeze, times: 1}]")
    guest = rig.rig.guest
    assert rig.back_up().consistency == "FileSystemConsistent"
    assert rig.back_up().consistency == "AppConsistent"
    guest.shutdown()
    guest.boot()
    assert rig.back_up().consistency == "FileSystemConsistent"
    rig.close()


def test_the_log_of_the_system_is_windows_own_words(rig: LaboratoryRig) -> None:
    log = rig.rig.guest.event_log
    before = len(log)
    rig.set(
        "writers: [{writer: Registry Writer, at: Identify, hresult: ACCESS_DENIED, times: 1}]\n"
        "vss:\n"
        "  - {at: InitializeForBackup, hresult: SERVER_EXECUTION_FAILED, times: 1}\n"
        "  - {at: CommitSnapshots, hresult: VSS_E_PROVIDER_VETO, times: 1}\n"
    )
    rig.back_up()
    rig.back_up()
    rig.clear()
    told = {entry.partition(":")[0]: entry for entry in log[before:]}
    assert (
        "Unexpected error calling routine InitializeForBackup.  hr = 0x80080005, Server execution failed"
        in told["VSS 8193"]
    )
    assert "querying for the IVssWriterCallback interface.  hr = 0x80070005, Access is denied." in told["VSS 8194"]
    assert "Writer Name: Registry Writer" in told["VSS 8194"]
    assert (
        "Error calling a routine on a Shadow Copy Provider {b5946137-7b9f-4925-af80-51abd60b20d5}. Routine details "
        "CommitSnapshots [hr = 0x80042306, " in told["VSS 12293"]
    )
    assert told["VSS 8193"] in rig.run("Get-EventLog Application")


def test_vssadmin_speaks_both_languages(rig: LaboratoryRig) -> None:
    guest = rig.rig.guest
    shown = {
        (what, language): guest.run_script([f"vssadmin list {what}"], language, 1 << 20)[0]
        for what in ("writers", "providers", "shadows")
        for language in ("en-us", "zh-cn")
    }
    for what in ("writers", "providers", "shadows"):
        english, chinese = shown[what, "en-us"].split("\r\n"), shown[what, "zh-cn"].split("\r\n")
        assert len(english) == len(chinese), "the layout is the same"
        assert english[0] != chinese[0]
    assert "   状态: [1] 稳定\r\n   上一个错误: 没有错误\r\n" in shown["writers", "zh-cn"]
    assert "   版本: 1.0.0.7" in shown["providers", "zh-cn"]
    assert shown["shadows", "en-us"].endswith("\r\nNo items found that satisfy the query.\r\n")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Restart-Service", "the name of a service is missing"),
        ("Restart-Service Nothing", "Cannot find any service with service name 'Nothing'"),
    ],
)
def test_a_restart_that_is_none_says_why(rig: LaboratoryRig, line: str, says: str) -> None:
    out, errors = rig.rig.guest.run_script([line])
    assert out == ""
    assert says in errors


def test_a_service_that_is_disabled_or_in_use_does_not_restart(rig: LaboratoryRig) -> None:
    rig.faults.set({"fault": "guest-service-state", "parameters": {"service": "SQLWriter", "state": "Disabled"}})
    assert "because it is disabled" in rig.rig.guest.run_script(["Restart-Service SQLWriter"])[1]
    rig.clear()
    guest = rig.rig.guest
    session = guest.open_session("restart")
    assert guest.freeze(FreezeRequest(session, 60)).frozen
    assert "while a snapshot set is being made" in guest.run_script(["Restart-Service VSS"])[1]
    assert guest.thaw(session).consistent
    guest.close_session(session)
    assert guest.run_script(["Restart-Service vss"]) == ("", "")
