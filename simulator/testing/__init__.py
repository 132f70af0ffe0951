"""What tests of a user's own need: worlds of their own, and assertions that explain themselves."""

from __future__ import annotations

from simulator.testing.assertions import assert_job as assert_job
from simulator.testing.assertions import assert_points as assert_points
from simulator.testing.assertions import assert_recoverable as assert_recoverable
