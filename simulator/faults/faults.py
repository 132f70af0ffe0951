"""The faults of one world, as control API, command and start know them: what there is, what is set, what was hit."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from controlplane.domain.compute import virtual_machine
from controlplane.domain.events.event import Event
from controlplane.domain.events.faults import FaultHit
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import vault
from controlplane.json_object import Json
from controlplane.ports import Clock, Document, Store
from simulator.failures import Failure, WrongUse
from simulator.faults.board import MOST_SETTINGS, Board
from simulator.faults.catalogue import CATALOGUE
from simulator.faults.fault import Definition, Setting, When, Where, unknown
from simulator.faults.seam import Facts, Seam
from simulator.faults.seams import agent, arm, gateway, guest, host, network, providers, storage, vss_script
from simulator.faults.ways import LED, Ways
from simulator.gateway.messages import Request
from simulator.guest.windows import SERVICES

PAST = timedelta(hours=1)
"""World time of which a dry run looks at the events."""
LARGEST_FILE_BYTES = 1024 * 1024
PAGE = 1000
MOST_HITS = 1000
KEYS = ("fault", "where", "when", "parameters")
_log = logging.getLogger(__name__)


class NoSuchFault(Failure):
    """The catalogue has no fault of this name, or none is set that was to be cleared."""


SEAMS: Mapping[str, type[Seam]] = {
    kind.NAME: kind
    for module in (guest, vss_script, agent, network, host, providers, arm, storage, gateway)
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Seam)
    and kind.__module__ == module.__name__
    and hasattr(kind, "NAME")
}


def definition(name: str) -> Definition:
    found = CATALOGUE.get(name)
    if found is None:
        raise NoSuchFault(unknown("fault", name, CATALOGUE, "the catalogue") + "; backupsim fault list shows them all")
    return found


def kept(document: Json) -> Setting | None:
    """A setting as the store keeps it. None for one that this release does not have, or not with these parameters: the
    log tells of it."""
    found = CATALOGUE.get(document["fault"])
    if found is None:
        _log.warning("the fault %s is set and no longer known; it is left out", document["fault"])
        return None
    try:
        values = found.values(document["parameters"])
    except WrongUse as problem:
        _log.warning("the fault %s is set and left out: %s", document["fault"], problem)
        return None
    when = dict(document["when"])
    for key in ("after", "before"):
        when[key] = datetime.fromisoformat(when[key]) if when[key] else None
    return Setting(
        number=document["number"],
        definition=found,
        where=Where(document["where"]),
        when=When(**when),
        values=values,
        given=document["parameters"],
        set_at=datetime.fromisoformat(document["set_at"]),
        event=document["event"],
        from_file=document["from_file"],
        attempts=document["attempts"],
        hits=document["hits"],
    )


class Faults:
    """What can be asked and told of the faults of one world."""

    def __init__(self, board: Board, store: Store, clock: Clock, ways: Ways | None = None) -> None:
        """`ways` are those to the storage; None: nobody takes one."""
        self.board = board
        self._ways = ways
        self._store = store
        self._clock = clock

    # ---------------------------------------------------------------------------------------------------------- showing

    def catalogue(self) -> list[Json]:
        return [described(each) for each in CATALOGUE.values()]

    def standing(self) -> list[Json]:
        self._settle()
        return [self._shown(setting) for setting in self.board.settings]

    def hits(self, number: int | None = None) -> list[Json]:
        """The newest hits of all faults, or of one, the oldest first."""
        self._settle()
        found = (
            {"event": event.id, "time": event.time.isoformat() if event.time else None, **event.data}
            for event in self._events_since(0)
            if event.name == FaultHit.NAME and number in {None, event.data["number"]}
        )
        return list(deque(found, MOST_HITS))

    def requests(self, party: str = "") -> list[Json]:
        """What came through the storage gateway, of one party or of all, the oldest first; nothing where it is on
        nobody's way."""
        asked = party.lower()
        gateway = None if self._ways is None else self._ways.gateway
        kept = [] if gateway is None else gateway.requests()
        return [each.to_json() for each in kept if Where({"party": asked} if asked else {}).fits(_party(each.request))]

    def _settle(self) -> None:
        """What the gateway was asked is counted as soon as it has been heard."""
        if self._ways is not None and self._ways.gateway is not None:
            self._ways.gateway.settle()

    def _shown(self, setting: Setting) -> Json:
        status = "ended" if self.board.is_over(setting) else "set"
        problem = self._why_not(setting)
        return setting.to_json() | {"status": status, "problem": problem}

    def _why_not(self, setting: Setting) -> str | None:
        """Why a fault cannot act as things are; None: it can."""
        return self._why_not_led(setting) or self._why_not_there(setting)

    def _why_not_led(self, setting: Setting) -> str | None:
        """Why nothing can be led through the gateway that the fault needs."""
        if setting.definition.seam not in OF_GATEWAY:
            return None
        party = Where({"party": setting.where.named.get("party", "*")})
        if not any(party.fits({"party": each}) for each in LED):
            return "the storage gateway stands before service, vault and wireserver alone"
        return self._ways.problem if self._ways is not None else None

    def _why_not_there(self, setting: Setting) -> str | None:
        """Why no machine that the fault names is concerned."""
        named = setting.where.named
        home = named.get("vault", "*")
        if home != "*" and not self._found(vault.KIND, "vault", home):
            return f"there is no vault {home} yet"
        name = named.get("vm", "*")
        if name == "*":
            return None
        machines = self._found(virtual_machine.KIND, "vm", name)
        if not machines:
            return f"there is no virtual machine {name} yet"
        lacks = _lacked_by_linux(setting)
        if lacks and all(_os_type(each.json()) == "Linux" for each in machines):
            return f"{name} runs Linux, which has no {lacks}"
        if setting.definition.seam == network.GuestRouteSeam.NAME and all(map(_is_managed, machines)):
            return f"the disks of {name} are managed: their snapshots do not pass its network"
        return None

    def _found(self, kind: str, place: str, name: str) -> list[Document]:
        """The resources that a place names by an id, by its end, or by a pattern."""
        return [each for each in self._store.find(kind) if Where({place: name}).fits({place: each.id})]

    # ------------------------------------------------------------------------------------------------ setting, clearing

    def set(self, asked: Mapping[str, object], *, dry_run: bool = False, from_file: bool = False) -> Json:
        """Set a fault, or with a dry run only tell which events of the last hour it would have hit."""
        setting = self._read(asked, from_file)
        if dry_run:
            past = self._would_have_hit(setting)
            return self._shown(setting) | {"dry_run": True, "would_have_hit": past}
        if len(self.board.settings) >= MOST_SETTINGS:
            raise WrongUse(f"{MOST_SETTINGS} faults are set, and no more can be; clear some")
        return self._shown(self.board.put(setting))

    def clear(self, names: Sequence[str], *, everything: bool = False) -> list[Json]:
        """Clear those of these numbers or names; returns what was cleared."""
        settings = self.board.settings
        numbers = [each.number for each in settings] if everything else []
        for name in names:
            of_name = [each.number for each in settings if name in {str(each.number), each.definition.name}]
            if not of_name:
                known = list(dict.fromkeys(each.definition.name for each in settings))
                raise NoSuchFault(unknown("fault", name, known, "what is set") if known else "no fault is set")
            numbers += of_name
        return [setting.to_json() for setting in self.board.remove(numbers)]

    def set_by_file(self, path: Path) -> None:
        """What a file asks for takes the place of what a file asked for at an earlier start."""
        asked = read_file(path)
        read = [self._read(each, from_file=True) for each in asked]
        self.board.remove([setting.number for setting in self.board.settings if setting.from_file])
        for setting in read:
            self.board.put(setting)

    def _read(self, asked: Mapping[str, object], from_file: bool) -> Setting:
        for key in asked:
            if key not in KEYS:
                raise WrongUse(unknown("key", key, KEYS, "a fault that is to be set"))
        found, now = definition(str(asked.get("fault", ""))), self._clock.now()
        seam = SEAMS[found.seam]
        where = Where.parse({**found.where, **_object(asked, "where")}, seam.PLACES, seam.NAME)
        _check_kind(where)
        when = When.parse(_object(asked, "when"), now)
        seam.check(when)
        parameters = _object(asked, "parameters")
        values = found.values(parameters)
        given = {key: values[key] for key in parameters}
        return Setting(self.board.next_number, found, where, when, values, given, now, 0, from_file)

    def _would_have_hit(self, setting: Setting) -> list[Json] | None:
        """None: the journal tells nothing of what comes to this seam."""
        seam = SEAMS[setting.definition.seam]
        if not seam.FOLLOWS:
            return None
        begin = self._clock.now() - PAST
        past = (each for each in self._events_since(self._last_before(begin)) if each.time and each.time >= begin)
        fits = [
            each for each in past if each.name in seam.FOLLOWS and setting.where.fits(seam.FOLLOWS[each.name](each))
        ]
        last = len(fits) if setting.when.last is None else setting.when.last
        return [
            {"event": each.id, "name": each.name, "time": each.time.isoformat() if each.time else None, "vm": each.vm}
            for each in fits[setting.when.first - 1 : last]
        ]

    def _events_since(self, last: int) -> Iterator[Event]:
        """Events whose number is above this one, the oldest first."""
        while page := self._store.events(last, limit=PAGE):
            last = page[-1].id
            yield from page

    def _last_before(self, begin: datetime) -> int:
        """The number of an event that is older, at most a page of events before the first that is not: the hour of a
        dry run is found without reading a year. World time never goes back, so that numbers grow with it."""

        def is_before(number: int) -> bool:
            page = self._store.events(number, limit=1)
            return bool(page) and page[0].time is not None and page[0].time < begin

        low, high = 0, 1
        while is_before(high):
            low, high = high, high * 2
        while high - low > PAGE:
            middle = (low + high) // 2
            low, high = (middle, high) if is_before(middle) else (low, middle)
        return low


