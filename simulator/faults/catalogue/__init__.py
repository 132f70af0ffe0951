"""Every fault that can be set: one module for each layer, and all of them by name."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.faults.catalogue import agent, arm, gateway, guest, host, network, providers, storage, vss
from simulator.faults.fault import Definition

MODULES = (guest, vss, agent, network, host, providers, arm, storage, gateway)

CATALOGUE: Mapping[str, Definition] = {each.name: each for module in MODULES for each in module.FAULTS}
