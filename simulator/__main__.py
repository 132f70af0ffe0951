"""`python3 simulator`: makes the environment if need be, then runs the `backupsim` command in it."""

import os
import sys

# Python puts this folder on the path, where its modules would hide others; packages are found from the one above.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from simulator.command import bootstrap  # noqa: E402

if __name__ == "__main__":
    bootstrap.enter(language=bootstrap.language_of(sys.argv))
    from simulator.command.cli import main

    main()
