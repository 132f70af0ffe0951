"""A wrapper of a port hands on every verb with every argument, and answers what it is answered."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from controlplane import port_wrappers
from controlplane.ports import Blobs, BlobWriter, Clock, Engine, Fabric, Store

# Each is made here, and not only named: that is where mypy refuses a wrapper without one of the verbs.
WRAPPERS: dict[type, Callable[[Any], object]] = {
    Clock: lambda inner: port_wrappers.ClockWrapper(inner),
    BlobWriter: lambda inner: port_wrappers.BlobWriterWrapper(inner),
    Blobs: lambda inner: port_wrappers.BlobsWrapper(inner),
    Store: lambda inner: port_wrappers.StoreWrapper(inner),
    Fabric: lambda inner: port_wrappers.FabricWrapper(inner),
    Engine: lambda inner: port_wrappers.EngineWrapper(inner),
}


def verbs(port: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(port, inspect.isfunction) if not name.startswith("_")]


VERBS = [(port, verb) for port in WRAPPERS for verb in verbs(port)]


@dataclass
class Listener:
    """Any port: answers each verb with one object of its own and remembers what it was asked."""

    calls: list[tuple[str, tuple[object, ...], dict[str, object]]] = field(default_factory=list)
    answer: object = field(default_factory=object)

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def told(*positional: object, **named: object) -> object:
            self.calls.append((verb, positional, named))
            return self.answer

        return told


@pytest.mark.parametrize(("port", "verb"), VERBS, ids=[f"{port.__name__}.{verb}" for port, verb in VERBS])
def test_each_verb_is_handed_on(port: type, verb: str) -> None:
    inner = Listener()
    shape = inspect.signature(getattr(port, verb))
    _, *parameters = shape.parameters.values()
    given = {parameter.name: object() for parameter in parameters}
    by_place = [given[p.name] for p in parameters if p.kind is not p.KEYWORD_ONLY]
    by_name = {p.name: given[p.name] for p in parameters if p.kind is p.KEYWORD_ONLY}

    answered = getattr(WRAPPERS[port](inner), verb)(*by_place, **by_name)

    assert inner.calls == [(verb, tuple(by_place), by_name)]
    assert answered is (None if shape.return_annotation == "None" else inner.answer)


@pytest.mark.parametrize("port", WRAPPERS, ids=lambda port: port.__name__)
def test_the_defaults_of_a_verb_are_the_ports(port: type) -> None:
    for verb in verbs(port):
        _, *inherited = inspect.signature(getattr(port, verb)).parameters.values()
        wrapped = list(inspect.signature(getattr(WRAPPERS[port](Listener()), verb)).parameters.values())
        assert inherited == wrapped, f"{port.__name__}.{verb}"
