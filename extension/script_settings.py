"""Reads which scripts shall run before and after the snapshots of a Linux machine, and whether they may.

The owner of a machine puts three kinds of files on it: VMSnapshotPluginHost.conf, which names the settings of the
scripts and may be left out; VMSnapshotScriptPluginConfig.json, which names the scripts; and the scripts. All of them
run or decide with the rights of root, so nobody else may be able to change them. The rules and their numbers are those
of the published Linux handler (Azure/azure-linux-extensions, VMBackup/main/PluginHost.py and ScriptRunner.py); the keys
are described in the README of MicrosoftAzureBackup/VMSnapshotPluginConfig.
"""

from __future__ import annotations

import configparser
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

from extension.contract.codes import Code
from extension.contract.protocol import ProtocolError, load_json

HOST_SETTINGS = "/etc/azure/VMSnapshotPluginHost.conf"
SCRIPT_SETTINGS = "/etc/azure/VMSnapshotScriptPluginConfig.json"
PLUGIN = "ScriptRunner"
"""The one plugin: it runs scripts. The published handler imports any module of Python that is named."""
HOST_SECONDS_MAX = 1800
SCRIPT_SECONDS = 10
"""Where the settings name no time. So in the published program; the template of the settings has 30, and the README
beside it calls that the default."""
RETRIES_MAX = 100
SETTINGS_BYTES_MAX = 64 * 1024


class ScriptsUnusable(Exception):
    """Why no script runs. `continues`: the backup is taken without them."""

    def __init__(self, code: Code, sentence: str, *, continues: bool = True) -> None:
        super().__init__(sentence)
        self.code = code
        self.continues = continues


class Script(NamedTuple):
    place: Path
    """The file on the machine that this process runs on."""
    location: str
    """As the settings name it."""
    parameters: tuple[str, ...] = ()
    retries: int = 0
    """How often it is started again when it fails."""


class ScriptSettings(NamedTuple):
    """What VMSnapshotScriptPluginConfig.json asks for, checked."""

    pre: Script
    post: Script
    seconds: float = SCRIPT_SECONDS
    """For each of the two, over all of its retries."""
    host_seconds: float = HOST_SECONDS_MAX
    """For how long the two are waited for at all, each."""
    continues_on_failure: bool = True
    """A script that fails leads to a file-system-consistent backup instead of a failed one."""
    freezes: bool = True
    """The file systems are frozen for the snapshots."""
    name: str = PLUGIN
    application: str = ""
    without_effect: tuple[str, ...] = ()
    """Keys that are understood and change nothing."""


def read_scripts(root: Path) -> ScriptSettings:
    """The scripts of the machine whose root folder this is. Raises ScriptsUnusable."""
    plugin, host_seconds = _read_host_settings(root)
    file = _on(root, plugin)
    if file is None or not file.is_file():
        raise ScriptsUnusable(Code.FailedPrepostPluginConfigNotFound, f"there is no {plugin}")
    mode = _mode(file)
    if mode & (stat.S_IXUSR | stat.S_IRWXG | stat.S_IRWXO):
        raise ScriptsUnusable(Code.FailedPrepostPluginConfigPermissionError, f"{plugin} has mode {mode:o}, not 600")
    if not _is_own(file):
        raise ScriptsUnusable(Code.FailedPrepostPluginConfigOwnershipError, f"{plugin} does not belong to root")
    try:
        settings = _parse(root, load_json(_text(file), plugin), host_seconds)
    except (OSError, ValueError, ProtocolError) as problem:
        raise ScriptsUnusable(Code.FailedPrepostPluginConfigParsing, f"{plugin} cannot be read: {problem}") from None
    _check(settings)
    return settings


def _read_host_settings(root: Path) -> tuple[str, float]:
    """Which file has the settings of the scripts, and for how many seconds scripts are waited for."""
    file = _on(root, HOST_SETTINGS)
    if file is None or not file.is_file():
        return SCRIPT_SETTINGS, HOST_SECONDS_MAX
    mode = _mode(file)
    if mode & (stat.S_IWGRP | stat.S_IXGRP | stat.S_IWOTH | stat.S_IXOTH):
        sentence = f"{HOST_SETTINGS} has mode {mode:o}; only its owner may write it, and nobody execute"
        raise ScriptsUnusable(Code.FailedPrepostPluginhostConfigPermissionError, sentence)
    if not _is_own(file):
        sentence = f"{HOST_SETTINGS} does not belong to root"
        raise ScriptsUnusable(Code.FailedPrepostPluginhostConfigOwnershipError, sentence)
    try:
        return _parse_host_settings(_text(file))
    except (OSError, ValueError, configparser.Error) as problem:
        sentence = f"{HOST_SETTINGS} cannot be read: {problem}"
        raise ScriptsUnusable(Code.FailedPrepostPluginhostConfigParsing, sentence) from None


