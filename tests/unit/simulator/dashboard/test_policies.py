"""The form of a policy: as ARM's body and back, and what keeps it from being one; the editor, without a world."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from controlplane.arm.recovery_services import policy_request
from controlplane.arm.recovery_services.policy_request import PolicyRequest
from controlplane.domain.errors import table
from controlplane.domain.recovery_services import policy as rules
from simulator.dashboard import policies, policy_form
from simulator.dashboard.policy_form import NoPolicy
from simulator.dashboard.remedies import remedy_of
from tests.unit.simulator.dashboard.test_views import VAULT, client

DAY = "2026-03-01"
CLOCK = {"now": f"{DAY}T10:00:00Z"}
SCHEDULES = [
    {"type": "V1", "frequency": "Daily"},
    {"type": "V2", "frequency": "Daily"},
    {"type": "V1", "frequency": "Weekly", "daily": "", "weekly": "12", "snapshots": "5"},
    {"type": "V2", "frequency": "Hourly", "time": "08:00"},
]
RETENTIONS = [
    {},
    {"weekly": "8", "monthly": "12", "yearly": "10"},
    {"weekly": "8", "monthly": "12", "monthly_by": "date", "yearly": "10", "yearly_by": "date", "dates": "1, 15,last"},
]


def form(**values: str) -> policy_form.Form:
    lists = [("days", "Sunday"), ("weeks", "First"), ("months", "January")]
    return policy_form.read([*({"frequency": "Daily", **values}).items(), *lists])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("retention", RETENTIONS)
def test_what_the_fields_say_is_a_policy_that_the_service_takes(
    schedule: dict[str, str], retention: dict[str, str]
) -> None:
    filled = form(**schedule | retention)
    body = policy_form.body_of(filled, DAY)
    read = policy_request.properties_of(PolicyRequest.model_validate(body), date(2026, 3, 1))
    rules.check_form(read)
    shown = {"name": "mine", "properties": read}
    again = policy_form.form_of(shown)
    assert policy_form.body_of(again, DAY) == body
    assert policy_form.is_kept_by(again, shown)


def test_a_policy_that_says_more_than_the_form_is_known() -> None:
    body = policy_form.body_of(form(), DAY)
    body["properties"]["schedulePolicy"]["scheduleRunTimes"].append(f"{DAY}T05:00:00Z")
    shown = {"name": "mine", **body}
    assert not policy_form.is_kept_by(policy_form.form_of(shown), shown)


@pytest.mark.parametrize(
    "wrong", [{"time": "9pm"}, {"daily": "-1"}, {"daily": "many"}, {"monthly": "1", "monthly_by": "date", "dates": "x"}]
)
def test_fields_that_make_no_policy_say_which(wrong: dict[str, str]) -> None:
    with pytest.raises(NoPolicy):
        policy_form.body_of(form(**wrong), DAY)


def forecast(asked: Any) -> Any:
    """Of a world that says back how many days it was asked for."""
    body = json.loads(asked.content)
    days = [
        {"day": DAY, "recovery_points": at, "instant": 0, "vault": 0, "archive": 0, "instant_gib": 0.0,
         "vault_gib": 0.0, "archive_gib": 0.0}
        for at in range(10 * body["years"])
    ]  # fmt: skip
    return {"days": days, "rules": [], "findings": [], "reach": [], "recovery_points": [], "until": DAY}


def edited(**values: str) -> Any:
    answers = {"/_sim/clock": CLOCK, "/_sim/forecast": forecast}
    pairs = [("vault", VAULT), *({"frequency": "Daily", **values}).items()]
    return policies.editor(client(answers), pairs)


def test_the_editor_saves_by_the_put_of_anybody() -> None:
    shown = edited(name="mine")
    request = json.loads(shown["save"].request)
    assert (request["method"], request["path"].partition("?")[0]) == ("PUT", f"arm{VAULT}/backupPolicies/mine")
    assert request["body"] == policy_form.body_of(form(name="mine"), DAY) == json.loads(shown["file"])
    assert shown["save"].commands[0].startswith("az backup policy create --resource-group g --vault-name v --name mine")
    assert shown["forecast"]["most"] == 19
    assert [day["after"] for day in shown["forecast"]["days"]] == [0, 1, 7, 19]


def test_what_is_no_policy_cannot_be_saved() -> None:
    assert edited(name="mine", daily="x")["problem"] == "daily: x is no whole number"
    assert edited(name="mine", daily="x")["save"] is None
    assert edited(name="?")["save"] is None, "the forecast needs no name"


@pytest.mark.parametrize("vault", ["", "x", f"{VAULT}/../v", f"{VAULT}?a=b", f"{VAULT}/backupPolicies/p"])
def test_what_is_no_vault_is_refused(vault: str) -> None:
    with pytest.raises(policies.NoVaultNamed):
        policies.editor(client({}), [("vault", vault)])


def test_an_error_has_its_remedy() -> None:
    """Of every error of the table that has one and whose remedy the message fills."""
    kinds = [kind for kind in table.kinds().values() if kind.remedy]
    assert len(kinds) > 10
    for kind in kinds:
        values = {name: f"{name}1" for name in kind.blanks}
        if kind.message and all(f"{{{name}}}" in kind.message for name in kind.blanks):
            same = [other for other in kinds if (other.code, other.message) == (kind.code, kind.message)]
            found = remedy_of(kind.code, kind.message.format(**values))
            assert found in {other.remedy.format(**values) for other in same if other.blanks <= kind.blanks}
    assert remedy_of("NoSuchCode", "x") == ""
