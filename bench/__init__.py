"""Measurements against bare clients in the same run: `python3 bench NAME` prints ratios and writes JSON."""
