"""Worlds that were saved: taken at a moment of rest, gone back to, forked, and carried elsewhere as one file."""
