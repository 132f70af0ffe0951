"""`python3 tests`: makes the environment if need be, then runs pytest in it with the arguments given."""

from __future__ import annotations

import os
import sys

# Python puts this folder on the path; packages are found from the one above.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from simulator import bootstrap  # noqa: E402


def with_az_joined(arguments: list[str]) -> list[str]:
    # Pytest looks for its tests before it knows our options: it would take the path of az for their folder.
    joined: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        joined.append(word + "=" + rest.pop(0) if word == "--az" and rest else word)
    return joined


if __name__ == "__main__":
    bootstrap.enter("dev")
    import pytest

    os.chdir(bootstrap.ROOT)
    sys.exit(pytest.main(with_az_joined(sys.argv[1:])))
