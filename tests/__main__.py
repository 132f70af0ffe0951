"""`python3 tests`: makes the environment if need be, then runs pytest in it with the arguments given."""

import os
import sys

# Python puts this folder on the path; packages are found from the one above.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from simulator import bootstrap  # noqa: E402

if __name__ == "__main__":
    bootstrap.enter("dev")
    import pytest

    os.chdir(bootstrap.ROOT)
    sys.exit(pytest.main(sys.argv[1:]))
