"""Which extension the service orders for machines, as somebody says it, and as a world keeps it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from controlplane.ports import Store
from controlplane.service_settings import OrderedExtension, ServiceSettings
from simulator.failures import WrongUse
from simulator.handlers.package_check import NAME

WORLD_KIND, DOCUMENT = "world", "extensions"
"""Where the store keeps what a start was told."""
FIELDS = ("windows_extension", "linux_extension")
"""Of a Config and of ServiceSettings alike."""
USUAL = "usual"


def parsed(word: str, field: str) -> OrderedExtension:
    """From NAME:VERSION, or from `usual` for ours; `field` says for which machines. WrongUse, one sentence."""
    if word == USUAL:
        usual: OrderedExtension = getattr(ServiceSettings(), field)
        return usual
    name, colon, version = word.rpartition(":")
    if not colon or not NAME.fullmatch(name) or not all(part.isdecimal() for part in version.split(".")):
        raise WrongUse(f"{word} names no extension; write publisher, type and version as in Contoso.Backup:1.0")
    publisher, _, type = name.rpartition(".")
    return OrderedExtension(publisher, type, version)


def kept(store: Store, settings: ServiceSettings, **said: OrderedExtension | None) -> ServiceSettings:
    """The settings with what this start says, and else with what an earlier one said; this is written down.
    `said` has the FIELDS; None: this start says nothing of it."""
    document = store.get(WORLD_KIND, DOCUMENT)
    before = {} if document is None else {name: OrderedExtension(**each) for name, each in document.json().items()}
    after = before | {name: extension for name, extension in said.items() if extension is not None}
    usual = ServiceSettings()
    after = {name: extension for name, extension in after.items() if extension != getattr(usual, name)}
    if after != before:
        store.put(WORLD_KIND, DOCUMENT, {name: asdict(extension) for name, extension in after.items()})

    def ordered(name: str) -> OrderedExtension:
        unsaid: OrderedExtension = getattr(settings if said.get(name) is None else usual, name)
        return after.get(name, unsaid)

    windows, linux = map(ordered, FIELDS)
    return replace(settings, windows_extension=windows, linux_extension=linux)


def kept_with(config: Any, store: Store, settings: ServiceSettings) -> ServiceSettings:
    """The same with what a Config (`simulator/world.py`) says."""
    return kept(store, settings, **{name: getattr(config, name) for name in FIELDS})
