"""`python -m tests.kills`: a run of its own, for hours; exit code 1 when anything was found."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bench.report import say
from tests.arguments import keep_compiled
from tests.kills.run import Options, Run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="a folder for the world, empty or not there yet")
    parser.add_argument("--result", type=Path, help="JSON file, written after every round")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--patience", type=float, default=600.0, help="seconds that anything may take")
    given = parser.parse_args()
    given.state.mkdir(parents=True, exist_ok=True)
    keep_compiled(os.environ)  # a world that compiles its modules at each start takes twice as long
    options = Options(
        given.state.resolve(), given.seed, given.machines, given.kills, given.patience, result=given.result, say=say
    )
    found = Run(options).run()["found"]
    say(str(found))
    sys.exit(1 if any(found.values()) else 0)
