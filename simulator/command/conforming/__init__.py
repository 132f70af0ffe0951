"""The command that judges a handler by the conformance suite."""
