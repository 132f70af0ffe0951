"""Entry point of the handler package: `python -I <package root> <command>`."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parent
    # Where the package root was given as a relative path, imports would fail once the worker has moved elsewhere.
    sys.path[0] = str(root)

    from extension.handler import main

    sys.exit(main(sys.argv[1:], root, os.environ))
