"""Backup, restore and lifecycle as lists of named steps."""
