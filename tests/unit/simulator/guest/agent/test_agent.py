"""The guest agent: reads goal states, runs handlers, uploads reports."""

from __future__ import annotations

import hashlib
import json
import ssl
import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from extension.contract.protocol import HandlerEnvironment
from simulator.guest.agent.agent import Agent
from simulator.guest.agent.client import WireClient
from simulator.guest.agent.process import guest_environment
from simulator.guest.windows import AGENT
from tests.unit.simulator.guest.agent.agent_setting import (
    DAY_SECONDS,
    NAME,
    SUCCEED,
    Setting,
    agent_setting,
    enabled,
    package,
)
from tests.unit.simulator.host.wire_fakes import FACTS, TOKEN


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with agent_setting(tmp_path / "disk") as made:
        made.packages.publish(package("1.0.0.0"))
        yield made


def test_a_fresh_machine_reports_ready(setting: Setting) -> None:
    setting.agent.tick()
    report = setting.machine.reports[-1]
    assert report["version"] == "1.1"
    assert report["aggregateStatus"]["guestAgentStatus"]["status"] == "Ready"
    assert report["aggregateStatus"]["guestAgentStatus"]["version"] == FACTS.agent_version
    assert report["guestOSInfo"]["computerName"] == FACTS.computer_name
    assert setting.handlers == []


