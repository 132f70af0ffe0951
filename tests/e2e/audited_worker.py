"""Runs a worker and writes down, with its time, everything that Python's audit hooks tell of it.

Arguments: package root, sequence number, file to write. Not a test, a program for one.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import monotonic

if __name__ == "__main__":
    root, number, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    events: list[tuple[float, str, str]] = []
    sys.addaudithook(lambda event, arguments: events.append((monotonic(), event, str(arguments[:1]))))
    sys.path.insert(0, str(root))

    from extension.handler import Package, work

    work(Package(root, os.environ), number)
    out.write_text(json.dumps(events))
