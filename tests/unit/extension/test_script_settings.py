"""Which scripts run around a snapshot, and which may not: each rule of their settings, and its code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from extension.contract.codes import Code
from extension.script_settings import SCRIPT_SETTINGS, ScriptsUnusable, read_scripts
from tests.guest_scripts import put, put_settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "guest"
    put(root, "/etc/azure/pre.sh", "exit 0")
    put(root, "/etc/azure/post.sh", "exit 0")
    return root


def refusal(root: Path) -> ScriptsUnusable:
    with pytest.raises(ScriptsUnusable) as caught:
        read_scripts(root)
    return caught.value


# ------------------------------------------------------------------------------------------------------ what is allowed


def test_settings_have_defaults_for_all_but_the_places_of_the_scripts(root: Path) -> None:
    put_settings(root)
    settings = read_scripts(root)
    assert (settings.pre.location, settings.pre.place) == ("/etc/azure/pre.sh", root / "etc" / "azure" / "pre.sh")
    assert (settings.pre.parameters, settings.pre.retries) == ((), 0)
    assert (settings.seconds, settings.host_seconds) == (10, 1800)
    assert (settings.continues_on_failure, settings.freezes) == (True, True)
    assert settings.without_effect == ()


def test_every_key_is_read(root: Path) -> None:
    put_settings(
        root,
        pluginName="Bank",
        appName="bank",
        preScriptParams=["freeze", 60],
        postScriptParams=["thaw"],
        preScriptNoOfRetries=2,
        postScriptNoOfRetries=1,
        timeoutInSeconds=45,
        continueBackupOnFailure=False,
        fsFreezeEnabled=False,
        ScriptsExecutionPollTimeSeconds=2,
    )
    settings = read_scripts(root)
    assert (settings.pre.parameters, settings.pre.retries) == (("freeze", "60"), 2)
    assert (settings.post.parameters, settings.post.retries) == (("thaw",), 1)
    assert (settings.seconds, settings.continues_on_failure, settings.freezes) == (45, False, False)
    assert (settings.name, settings.application) == ("Bank", "bank")
    assert settings.without_effect == ("ScriptsExecutionPollTimeSeconds",)


def test_no_script_gets_more_time_than_the_plugin_host_has(root: Path) -> None:
    put_settings(root, timeoutInSeconds=100_000)
    assert read_scripts(root).seconds == 1800
    put_host_settings(root, seconds="20")
    assert (read_scripts(root).seconds, read_scripts(root).host_seconds) == (20, 20)
    put_host_settings(root, seconds="9000")
    assert read_scripts(root).host_seconds == 1800


def test_the_plugin_host_may_name_another_file(root: Path) -> None:
    put_settings(root, place="/opt/bank/scripts.json")
    put_host_settings(root, settings="/opt/bank/scripts.json")
    assert read_scripts(root).pre.location == "/etc/azure/pre.sh"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o700])
def test_modes_of_the_plugin_host_that_are_allowed(root: Path, mode: int) -> None:
    put_settings(root)
    put_host_settings(root, mode=mode)
    assert read_scripts(root).host_seconds == 1800


# -------------------------------------------------------------------------------------------------- what is not allowed


def put_host_settings(
    root: Path,
    *,
    seconds: str = "1800",
    plugins: str = "1",
    plugin: str = "ScriptRunner",
    settings: str = SCRIPT_SETTINGS,
    mode: int = 0o600,
) -> None:
    lines = (
        "[pre_post]",
        f"timeoutInSeconds: {seconds}",
        f"numberOfPlugins: {plugins}",
        f"pluginName0: {plugin}",
        "pluginPath0: /etc/azure",
        f"pluginConfigPath0: {settings}",
    )
    put(root, "/etc/azure/VMSnapshotPluginHost.conf", "\n".join(lines), mode=mode)


def test_without_settings_there_are_no_scripts(root: Path) -> None:
    problem = refusal(root)
    assert (problem.code, problem.continues) == (Code.FailedPrepostPluginConfigNotFound, True)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o610, 0o601, 0o666])
def test_a_plugin_host_that_others_may_write_is_not_trusted(root: Path, mode: int) -> None:
    put_settings(root)
    put_host_settings(root, mode=mode)
    assert refusal(root).code is Code.FailedPrepostPluginhostConfigPermissionError


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seconds": "soon"}, "soon"),
        ({"seconds": "0"}, "positive"),
        ({"plugins": "2"}, "more than one plugin is not simulated"),
        ({"plugin": "OraclePlugin"}, "plugins other than ScriptRunner are not simulated"),
        ({"settings": ""}, "pluginConfigPath0"),
    ],
)
def test_a_plugin_host_that_cannot_be_followed(root: Path, changes: dict[str, Any], words: str) -> None:
    put_settings(root)
    put_host_settings(root, **changes)
    problem = refusal(root)
    assert (problem.code, problem.continues) == (Code.FailedPrepostPluginhostConfigParsing, True)
    assert words in str(problem)


def test_a_plugin_host_that_is_no_settings_file(root: Path) -> None:
    put(root, "/etc/azure/VMSnapshotPluginHost.conf", "timeoutInSeconds without a section", mode=0o600)
    assert refusal(root).code is Code.FailedPrepostPluginhostConfigParsing


@pytest.mark.parametrize("mode", [0o700, 0o640, 0o604, 0o644])
def test_settings_that_others_may_read_or_somebody_execute(root: Path, mode: int) -> None:
    put_settings(root, mode=mode)
    problem = refusal(root)
    assert (problem.code, problem.continues) == (Code.FailedPrepostPluginConfigPermissionError, True)
    assert f"mode {mode:o}, not 600" in str(problem)


@pytest.mark.parametrize(
    "changes",
    [
        {"preScriptLocation": None},
        {"postScriptLocation": 7},
        {"preScriptParams": "one two"},
        {"preScriptParams": [{}]},
        {"preScriptNoOfRetries": -1},
        {"postScriptNoOfRetries": 101},
        {"preScriptNoOfRetries": "2"},
        {"timeoutInSeconds": 0},
        {"timeoutInSeconds": "30"},
        {"timeoutInSeconds": True},
        {"continueBackupOnFailure": "yes"},
        {"fsFreezeEnabled": 1},
        {"pluginName": 1},
    ],
)
def test_settings_that_cannot_be_followed(root: Path, changes: dict[str, Any]) -> None:
    put_settings(root, **changes)
    problem = refusal(root)
    assert (problem.code, problem.continues) == (Code.FailedPrepostPluginConfigParsing, True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"preScriptLocation": "/etc/azure/pre.sh"}', "x" * 70_000])
def test_settings_that_are_none(root: Path, text: str) -> None:
    put(root, SCRIPT_SETTINGS, text, mode=0o600)
    assert refusal(root).code is Code.FailedPrepostPluginConfigParsing


@pytest.mark.parametrize(
    ("which", "code"),
    [("pre", Code.FailedPrepostPreScriptNotFound), ("post", Code.FailedPrepostPostScriptNotFound)],
)
@pytest.mark.parametrize("continues", [True, False])
def test_a_script_that_is_not_there(root: Path, which: str, code: Code, continues: bool) -> None:
    (root / "etc" / "azure" / f"{which}.sh").unlink()
    put_settings(root, continueBackupOnFailure=continues)
    problem = refusal(root)
    assert (problem.code, problem.continues) == (code, continues)


@pytest.mark.parametrize(
    ("which", "code"),
    [("pre", Code.FailedPrepostPreScriptPermissionError), ("post", Code.FailedPrepostPostScriptPermissionError)],
)
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o740, 0o704, 0o701])
def test_a_script_that_is_not_for_root_alone(root: Path, which: str, code: Code, mode: int) -> None:
    (root / "etc" / "azure" / f"{which}.sh").chmod(mode)
    put_settings(root)
    problem = refusal(root)
    assert problem.code is code
    assert f"mode {mode:o}, not 700" in str(problem)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(
    ("place", "code"),
    [
        (SCRIPT_SETTINGS, Code.FailedPrepostPluginConfigOwnershipError),
        ("/etc/azure/VMSnapshotPluginHost.conf", Code.FailedPrepostPluginhostConfigOwnershipError),
        ("/etc/azure/pre.sh", Code.FailedPrepostPreScriptPermissionError),
        ("/etc/azure/post.sh", Code.FailedPrepostPostScriptPermissionError),
    ],
)
def test_a_file_of_somebody_else(root: Path, place: str, code: Code) -> None:
    put_settings(root)
    put_host_settings(root)
    os.chown(root / place.lstrip("/"), 1234, 1234)
    assert refusal(root).code is code


def test_a_simulated_machine_is_not_left(root: Path, tmp_path: Path) -> None:
    """Neither by a path nor by a link: what lies outside is no file of that machine."""
    put(tmp_path, "/outside.sh", "exit 0")
    put_settings(root, preScriptLocation="/../outside.sh")
    assert refusal(root).code is Code.FailedPrepostPreScriptNotFound
    (root / "link.sh").symlink_to(tmp_path / "outside.sh")
    put_settings(root, preScriptLocation="/link.sh")
    assert refusal(root).code is Code.FailedPrepostPreScriptNotFound


def test_the_published_template_is_understood(root: Path) -> None:
    """With its empty places filled in, as its README asks; its parameters are two empty texts."""
    template = {
        "pluginName": "ScriptRunner",
        "preScriptLocation": "/etc/azure/pre.sh",
        "postScriptLocation": "/etc/azure/post.sh",
        "preScriptParams": ["", ""],
        "postScriptParams": ["", ""],
        "preScriptNoOfRetries": 0,
        "postScriptNoOfRetries": 0,
        "timeoutInSeconds": 30,
        "continueBackupOnFailure": True,
        "fsFreezeEnabled": True,
    }
    put(root, SCRIPT_SETTINGS, json.dumps(template), mode=0o600)
    settings = read_scripts(root)
    assert (settings.seconds, settings.pre.parameters) == (30, ("", ""))
