"""Functions over instants, which are texts; all are in UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from controlplane.templates.language.context import Context
from controlplane.templates.language.signature import DEFAULTS_ONLY, INT, TEXT, Unfit, define
from controlplane.templates.library.date_formats import show

COMPACT = "yyyyMMddTHHmmssZ"
EXTENDED = "yyyy-MM-ddTHH:mm:ssZ"
GENERAL = "G"

_INSTANT = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:([T ])(\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,7}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,7})Y)?(?:(\d{1,7})M)?(?:(\d{1,7})W)?(?:(\d{1,7})D)?"
    r"(T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)


def parse(text: str) -> datetime:
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise Unfit("the string is not an ISO 8601 date-time")
    year, month, day, _, hour, minute, second, fraction, zone = match.groups()
    try:
        instant = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
        instant += timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
        if zone and zone != "Z":
            digits = zone[1:].replace(":", "")
            ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            instant -= ahead if zone[0] == "+" else -ahead
    except (ValueError, OverflowError):
        raise Unfit("the string is not an ISO 8601 date-time") from None
    return instant


def _add(base: str, duration: str, form: str | None = None) -> str:
    """Years and months are those of the calendar. Without a format: that of the base, or the general one where the
    base has a blank between date and time, as the public example has it. The choice is ours."""
    instant, match = parse(base), _DURATION.fullmatch(duration.strip())
    if match is None or (not any(match.groups()[1:5]) and len(match[6] or "T") == 1):
        raise Unfit("the duration is not an ISO 8601 duration")
    sign, years, months, weeks, days, _, hours, minutes, seconds = match.groups()
    direction = -1 if sign == "-" else 1
    try:
        instant = _months_later(instant, direction * (12 * int(years or 0) + int(months or 0)))
        instant += direction * timedelta(
            weeks=int(weeks or 0),
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=float(seconds or 0),
        )
    except (ValueError, OverflowError):
        raise Unfit("the result is outside the years 1 to 9999") from None
    return show(instant, form or _form_of(base))


def _months_later(instant: datetime, months: int) -> datetime:
    year, month = divmod(instant.year * 12 + instant.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))


def _form_of(base: str) -> str:
    if " " in base.strip():
        return GENERAL
    return EXTENDED if "-" in base else COMPACT


def _from_epoch(seconds: int) -> str:
    try:
        return show(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), EXTENDED)
    except OverflowError:
        raise Unfit("the result is outside the years 1 to 9999") from None


def _to_epoch(text: str) -> int:
    return (parse(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _utc_now(context: Context, form: str = COMPACT) -> str:
    return show(context.deployment.now.astimezone(UTC), form)


FUNCTIONS = (
    define("dateTimeAdd", _add, TEXT, TEXT, optional=(TEXT,)),
    define("dateTimeFromEpoch", _from_epoch, INT),
    define("dateTimeToEpoch", _to_epoch, TEXT),
    define("utcNow", _utc_now, optional=(TEXT,), in_context=True, only=DEFAULTS_ONLY),
)
