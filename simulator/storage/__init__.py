"""Blob storage of a world: Azurite as a child process, or another endpoint."""
