"""Measurements against bare clients in the same run: `python -m bench.<name>` prints ratios and writes JSON."""
