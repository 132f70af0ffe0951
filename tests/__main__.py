"""`python3 tests`: makes the environment if need be, then runs pytest in it with the arguments given."""

from __future__ import annotations

import os
import sys

# Python puts this folder on the path; packages are found from the one above.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from simulator.command import bootstrap  # noqa: E402
from tests.arguments import for_pytest, keep_compiled  # noqa: E402

if __name__ == "__main__":
    keep_compiled(os.environ)
    sys.dont_write_bytecode = False
    bootstrap.enter("dev")
    import pytest

    os.chdir(bootstrap.ROOT)
    sys.exit(pytest.main(for_pytest(sys.argv[1:])))
