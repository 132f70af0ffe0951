"""World time."""
