"""What a run has found wrong: how often, and the first of each in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

KINDS = (
    "lost",
    "doubled",
    "stuck",
    "orphan process",
    "orphan snapshot",
    "orphan pack",
    "orphan disk",
    "left over",
    "frozen",
    "unnamed loss",
    "wrong",
)
MOST_SENTENCES = 200


@dataclass
class Findings:
    """Violations by kind: how many, and the first of them in words."""

    counts: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)

    def add(self, kind: str, sentence: str) -> None:
        assert kind in KINDS, kind
        self.counts[kind] += 1
        if len(self.sentences) < MOST_SENTENCES:
            self.sentences.append(f"{kind}: {sentence}")

    def add_all(self, kind: str, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            self.add(kind, sentence)
