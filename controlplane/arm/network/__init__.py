"""Microsoft.Network: virtual networks, interfaces, security groups, public addresses."""
