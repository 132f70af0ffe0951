"""The VMSnapshot handler: one folder that runs on its own on a guest."""
