"""What every ARM operation shares: routing, calls, answers, errors, limits, locks, tags."""
