"""Template text in, resources and their order out; pure."""
