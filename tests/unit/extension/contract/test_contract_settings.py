"""Settings of a snapshot task: written one way, read in every way that services write them."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.json_object import Json
from extension.contract.reports import Code
from extension.contract.settings import (
    FRESHNESS_LIMIT,
    Command,
    CustomSettings,
    IncludedDisks,
    ReportSettings,
    SettingsError,
    SnapshotMethod,
    SnapshotSettings,
    canonical_publisher,
    parse_ticks,
    snapshot_request,
    to_ticks,
)

SECRET = "c2VjcmV0c2VjcmV0"
PUBLIC_KEYS = ("commandToExecute", "taskId", "vmType", "commandStartTimeUTCTicks")
STARTED = datetime(2026, 3, 1, 2, 3, 4, 567890, tzinfo=UTC)
DISKS = (
    f"https://contosodisks.blob.core.windows.net/vhds/os.vhd?sv=2018-03-28&sr=b&sig={SECRET}&sp=rw",
    f"https://contosodisks.blob.core.windows.net/vhds/data0.vhd?sv=2018-03-28&sr=b&sig={SECRET}&sp=rw",
)
STATUS_URI = f"https://backupservice.blob.core.windows.net/task/Status.txt?sr=b&sig={SECRET}&sp=rw"
LOGS_URI = f"https://backupservice.blob.core.windows.net/task/Logs.txt?sr=b&sig={SECRET}&sp=rw"


def request(custom: CustomSettings | None = None, luns: list[int] | None = None) -> tuple[Json, Json]:
    return snapshot_request(
        task_id="5b0fd3a5-6a4c-4f0e-9a57-1f6d7f2a9c11_1",
        started=STARTED,
        disks=DISKS,
        status_uri=STATUS_URI,
        logs_uri=LOGS_URI,
        locale="zh-cn",
        metadata={"taskid": "5b0fd3a5", "backupname": "weekly"},
        custom=custom or CustomSettings(),
        luns=luns,
    )


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def decoded(text: str) -> Json:
    value: Json = json.loads(base64.b64decode(text))
    return value


def parse_object(public: object = None, protected: object = None) -> SnapshotSettings:
    """The task with these objects in its two objectStr; None = no objectStr in that part."""
    parts = request()
    for part, value in zip(parts, (public, protected), strict=True):
        part.pop("objectStr")
        if value is not None:
            part["objectStr"] = encoded(value)
    return SnapshotSettings.parse(*parts)


# --------------------------------------------------------------------------------------------------------------- ticks


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_its_ticks(time: datetime) -> None:
    assert parse_ticks(to_ticks(time)) == time
    assert parse_ticks(str(to_ticks(time))) == time


@given(st.integers(0, 3_155_378_975_999_999_999))
def test_ticks_survive_but_for_the_last_digit(ticks: int) -> None:
    assert to_ticks(parse_ticks(ticks)) == ticks // 10 * 10
    assert parse_ticks(f"{Decimal(ticks):E}") == parse_ticks(ticks)


def test_ticks_of_another_time_zone_are_those_of_the_same_moment() -> None:
    moment = datetime.fromisoformat("2024-01-01T02:00:00+02:00")
    assert to_ticks(moment) == 638_396_640_000_000_000


@pytest.mark.parametrize(
    "ticks", ["6.36458E+17", "6.36458e17", " 636458000000000000 ", 6.36458e17, "636458000000000000.0"]
)
def test_ticks_that_went_through_a_spreadsheet(ticks: str | float) -> None:
    assert parse_ticks(ticks) == datetime(2017, 11, 9, 4, 53, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "ticks",
    [
        "",
        "soon",
        "-1",
        -1,
        "1E+999999999",
        "3155378976000000000",
        1e19,
        "NaN",
        float("nan"),
        float("inf"),
        True,
        "1.5",
        "9" * 5000,
    ],
)
def test_ticks_outside_the_calendar_are_refused(ticks: str | float) -> None:
    with pytest.raises(ValueError, match=r"number|range of dates|digits"):
        parse_ticks(ticks)


# --------------------------------------------------------------------------------------------------- written and read


def test_the_request_reads_as_it_was_written() -> None:
    public, protected = request(luns=[-1, 0])
    settings = SnapshotSettings.parse(public, protected)
    assert settings.command is Command.SNAPSHOT
    assert settings.task_id == "5b0fd3a5-6a4c-4f0e-9a57-1f6d7f2a9c11_1"
    assert settings.started == STARTED
    assert settings.disks == DISKS
    assert settings.metadata == {"taskid": "5b0fd3a5", "backupname": "weekly"}
    assert settings.included == IncludedDisks(luns=(0, -1), is_any_disk_excluded=True)
    assert settings.report == ReportSettings(
        task_id=settings.task_id,
        locale="zh-cn",
        vm_type="microsoft.compute/virtualmachines",
        started_ticks=str(to_ticks(STARTED)),
        status_uri=STATUS_URI,
        logs_uri=LOGS_URI,
    )


def test_the_request_has_the_documented_keys_and_no_secret_in_the_open() -> None:
    public, protected = request()
    documented = {"locale", "taskId", "commandToExecute", "commandStartTimeUTCTicks", "vmType"}
    assert set(public) == documented | {"objectStr", "customSettings"}
    assert set(protected) == {"objectStr", "logsBlobUri", "statusBlobUri"}
    assert set(decoded(public["objectStr"])) == {"backupMetadata"}
    assert set(decoded(protected["objectStr"])) == {"backupMetadata", "blobSASUri"}
    assert public["commandStartTimeUTCTicks"] == str(to_ticks(STARTED))


def test_a_handler_that_knows_only_the_documented_schema_finds_everything() -> None:
    public, protected = request()
    settings = SnapshotSettings.parse({key: public[key] for key in public if key != "objectStr"}, protected)
    assert settings.disks == DISKS
    assert settings.metadata["backupname"] == "weekly"


CUSTOM_SETTINGS = st.builds(
    CustomSettings,
    take_snapshot_from=st.sampled_from(SnapshotMethod),
    is_managed_vm=st.booleans(),
    backup_task_id=st.none() | st.text(min_size=1),
    write_accelerator_luns=st.lists(st.integers(0, 63)).map(tuple),
    can_take_crash_consistent_snapshot=st.booleans(),
    backup_retry_count=st.integers(0, 9),
    is_only_os_disk_backup_enabled=st.booleans(),
)
HEADER_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1)


@given(
    task_id=HEADER_TEXT,
    started=st.datetimes(timezones=st.just(UTC)),
    disks=st.lists(st.sampled_from(DISKS), max_size=4),
    metadata=st.dictionaries(HEADER_TEXT, HEADER_TEXT, max_size=3),
    custom=CUSTOM_SETTINGS,
    luns=st.none() | st.lists(st.integers(-1, 63), unique=True),
)
def test_every_request_reads_as_it_was_written(
    task_id: str,
    started: datetime,
    disks: list[str],
    metadata: dict[str, str],
    custom: CustomSettings,
    luns: list[int] | None,
) -> None:
    settings = SnapshotSettings.parse(
        *snapshot_request(
            task_id=task_id,
            started=started,
            disks=disks,
            status_uri=STATUS_URI,
            logs_uri=LOGS_URI,
            locale="en-us",
            metadata=metadata,
            custom=custom,
            luns=luns,
        )
    )
    assert (settings.task_id, settings.started, settings.disks) == (task_id, started, tuple(disks))
    assert (settings.metadata, settings.custom) == (metadata, custom)
    assert set(settings.included.luns) == set(luns or ())


# -------------------------------------------------------------------------------------------- merging the two parts


def test_uris_are_taken_from_the_public_part_first_and_from_the_protected_part_when_that_is_empty() -> None:
    public, protected = request()
    other = STATUS_URI.replace("Status", "Other")
    settings = SnapshotSettings.parse({**public, "statusBlobUri": other, "logsBlobUri": ""}, protected)
    assert settings.report.status_uri == other
    assert settings.report.logs_uri == LOGS_URI


def test_custom_settings_are_taken_from_the_public_part_first() -> None:
    public, protected = request(CustomSettings(take_snapshot_from=SnapshotMethod.ONLY_GUEST))
    sealed = CustomSettings(take_snapshot_from=SnapshotMethod.ONLY_HOST).render()
    both = SnapshotSettings.parse(public, {**protected, "customSettings": sealed})
    assert both.custom.take_snapshot_from is SnapshotMethod.ONLY_GUEST
    one = SnapshotSettings.parse({**public, "customSettings": ""}, {**protected, "customSettings": sealed})
    assert one.custom.take_snapshot_from is SnapshotMethod.ONLY_HOST


def test_no_custom_settings_at_all_have_the_defaults() -> None:
    public, protected = request()
    del public["customSettings"]
    assert SnapshotSettings.parse(public, protected).custom == CustomSettings()


def test_keys_of_both_objects_are_united_and_the_sealed_one_wins() -> None:
    metadata = [{"Key": "name", "Value": "open"}]
    sealed = [{"Key": "name", "Value": "sealed"}]
    settings = parse_object({"backupMetadata": metadata, "snapshotTaskToken": "t"}, {"blobSASUri": list(DISKS)})
    assert (settings.disks, settings.metadata, settings.snapshot_token) == (DISKS, {"name": "open"}, "t")
    assert parse_object({"backupMetadata": metadata}, {"backupMetadata": sealed}).metadata == {"name": "sealed"}
    assert parse_object({"backupMetadata": metadata}, {"backupMetadata": None}).metadata == {"name": "open"}


def test_everything_in_one_part_will_do() -> None:
    assert parse_object({"blobSASUri": list(DISKS)}).disks == DISKS
    assert parse_object(None, {"blobSASUri": list(DISKS)}).disks == DISKS


def test_a_task_without_disks_can_be_read() -> None:
    assert parse_object({"backupMetadata": []}).disks == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"blobSASUri": ["https:\\/\\/a.b\\/c\\/d?sig=x"]}',
        ' \r\n{"blobSASUri": ["https://a.b/c/d?sig=x"]} \n',
        '\'{"blobSASUri": ["https://a.b/c/d?sig=x"]}\'',
        '"blobSASUri": ["https:\\/\\/a.b\\/c\\/d?sig=x"]',
    ],
)
def test_an_object_may_be_wrapped_and_escaped(text: str) -> None:
    public, protected = request()
    protected["objectStr"] = base64.b64encode(text.encode()).decode()
    assert SnapshotSettings.parse(public, protected).disks == ("https://a.b/c/d?sig=x",)


def test_an_object_may_be_broken_into_lines() -> None:
    public, protected = request()
    protected["objectStr"] = base64.encodebytes(base64.b64decode(protected["objectStr"])).decode()
    assert SnapshotSettings.parse(public, protected).disks == DISKS


def test_dynamic_configs_are_known_in_any_case_and_unknown_ones_are_named() -> None:
    pairs = [{"Key": "ISSNAPSHOTTTLENABLED", "Value": True}, {"Key": "useMccfForLad", "Value": "true"}, {"Key": "new"}]
    settings = parse_object({"backupMetadata": [], "dynamicConfigsFromCRP": pairs})
    assert settings.dynamic_configs == {"isSnapshotTtlEnabled": True, "useMccfForLad": True}
    assert settings.unknown_configs == ("new",)


def test_metadata_values_become_text() -> None:
    pairs = [{"Key": "a", "Value": 1}, {"Key": "b", "Value": True}, {"Key": "c", "Value": None}, {"Key": "d"}]
    assert parse_object({"backupMetadata": pairs}).metadata == {"a": "1", "b": "true", "c": "", "d": ""}


# ------------------------------------------------------------------------------------------------------ what is wrong


EMPTY: tuple[object, ...] = (None, "", {}, [])
MALFORMED: list[tuple[str, object]] = [
    ("vmType", "microsoft.storage/accounts"),
    ("taskId", "a\r\nb"),
    ("taskId", "  "),
    ("commandStartTimeUTCTicks", "yesterday"),
    ("commandStartTimeUTCTicks", True),
    ("customSettings", "{"),
    ("customSettings", "[]"),
    ("customSettings", 5),
    ("customSettings", '{"isManagedVm": true}'),
    ("customSettings", '{"takeSnapshotFrom": "onlyGuest", "waDiskLunList": [-1]}'),
    ("objectStr", "%%%"),
    ("objectStr", 7),
    ("objectStr", "YQ="),
    ("objectStr", encoded({"backupMetadata": []}) + "%"),
    ("objectStr", base64.b64encode(b"{").decode()),
    ("objectStr", base64.b64encode(b"[" * 100_000).decode()),
    ("objectStr", base64.b64encode("ä".encode()).decode()),
    ("objectStr", encoded([1])),
    ("statusBlobUri", "ftp://a/b"),
    ("logsBlobUri", 9),
]


@pytest.mark.parametrize(("key", "value"), [*itertools.product(PUBLIC_KEYS, EMPTY), *MALFORMED])
def test_what_is_missing_or_malformed_is_named_with_code_11(key: str, value: object) -> None:
    public, protected = request()
    protected.pop(key, None)
    with pytest.raises(SettingsError, match=key) as error:
        SnapshotSettings.parse({**public, key: value}, protected)
    assert error.value.code == Code.error_parameter


@pytest.mark.parametrize("key", PUBLIC_KEYS)
def test_a_missing_public_key_is_named(key: str) -> None:
    public, protected = request()
    del public[key]
    with pytest.raises(SettingsError, match=key):
        SnapshotSettings.parse(public, protected)


@pytest.mark.parametrize("key", ["statusBlobUri", "logsBlobUri"])
def test_a_missing_protected_key_is_named(key: str) -> None:
    public, protected = request()
    del protected[key]
    with pytest.raises(SettingsError, match=key):
        SnapshotSettings.parse(public, protected)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"includedDisks": []}, "includedDisks"),
        ({"includedDisks": {"dataDiskLunList": "0"}}, "dataDiskLunList"),
        ({"includedDisks": {"dataDiskLunList": ["x"]}}, "dataDiskLunList"),
        ({"dynamicConfigsFromCRP": {}}, "dynamicConfigsFromCRP"),
        ({"dynamicConfigsFromCRP": [{"Value": True}]}, "dynamicConfigsFromCRP"),
    ],
)
def test_a_malformed_key_inside_an_object_is_named(content: Json, key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        parse_object(content)


def test_an_object_in_neither_part_is_missed() -> None:
    with pytest.raises(SettingsError, match="objectStr"):
        parse_object()


@pytest.mark.parametrize(
    "uris",
    [
        "https://a/b",
        [7],
        ["blob"],
        ["https://a"],
        ["https:///b"],
        ["https://a/b c"],
        ["https://a/b\r\nx: y"],
        ["https://ä/b"],
    ],
)
def test_disks_are_a_list_of_uris(uris: object) -> None:
    with pytest.raises(SettingsError, match="blobSASUri"):
        parse_object({"blobSASUri": uris})


@pytest.mark.parametrize(
    "pairs",
    [{}, "x", [1], [{"Value": "v"}], [{"Key": ""}], [{"Key": "a b"}], [{"Key": "a:b"}], [{"Key": "ä"}]]
    + [[{"Key": "k", "Value": value}] for value in ("v\r\nx-ms-y: z", "v\0", "ä")],
)
def test_metadata_that_no_header_can_carry_is_refused_before_the_freeze(pairs: object) -> None:
    with pytest.raises(SettingsError, match="backupMetadata"):
        parse_object({"backupMetadata": pairs})


def test_an_unknown_command_is_refused_and_known_ones_are_found_inside_the_text() -> None:
    public, protected = request()
    with pytest.raises(SettingsError) as error:
        SnapshotSettings.parse({**public, "commandToExecute": "restore"}, protected)
    assert error.value.code == Code.error_parameter
    assert SnapshotSettings.parse({**public, "commandToExecute": "TakeSnapshot"}, protected).command is Command.SNAPSHOT


def test_installing_needs_neither_disks_nor_blobs() -> None:
    public, _ = request()
    del public["objectStr"]
    assert SnapshotSettings.parse({**public, "commandToExecute": "Install"}, None).command is Command.INSTALL


@pytest.mark.parametrize(
    "spoil",
    [
        lambda public, protected: protected.update(objectStr=base64.b64encode(f'["{SECRET}"'.encode()).decode()),
        lambda public, protected: protected.update(objectStr=encoded({"blobSASUri": [f"sig={SECRET}"]})),
        lambda public, protected: protected.update(statusBlobUri=f"sig={SECRET}"),
        lambda public, protected: public.update(customSettings=f'{{"{SECRET}'),
        lambda public, protected: public.update(taskId=None),
    ],
)
def test_no_error_repeats_a_value(spoil: Callable[[Json, Json], None]) -> None:
    public, protected = request()
    spoil(public, protected)
    with pytest.raises(SettingsError) as error:
        SnapshotSettings.parse(public, protected)
    context: BaseException | None = error.value
    while context is not None:
        assert SECRET not in f"{context!s} {context!r} {vars(context)}"
        context = context.__cause__ if context.__suppress_context__ else context.__context__


def test_a_task_does_not_show_its_signatures() -> None:
    settings = SnapshotSettings.parse(*request())
    assert SECRET not in repr(settings)
    assert SECRET not in repr(settings.report)


def test_an_error_speaks_the_language_of_the_task() -> None:
    public, protected = request()
    with pytest.raises(SettingsError) as error:
        SnapshotSettings.parse({**public, "vmType": ""}, protected)
    assert error.value.message == error.value.text("en-us")
    assert "vmType" in error.value.text("zh-cn")
    assert error.value.text("zh-cn") != error.value.text("en-us")


# ------------------------------------------------------------------------------------------ what a report can rely on


def test_a_report_can_be_sent_even_for_settings_that_are_no_use() -> None:
    public, protected = request()
    report = ReportSettings.parse({**public, "vmType": None, "commandToExecute": 5, "objectStr": "%"}, protected)
    assert (report.task_id, report.status_uri, report.logs_uri) == (public["taskId"], STATUS_URI, LOGS_URI)
    assert report.vm_type == "microsoft.compute/virtualmachines"


@given(
    st.dictionaries(
        st.sampled_from(("taskId", "locale", "vmType", "commandStartTimeUTCTicks", "statusBlobUri", "logsBlobUri")),
        st.none() | st.integers() | st.text() | st.lists(st.text(), max_size=1) | st.booleans() | st.floats(),
    )
)
def test_a_report_never_stumbles(public: Json) -> None:
    assert isinstance(ReportSettings.parse(public, None).task_id, str)


def test_ticks_are_echoed_as_they_were_received() -> None:
    public, protected = request()
    for ticks, echo in (("6.36458E+17", "6.36458E+17"), (636458000000000000, "636458000000000000")):
        settings = SnapshotSettings.parse({**public, "commandStartTimeUTCTicks": ticks}, protected)
        assert settings.report.started_ticks == echo
        assert settings.started.year == 2017


# ----------------------------------------------------------------------------------------------- freshness and method


def test_a_task_is_too_late_after_140_minutes_and_never_too_early() -> None:
    settings = SnapshotSettings.parse(*request())
    assert timedelta(minutes=140) == FRESHNESS_LIMIT
    assert not settings.too_late(STARTED + FRESHNESS_LIMIT)
    assert settings.too_late(STARTED + FRESHNESS_LIMIT + timedelta(microseconds=1))
    assert not settings.too_late(STARTED - timedelta(days=400))


def task(take_from: SnapshotMethod, included: Json, accelerated: tuple[int, ...] = ()) -> SnapshotSettings:
    public, protected = request(CustomSettings(take_snapshot_from=take_from, write_accelerator_luns=accelerated))
    protected["objectStr"] = encoded({"includedDisks": included})
    return SnapshotSettings.parse(public, protected)


@pytest.mark.parametrize("method", SnapshotMethod)
def test_the_service_says_who_takes_the_snapshots_and_the_owner_overrules_it(method: SnapshotMethod) -> None:
    assert task(method, {}).method() is method
    assert task(SnapshotMethod.ONLY_GUEST, {}).method(override=method.value.upper()) is method


def test_an_unknown_method_means_the_default() -> None:
    assert (
        CustomSettings.parse('{"takeSnapshotFrom": "moon"}').take_snapshot_from is SnapshotMethod.FIRST_HOST_THEN_GUEST
    )


@pytest.mark.parametrize("flag", ["isAnyWADiskIncluded", "isVmgsBlobIncluded", "isAnyDirectDriveDiskIncluded"])
def test_some_disks_only_the_host_can_snapshot(flag: str) -> None:
    assert task(SnapshotMethod.ONLY_GUEST, {flag: "true"}).method() is SnapshotMethod.ONLY_HOST


def test_a_disk_with_write_accelerator_is_for_the_host_when_it_is_included() -> None:
    assert task(SnapshotMethod.ONLY_GUEST, {"dataDiskLunList": [3, 4]}, (3,)).method() is SnapshotMethod.ONLY_HOST
    assert task(SnapshotMethod.ONLY_GUEST, {"dataDiskLunList": [4]}, (3,)).method() is SnapshotMethod.ONLY_GUEST


def test_excluded_disks_without_a_list_leave_it_to_the_guest_unless_the_host_must() -> None:
    excluded = task(SnapshotMethod.FIRST_HOST_THEN_GUEST, {"isAnyDiskExcluded": True})
    assert excluded.method() is SnapshotMethod.ONLY_GUEST
    with pytest.raises(SettingsError) as error:
        task(SnapshotMethod.ONLY_HOST, {"isAnyDiskExcluded": True}).method()
    assert error.value.code == Code.FailedInvalidDataDiskLunList
    os_disk_only = task(SnapshotMethod.ONLY_HOST, {"isAnyDiskExcluded": True, "isOSDiskIncluded": True})
    assert os_disk_only.method() is SnapshotMethod.ONLY_HOST


def test_everything_about_included_disks_is_read() -> None:
    included = {
        "dataDiskLunList": [0, "2"],
        "isOSDiskIncluded": True,
        "isAnyDiskExcluded": True,
        "isVmmdBlobIncluded": True,
        "isVMADEEnabled": True,
        "instantAccessDurationMinutes": 300,
    }
    settings = task(SnapshotMethod.ONLY_GUEST, included)
    assert settings.included == IncludedDisks((0, 2, -1), True, False, True, True, 300)


# ----------------------------------------------------------------------------------------------------------- publisher


@pytest.mark.parametrize("publisher", ["Microsoft.Azure.RecoveryServices", "microsoft.recoveryservices"])
def test_the_publisher_is_known_however_it_is_written(publisher: str) -> None:
    assert canonical_publisher(publisher, "vmsnapshot") == "Microsoft.Azure.RecoveryServices"
    assert canonical_publisher(publisher, "VMSnapshotLINUX") == "Microsoft.Azure.RecoveryServices"


@pytest.mark.parametrize(
    ("publisher", "type"), [("Microsoft.Compute", "VMSnapshot"), ("Microsoft.RecoveryServices", "VMSnapshotBSD")]
)
def test_other_extensions_are_others(publisher: str, type: str) -> None:
    assert canonical_publisher(publisher, type) is None
