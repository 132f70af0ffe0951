"""How the service writes instants, durations and the dates of a job's property bag."""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = "0001-01-01T00:00:00"
"""The end of an operation that still runs."""
NEVER_BACKED_UP = "2001-01-01T00:00:00Z"


def instant(time: datetime) -> str:
    """`2022-05-13T10:09:27.280134Z`: UTC, up to seven fractional digits without zeros at the end."""
    utc = time.astimezone(UTC)
    fraction = f"{utc.microsecond:06}".rstrip("0")
    return f"{utc:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}Z"


def instant_with_offset(time: datetime) -> str:
    """`2022-05-13T10:09:27.280134+00:00`: the same, as Microsoft.Compute writes it."""
    return instant(time).replace("Z", "+00:00")


def parse_instant(text: str) -> datetime:
    """An instant as clients write it; without an offset it is UTC. ValueError for anything else."""
    date, point, rest = text.partition(".")
    if point:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        # Seven digits are usual in .NET; Python reads six.
        text = f"{date}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def duration(seconds: float) -> str:
    """`PT41M17.927027S`; nothing is `PT0S`."""
    microseconds = max(0, round(seconds * 1_000_000))
    whole, fraction = divmod(microseconds, 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    part = f".{fraction:06}".rstrip("0") if fraction else ""
    date = f"{days}D" if days else ""
    time = (f"{hour}H" if hour else "") + (f"{minute}M" if minute else "")
    time += f"{second}{part}S" if second or part else ""
    if not date and not time:
        return "PT0S"
    return f"P{date}" + (f"T{time}" if time else "")


def countdown(seconds: float) -> str:
    """`13.23:59:43.8068900`: the days and time that remain, as .NET writes them; never negative."""
    microseconds = max(0, round(seconds * 1_000_000))
    whole, fraction = divmod(microseconds, 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    part = f".{fraction:06}0" if fraction else ""
    return (f"{days}." if days else "") + f"{hour:02}:{minute:02}:{second:02}{part}"


def american(time: datetime) -> str:
    """`6/12/2022 12:00:00 AM`, the way dates stand in a property bag."""
    utc = time.astimezone(UTC)
    return f"{utc.month}/{utc.day}/{utc.year} {utc.hour % 12 or 12}:{utc:%M:%S} {'AM' if utc.hour < 12 else 'PM'}"
