"""The world around control plane and handler, and the place where all meet."""
