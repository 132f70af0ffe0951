"""The `backupsim` command and what only it needs."""
