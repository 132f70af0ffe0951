"""What becomes of recovery points, items and vaults as time goes on: expiry, archive, purge."""
