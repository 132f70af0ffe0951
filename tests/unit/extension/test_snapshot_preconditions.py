"""Whether a task may touch its machine follows from its settings, the machine's facts and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extension.contract.codes import Code
from extension.contract.settings import (
    CustomSettings,
    SettingsError,
    SnapshotMethod,
    SnapshotSettings,
    snapshot_request,
)
from extension.contract.settings_json import encode_object
from extension.preconditions import (
    NEEDED_VALUES,
    PERSISTENT_KEYS,
    crash_allowed,
    missing_service,
    objection,
    one_by_one,
    owners_method,
)
from tests.fake_guest import FACTS

STARTED = datetime(2026, 11, 22, 19, 13, 27, tzinfo=UTC)
ONLY_GUEST = CustomSettings(SnapshotMethod.ONLY_GUEST)
CRASH = ONLY_GUEST._replace(can_take_crash_consistent_snapshot=True, backup_retry_count=1)
NO_VSS = FACTS._replace(vss_available=False)


def task(
    custom: CustomSettings = ONLY_GUEST, disks: int = 2, included: dict[str, Any] | None = None
) -> SnapshotSettings:
    public, protected = snapshot_request(
        task_id="e07354cf-041e-4370-929f-25a319ce8933_1",
        started=STARTED,
        disks=[f"http://storage/vhds/disk{number}.vhd?sig=x" for number in range(disks)],
        status_uri="http://storage/logs/status?sig=x",
        logs_uri="http://storage/logs/log?sig=x",
        locale="en-us",
        metadata={},
        custom=custom,
        luns=None,
    )
    if included is not None:
        public["objectStr"] = encode_object({"includedDisks": included})
    return SnapshotSettings.parse(public, protected)


def code(settings: SnapshotSettings, facts: Any = FACTS, after: timedelta = timedelta(0)) -> Code | None:
    outcome = objection(settings, facts, STARTED + after)
    return None if outcome is None else outcome.code


@pytest.mark.parametrize(("path", "least", "error_name", "what"), NEEDED_VALUES)
def test_what_the_extension_needs_is_looked_for_in_the_registry(
    path: str, least: int, error_name: str, what: str
) -> None:
    def refusal(value: str) -> Any:
        return objection(task(), FACTS._replace(registry={path.upper(): value}), STARTED)

    told = refusal(str(least - 1))
    assert (told.code, told.name, told.values) == (Code.error, error_name, {"what": what})
    assert refusal(str(least)) is None
    assert refusal("unknown") is None


def test_nothing_speaks_against_an_ordinary_task() -> None:
    assert code(task()) is None
    assert code(task(CustomSettings())) is None, "first the host, then the guest: the guest can do it"


def test_a_task_older_than_140_minutes_is_refused_and_one_from_the_future_is_not() -> None:
    assert code(task(), after=timedelta(minutes=140)) is None
    assert code(task(), after=timedelta(minutes=140, seconds=1)) is Code.FailedGuestAgentInvokedCommandTooLate
    assert code(task(), after=timedelta(days=-400)) is None


@pytest.mark.parametrize("service", ["VSS", "COMSysApp", "MSDTC"])
def test_a_disabled_service_is_named(service: str) -> None:
    facts = FACTS._replace(services={**FACTS.services, service: "Disabled"})
    outcome = objection(task(), facts, STARTED)

    assert outcome is not None
    assert outcome.code is Code.error
    assert outcome.name == missing_service(facts)
    assert outcome.name.startswith("Extension")


def test_a_stopped_service_can_be_started() -> None:
    assert code(task(), FACTS._replace(services={"VSS": "Stopped"})) is None


def test_without_vss_only_a_repeated_attempt_that_may_be_crash_consistent_goes_on() -> None:
    assert code(task(), NO_VSS) is Code.error
    assert code(task(CRASH), NO_VSS) is None
    assert not crash_allowed(task(CRASH._replace(backup_retry_count=0)))
    assert not crash_allowed(task(CRASH._replace(can_take_crash_consistent_snapshot=False)))


def test_what_only_the_host_could_do_is_refused() -> None:
    assert code(task(CustomSettings(SnapshotMethod.ONLY_HOST))) is Code.FailedRetryableSnapshotFailedNoNetwork
    assert code(task(included={"isAnyDirectDriveDiskIncluded": True})) is Code.FailedRetryableSnapshotFailedNoNetwork
    with pytest.raises(SettingsError) as problem:
        code(task(included={"isVmgsBlobIncluded": True, "isAnyDiskExcluded": True}))
    assert problem.value.code is Code.FailedInvalidDataDiskLunList


def test_a_task_without_disks_is_refused() -> None:
    assert code(task(disks=0)) is Code.FailedRetryableSnapshotFailedNoNetwork


def test_the_owner_of_the_machine_has_a_say() -> None:
    def owner(name: str, value: str) -> Any:
        return FACTS._replace(registry={rf"{PERSISTENT_KEYS}\{name}".upper(): value})

    method = owners_method(owner("SnapshotMethod", "onlyHost"))
    refusal = objection(task(), FACTS, STARTED, method=method)
    assert refusal is not None
    assert refusal.code is Code.FailedRetryableSnapshotFailedNoNetwork
    assert owners_method(FACTS) is None
    assert one_by_one(owner("SnapshotWithoutThreads", "True"))
    assert not one_by_one(owner("SnapshotWithoutThreads", "False"))
    assert not one_by_one(FACTS)
