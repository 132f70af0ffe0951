"""What the views of the clock and of faults show, and what can be done there."""

from __future__ import annotations

from controlplane.json_object import Json
from simulator.client import Client
from simulator.dashboard import commands

STEPS = ("1h", "1d", "7d", "30d")
"""By how much the clock can be advanced with one press."""


def clock(client: Client) -> Json:
    """`{"clock", "actions"}`: the clock as the control API shows it."""
    shown = client.sim("GET", "/clock")
    return {
        "clock": shown,
        "advances": [(step, commands.advance(step)) for step in STEPS],
        "until_next": commands.until_next(),
        "stop": commands.stop_advance(),
        "modes": [(mode, commands.set_clock(mode)) for mode in ("real", "scaled", "virtual")],
    }


def faults(client: Client) -> Json:
    """`{"set", "catalogue", "clear_all"}`, each fault with what sets or clears it."""
    listed = client.sim("GET", "/faults")
    return {
        "set": [{**each, "action": commands.clear_fault(str(each["number"]))} for each in listed["set"]],
        "catalogue": [{**each, "action": commands.set_fault(each["name"])} for each in listed["catalogue"]],
        "clear_all": commands.clear_faults(),
    }
