"""Failures by their names: what can be made to fail, where, when, and what is set in a world."""
