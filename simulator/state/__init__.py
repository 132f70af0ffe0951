"""The state folder: what a world keeps between runs and says of itself."""
