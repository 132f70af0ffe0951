"""Entry point of the handler package: `python -I <package root> <command>`."""

import gc
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # A task lives for seconds and makes little garbage. Looking for it takes a tenth of the start, and would now and
    # then take its time while the guest is frozen.
    gc.disable()

    root = Path(__file__).resolve().parent
    # Where the package root was given as a relative path, imports would fail once the worker has moved elsewhere.
    sys.path[0] = str(root)

    from extension.handler import main

    sys.exit(main(sys.argv[1:], root, os.environ))
