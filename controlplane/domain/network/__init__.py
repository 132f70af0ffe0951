"""Rules of Microsoft.Network: address ranges, subnets and interfaces."""
