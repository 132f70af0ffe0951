"""Handler files are read in every shape that agents write, and written in one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension.contract.protocol import (
    HandlerEnvironment,
    HandlerManifest,
    ProtocolError,
    SettingsFile,
    StatusFile,
    SubStatus,
    as_flag,
    as_integer,
    parse_settings_file,
    settings_file,
    without_protected_settings,
)
from tests.unit.extension.contract import contract_golden

THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


# --------------------------------------------------------------------------------------------------------- environment


def test_an_environment_of_a_linux_agent_is_an_array_with_a_number_as_version() -> None:
    environment = HandlerEnvironment.parse(contract_golden.read("HandlerEnvironment.linux.json"))
    assert environment == HandlerEnvironment(
        name="Contoso.VMSnapshot",
        version="1.0",
        log_folder="/var/log/azure/Contoso.VMSnapshot",
        config_folder="/var/lib/waagent/Contoso.VMSnapshot-1.9.0.0/config",
        status_folder="/var/lib/waagent/Contoso.VMSnapshot-1.9.0.0/status",
        heartbeat_file="/var/lib/waagent/Contoso.VMSnapshot-1.9.0.0/heartbeat.log",
        events_folder="/var/log/azure/Contoso.VMSnapshot/events",
    )


def test_an_environment_of_a_windows_agent_may_be_an_object_with_byte_order_mark_and_more_keys() -> None:
    environment = HandlerEnvironment.parse(contract_golden.read("HandlerEnvironment.windows.json"))
    assert environment.version == "1"
    assert environment.config_folder.endswith(r"\1.9.0.0\RuntimeSettings")
    assert environment.events_folder is not None
    assert environment.events_folder.endswith(r"\Events")
    assert environment.extra == {
        "deploymentid": "4c1b",
        "rolename": "_sql01",
        "instance": "_sql01",
        "hostResolverAddress": "",
    }


@pytest.mark.parametrize("name", ["HandlerEnvironment.linux.json", "HandlerEnvironment.windows.json"])
def test_an_environment_that_was_written_reads_the_same(name: str) -> None:
    environment = HandlerEnvironment.parse(contract_golden.read(name))
    assert HandlerEnvironment.parse(environment.render()) == environment


def test_an_environment_is_written_as_agents_write_it() -> None:
    original = contract_golden.read("HandlerEnvironment.linux.json").decode()
    assert HandlerEnvironment.parse(original).render() == original


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("{}", "handlerEnvironment"),
        ('{"handlerEnvironment": {"configFolder": "c", "statusFolder": "s"}}', "logFolder"),
        ('{"handlerEnvironment": {"logFolder": "l", "configFolder": 1, "statusFolder": "s"}}', "configFolder"),
    ],
)
def test_an_environment_that_lacks_something_is_refused_by_name(text: str, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        HandlerEnvironment.parse(text)


# ------------------------------------------------------------------------------------------------------------ manifest


def test_a_manifest_may_have_booleans_as_text() -> None:
    manifest = HandlerManifest.parse(contract_golden.read("HandlerManifest.json"))
    assert manifest == HandlerManifest(
        commands={
            verb: f"bin\\{verb}.cmd" for verb in ("install", "enable", "disable", "update", "uninstall", "reset")
        },
        name="VMSnapshot",
        version="1.0",
        reboot_after_install=False,
        report_heartbeat=False,
        update_mode="UpdateWithoutInstall",
        continue_on_update_failure=True,
        supports_multiple_extensions=True,
        resource_limits={"services": [{"name": "sql", "cpuQuotaPercentage": 5}]},
        signing_info={"version": "1.9.0.0"},
    )


def test_a_manifest_without_update_mode_installs_at_every_update() -> None:
    inner = {f"{verb}Command": verb for verb in ("install", "enable", "disable", "update", "uninstall")}
    manifest = HandlerManifest.parse(json.dumps({"version": "1.9.0.0", "handlerManifest": inner}))
    assert manifest.update_mode == "UpdateWithInstall"
    assert manifest.version == "1.9.0.0"
    assert "reset" not in manifest.commands


@pytest.mark.parametrize("verb", ["install", "enable", "disable", "update", "uninstall"])
def test_a_manifest_names_every_command(verb: str) -> None:
    document = json.loads(contract_golden.read("HandlerManifest.json"))
    del document[0]["handlerManifest"][f"{verb}Command"]
    with pytest.raises(ProtocolError, match=f"{verb}Command"):
        HandlerManifest.parse(json.dumps(document))


# ------------------------------------------------------------------------------------------------------------ settings


@given(
    st.dictionaries(st.text(), JSON_VALUES, max_size=4), st.none() | st.just("MIIB"), st.none() | st.just(THUMBPRINT)
)
def test_settings_that_were_written_read_the_same(
    public: dict[str, Any], protected: str | None, thumbprint: str | None
) -> None:
    text = settings_file(public, protected, thumbprint)
    assert parse_settings_file(text) == SettingsFile(public, protected, thumbprint)


def test_settings_keep_the_order_of_keys_that_agents_write() -> None:
    handler = json.loads(settings_file({"a": 1}, "MIIB", THUMBPRINT))["runtimeSettings"][0]["handlerSettings"]
    assert list(handler) == ["publicSettings", "protectedSettings", "protectedSettingsCertThumbprint"]


def test_settings_may_have_a_byte_order_mark_and_nulls() -> None:
    settings = parse_settings_file(contract_golden.read("N.settings.bom.json"))
    assert settings == SettingsFile({"taskId": "t_1"}, None, None)
    assert parse_settings_file("\ufeff" + settings_file({"taskId": "t_1"}, None, None)) == settings


@pytest.mark.parametrize("text", ["", " \r\n", b""])
def test_an_empty_settings_file_means_no_settings(text: str | bytes) -> None:
    assert parse_settings_file(text) == SettingsFile({}, None, None)
    assert without_protected_settings(text) is None


def test_settings_without_protected_keys_and_with_null_public_settings() -> None:
    text = '{"runtimeSettings": [{"handlerSettings": {"publicSettings": null}}]}'
    assert parse_settings_file(text) == SettingsFile({}, None, None)


def test_public_settings_may_be_json_in_a_text() -> None:
    text = '{"runtimeSettings": [{"handlerSettings": {"publicSettings": "{\\"taskId\\": \\"t\\"}"}}]}'
    assert parse_settings_file(text).public == {"taskId": "t"}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"runtimeSettings": []}',
        '{"runtimeSettings": [{}]}',
        '{"runtimeSettings": [{"handlerSettings": {"publicSettings": [1]}}]}',
        "[" * 100_000,
    ],
)
def test_malformed_settings_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_settings_file(text)


def test_a_refusal_never_repeats_the_settings() -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_settings_file('{"publicSettings": "sig=topsecret"')
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
    assert "topsecret" not in str(refusal.value)


def test_the_sealed_part_is_not_shown() -> None:
    assert "MIIB" not in repr(SettingsFile({}, "MIIB", THUMBPRINT))


def test_taking_out_the_sealed_part_leaves_everything_else() -> None:
    text = settings_file({"taskId": "t"}, "MIIB", THUMBPRINT)
    document = json.loads(text)
    document["runtimeSettings"][0]["kept"] = document["kept"] = 1
    wiped = without_protected_settings(json.dumps(document))
    del document["runtimeSettings"][0]["handlerSettings"]["protectedSettings"]
    assert wiped is not None
    assert json.loads(wiped) == document
    assert without_protected_settings(wiped) is None


# -------------------------------------------------------------------------------------------------------------- status

TIME = datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC)
SUBSTATUSES = st.builds(
    SubStatus, st.text(), st.sampled_from(("success", "error")), st.integers(-9, 999), st.none() | st.text()
)
STATUS_FILES = st.builds(
    StatusFile,
    status=st.sampled_from(("transitioning", "error", "success", "warning")),
    code=st.integers(-1, 999),
    time=st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)).map(lambda time: time.replace(microsecond=0)),
    name=st.text(),
    operation=st.text(),
    message=st.none() | st.text(),
    substatus=st.lists(SUBSTATUSES, max_size=2).map(tuple),
    extra=st.dictionaries(st.text("xyz", min_size=1), JSON_VALUES, max_size=2),
    lang=st.just("en-US"),
    version=st.sampled_from(("1.0", "1")),
)


@given(STATUS_FILES)
def test_a_status_that_was_written_reads_the_same(status: StatusFile) -> None:
    assert StatusFile.parse(status.render()) == status


def test_a_status_file_has_the_shape_that_agents_read() -> None:
    status = StatusFile("error", 76, TIME, "Contoso.VMSnapshot", "Enable", "no network", substatus=(SubStatus("part"),))
    contract_golden.check("status-file.plain.json", status.render())


def test_a_status_that_no_agent_knows_is_an_error() -> None:
    assert StatusFile.parse('[{"status": {"status": "splendid", "code": "7"}}]').status == "error"


def test_a_code_may_be_a_number_or_digits() -> None:
    assert StatusFile.parse('[{"status": {"status": "success", "code": "7"}}]').code == 7
    assert StatusFile.parse('[{"status": {"status": "success", "code": 7}}]').code == 7


@pytest.mark.parametrize(
    "text",
    [
        '{"status": {"status": "success"}}',
        "[]",
        "[{}]",
        '[{"status": "success"}]',
        '[{"status": {"code": 1}}]',
        '[{"status": {"status": "success", "formattedMessage": {"lang": "en-US"}}}]',
        '[{"status": {"status": "success", "formattedMessage": {"message": "m"}}}]',
        '[{"status": {"status": "success", "substatus": [{"name": "n"}]}}]',
    ],
)
def test_a_status_that_an_agent_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        StatusFile.parse(text)


# ------------------------------------------------------------------------------------------------- values as they come


@pytest.mark.parametrize(
    ("value", "flag"), [(True, True), (" True ", True), ("true", True), (False, False), ("no", False), (1, False)]
)
def test_flags(value: object, flag: bool) -> None:
    assert as_flag(value) is flag


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), (" 7 ", 7), (7.0, 7), (True, -5), (None, -5), ("7x", -5), (float("inf"), -5), ("9" * 5000, -5)],
)
def test_integers(value: object, number: int) -> None:
    assert as_integer(value, -5) == number