OF_WINDOWS: Mapping[str, str] = {
    guest.VssWriterSeam.NAME: "VSS writers",
    guest.VssServiceSeam.NAME: "VSS",
    vss_script.VssScriptSeam.NAME: "VSS writers",
    guest.GuestRegistrySeam.NAME: "registry",
}
"""Seams that only a Windows guest has, with what others lack."""


OF_GATEWAY = frozenset({gateway.GuestRequestSeam.NAME, gateway.PartyRequestSeam.NAME})
"""Seams that are nowhere but at the gateway."""


def _check_kind(where: Where) -> None:
    """WrongUse for a kind of job that there is not, which a fault would wait for in vain."""
    kind = where.named.get("job", "*")
    if not any(where.only("job").fits({"job": each}) for each in jobs.KINDS):
        raise WrongUse(unknown("kind of job", kind, jobs.KINDS, "the service"))


def _lacked_by_linux(setting: Setting) -> str | None:
    """What a fault changes and a machine with Linux does not have; None: it has it."""
    seam = setting.definition.seam
    if seam == guest.GuestServiceSeam.NAME:
        service = setting.text("service")
        return f"service {service}" if service in SERVICES else None
    return OF_WINDOWS.get(seam)


def _is_managed(machine: Document) -> bool:
    storage = machine.json()["properties"].get("storageProfile", {})
    disks = [storage.get("osDisk") or {}, *(storage.get("dataDisks") or ())]
    return all(disk.get("managedDisk") for disk in disks)


