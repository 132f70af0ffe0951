"""Rules of Microsoft.Storage: storage accounts."""
