"""Handlers of anybody: reading what is given as one, and refusing what cannot be one."""