def _parse_host_settings(text: str) -> tuple[str, float]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    section = parser["pre_post"] if parser.has_section("pre_post") else {}
    seconds = min(int(section.get("timeoutInSeconds", HOST_SECONDS_MAX)), HOST_SECONDS_MAX)
    plugins = int(section.get("numberOfPlugins", "0"))
    if plugins > 1:
        raise ValueError(f"numberOfPlugins is {plugins}, and more than one plugin is not simulated")
    if plugins < 1:
        raise ScriptsUnusable(Code.FailedPrepostPluginConfigNotFound, f"{HOST_SETTINGS} names no plugin")
    name, settings = section.get("pluginName0", ""), section.get("pluginConfigPath0", "")
    if name != PLUGIN:
        raise ValueError(f"pluginName0 is {name!r}, and plugins other than {PLUGIN} are not simulated")
    if seconds <= 0 or not settings:
        raise ValueError("timeoutInSeconds has to be positive, and pluginConfigPath0 has to name a file")
    return settings, float(seconds)


# ------------------------------------------------------------------------------------------ the settings of the scripts

_WITHOUT_EFFECT = ("ScriptsExecutionPollTimeSeconds",)
"""How often the published handler looks whether a script has ended; this one is told at once."""


def _parse(root: Path, data: Any, host_seconds: float) -> ScriptSettings:
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    seconds = data.get("timeoutInSeconds", SCRIPT_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise ValueError("timeoutInSeconds has to be a positive number")
    return ScriptSettings(
        pre=_script(root, data, "pre"),
        post=_script(root, data, "post"),
        seconds=min(seconds, host_seconds),
        host_seconds=host_seconds,
        continues_on_failure=_flag(data, "continueBackupOnFailure"),
        freezes=_flag(data, "fsFreezeEnabled"),
        name=_words(data, "pluginName", PLUGIN),
        application=_words(data, "appName", ""),
        without_effect=tuple(key for key in _WITHOUT_EFFECT if key in data),
    )


def _script(root: Path, data: dict[str, Any], which: str) -> Script:
    location = data.get(f"{which}ScriptLocation")
    if not isinstance(location, str):
        raise ValueError(f"{which}ScriptLocation has to name a file")
    parameters = data.get(f"{which}ScriptParams", [])
    if not isinstance(parameters, list) or not all(isinstance(each, str | int | float) for each in parameters):
        raise ValueError(f"{which}ScriptParams has to be a list of texts")
    retries = data.get(f"{which}ScriptNoOfRetries", 0)
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= RETRIES_MAX:
        raise ValueError(f"{which}ScriptNoOfRetries has to be a number from 0 to {RETRIES_MAX}")
    place = _on(root, location) or root / "outside of the machine"
    return Script(place, location, tuple(str(each) for each in parameters), retries)


def _flag(data: dict[str, Any], key: str) -> bool:
    value = data.get(key, True)
    if not isinstance(value, bool):
        raise ValueError(f"{key} has to be true or false")
    return value


def _words(data: dict[str, Any], key: str, default: str) -> str:
    value = data.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} has to be a text")
    return value


def _check(settings: ScriptSettings) -> None:
    """Both scripts are there, and nobody but root may read, change or execute them."""
    for which, script, absent, forbidden in (
        ("pre", settings.pre, Code.FailedPrepostPreScriptNotFound, Code.FailedPrepostPreScriptPermissionError),
        ("post", settings.post, Code.FailedPrepostPostScriptNotFound, Code.FailedPrepostPostScriptPermissionError),
    ):
        continues = settings.continues_on_failure
        if not script.place.is_file():
            raise ScriptsUnusable(absent, f"there is no {which}-script {script.location}", continues=continues)
        mode = _mode(script.place)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            sentence = f"the {which}-script {script.location} has mode {mode:o}, not 700"
            raise ScriptsUnusable(forbidden, sentence, continues=continues)
        if not _is_own(script.place):
            sentence = f"the {which}-script {script.location} does not belong to root"
            raise ScriptsUnusable(forbidden, sentence, continues=continues)


# ------------------------------------------------------------------------------------------------------------ the files


def _on(root: Path, location: str) -> Path | None:
    """Where a file of the machine lies; None for one that leads out of its root folder, as only that of a simulated
    machine can be left."""
    home = root.resolve()
    place = (home / location.lstrip("/")).resolve()
    return place if place == home or home in place.parents else None


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def _is_own(file: Path) -> bool:
    """Whether it belongs to root: the handler is started by root, or on a simulated machine by who stands for it."""
    return file.stat().st_uid == os.geteuid()


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(SETTINGS_BYTES_MAX + 1)
    if len(data) > SETTINGS_BYTES_MAX:
        raise ValueError(f"it is longer than {SETTINGS_BYTES_MAX} bytes")
    return data.decode("utf-8-sig")
