"""The HTTP face: one resource type, one file."""
