"""Microsoft.AlertsManagement: the alerts that Azure Backup fires by itself."""
