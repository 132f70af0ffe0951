"""Forecasts of backup policies: of the built-in ones and of those in files, as the report that `--json` prints."""

from __future__ import annotations

import codecs
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from controlplane.arm.recovery_services import policy_request
from controlplane.arm.recovery_services.policy_request import PolicyRequest
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services import retention
from controlplane.domain.recovery_services.forecast import forecast
from controlplane.domain.recovery_services.forecast.storage import Disk
from controlplane.domain.recovery_services.schedule import Schedule
from controlplane.domain.times import instant, parse_instant
from controlplane.json_object import Json
from controlplane.service_settings import Limits
from simulator.failures import WrongUse
from simulator.forecast_question import Question

EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
"""Between these a forecast begins."""
LARGEST_FILE_BYTES = 1024 * 1024


def report(policy: Json, name: str, question: Question, now: datetime, limits: Limits = Limits()) -> Json:  # noqa: B008
    """What `backupsim forecast --json` prints. `policy` is the properties of a well formed one, `limits` those of the
    service."""
    start = _start(policy, question.start, now)
    until = retention.later(start, question.years, "Years")
    disk = Disk(question.disk_gib, question.change_percent_per_day)
    # A run at the very beginning counts: a machine comes under the policy just before.
    after = start - timedelta(microseconds=1)
    keep_count = limits.snapshots_of(policies.type_of(policy))
    found = forecast.forecast(policy, after, until, keep_count=keep_count, disk=disk)
    return {"schema_version": 1, "policy": name, **forecast.to_json(found), "from": instant(start)}


def _start(policy: Json, text: str | None, now: datetime) -> datetime:
    """A date begins in the standard time of the policy's zone."""
    if text is None:
        return now.astimezone(UTC)
    wrong = WrongUse(
        f"{text} is no date between {EARLIEST} and {LATEST}; write one like 2027-01-01, or an instant like "
        "2027-01-01T09:00:00Z"
    )
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    try:
        start = Schedule.of(policy).end_of(day - timedelta(days=1)) if day else parse_instant(text)
    except (ValueError, OverflowError):
        raise wrong from None
    if not EARLIEST <= start.date() <= LATEST:
        raise wrong
    return start


def built_in(name: str, now: datetime) -> Json | None:
    """The properties of a policy that comes with every vault; None for another name."""
    found = {each["name"].lower(): each for each in policies.built_in("", now)}
    body = found.get(name.lower())
    return body and read(body, str(body["name"]))


def read_file(content: bytes, of: str) -> Json:
    """The properties of the policy in a file, as az writes one; WrongUse names the file with `of`."""
    if len(content) > LARGEST_FILE_BYTES:
        raise WrongUse(f"{of} is larger than a policy can be; name a file with the JSON of one policy")
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        body = json.loads(content.decode(encoding))
    except (ValueError, RecursionError):
        raise WrongUse(f"{of} is no JSON; write a policy there with az backup policy show --output json") from None
    return read(body, of)


def read(body: Any, of: str) -> Json:
    """The properties of a policy: of its body, of its properties alone, or of a list with one policy."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if isinstance(body, list):
        raise WrongUse(f"{of} holds a list of {len(body)} policies; name a file with one")
    keys = {str(key).lower() for key in body} if isinstance(body, dict) else set()
    if isinstance(body, dict) and "properties" not in keys:
        body = {"properties": body}
    if not keys & {"properties", "schedulepolicy", "retentionpolicy"}:
        raise WrongUse(f"{of} holds no policy; write one there with az backup policy show --output json")
    kind = _value(_value(body, "properties") or {}, "backupManagementType")
    if kind not in {None, "AzureIaasVM"}:
        raise WrongUse(f"{of} protects {kind}, and only the future of machines is told; name a policy of AzureIaasVM")
    try:
        return policy_request.properties_of(PolicyRequest.model_validate(body), EARLIEST)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise WrongUse(
            f"the policy of {of} has a wrong value at {path}; see what az backup policy show writes"
        ) from None
    except ServiceError as error:
        reason = policies.reason_of(error)
        raise WrongUse(f"nothing can be forecast of the policy of {of}: {reason}; correct it") from None


def _value(body: Any, key: str) -> Any:
    """By a key in any spelling of ARM's; None where there is none."""
    found = (body[name] for name in body if str(name).lower() == key.lower()) if isinstance(body, dict) else ()
    return next(iter(found), None)
