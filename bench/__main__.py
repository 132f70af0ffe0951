"""`python -m bench [NAME ...]`: run the named measurements, or all of them, one after the other."""

from __future__ import annotations

import argparse
import subprocess
import sys

from bench.report import say

NAMES = ("startup", "freeze", "transfer", "arm", "template")


def main(arguments: list[str]) -> int:
    """0 when every aim was met. Each runs in a process of its own, so that none warms up or burdens the next."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)} (default: all)")
    names = parser.parse_args(arguments).names or NAMES
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"there is no measurement {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    missed = []
    for name in names:
        say(f"--- {name}")
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            missed.append(name)
    say(f"--- {'not met: ' + ', '.join(missed) if missed else 'every aim is met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
