"""The faults that are set in a world, and what every seam asks of them.

With nothing set at a seam the question is one look into an empty dictionary. The board stands in the store, hit counts
included, so that a world that is started again has it as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random
from threading import RLock

from controlplane.domain.events import faults as events
from controlplane.json_object import Json
from controlplane.ports import Clock, PortError, Store
from simulator.faults.fault import Setting

WORLD_KIND, DOCUMENT = "world", "faults"
MOST_SETTINGS = 200
"""That can stand at once."""


class Board:
    """Thread-safe. `read` makes a setting of what the store keeps of it; it is asked only where there is something."""

    def __init__(self, store: Store, clock: Clock, seed: int, read: Callable[[Json], Setting | None]) -> None:
        self._store = store
        self._clock = clock
        self._seed = seed
        self._lock = RLock()
        self._listeners: list[Callable[[], None]] = []
        self._has_more_counts = False
        self._settings: dict[int, Setting] = {}
        self._by_seam: dict[str, tuple[int, ...]] = {}
        document = store.get(WORLD_KIND, DOCUMENT)
        kept: Json = document.json() if document is not None else {"next": 1, "settings": []}
        self._next: int = kept["next"]
        for each in kept["settings"]:
            setting = read(each)
            if setting is not None:
                self._settings[setting.number] = setting
        self._sort()

    # ------------------------------------------------------------------------------------------------ what seams ask

    @property
    def clock(self) -> Clock:
        """World time."""
        return self._clock

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set at all."""
        return not self._by_seam

    def has(self, seam: str) -> bool:
        """Whether anything is set there."""
        return seam in self._by_seam

    def concerns(self, seam: str, place: str, fact: str) -> bool:
        """Whether anything is set there, now or for later, that may act where this place is this."""
        if seam not in self._by_seam:
            return False
        with self._lock:
            settings = [self._settings[number] for number in self._by_seam.get(seam, ())]
        places = [each.where.only(place) for each in settings if not self.is_over(each)]
        return any(each.fits({place: fact}) for each in places)

    def match(self, seam: str, facts: Mapping[str, str], *, at_once: bool = True) -> Setting | None:
        """The first setting that acts on this attempt, which is counted for it and each one of its place before it.

        `at_once`: the store has the counts of one that nothing acts on too; else with the next hit or `keep`."""
        if seam not in self._by_seam:
            return None
        now, hit, counted = self._clock.now(), None, False
        with self._lock:
            for number in self._by_seam.get(seam, ()):
                setting = self._settings[number]
                if not setting.when.is_at(now) or not setting.where.fits(facts):
                    continue
                hit, counted = self._counted(setting), True
                if hit is not None:
                    break
        if counted and not at_once and hit is None:
            self._has_more_counts = True
        elif counted:
            self._note([hit] if hit is not None else [], facts)
        return hit

    def count_all(self, seam: str, facts: Mapping[str, str]) -> None:
        """Somebody looked at the states that are set there: each one that stands was hit."""
        standing = self.all_standing(seam, facts)
        with self._lock:
            hits = [self._counted(self._settings[each.number]) for each in standing if each.number in self._settings]
        if hits:
            self._note([hit for hit in hits if hit is not None], facts)

    def count(self, number: int, facts: Mapping[str, str]) -> None:
        """A setting that stands has acted, whatever else is set there."""
        with self._lock:
            hit = self._counted(self._settings[number]) if number in self._settings else None
        if hit is not None:
            self._note([hit], facts)

    def seen(self, seam: str, facts: Mapping[str, str]) -> Sequence[Setting]:
        """What stands there, for somebody who looks often: the first look is counted, and no other."""
        standing = self.all_standing(seam, facts)
        if any(each.hits == 0 for each in standing):
            self.count_all(seam, facts)
        return standing

    def _counted(self, setting: Setting) -> Setting | None:
        """Count an attempt; the setting if it acts on it. Call with the lock."""
        attempt = setting.attempts + 1
        acts = setting.when.acts(attempt, Random(f"{self._seed} fault {setting.number} {attempt}"))
        counted = replace(setting, attempts=attempt, hits=setting.hits + acts)
        self._settings[setting.number] = counted
        return counted if acts else None

    def all_standing(self, seam: str, facts: Mapping[str, str]) -> Sequence[Setting]:
        """What acts there now, in the order in which it was set, for somebody who only looks."""
        if seam not in self._by_seam:
            return ()
        now = self._clock.now()
        with self._lock:
            settings = [self._settings[number] for number in self._by_seam.get(seam, ())]
        return [each for each in settings if each.when.is_at(now) and each.where.fits(facts)]

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after faults were set or cleared, in the thread that did it."""
        self._listeners.append(listener)

    # ----------------------------------------------------------------------------------------- what is set and cleared

    @property
    def settings(self) -> Sequence[Setting]:
        with self._lock:
            return tuple(self._settings.values())

    @property
    def next_number(self) -> int:
        return self._next

    def is_over(self, setting: Setting) -> bool:
        return setting.when.is_over(self._clock.now())

    def put(self, setting: Setting) -> Setting:
        """Set a fault; it gets its number, and the event of its being set."""
        with self._changing():
            told = events.FaultSet(
                setting.definition.name,
                self._next,
                setting.definition.seam,
                dict(setting.where.named),
                setting.when.to_json(),
                {key: str(value) for key, value in setting.given.items()},
            )
            numbered = replace(setting, number=self._next, event=self._store.record(told.event()))
            self._settings = {**self._settings, self._next: numbered}
            self._next += 1
        self._tell()
        return numbered

    def remove(self, numbers: Sequence[int]) -> Sequence[Setting]:
        """Clear these; returns those that were set."""
        with self._changing():
            removed = [self._settings[number] for number in numbers if number in self._settings]
            for setting in removed:
                told = events.FaultCleared(setting.definition.name, setting.number, setting.attempts, setting.hits)
                self._store.record(told.event(parent=setting.event))
            gone = {setting.number for setting in removed}
            self._settings = {number: each for number, each in self._settings.items() if number not in gone}
        if removed:
            self._tell()
        return removed

    def clear(self) -> int:
        """Clear all; returns how many there were."""
        return len(self.remove([setting.number for setting in self.settings]))

    def keep(self) -> None:
        """Have the store keep counts that it does not have yet."""
        if self._has_more_counts:
            self._note([], {})

    # ---------------------------------------------------------------------------------------------------------- inside

    def _note(self, hits: Sequence[Setting], facts: Mapping[str, str]) -> None:
        """A store that does not answer now is no reason to spoil what a seam does; the count stays in memory."""
        with suppress(PortError), self._store.transaction():
            for hit in hits:
                told = events.FaultHit(
                    hit.definition.name, hit.number, hit.hits, {key: text for key, text in facts.items() if text}
                )
                self._store.record(told.event(parent=hit.event, vm=facts.get("vm") or None))
            with self._lock:
                self._keep()
                self._has_more_counts = False

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Within this settings come and go, with the lock. What the store does not take is not set or cleared."""
        before = None
        try:
            with self._store.transaction(), self._lock:
                before = self._settings, self._next
                yield
                self._sort()
                self._keep()
        except BaseException:
            if before is not None:
                with self._lock:
                    self._settings, self._next = before
                    self._sort()
            raise

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _sort(self) -> None:
        by_seam: dict[str, tuple[int, ...]] = {}
        for number, setting in sorted(self._settings.items()):
            by_seam[setting.definition.seam] = (*by_seam.get(setting.definition.seam, ()), number)
        self._by_seam = by_seam

    def _keep(self) -> None:
        settings = [setting.to_json() for setting in self._settings.values()]
        self._store.put(WORLD_KIND, DOCUMENT, {"next": self._next, "settings": settings})
