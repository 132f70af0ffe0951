"""Microsoft.RecoveryServices: vaults and everything in them."""
