"""Rules of Azure Backup: vaults, policies, items, jobs, recovery points, restores."""
