"""The simulated Azure around control plane and handler, and the program that runs it."""
