"""`backupsim forecast`: policies by name and from files, as a person reads them on a terminal, and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from controlplane.json_object import Json
from docs.generator.source import ROOT
from simulator import forecasting
from simulator.command import cli, forecast_text, texts
from simulator.failures import WrongUse
from simulator.forecast_question import Question
from tests.unit.controlplane.domain import policies_for_machines
from tests.unit.controlplane.domain.policies_for_machines import any_policy, by_date, clock, kept
from tests.unit.simulator.command.test_texts import is_chinese

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
AT = clock(21)
GFS = policies_for_machines.grandfather_father_son("W. Europe Standard Time")
SCHEMA = json.loads((ROOT / "docs/schemas/forecast.schema.json").read_text(encoding="utf-8"))


def forecast(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.app, ["forecast", *arguments], input=stdin)


def told(*arguments: str, state: Path, stdin: bytes | None = None) -> str:
    done = forecast(*arguments, "--state", str(state), stdin=stdin)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def report(policy: Json, **question: Any) -> Json:
    return forecasting.report(policy, "weekly", Question(**question), NOW)


def lines(found: Json, language: str = "en", on: date | None = None) -> list[str]:
    return list(forecast_text.lines(found, language, on))


# ------------------------------------------------------------------------------------------------------------ the page


def test_a_person_reads_what_the_policy_says_and_what_comes_of_it() -> None:
    text = "\n".join(lines(report(GFS)))
    for part in (
        "weekly, from 2026-12-01 09:00 to 2036-12-01 (times in UTC)",
        "Backup     every day at 23:30, W. Europe Standard Time",
        "Snapshots  for 5 days",
        "Weekly     Sunday, Wednesday for 12 weeks",
        "Monthly    first, last Sunday, Saturday of the month for 60 months",
        "Yearly     day 1, 28, last day of February, November for 7 years",
        "Archive    monthly and yearly ones, as soon as they may be moved",
        "GiB: estimated for 128 GiB on the disks, of which 3 % change each day",
        "2026-12-01 22:30  day             2026-12-31  2026-12-06",
        "2026-12-05 22:30  day month       2031-12-05  2026-12-10       2027-03-05",
        "and 3,643 more until 2036-12-01; --json lists all, --on DATE those of one day",
        "Between two backups lie at most 24 hours.",
    ):
        assert part in text, part


def test_the_numbers_of_the_page_are_those_of_the_report() -> None:
    found = report(GFS, years=2)
    row, *_ = [line.split() for line in lines(found) if line.startswith("  2026-12-08 ")]
    day = next(day for day in found["days"] if day["day"] == "2026-12-08")
    keys = ("recovery_points", "instant", "vault", "archive")
    assert [int(number) for number in row[1:5]] == [day[key] for key in keys] == [8, 5, 8, 0]
    assert float(row[6]) == round(day["vault_gib"], 1)
    (most,) = [line.split() for line in lines(found) if line.startswith("  most ")]
    assert int(most[1]) == max(day["recovery_points"] for day in found["days"])


def test_the_points_of_one_day_are_as_many_as_the_table_counts() -> None:
    found = report(GFS, years=2)
    for day in (found["days"][40], found["days"][400], found["days"][-1]):
        page = lines(found, on=date.fromisoformat(day["day"]))
        head = page.index(f"The recovery points at the end of {day['day']}")
        listed = page[head + 2 : page.index("", head)]
        assert len(listed) == day["recovery_points"]
        assert sum(bool(re.search(r"\d$", line[60:])) for line in listed) >= day["archive"]


def test_a_day_beyond_the_forecast_is_refused() -> None:
    with pytest.raises(WrongUse, match="no day 2030-01-01; name one from 2026-12-01 to 2027-12-01"):
        lines(report(GFS, years=1), on=date(2030, 1, 1))


@pytest.mark.parametrize("language", texts.LANGUAGES)
@settings(max_examples=8, deadline=None)
@given(policy=any_policy())
def test_no_line_is_wider_than_a_terminal(policy: Json, language: str) -> None:
    for line in lines(report(policy, years=2), language):
        assert cell_len(line) <= 80, line


@settings(max_examples=8, deadline=None)
@given(any_policy())
def test_the_page_speaks_chinese(policy: Json) -> None:
    for line in lines(report(policy, years=2), "zh-cn"):
        assert is_chinese(line.replace("Standard Time", "")), line


def test_what_is_odd_speaks_chinese() -> None:
    odd = GFS | {"instantRpRetentionRangeInDays": 9}
    (finding, _) = report(odd, years=1)["findings"]
    assert finding["detail"].endswith("instant recovery points can be kept between 1 and 5 days")
    assert any("服务会拒绝此策略：即时恢复点可保留 1 到 5 天" in line for line in lines(report(odd), "zh-cn"))


# -------------------------------------------------------------------------------------------------------- which policy


def test_a_policy_that_every_vault_has_needs_no_world(tmp_path: Path) -> None:
    page = told("enhancedpolicy", "--years", "1", "--from", "2027-01-01", state=tmp_path)
    assert "every 4 h from 08:00 for 12 h, 4 a day" in page
    assert page.startswith("enhancedpolicy, from 2027-01-01 00:00 to 2028-01-01")
    assert "2027-01-01 08:00  instant tier only  2027-01-03" in page


def test_a_forecast_begins_now_unless_told_otherwise(tmp_path: Path) -> None:
    begun = datetime.now(UTC)
    found = json.loads(told("DefaultPolicy", "--json", state=tmp_path))
    assert begun <= datetime.fromisoformat(found["from"]) <= datetime.now(UTC)


def test_a_date_begins_in_the_zone_of_the_policy() -> None:
    zones = policies_for_machines.grandfather_father_son("India Standard Time")
    assert report(zones, start="2027-01-01")["from"] == "2026-12-31T18:30:00Z"
    assert report(zones, start="2027-01-01T05:00:00+01:00")["from"] == "2027-01-01T04:00:00Z"


def test_a_run_at_the_very_beginning_counts() -> None:
    at_midnight = policies_for_machines.by_the_end_of_months("UTC")
    assert report(at_midnight, start="2027-01-01", years=1)["recovery_points"][0]["time"] == "2027-01-01T00:00:00Z"


def as_az_writes_it(properties: Json) -> Json:
    """`az backup policy show`: nulls, offsets, and what is beside the properties."""
    id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v/backupPolicies/weekly"
    nulls = {"resourceGuardOperationRequests": None, "snapshotConsistencyType": None, "protectedItemsCount": 3}
    return {"eTag": None, "id": id, "name": "weekly", "location": None, "properties": {**properties, **nulls}}


def with_bom(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", *(pytest.param(each, marks=pytest.mark.slow) for each in ("utf-8", "utf-16"))]
)
@pytest.mark.parametrize("wrap", [as_az_writes_it, lambda properties: properties, lambda p: [as_az_writes_it(p)]])
def test_a_policy_comes_from_a_file(tmp_path: Path, wrap: Any, encoding: str) -> None:
    file = tmp_path / "policy.json"
    file.write_bytes(json.dumps(wrap(GFS)).encode(encoding))
    found = json.loads(told(str(file), "--from", "2026-12-01T09:00:00Z", "--json", state=tmp_path))
    assert found == report(GFS | {"instantRPDetails": {}}) | {"policy": "policy.json"}


def test_a_policy_comes_from_stdin(tmp_path: Path) -> None:
    content = json.dumps(as_az_writes_it(GFS)).encode()
    page = told("-", "--years", "1", state=tmp_path, stdin=content)
    assert page.startswith("stdin, from ")


def test_keys_match_without_case() -> None:
    lower = json.loads(re.sub(r'"(\w+)":', lambda key: key[0].lower(), json.dumps({"properties": GFS})))
    assert forecasting.read(lower, "x")["retentionPolicy"] == GFS["retentionPolicy"]


HOURLY_LOG = {"backupManagementType": "AzureWorkload", "workLoadType": "SQLDataBase"}
BAD_FILES: list[tuple[str, bytes, str]] = [
    ("no JSON", b"<policy/>", "is no JSON; write a policy there with az backup policy show --output json"),
    ("no text", b"\xff\xff\x00", "is no JSON; write a policy there with az backup policy show --output json"),
    ("deep", b"[" * 100_000, "is no JSON; write a policy there with az backup policy show --output json"),
    ("empty", b"", "is no JSON; write a policy there with az backup policy show --output json"),
    ("large", b" " * (forecasting.LARGEST_FILE_BYTES + 1), "is larger than a policy can be; name a file with the JSON"),
    ("number", b"7", "holds no policy; write one there with az backup policy show --output json"),
    ("nothing", b"null", "holds no policy; write one there with az backup policy show --output json"),
    ("other", b'{"vault": 1}', "holds no policy; write one there with az backup policy show --output json"),
    ("many", b"[{}, {}]", "holds a list of 2 policies; name a file with one"),
    ("databases", json.dumps({"properties": HOURLY_LOG}).encode(), "protects AzureWorkload, and only the future of"),
    (
        "no schedule",
        json.dumps({"properties": GFS | {"schedulePolicy": {}}}).encode(),
        "policyType and schedulePolicyType do not match; correct it",
    ),
    (
        "no zone",
        json.dumps(GFS | {"timeZone": "Mars"}).encode(),
        "there is no time zone 'Mars'; correct it",
    ),
    (
        "wrong value",
        json.dumps(GFS | {"instantRpRetentionRangeInDays": "some"}).encode(),
        "has a wrong value at properties.instantRpRetentionRangeInDays; see what az backup policy show writes",
    ),
    (
        "wrong shape",
        json.dumps(GFS | {"retentionPolicy": 7}).encode(),
        "has a wrong value at properties.retentionPolicy; see what az backup policy show writes",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), [row[1:] for row in BAD_FILES], ids=[row[0] for row in BAD_FILES])
def test_a_bad_file_is_one_sentence_with_its_remedy(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(WrongUse) as refused:
        told(str(file), state=tmp_path)
    assert sentence in str(refused.value)
    assert str(file) in str(refused.value)
    assert is_chinese(texts.failure(str(refused.value), "zh-cn").replace("Mars", ""))


WRONG_USES: list[tuple[Sequence[str], str]] = [
    (["/no/such/file.json"], "there is no file /no/such/file.json; name one with the JSON of a policy"),
    (["./"], "there is no file ./; name one with the JSON of a policy"),
    (
        ["Weekly"],
        "not every vault has a policy Weekly; start the world, or name DefaultPolicy, EnhancedPolicy or a file",
    ),
    (["HourlyLogBackup"], "HourlyLogBackup protects AzureWorkload, and only the future of machines is told"),
    (["DefaultPolicy", "--from", "soon"], "soon is no date between 2000-01-01 and 2200-01-01; write one like"),
    (["DefaultPolicy", "--from", "1999-12-31"], "1999-12-31 is no date between 2000-01-01 and 2200-01-01"),
    (["DefaultPolicy", "--from", "0001-01-01"], "0001-01-01 is no date between 2000-01-01 and 2200-01-01"),
    (["DefaultPolicy", "--from", "9999-12-31T23:00:00-11:00"], "is no date between 2000-01-01 and 2200-01-01"),
    (["DefaultPolicy", "--on", "today"], "today is no date; write one like 2027-01-01"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG_USES, ids=[" ".join(row[0]) for row in WRONG_USES])
def test_a_wrong_use_is_one_sentence_with_its_remedy(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(WrongUse) as refused:
        told(*arguments, state=tmp_path)
    assert sentence in str(refused.value)
    assert is_chinese(texts.failure(str(refused.value), "zh-cn"))


# ---------------------------------------------------------------------------------------------------------------- JSON


def every_kind_of_policy() -> list[Json]:
    weekly, hourly = policies_for_machines.twice_a_week("UTC"), policies_for_machines.every_four_hours("UTC")
    beyond = policies_for_machines.policy(policies_for_machines.daily(AT), {"dailySchedule": kept(AT, 30, "Days")}, 2)
    beyond["retentionPolicy"]["monthlySchedule"] = kept(AT, 2, "Weeks", **by_date(1))
    return [GFS, weekly, hourly, beyond]


@pytest.mark.parametrize("policy", every_kind_of_policy(), ids=["gfs", "weekly", "hourly", "beyond limits"])
def test_the_report_is_as_its_schema_says(policy: Json) -> None:
    jsonschema.validate(report(policy, years=2), SCHEMA)


def test_the_schema_knows_every_key() -> None:
    found = report(GFS, years=1)
    assert set(SCHEMA["properties"]) == set(found) == set(SCHEMA["required"])
    for key in ("rules", "findings", "reach", "days", "recovery_points"):
        assert set(SCHEMA["properties"][key]["items"]["properties"]) == set(found[key][0])


def test_ten_years_of_an_hourly_policy_have_every_point() -> None:
    found = report(policies_for_machines.every_four_hours("UTC"), start="2027-01-01")
    assert len(found["recovery_points"]) == 6 * (date(2037, 1, 1) - date(2027, 1, 1)).days
    assert len(found["days"]) == (date(2037, 1, 1) - date(2027, 1, 1)) // timedelta(days=1)
