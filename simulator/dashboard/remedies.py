"""What helps against an error of ARM, as the table of errors says."""

from __future__ import annotations

import re
from functools import cache

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.table import kinds


def remedy_of(code: str, message: str) -> str:
    """Empty where the table has none. Of several errors with one code it is the one whose message this is."""
    of_code = [kind for kind in kinds().values() if kind.code == code and kind.remedy]
    fitting = [(kind, found) for kind in of_code if (found := _form(kind).fullmatch(message))]
    if fitting:
        kind, found = fitting[0]
        blanks = {name: value for name, value in found.groupdict().items() if value is not None}
        if kind.blanks <= blanks.keys():
            return kind.remedy.format(**blanks)
    plain = {kind.remedy for kind in of_code if "{" not in kind.remedy}
    return plain.pop() if len(plain) == 1 else ""


@cache
def _form(kind: ErrorKind) -> re.Pattern[str]:
    """The messages of a kind: its blanks as groups, each the first time that it comes."""
    known: set[str] = set()
    form = ""
    for at, part in enumerate(re.split(r"\{(\w+)\}", kind.message)):
        if at % 2 == 0:
            form += re.escape(part)
        elif part in known:
            form += f"(?P={part})"
        else:
            known.add(part)
            form += f"(?P<{part}>.*?)"
    return re.compile(form, re.DOTALL)
