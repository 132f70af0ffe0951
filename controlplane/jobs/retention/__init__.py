"""Expiry, archive and purge of recovery points, items and vaults."""
