"""The rules of Azure Backup as pure values: no clock, no chance, no files."""
