"""Programs in a guest that own checkable data."""
