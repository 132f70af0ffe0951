"""The check of a vault: whether everything that recovery points name is there and holds what was written."""
