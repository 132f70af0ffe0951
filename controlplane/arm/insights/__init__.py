"""Microsoft.Insights: diagnostic settings, and the metrics of vaults."""
