"""The places at which Azure fails, one class each."""