def test_the_certificate_of_the_machine_is_laid_where_handlers_look(setting: Setting) -> None:
    setting.agent.tick()
    thumbprint = setting.machine.certificate.thumbprint
    folder = setting.disk / "WindowsAzure" / "Certificates"
    certificate = (folder / f"{thumbprint}.crt").read_text()
    assert hashlib.sha1(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper() == thumbprint
    assert stat.S_IMODE((folder / f"{thumbprint}.prv").stat().st_mode) == 0o600


def test_a_handler_is_installed_enabled_and_reported(setting: Setting) -> None:
    setting.order(enabled(3))
    setting.settle()
    assert setting.calls == ["install 1.0.0.0 3", "enable 1.0.0.0 3"]
    (report,) = setting.handlers
    assert (report["handlerName"], report["handlerVersion"]) == (NAME, "1.0.0.0")
    assert (report["status"], report["code"]) == ("Ready", 0)
    assert report["runtimeSettingsStatus"]["sequenceNumber"] == 3
    assert report["runtimeSettingsStatus"]["settingsStatus"]["status"]["formattedMessage"]["message"] == "done"
    assert setting.handler().state == "Enabled"


def test_the_handler_finds_its_folders_and_settings(setting: Setting) -> None:
    setting.order(enabled(7))
    setting.settle()
    root = setting.handler().root
    assert root == setting.disk / "Packages" / "Plugins" / NAME / "1.0.0.0"
    text = (root / "HandlerEnvironment.json").read_text()
    assert isinstance(json.loads(text), list)
    environment = HandlerEnvironment.parse(text)
    assert environment.name == NAME
    assert Path(environment.config_folder) == root / "RuntimeSettings"
    assert Path(environment.status_folder) == root / "Status"
    assert Path(environment.log_folder) == setting.disk / "WindowsAzure" / "Logs" / "Plugins" / NAME / "1.0.0.0"
    assert environment.extra["rolename"] == "_sql01"
    assert (root / "RuntimeSettings" / "7.settings").read_text() == enabled(7).settings
    assert "install of" in (Path(environment.log_folder) / "CommandExecution.log").read_text()


def test_commands_get_the_environment_of_an_agent(tmp_path: Path) -> None:
    with agent_setting(tmp_path) as setting:
        setting.packages.publish(package("1.0.0.0", install="env > environment.txt; pwd > folder.txt"))
        setting.order(enabled(2))
        setting.settle()
        root = setting.handler().root
        lines = (root / "environment.txt").read_text().splitlines()
        variables = dict(line.split("=", 1) for line in lines if "=" in line)
        assert variables["ConfigSequenceNumber"] == "2"
        assert variables["AZURE_GUEST_AGENT_EXTENSION_PATH"] == str(root)
        assert variables["AZURE_GUEST_AGENT_EXTENSION_VERSION"] == "1.0.0.0"
        assert variables["AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS"] == setting.server.address_of(setting.machine.key)
        assert variables["AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE"] == "NOT_RUN"
        assert json.loads(variables["AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES"]) == []
        assert Path(variables["VMSNAPSHOT_PYTHON"]).exists()
        assert (root / "folder.txt").read_text().strip() == str(root)


def test_a_guest_sees_no_credentials_of_the_simulator() -> None:
    own = {"PATH": "/bin", "BACKUPSIM_DSN": "postgresql://user:password@x", "AWS_SECRET": "x", "VMSNAPSHOT_LOG": "all"}
    assert set(guest_environment(own)) == {"PATH", "VMSNAPSHOT_LOG", "VMSNAPSHOT_PYTHON"}
    assert guest_environment(own)["VMSNAPSHOT_PYTHON"] == sys.executable
    assert guest_environment(own | {"VMSNAPSHOT_PYTHON": "python9"})["VMSNAPSHOT_PYTHON"] == "python9"


def test_new_settings_enable_again_without_installing(setting: Setting) -> None:
    setting.order(enabled(0))
    setting.settle()
    setting.order(enabled(1))
    setting.settle()
    assert setting.calls == ["install 1.0.0.0 0", "enable 1.0.0.0 0", "enable 1.0.0.0 1"]
    assert setting.handlers[0]["runtimeSettingsStatus"]["sequenceNumber"] == 1


def test_without_a_bell_it_asks_every_six_seconds(setting: Setting) -> None:
    setting.agent.tick()
    goal = setting.machine.goal_state
    setting.order(enabled())
    setting.agent._rung = False
    setting.pass_time(5.9)
    assert setting.machine.goal_state.incarnation > goal.incarnation
    assert not setting.calls
    setting.pass_time(0.1)
    setting.settle()
    assert setting.calls == ["install 1.0.0.0 0", "enable 1.0.0.0 0"]


def test_the_same_goal_state_is_no_work(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    for _ in range(5):
        setting.agent.ring()
        setting.pass_time(6)
    assert len(setting.calls) == 2


def test_an_idle_agent_wants_no_tick_before_its_time(setting: Setting) -> None:
    setting.agent.tick()
    setting.pass_time(61)  # nothing to watch any more
    assert setting.agent.due > setting.real_time.now()
    setting.agent.ring()
    assert setting.agent.due < setting.real_time.now()


def test_it_reports_now_and_then_even_if_nothing_changes(setting: Setting) -> None:
    setting.agent.tick()
    before = len(setting.machine.reports)
    for _ in range(10):
        setting.pass_time(6)
    assert len(setting.machine.reports) == before
    setting.pass_time(300)
    assert len(setting.machine.reports) == before + 1


def test_world_time_that_is_moved_makes_an_agent_neither_ask_nor_report(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    setting.pass_time(61)
    due, reports = setting.agent.due, len(setting.machine.reports)
    setting.clock.jump(365 * DAY_SECONDS)
    setting.agent.tick()
    assert (setting.agent.due, len(setting.machine.reports)) == (due, reports)


def test_what_an_agent_reports_bears_world_time(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    setting.clock.jump(365 * DAY_SECONDS)
    setting.pass_time(301)
    assert setting.machine.reports[-1]["timestampUTC"] == "2027-11-22T19:00:00Z"
    assert setting.goal_status["timestampUTC"] == "2027-11-22T19:00:00Z"


def test_a_restarted_agent_enables_again_and_installs_nothing(setting: Setting) -> None:
    setting.order(enabled(4))
    setting.settle()
    setting.agent.close()
    wire = WireClient(setting.server.address_of(setting.machine.key), TOKEN, AGENT.name)
    setting.agent = Agent(
        disk=setting.disk,
        wire=wire,
        profile=AGENT,
        facts=FACTS,
        clock=setting.clock,
        real_time=setting.real_time,
        on_event=lambda fact: None,
    )
    setting.machine.reports.clear()
    setting.settle()
    assert setting.calls == ["install 1.0.0.0 4", "enable 1.0.0.0 4", "enable 1.0.0.0 4"]


# --------------------------------------------------------------------------------------------------------- status files


def test_a_later_change_of_the_status_is_reported(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    file = setting.handler().status_file(0)
    file.write_text(file.read_text().replace("done", "done later"))
    setting.agent.tick()
    assert "done later" in json.dumps(setting.handlers)


def test_the_longer_nothing_has_changed_the_less_often_an_agent_looks(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    pauses = [pause_after(setting, seconds) for seconds in (0.5, 1.5, 8.0, 50.0, 600.0)]
    assert pauses == [0.0, 0.2, 1.0, 6.0, 6.0]

    setting.agent.expect_status()
    assert setting.agent.due < setting.real_time.now()
    setting.agent.tick()
    assert pause_after(setting, 0.5) == 0.0
    file = setting.handler().status_file(0)
    setting.pass_time(100)
    file.write_text(file.read_text().replace("done", "done later"))
    setting.agent.tick()
    assert pause_after(setting, 0.5) == 0.0, "a change is followed by others as a rule"


def test_an_agent_that_polls_seldom_looks_seldom_at_what_has_rested_for_long(setting: Setting) -> None:
    setting.agent._poll = timedelta(minutes=1)
    setting.order(enabled())
    setting.settle()
    assert [pause_after(setting, seconds) for seconds in (100.0, 300.0, 600.0)] == [10.0, 40.0, 60.0]


def pause_after(setting: Setting, seconds: float) -> float:
    """Until the next look, once these seconds have passed in which nothing has changed."""
    setting.agent._poll_at = setting.agent._report_at = setting.real_time.now() + timedelta(days=1)
    setting.pass_time(seconds)
    return round((setting.agent.due - setting.real_time.now()).total_seconds(), 1)


def test_a_status_that_is_still_to_come_is_a_transition(tmp_path: Path) -> None:
    with agent_setting(tmp_path) as setting:
        setting.packages.publish(package("1.0.0.0", enable=":"))
        setting.order(enabled(2))
        setting.settle()
        status = setting.handlers[0]["runtimeSettingsStatus"]["settingsStatus"]["status"]
        assert status["status"] == "transitioning"
        assert "no status file was reported by extension" in status["formattedMessage"]["message"]
        reports = len(setting.machine.reports)
        setting.pass_time(7)
        assert len(setting.machine.reports) == reports, "waiting is no news"


def test_a_status_in_the_middle_of_being_written_is_waited_for(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    file = setting.handler().status_file(0)
    whole = file.read_text()
    file.write_text(whole[:40])
    setting.pass_time(1)
    setting.pass_time(8)
    assert setting.handlers[0]["runtimeSettingsStatus"]["settingsStatus"]["status"]["status"] == "success"
    setting.pass_time(3)
    status = setting.handlers[0]["runtimeSettingsStatus"]["settingsStatus"]["status"]
    assert (status["status"], status["code"]) == ("error", 1012)
    file.write_text(whole)
    setting.agent.tick()
    assert setting.handlers[0]["runtimeSettingsStatus"]["settingsStatus"]["status"]["status"] == "success"


def test_no_signature_leaves_the_machine(tmp_path: Path) -> None:
    leak = SUCCEED.replace("done", "PUT https://x/y?sv=1&sig=SECRET%2Fsignature&se=2")
    with agent_setting(tmp_path) as setting:
        setting.packages.publish(package("1.0.0.0", enable=leak + "\necho 'sig=SECRET%2Fsignature'; exit 3"))
        setting.order(enabled())
        setting.settle()
        assert "SECRET" not in json.dumps(setting.machine.reports)
        assert "SECRET" not in json.dumps(setting.events)
        assert "SECRET" not in (setting.handler().log_folder / "CommandExecution.log").read_text()


# ------------------------------------------------------------------------------------------------ a wire that is broken


def test_a_server_that_is_away_is_asked_again(setting: Setting) -> None:
    setting.server.detach(setting.machine.key)
    setting.agent.tick()
    setting.pass_time(6)
    assert [name for name, _ in setting.events] == ["agent.failed"], "told once, not with every try"
    assert setting.agent.due > setting.real_time.now()
    setting.server.attach(setting.machine)
    setting.pass_time(6)
    assert setting.machine.reports


def test_what_its_disk_refused_is_written_again_soon(setting: Setting) -> None:
    setting.agent._poll = timedelta(minutes=1)
    setting.order(enabled(0))
    setting.settle()
    obstacle = setting.handler().settings_folder / "1.settings.new"
    obstacle.mkdir()
    setting.order(enabled(1))
    with pytest.raises(OSError, match=obstacle.name):
        setting.until(lambda: False)
    obstacle.rmdir()
    setting.pass_time(6)
    setting.settle()
    assert setting.calls[-1] == "enable 1.0.0.0 1"


def test_a_certificate_that_its_disk_refuses_is_asked_for_again_soon(setting: Setting) -> None:
    setting.agent._poll = timedelta(minutes=1)
    obstacle = setting.disk / "WindowsAzure" / "Certificates"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("no folder")
    setting.agent.tick()
    told = {"reason": "the certificate of the goal state cannot be kept: File exists"}
    assert setting.events == [("agent.failed", told)]
    obstacle.unlink()
    setting.pass_time(6)
    assert list(obstacle.iterdir())
    assert setting.machine.reports


def test_a_report_that_did_not_arrive_is_sent_again(setting: Setting) -> None:
    setting.order(enabled())
    setting.agent.tick()
    # What a handler shall do is for programs that know the token too, so the agent has it by now.
    token, setting.machine.token = setting.machine.token, "another"
    setting.machine.reports.clear()
    setting.until(lambda: len(setting.calls) == 2)
    setting.pass_time(1)
    assert setting.machine.reports == []
    setting.machine.token = token

    def arrived() -> bool:
        """A busy machine may have let one more report fail meanwhile."""
        if not setting.machine.reports:
            setting.pass_time(6)
        return bool(setting.machine.reports)

    setting.until(arrived)
    setting.settle()
    assert setting.handlers[0]["status"] == "Ready"


REPORTS = {"handler.status", "agent.reported"}


def test_events_tell_the_story(setting: Setting) -> None:
    setting.order(enabled())
    setting.settle()
    told = [(name, data.get("verb")) for name, data in setting.events if name not in REPORTS]
    assert told == [
        ("agent.goal_state", None),
        ("handler.unpacked", None),
        ("handler.command_started", "install"),
        ("handler.command_ended", "install"),
        ("handler.command_started", "enable"),
        ("handler.command_ended", "enable"),
    ]
    statuses = [data["status"] for name, data in setting.events if name == "handler.status"]
    assert statuses[-1] == "success"
