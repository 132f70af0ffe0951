"""`python3 bench [NAME ...]`: makes the environment if need be, then runs the named measurements, or all of them."""

from __future__ import annotations

import os
import sys

# Python puts this folder on the path; packages are found from the one above.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from simulator.command import bootstrap  # noqa: E402

NAMES = (
    "startup",
    "freeze",
    "transfer",
    "arm",
    "template",
    "preflight",
    "machines",
    "jobs",
    "faults",
    "speeds",
    "fleet",
    "plugin",
    "fork",
    "page",
    "year",
)


def main(arguments: list[str]) -> int:
    """0 when every aim was met. Each runs in a process of its own, so that none warms up or burdens the next."""
    import argparse
    import subprocess

    from bench.report import say

    parser = argparse.ArgumentParser(prog="python3 bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)} (default: all)")
    names = parser.parse_args(arguments).names or NAMES
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"there is no measurement {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    missed = []
    for name in names:
        say(f"--- {name}")
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False, cwd=bootstrap.ROOT).returncode:
            missed.append(name)
    say(f"--- {'not met: ' + ', '.join(missed) if missed else 'every aim is met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    bootstrap.enter("dev", "bench")
    sys.exit(main(sys.argv[1:]))
