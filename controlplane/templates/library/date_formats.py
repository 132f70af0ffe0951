"""Writes an instant by a .NET format string, in the invariant spelling of days and months and American order.

learn.microsoft.com/dotnet/standard/base-types/standard-date-and-time-format-strings and custom-...
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from controlplane.templates.language.signature import Unfit

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "m": "MMMM d",
    "M": "MMMM d",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, MMMM d, yyyy h:mm:ss tt",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
_PIECE = re.compile(r"""'[^']*'|"[^"]*"|\\.|%(?=[dfFghHKmMstyz])|([dfFghHKmMstyz])\1*|.""", re.DOTALL)

_SPECIFIERS: dict[str, Callable[[datetime, int], str]] = {
    "d": lambda at, n: str(at.day).zfill(n) if n < 3 else _DAYS[at.weekday()][: 3 if n == 3 else None],
    "f": lambda at, n: f"{at.microsecond:06}0"[:n],
    "F": lambda at, n: f"{at.microsecond:06}0"[:n].rstrip("0"),
    "g": lambda at, n: "A.D.",
    "h": lambda at, n: str(at.hour % 12 or 12).zfill(min(n, 2)),
    "H": lambda at, n: str(at.hour).zfill(min(n, 2)),
    "K": lambda at, n: "Z" * n,
    "m": lambda at, n: str(at.minute).zfill(min(n, 2)),
    "M": lambda at, n: str(at.month).zfill(n) if n < 3 else _MONTHS[at.month - 1][: 3 if n == 3 else None],
    "s": lambda at, n: str(at.second).zfill(min(n, 2)),
    "t": lambda at, n: ("AM" if at.hour < 12 else "PM")[: min(n, 2)],
    "y": lambda at, n: str(at.year % 100).zfill(n) if n < 3 else str(at.year).zfill(n),
    "z": lambda at, n: {1: "+0", 2: "+00"}.get(n, "+00:00"),
}
_LONGEST = 1000


def show(instant: datetime, form: str) -> str:
    """`instant` is in UTC. Unfit for a format that .NET does not know."""
    if len(form) == 1:
        if form not in _STANDARD:
            raise Unfit("the format is not a standard date format")
        form = _STANDARD[form]
    if len(form) > _LONGEST:
        raise Unfit(f"the format is longer than {_LONGEST} characters")
    return "".join(_piece(instant, match) for match in _PIECE.finditer(form))


def _piece(instant: datetime, match: re.Match[str]) -> str:
    text, letter = match[0], match[1]
    if letter is not None:
        if letter in "fF" and len(text) > 7:
            raise Unfit("the format has more than seven digits of a second")
        return _SPECIFIERS[letter](instant, len(text))
    if text == "%":
        return ""
    if text[0] == "\\" and len(text) == 2:
        return text[1]
    return text[1:-1] if len(text) > 1 else text
