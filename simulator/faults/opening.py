"""Opens the board of a world: what its store keeps, and what the file of this start asks for."""

from __future__ import annotations

from pathlib import Path

from controlplane.json_object import Json
from controlplane.ports import Clock, Store
from simulator.faults.board import Board
from simulator.faults.fault import Setting


def opened(store: Store, clock: Clock, seed: int, file: Path | None) -> Board:
    """WrongUse for a file that cannot be read, or asks for what there is not. The catalogue is loaded only where a
    fault is set."""
    board = Board(store, clock, seed, _kept)
    if file is not None:
        from simulator.faults.faults import Faults

        Faults(board, store, clock).set_by_file(file)
    return board


def _kept(document: Json) -> Setting | None:
    from simulator.faults.faults import kept

    return kept(document)
