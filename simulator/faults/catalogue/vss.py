"""The fault that is a script: writers, VSS and its provider of a Windows guest do what it says."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.vss_script import VssScriptSeam
from simulator.faults.vss_script import parse

DEFAULT = "{writers: [{writer: System Writer, at: PostSnapshot}]}"


def _read(text: str) -> str:
    """The text itself, once it is known to be a script."""
    parse(text)
    return text


FAULTS = (
    Definition(
        "vss-script",
        VssScriptSeam.NAME,
        "The writers, VSS and its provider of the guest go by a script.",
        parameters={"script": Parameter(DEFAULT, "a script in YAML; @FILE reads one", read=_read)},
    ),
)
