"""Microsoft.DataProtection: resource guards."""