def _party(request: Request) -> Facts:
    """A machine is found by its name too."""
    return {"party": request.party.removeprefix(gateway.GUEST)}


def _os_type(machine: Json) -> str:
    disk = machine["properties"].get("storageProfile", {}).get("osDisk", {})
    return str(disk.get("osType", ""))


def _object(asked: Mapping[str, object], key: str) -> dict[str, object]:
    value = asked.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongUse(f"{key} of a fault is a JSON object")
    return {str(name): each for name, each in value.items() if each is not None}


def described(each: Definition) -> Json:
    """A row of the catalogue for who chooses a fault."""
    seam = SEAMS[each.seam]
    return {
        "name": each.name,
        "seam": each.seam,
        "what": each.what,
        "kind": "state" if seam.IS_STATE else "answer",
        "places": sorted(seam.PLACES),
        "where": dict(each.where),
        "parameters": {
            key: {"default": parameter.default, "what": parameter.what, "choices": list(parameter.choices)}
            for key, parameter in each.parameters.items()
        },
    }


def read_file(path: Path) -> list[Mapping[str, object]]:
    """The faults that a file asks for: a JSON list of objects as POST /_sim/faults takes them."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise WrongUse(f"{path} cannot be read: {problem.strerror}; name a file with a list of faults") from None
    try:
        asked = json.loads(content) if len(content) <= LARGEST_FILE_BYTES else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, list) or not all(isinstance(each, dict) for each in asked):
        raise WrongUse(f"{path} holds no list of faults; write a JSON list of objects that have the key fault")
    return asked
