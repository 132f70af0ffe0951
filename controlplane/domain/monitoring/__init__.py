"""What Azure Monitor knows of backups, as pure values: alerts, health events, and metrics made of them."""
