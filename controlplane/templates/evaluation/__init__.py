"""Evaluates expressions, loops and types of a template."""
