"""What travels between control plane, agent and handler."""
