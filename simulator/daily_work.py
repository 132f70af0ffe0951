"""What the programs of a machine do in a day of world time, however fast it passes: pure values.

A simulated year has to have data that change. Nobody waits while it passes, so the work of many days is done at once,
when a backup looks at the machine; what lies between two backups nobody could see anyway.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.failures import WrongUse

MIB = 1024 * 1024
MONTH = timedelta(days=30)
LONGEST_UNSEEN = timedelta(days=31)
"""World time whose work is done at once; of a longer one, only so much."""
MOST_FILE_BYTES = 64 * MIB
"""What is written to files at once; also the largest that may be asked for a day."""
MOST_TRANSACTIONS = 10_000
"""As many are committed at once; also the most that may be asked for a day."""
LARGEST_GROWTH_PERCENT = 100.0

_UNITS: dict[str, float] = {"kib": 1024, "mib": MIB, "gib": 1024 * MIB}
_PART = re.compile(r"\+?\s*(\d+(?:\.\d+)?)\s*(kib|mib|gib|tx|%)", re.IGNORECASE)
EXAMPLE = "5MiB,200tx,+1%"


@dataclass(frozen=True, slots=True)
class Work:
    """An amount of it. Parts of a unit are kept for the next time."""

    file_bytes: float = 0.0
    transactions: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(self.file_bytes + other.file_bytes, self.transactions + other.transactions)

    def __sub__(self, other: Work) -> Work:
        return Work(self.file_bytes - other.file_bytes, self.transactions - other.transactions)


@dataclass(frozen=True, slots=True)
class DailyWork:
    """So many bytes of files and so many transactions of the database for each day of world time, growing by so much
    in a month of 30 days."""

    file_bytes: int = 0
    transactions: int = 0
    growth_percent: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.file_bytes <= MOST_FILE_BYTES:
            raise WrongUse(f"workloads write at most {MOST_FILE_BYTES // MIB} MiB a day; ask for less")
        if not 0 <= self.transactions <= MOST_TRANSACTIONS:
            raise WrongUse(f"workloads commit at most {MOST_TRANSACTIONS} transactions a day; ask for fewer")
        if not 0 <= self.growth_percent <= LARGEST_GROWTH_PERCENT:
            raise WrongUse(f"workloads grow by 0 to {LARGEST_GROWTH_PERCENT:g} percent a month")

    @classmethod
    def parse(cls, text: str) -> DailyWork:
        """From words such as `5MiB,200tx,+1%`, in any order; each may be left out."""
        file_bytes, transactions, growth = 0.0, 0.0, 0.0
        for part in text.split(","):
            found = _PART.fullmatch(part.strip())
            if found is None:
                raise WrongUse(
                    f"'{text}' is no daily work; write bytes of files, transactions and growth a month, as in {EXAMPLE}"
                )
            number, unit = float(found[1]), found[2].lower()
            if unit == "tx":
                transactions += number
            elif unit == "%":
                growth += number
            else:
                file_bytes += number * _UNITS[unit]
        return cls(round(file_bytes), round(transactions), growth)

    def between(self, began: datetime, since: datetime, until: datetime) -> Work:
        """The work of this stretch of world time, bounded, for programs that began to grow at `began`."""
        days = self._days(began, max(since, until - LONGEST_UNSEEN), until)
        return self.bounded(Work(self.file_bytes * days, self.transactions * days))

    def bounded(self, work: Work) -> Work:
        return Work(min(work.file_bytes, MOST_FILE_BYTES), min(work.transactions, MOST_TRANSACTIONS))

    def _days(self, began: datetime, since: datetime, until: datetime) -> float:
        """The stretch in days of the work that there was in the beginning."""
        if until <= since:
            return 0.0
        growth = math.log1p(self.growth_percent / 100)
        first, last = ((time - began) / MONTH * growth for time in (since, until))
        if last > math.log(MOST_FILE_BYTES):  # beyond every bound, and before long beyond every number
            return float(MOST_FILE_BYTES)
        days = (until - since) / timedelta(days=1)
        grown = math.expm1(last - first) / (last - first) if last > first else 1.0
        return days * math.exp(first) * grown
