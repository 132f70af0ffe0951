"""Azure Resource Manager and the Azure Backup service, as seen from outside."""
